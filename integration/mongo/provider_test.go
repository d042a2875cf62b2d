package mongo_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.uber.org/fx"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"gyrfalcon/config"
	"gyrfalcon/integration/internal/visit"
	"gyrfalcon/integration/servers"
	"gyrfalcon/providers"
	backend "gyrfalcon/providers/mongo"
	"gyrfalcon/session"
)

func TestYAMLKeepsSessionsInACollection(t *testing.T) {
	t.Parallel()
	srv := servers.SharedMongo(t)
	for what, c := range map[string]struct{ more, index string }{
		"cleared by us":         {"", "modified_1"},
		"cleared by the server": {", ttl_index: true", "modified_ttl"},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			database := srv.NewDatabase(t)
			block := fmt.Sprintf("uri: %q, database: %s, collection: visitors%s", srv.URI(), database, c.more)
			wantSessionKept(t, srv, database, "visitors", block, fx.Options())
			if got := indexes(t, srv.Open(t).Database(database).Collection("visitors")); len(got) != 1 || got[c.index] != map[string]int64{"modified_ttl": 7200}[c.index] {
				t.Errorf("the indexes on modified are %v, want %s alone", got, c.index)
			}
		})
	}
	t.Run("on the application's own client", func(t *testing.T) {
		t.Parallel()
		database := srv.NewDatabase(t)
		client := srv.Open(t)
		wantSessionKept(t, srv, database, "session_data", "database: "+database,
			fx.Supply(fx.Annotate(client, fx.ResultTags(`name:"main"`))), providers.Share("main"))
		if err := client.Ping(t.Context(), nil); err != nil {
			t.Errorf("after the application's end its own client is disconnected: %v", err)
		}
	})
}

// wantSessionKept starts an application with this block, and looks for its session in
// the collection.
func wantSessionKept(t *testing.T, srv *servers.Mongo, database, collection, block string, supplied fx.Option, more ...providers.Option) {
	t.Helper()
	cfg, err := config.Parse("gyrfalcon.yaml", []byte("session: {adapter: mongo, mongo: {"+block+"}}"))
	if err != nil {
		t.Fatal(err)
	}
	core, logged := observer.New(zap.WarnLevel)
	var m *session.Manager
	app := fx.New(fx.NopLogger, supplied, fx.Supply(zap.New(core)), providers.Module(cfg.Session, append(more, backend.Backend)...),
		fx.Populate(fx.Annotate(&m, fx.ParamTags(`name:"session"`))))
	if err := app.Start(t.Context()); err != nil {
		t.Fatalf("the application does not start: %v", err)
	}
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
	if err := app.Stop(context.WithoutCancel(t.Context())); err != nil {
		t.Error(err)
	}
	var d struct {
		Data string `bson:"data"`
	}
	err = srv.Open(t).Database(database).Collection(collection).FindOne(t.Context(), bson.D{}).Decode(&d)
	if err != nil || !strings.Contains(d.Data, `"visits":7`) {
		t.Errorf("the collection holds %q, %v; want the session", d.Data, err)
	}
	if n := logged.Len(); n != 0 {
		t.Errorf("%d warnings were logged, the first %q; want none", n, logged.All()[0].Message)
	}
}

// PHP's adapters could read no binary: interop: php keeps it from a collection that is
// shared, and says what to do. Without it, the same bytes are a session.
func TestBytesThatAreNoTextAreRefusedByInteropOfYAML(t *testing.T) {
	t.Parallel()
	srv := servers.SharedMongo(t)
	for option, shared := range map[string]bool{"interop: php": true, "codec: php": false} {
		t.Run(option, func(t *testing.T) {
			t.Parallel()
			database := srv.NewDatabase(t)
			cfg, err := config.Parse("gyrfalcon.yaml", fmt.Appendf(nil, "session: {adapter: mongo, %s, mongo: {uri: %q, database: %s}}", option, srv.URI(), database))
			if err != nil {
				t.Fatal(err)
			}
			var m *session.Manager
			app := fx.New(fx.NopLogger, fx.Supply(zap.NewNop()), providers.Module(cfg.Session, backend.Backend),
				fx.Populate(fx.Annotate(&m, fx.ParamTags(`name:"session"`))))
			if err := app.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			v := &visit.Visitor{T: t, Manager: m}
			v.Send(v.With(func(s *session.Session) error {
				if err := errors.Join(s.Set("name", "Zoë"), s.Commit(t.Context())); err != nil || !shared {
					return errors.Join(err, s.Set("name", "Zo\xeb"))
				}
				err := errors.Join(s.Set("name", "Zo\xeb"), s.Commit(t.Context())) // in ISO 8859-1
				for _, part := range []string{"not valid UTF-8", "base64", "leave interop out"} {
					if !strings.Contains(fmt.Sprint(err), part) {
						t.Errorf("Commit = %v\nwant it to say %q", err, part)
					}
				}
				return s.Set("name", "Zoë")
			}))
			want := map[bool]string{true: "Zoë", false: "Zo\xeb"}[shared]
			v.Send(v.With(func(s *session.Session) error {
				if name, err := session.Get[string](s, "name"); name != want || err != nil {
					t.Errorf("the session has the name %q, %v; want %q", name, err, want)
				}
				return nil
			}))
			if err := app.Stop(context.WithoutCancel(t.Context())); err != nil {
				t.Error(err)
			}
			var d struct {
				Data bson.RawValue `bson:"data"`
			}
			err = srv.Open(t).Database(database).Collection(name).FindOne(t.Context(), bson.D{}).Decode(&d)
			if kind := map[bool]bson.Type{true: bson.TypeString, false: bson.TypeBinary}[shared]; err != nil || d.Data.Type != kind {
				t.Errorf("the data are stored as %v, %v; want %v", d.Data.Type, err, kind)
			}
		})
	}
}

// A warning of the adapter's comes through the module's layers into the application's log.
func TestWhatOpenWarnsOfIsInTheApplicationsLog(t *testing.T) {
	t.Parallel()
	srv := servers.SharedMongo(t)
	database := srv.NewDatabase(t)
	coll := srv.Open(t).Database(database).Collection(name)
	if err := coll.Database().RunCommand(t.Context(), bson.D{
		{Key: "createIndexes", Value: name}, {Key: "indexes", Value: bson.A{bson.D{{Key: "key", Value: bson.D{{Key: "modified", Value: 1}}}, {Key: "name", Value: "mine"}}}},
	}).Err(); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Parse("gyrfalcon.yaml", fmt.Appendf(nil, "session: {adapter: mongo, mongo: {uri: %q, database: %s, ttl_index: true}}", srv.URI(), database))
	if err != nil {
		t.Fatal(err)
	}
	core, logged := observer.New(zap.WarnLevel)
	app := fx.New(fx.NopLogger, fx.Supply(zap.New(core)), providers.Module(cfg.Session, backend.Backend))
	if err := app.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := app.Stop(context.WithoutCancel(t.Context())); err != nil {
		t.Error(err)
	}
	if all := logged.All(); len(all) != 1 || !strings.Contains(fmt.Sprint(all[0].ContextMap()["warning"]), `dropIndex("mine")`) {
		t.Errorf("logged %v, want one warning that names the index which stands in the way", all)
	}
}

func TestNothingIsDialledBeforeTheStart(t *testing.T) {
	t.Parallel()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	dialled := make(chan struct{})
	go func() {
		defer close(dialled)
		if c, err := l.Accept(); err == nil {
			_ = c.Close()
			t.Error("the driver has dialled")
		}
	}()
	cfg, err := config.Parse("gyrfalcon.yaml", fmt.Appendf(nil, "session: {adapter: mongo, mongo: {uri: \"mongodb://%s\"}}", l.Addr()))
	if err != nil {
		t.Fatal(err)
	}
	if err := fx.New(fx.NopLogger, providers.Module(cfg.Session, backend.Backend)).Err(); err != nil {
		t.Errorf("building the graph = %v, want nil", err)
	}
	_ = l.Close()
	<-dialled
}

func TestAnApplicationOnAnotherBackendLinksNoDriverOfMongoDBs(t *testing.T) {
	t.Parallel()
	const driver = "go.mongodb.org/mongo-driver/v2/mongo"
	for pkg, want := range map[string]bool{
		"gyrfalcon/session":            false,
		"gyrfalcon/session/memory":     false,
		"gyrfalcon/session/database":   false,
		"gyrfalcon/session/redis":      false,
		"gyrfalcon/providers":          false,
		"gyrfalcon/providers/database": false,
		"gyrfalcon/providers/redis":    false,
		"gyrfalcon/providers/mongo":    true,
	} {
		out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", pkg).Output()
		if err != nil {
			t.Fatalf("go list -deps %s: %v", pkg, err)
		}
		if got := strings.Contains("\n"+string(out), "\n"+driver+"\n"); got != want {
			t.Errorf("%s links the driver: %v, want %v", pkg, got, want)
		}
	}
}
