package mysql_test

import (
	"context"
	"database/sql"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.uber.org/fx"

	"gyrfalcon/config"
	"gyrfalcon/integration/servers"
	"gyrfalcon/providers"
	backend "gyrfalcon/providers/database"
	"gyrfalcon/session"
)

func TestYAMLKeepsSessionsOnAServer(t *testing.T) {
	t.Parallel()
	onServers(t, func(t *testing.T, srv *servers.SQL) {
		c := srv.Config("")
		host, port, err := net.SplitHostPort(c.Addr)
		if err != nil {
			t.Fatal(err)
		}
		place := func(name string) string {
			return fmt.Sprintf("driver: mysql, host: %s, port: %s, username: %s, password: %q, dbname: %s", host, port, c.User, c.Passwd, name)
		}
		blocks := map[string]func(name string) string{
			"a host": place,
			"a DSN":  func(name string) string { return fmt.Sprintf("driver: mysql, dsn: %q", dsn(srv, name).DSN) },
			"TLS that is preferred": func(name string) string {
				return place(name) + ", tls: preferred, charset: latin1, timezone: Europe/Kyiv, max_open_conns: 2"
			},
		}
		if srv.Socket() != "" {
			blocks["a socket"] = func(name string) string {
				return fmt.Sprintf("driver: mysql, socket: %q, username: %s, dbname: %s", srv.Socket(), c.User, name)
			}
		}
		for what, block := range blocks {
			t.Run("reached by "+what, func(t *testing.T) {
				t.Parallel()
				name := makeDatabase(t, srv, "", phalcon5)
				wantSessionKept(t, srv, name, block(name))
			})
		}
		t.Run("on the application's own connection", func(t *testing.T) {
			t.Parallel()
			name := makeDatabase(t, srv, "", seedTable)
			db, err := handedIn(srv, name)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = db.Close() }()
			wantSessionKept(t, srv, name, "table: session_data", providers.Share("main"),
				fx.Supply(fx.Annotate(db, fx.ResultTags(`name:"main"`))))
			if err := db.PingContext(t.Context()); err != nil {
				t.Errorf("after the application's end its own connection is closed: %v", err)
			}
		})
	})
}

// wantSessionKept starts an application with this block, and looks for its session in
// the table.
func wantSessionKept(t *testing.T, srv *servers.SQL, name, block string, more ...any) {
	t.Helper()
	cfg, err := config.Parse("gyrfalcon.yaml", []byte("session: {database: {"+block+"}}"))
	if err != nil {
		t.Fatal(err)
	}
	options := []providers.Option{backend.Backend}
	var supplied []fx.Option
	for _, m := range more {
		switch m := m.(type) {
		case providers.Option:
			options = append(options, m)
		case fx.Option:
			supplied = append(supplied, m)
		}
	}
	var m *session.Manager
	app := fx.New(fx.NopLogger, fx.Options(supplied...), providers.Module(cfg.Session, options...),
		fx.Populate(fx.Annotate(&m, fx.ParamTags(`name:"session"`))))
	if err := app.Start(t.Context()); err != nil {
		t.Fatalf("the application does not start: %v", err)
	}
	defer func() {
		if err := app.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	}()
	wantStored(t, m, srv.Open(t, name))
}

// wantStored makes a session and looks for it in the table.
func wantStored(t *testing.T, m *session.Manager, db *sql.DB) {
	t.Helper()
	answer := httptest.NewRecorder()
	m.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		s, err := m.From(r.Context())
		if err == nil {
			err = s.Set("visits", 7)
		}
		if err != nil {
			t.Error(err)
		}
	})).ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "https://shop.example.com/", nil))
	if answer.Code != http.StatusOK || len(answer.Result().Cookies()) != 1 {
		t.Fatalf("a new session: got status %d and %q, want 200 and one cookie", answer.Code, answer.Body)
	}
	if got := value[string](t, db, "SELECT data FROM session_data"); !strings.Contains(got, `"visits":7`) {
		t.Errorf("the table holds %s, want the session", got)
	}
}
