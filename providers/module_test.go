package providers_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/fx"
	"go.uber.org/fx/fxtest"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"gyrfalcon/config"
	"gyrfalcon/di"
	"gyrfalcon/providers"
	"gyrfalcon/providers/all"
	"gyrfalcon/session"
	"gyrfalcon/session/database/sqlite"
	"gyrfalcon/session/memory"
	"gyrfalcon/session/php"
)

func parse(t testing.TB, text string) *config.Config {
	t.Helper()
	cfg, err := config.Parse("gyrfalcon.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// onSQLite is the default backend on a file of the test's own.
func onSQLite(t testing.TB) string {
	t.Helper()
	return fmt.Sprintf("session: {database: {path: %q}}\n", filepath.Join(t.TempDir(), "sessions.db"))
}

type sessionParams struct {
	fx.In

	Session   *session.Manager `name:"session"`
	Container *di.Container    `name:"di"`
}

// count visits the manager with a cookie and returns what the counter says then.
func count(t testing.TB, m *session.Manager, cookie *http.Cookie) (int, *http.Cookie) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "https://localhost/", http.NoBody)
	if cookie != nil {
		r.AddCookie(cookie)
	}
	w := httptest.NewRecorder()
	var n int
	m.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		s, err := m.From(r.Context())
		if err == nil {
			n, err = session.Update(s, "n", func(n int) int { return n + 1 })
		}
		if err != nil {
			t.Errorf("count: %v", err)
		}
	})).ServeHTTP(w, r)
	if set := w.Result().Cookies(); len(set) > 0 {
		cookie = set[0]
	}
	return n, cookie
}

func TestASessionOutlivesTheApplicationThatKeptIt(t *testing.T) {
	t.Parallel()
	cfg := parse(t, onSQLite(t))
	var cookie *http.Cookie
	for want := 1; want <= 2; want++ {
		var p sessionParams
		app := fxtest.New(t, fx.NopLogger, providers.Module(cfg.Session, all.Backends...), fx.Populate(&p))
		app.RequireStart()
		var n int
		if n, cookie = count(t, p.Session, cookie); n != want {
			t.Errorf("visit %d: the counter is %d", want, n)
		}
		app.RequireStop()
	}
}

func TestOneServiceIsNamedBothWays(t *testing.T) {
	t.Parallel()
	var p sessionParams
	app := fxtest.New(t, fx.NopLogger, providers.Module(parse(t, "session: {adapter: memory}").Session, all.Backends...), fx.Populate(&p))
	app.RequireStart()
	defer app.RequireStop()
	m, err := di.Get[*session.Manager](t.Context(), p.Container, "session")
	if err != nil || m != p.Session {
		t.Errorf("in the container: got %p, %v; want fx's %p", m, err, p.Session)
	}
}

func TestTheServiceIsStartedEvenIfNothingInjectsItAndStoppedWithFx(t *testing.T) {
	t.Parallel()
	spy := &spyAdapter{Adapter: memory.New(memory.Options{})}
	mine := providers.NewBackend("mine", func(providers.Setup) (providers.Recipe[int], error) {
		return providers.Recipe[int]{
			Connect: func(context.Context) (int, error) { spy.log = append(spy.log, "connect"); return 7, nil },
			Close: func(_ context.Context, conn int) error {
				spy.log = append(spy.log, fmt.Sprint("disconnect ", conn))
				return nil
			},
			Adapter: func(conn int) (session.Adapter, error) {
				spy.log = append(spy.log, fmt.Sprint("adapter ", conn))
				return spy, nil
			},
		}, nil
	})
	app := fxtest.New(t, fx.NopLogger, providers.Module(parse(t, "session: {adapter: mine}").Session, append(all.Backends, mine)...))
	if len(spy.log) != 0 {
		t.Errorf("before the start: got %q, want no I/O in constructors", spy.log)
	}
	app.RequireStart()
	app.RequireStop()
	if got, want := strings.Join(spy.log, ", "), "connect, adapter 7, open, close, disconnect 7"; got != want {
		t.Errorf("got %s; want %s", got, want)
	}
}

type spyAdapter struct {
	session.Adapter

	log     []string
	openErr error
}

func (a *spyAdapter) Open(ctx context.Context) error {
	a.log = append(a.log, "open")
	return errors.Join(a.openErr, a.Adapter.Open(ctx))
}

func (a *spyAdapter) Close(ctx context.Context) error {
	a.log = append(a.log, "close")
	return a.Adapter.Close(ctx)
}

func TestAStartThatFailsLeavesNothingOpen(t *testing.T) {
	t.Parallel()
	spy := &spyAdapter{Adapter: memory.New(memory.Options{}), openErr: errors.New("the table is missing: make it")}
	mine := providers.NewBackend("mine", func(providers.Setup) (providers.Recipe[int], error) {
		return providers.Recipe[int]{
			Connect: func(context.Context) (int, error) { spy.log = append(spy.log, "connect"); return 7, nil },
			Close:   func(context.Context, int) error { spy.log = append(spy.log, "disconnect"); return nil },
			Adapter: func(int) (session.Adapter, error) { return spy, nil },
		}, nil
	})
	app := fx.New(fx.NopLogger, providers.Module(parse(t, "session: {adapter: mine}").Session, mine))
	err := app.Start(t.Context())
	if !errors.Is(err, spy.openErr) {
		t.Errorf("Start: got %v, want the adapter's error", err)
	}
	if got, want := strings.Join(spy.log, ", "), "connect, open, close, disconnect"; got != want {
		t.Errorf("got %s; want %s", got, want)
	}
}

func TestOnlyTheChosenBackendIsBuilt(t *testing.T) {
	t.Parallel()
	other := providers.NewBackend("other", func(providers.Setup) (providers.Recipe[int], error) {
		t.Error("a backend that was not chosen was prepared")
		return providers.Recipe[int]{}, nil
	})
	app := fxtest.New(t, fx.NopLogger, providers.Module(parse(t, "session: {adapter: memory, other: {x: 1}}").Session, append(all.Backends, other)...))
	app.RequireStart()
	app.RequireStop()
}

func TestSeveralServicesLiveSideBySide(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sessions.db")
	cfg := parse(t, fmt.Sprintf("session: {database: {path: %q}}\nservices: {admin: {database: {path: %q}}, tiny: {adapter: memory}}\n", path, path))
	var p struct {
		fx.In

		Session   *session.Manager `name:"session"`
		Admin     *session.Manager `name:"admin"`
		Tiny      *session.Manager `name:"tiny"`
		Container *di.Container    `name:"di"`
	}
	app := fxtest.New(t, fx.NopLogger, providers.Module(cfg.Session, append(all.Backends, providers.Further(cfg.Services))...), fx.Populate(&p))
	app.RequireStart()
	defer app.RequireStop()
	_, cookie := count(t, p.Session, nil)
	if n, _ := count(t, p.Session, cookie); n != 2 {
		t.Errorf("session: got %d, want 2", n)
	}
	cookie.Name = p.Admin.Options().Cookie.Name
	if n, _ := count(t, p.Admin, cookie); n != 1 {
		t.Errorf("the main service's ID on the admin's, same table: got %d, want 1: it is nothing there", n)
	}
	for _, name := range []string{"session", "admin", "tiny"} {
		if _, err := di.Get[*session.Manager](t.Context(), p.Container, name); err != nil {
			t.Errorf("%s in the container: %v", name, err)
		}
	}
}

func TestAConnectionOfTheApplicationsIsUsedAndNotClosed(t *testing.T) {
	t.Parallel()
	db, err := sqlite.Open(filepath.Join(t.TempDir(), "app.db"), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}()
	shared := fx.Provide(fx.Annotate(func() *sql.DB { return db }, fx.ResultTags(`name:"main"`)))
	module := providers.Module(parse(t, "session: {database: {table: visitors}}").Session, append(all.Backends, providers.Share("main"))...)
	var p sessionParams
	app := fxtest.New(t, fx.NopLogger, shared, module, fx.Populate(&p))
	app.RequireStart()
	count(t, p.Session, nil)
	app.RequireStop()
	var rows int
	if err := db.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM visitors").Scan(&rows); err != nil || rows != 1 {
		t.Errorf("on the application's connection, after the stop: got %d rows, %v; want 1", rows, err)
	}

	if err := fx.ValidateApp(fx.NopLogger, module); err == nil || !strings.Contains(err.Error(), `name="main"`) {
		t.Errorf("without the connection that Share names: got %v, want fx to miss it", err)
	}
}

func TestTheCodecIsChosenInYAML(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]session.Codec{
		"json": session.JSON(), "php": php.Native(), "php_serialize": php.Serialize(), "php_binary": php.Binary(),
	} {
		cfg := parse(t, "session: {adapter: memory, codec: "+word+"}")
		var p sessionParams
		app := fxtest.New(t, fx.NopLogger, providers.Module(cfg.Session, all.Backends...), fx.Populate(&p))
		app.RequireStart()
		if got := p.Session.Options().Codec; got != want {
			t.Errorf("codec: %s: got %#v, want %#v", word, got, want)
		}
		app.RequireStop()
	}
	for want, made := range map[string]config.Session{
		`"jsn" is no codec`:      {Name: "session", Adapter: "memory", Codec: "jsn", Interop: "none"},
		"PHP does not read json": {Name: "session", Adapter: "memory", Codec: "json", Interop: "php"},
	} {
		err := fx.New(fx.NopLogger, providers.Module(made, all.Backends...)).Err()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("made by hand: got %v, want it to contain %q", err, want)
		}
	}
}

func TestTheApplicationSetsWhatYAMLHasNoWordFor(t *testing.T) {
	t.Parallel()
	var created []string
	adjust := providers.Adjust(func(o *session.Options) {
		o.OnEvent = func(e session.Event) { created = append(created, e.Service+" "+string(e.Kind)) }
	})
	var p sessionParams
	app := fxtest.New(t, fx.NopLogger, providers.Module(parse(t, "session: {adapter: memory, lifetime: 7m}").Session, append(all.Backends, adjust)...), fx.Populate(&p))
	app.RequireStart()
	defer app.RequireStop()
	count(t, p.Session, nil)
	if len(created) != 1 || created[0] != "session created" || p.Session.Options().Lifetime.Minutes() != 7 {
		t.Errorf("got events %q, lifetime %v; want one, and what YAML says kept", created, p.Session.Options().Lifetime)
	}
}

func TestOneModuleInTwoApplicationsLogsToEach(t *testing.T) {
	t.Parallel()
	module := providers.Module(parse(t, "session: {adapter: memory}").Session, all.Backends...)
	for i := range 2 {
		core, logged := observer.New(zap.DebugLevel)
		var p sessionParams
		app := fxtest.New(t, fx.NopLogger, fx.Provide(func() *zap.Logger { return zap.New(core) }), module, fx.Populate(&p))
		app.RequireStart()
		count(t, p.Session, nil)
		app.RequireStop()
		if logged.Len() == 0 {
			t.Errorf("application %d has logged nothing", i+1)
		}
	}
}

func TestConfigurationErrorsHaveAPlaceAndAMend(t *testing.T) {
	t.Parallel()
	share := providers.Share("main")
	for _, c := range []struct {
		yaml string
		opts []providers.Option
		want []string
	}{
		{"session: {adapter: databse}", nil, []string{"gyrfalcon.yaml:1:20", `did you mean "database"?`}},
		{"session: {databse: {path: x}}", nil, []string{"gyrfalcon.yaml:1:11", "database"}},
		{"session:\n  database:\n    tabel: x\n", nil, []string{"gyrfalcon.yaml:3:5", "unknown key", "table"}},
		{"session:\n  database: {driver: postgres}\n", nil, []string{"gyrfalcon.yaml:2:", `"postgres" is no driver`, "driver: sqlite"}},
		{"session: {database: {path: ''}}", nil, []string{"names no file"}},
		{"session: {database: {table: a.b}}", nil, []string{"gyrfalcon.yaml:1:", "holds a dot"}},
		{"session: {database: {synchronous: off}}", nil, []string{"gyrfalcon.yaml:1:", "full"}},
		{"session: {adapter: memory, memory: {shards: -1}}", nil, []string{"gyrfalcon.yaml:1:", "1 to 4096"}},
		{"session: {interop: php, codec: json}", nil, []string{"gyrfalcon.yaml:1:32: session.codec", "which PHP does not read"}},
		{"session: {interop: php}\nservices: {admin: {cookie: {name: admin}}}", nil, []string{"gyrfalcon.yaml:2:", "services.admin.adapter", "of its own"}},
		{"session: {cookie: {domain: example.com}}", nil, []string{"gyrfalcon.yaml:1:28: session.cookie.domain: a cookie named __Host-… goes to one host only: leave domain out"}},
		{"session: {cookie: {path: /shop}}", nil, []string{"gyrfalcon.yaml:1:26: session.cookie.path: a cookie named __Host-… has the path /"}},
		{"session: {cookie: {secure: false}}", nil, []string{"gyrfalcon.yaml:1:28: session.cookie.secure: browsers refuse a cookie named __Host-session without Secure"}},
		{"session: {cookie: {name: __secure-x, secure: false}}", nil, []string{"session.cookie.secure: browsers refuse a cookie named __secure-x without Secure"}},
		{"session: {cookie: {name: s, secure: false, same_site: none}}", nil, []string{"gyrfalcon.yaml:1:55: session.cookie.same_site: browsers refuse SameSite=None without Secure"}},
		{"session: {database: {path: x}}", []providers.Option{share}, []string{"gyrfalcon.yaml:1:", "providers.Share", "remove it"}},
		{"session: {adapter: memory}", []providers.Option{share}, []string{"gyrfalcon.yaml:1:", "leave Share out"}},
		{
			"session: {}\nservices: {admin: {lifetime: 15m}}", nil,
			[]string{`gyrfalcon.yaml:2:30: services.admin.lifetime: the service "session" keeps its sessions in the same place with a lifetime of 1h0m0s`, "a table of its own"},
		},
		{
			"session: {lifetime: 24m}\nservices: {admin: {interop: php}}", nil,
			[]string{`gyrfalcon.yaml:2:29: services.admin.interop: the service "session" keeps its sessions in the same place`, "a prefix of its own"},
		},
		{"session: {adapter: memory}", all.Backends, []string{`2 backends are named "memory"`}},
	} {
		cfg, err := config.Parse("gyrfalcon.yaml", []byte(c.yaml))
		if err == nil {
			err = fx.New(fx.NopLogger, providers.Module(cfg.Session, append(append([]providers.Option{providers.Further(cfg.Services)}, all.Backends...), c.opts...)...)).Err()
		}
		for _, want := range c.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s\n\tgot %v\n\twant it to contain %q", c.yaml, err, want)
			}
		}
	}
}

func TestTheGraphOfEveryBackendIsComplete(t *testing.T) {
	t.Parallel()
	for _, yaml := range []string{"", "session: {adapter: memory}", "session: {adapter: database}", "services: {a: {}, b: {adapter: memory}}", "services: {a: {lifetime: 5m, database: {table: a}}, b: {lifetime: 6m, database: {path: b.db}}}",
		"session: {database: {path: ':memory:'}}\nservices: {a: {lifetime: 5m, database: {path: ':memory:'}}}",
	} {
		cfg := parse(t, yaml)
		if err := fx.ValidateApp(fx.NopLogger, providers.Module(cfg.Session, append(all.Backends, providers.Further(cfg.Services))...)); err != nil {
			t.Errorf("%q: %v", yaml, err)
		}
	}
}

// more is an adapter that is a session.Warner and a session.Locker too.
type more struct {
	session.Adapter

	locked *atomic.Int64
}

func (more) Warnings() []string { return []string{"no index; create one"} }

func (m more) Lock(_ context.Context, id string) (session.Lock, error) {
	m.locked.Add(1)
	return lock{m, id}, nil
}

// lock keeps nobody out.
type lock struct {
	adapter session.Adapter
	id      string
}

func (l lock) Swap(ctx context.Context, prev session.Record, next []byte, life time.Duration) (session.Record, error) {
	return l.adapter.Swap(ctx, l.id, prev, next, life)
}

func (lock) Release(context.Context) error { return nil }

func TestWhatAnAdapterIsBesidesReachesTheManager(t *testing.T) {
	t.Parallel()
	var locked atomic.Int64
	mine := providers.NewBackend("mine", func(providers.Setup) (providers.Recipe[int], error) {
		return providers.Recipe[int]{
			Connect: func(context.Context) (int, error) { return 0, nil },
			Adapter: func(int) (session.Adapter, error) { return more{memory.New(memory.Options{}), &locked}, nil },
		}, nil
	})
	core, logged := observer.New(zap.WarnLevel)
	var m *session.Manager
	app := fxtest.New(t, fx.NopLogger, fx.Supply(zap.New(core)), providers.Module(parse(t, "session: {adapter: mine}").Session, mine),
		fx.Populate(fx.Annotate(&m, fx.ParamTags(`name:"session"`))))
	app.RequireStart()
	if n := logged.FilterField(zap.String("warning", "no index; create one")).Len(); n != 1 {
		t.Errorf("the adapter's warning was logged %d times, want once", n)
	}
	s, err := m.Load(t.Context(), "")
	if err == nil {
		err = errors.Join(s.Set("n", 1), s.Commit(t.Context()))
	}
	if err != nil {
		t.Fatal(err)
	}
	if s, err = m.Load(t.Context(), s.ID()); err == nil {
		err = errors.Join(s.Set("n", 2), s.Commit(t.Context()))
	}
	if err != nil || locked.Load() != 1 {
		t.Errorf("a change of a session: %v, and its lock was asked for %d times; want nil and once", err, locked.Load())
	}
	app.RequireStop()
}
