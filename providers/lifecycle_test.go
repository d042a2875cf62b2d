package providers_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.uber.org/fx"
	"go.uber.org/fx/fxtest"

	"gyrfalcon/di"
	"gyrfalcon/providers"
	"gyrfalcon/providers/all"
	"gyrfalcon/session"
	"gyrfalcon/session/database/sqlite"
	"gyrfalcon/session/memory"
)

// inBothOrders runs test with the module behind what needs it, and before. Fx calls what a module invokes in the order of the
// modules, so that in the first case what needs the module is built when nothing of the module is.
func inBothOrders(t *testing.T, test func(t *testing.T, order func(mine, module fx.Option) fx.Option)) {
	t.Helper()
	for name, order := range map[string]func(mine, module fx.Option) fx.Option{
		"The module last":  func(mine, module fx.Option) fx.Option { return fx.Options(fx.Module("mine", mine), module) },
		"The module first": func(mine, module fx.Option) fx.Option { return fx.Options(module, fx.Module("mine", mine)) },
	} {
		t.Run(name, func(t *testing.T) { t.Parallel(); test(t, order) })
	}
}

// web is a server as applications have one: it serves from the start of its hook on until the end of it, and what is
// under way then is answered.
type web struct {
	url      string
	stopping chan struct{}
	first    error // of a request at the moment the server listens
}

func (w *web) serve(lc fx.Lifecycle, m *session.Manager, h http.Handler) {
	server := &http.Server{Handler: m.Middleware(h)} //nolint:gosec // it has one client, the test
	served := make(chan struct{})
	lc.Append(fx.Hook{
		OnStart: func(ctx context.Context) error {
			var config net.ListenConfig
			l, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
			if err != nil {
				return err
			}
			go func() { defer close(served); _ = server.Serve(l) }()
			w.url = "http://" + l.Addr().String()
			_, w.first = w.visit(ctx, "/")
			return nil
		},
		OnStop: func(ctx context.Context) error {
			close(w.stopping)
			defer func() { <-served }()
			return server.Shutdown(ctx)
		},
	})
}

// visit is a new visitor's request. It returns the session's cookie.
func (w *web) visit(ctx context.Context, path string) (*http.Cookie, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, w.url+path, http.NoBody)
	if err != nil {
		return nil, err
	}
	r.Close = true
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	if err := resp.Body.Close(); err != nil {
		return nil, err
	}
	if cookies := resp.Cookies(); resp.StatusCode == http.StatusOK && len(cookies) == 1 {
		return cookies[0], nil
	}
	return nil, fmt.Errorf("got %s with cookies %v, want 200 and the session's", resp.Status, resp.Cookies())
}

func TestAServerThatHasTheManagerInjectedRunsNeitherBeforeNorAfterIt(t *testing.T) {
	t.Parallel()
	for _, service := range []string{"session", "admin"} {
		inBothOrders(t, func(t *testing.T, order func(mine, module fx.Option) fx.Option) {
			const visitors = 20
			dir := t.TempDir()
			cfg := parse(t, fmt.Sprintf("session: {database: {path: %q}}\nservices: {admin: {database: {path: %q}}}",
				filepath.Join(dir, "session.db"), filepath.Join(dir, "admin.db")))
			module := func() fx.Option {
				return providers.Module(cfg.Session, append([]providers.Option{providers.Further(cfg.Services)}, all.Backends...)...)
			}
			tag := fx.ParamTags("", fmt.Sprintf("name:%q", service))
			site := web{stopping: make(chan struct{})}
			var underWay sync.WaitGroup
			underWay.Add(visitors)
			app := fxtest.New(t, fx.NopLogger, order(fx.Invoke(fx.Annotate(func(lc fx.Lifecycle, m *session.Manager) {
				site.serve(lc, m, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if r.URL.Path == "/slow" {
						underWay.Done()
						<-site.stopping
					}
					s, err := m.From(r.Context())
					if err == nil {
						_, err = session.Update(s, "n", func(n int) int { return n + 1 })
					}
					if err != nil {
						session.Error(w, r, err)
					}
				}))
			}, tag)), module()))
			app.RequireStart()
			if site.first != nil {
				t.Errorf("the first request: %v", site.first)
			}
			cookies, errs := make([]*http.Cookie, visitors), make([]error, visitors)
			var answered sync.WaitGroup
			for i := range visitors {
				answered.Go(func() { cookies[i], errs[i] = site.visit(t.Context(), "/slow") })
			}
			underWay.Wait()
			app.RequireStop()
			answered.Wait()
			if err := errors.Join(errs...); err != nil {
				t.Fatalf("requests under way at the stop: %v", err)
			}

			var m *session.Manager
			after := fxtest.New(t, fx.NopLogger, module(), fx.Populate(fx.Annotate(&m, fx.ParamTags(fmt.Sprintf("name:%q", service)))))
			after.RequireStart()
			defer after.RequireStop()
			for i, cookie := range cookies {
				if n, _ := count(t, m, cookie); n != 2 {
					t.Errorf("visitor %d: the counter is %d, want 2: the visit during the stop counts", i, n)
				}
			}
		})
	}
}

// told returns a hook that logs its start and its stop.
func told(log *[]string, name string) fx.Hook {
	return fx.StartStopHook(func() { *log = append(*log, name+" start") }, func() { *log = append(*log, name+" stop") })
}

// spied is a backend on a connection of a name that Share hands in. It logs the opening and closing of its adapter.
func spied(log *[]string) providers.Backend {
	return providers.NewBackend("spied", func(providers.Setup) (providers.Recipe[*line], error) {
		return providers.Recipe[*line]{
			Connect: func(context.Context) (*line, error) { return &line{}, nil },
			Adapter: func(*line) (session.Adapter, error) { return &teller{memory.New(memory.Options{}), log}, nil },
		}, nil
	})
}

type line struct{ log *[]string }

func (l *line) Start(context.Context) error { *l.log = append(*l.log, "line start"); return nil }
func (l *line) Stop(context.Context) error  { *l.log = append(*l.log, "line stop"); return nil }

type teller struct {
	session.Adapter

	log *[]string
}

func (a *teller) Open(ctx context.Context) error {
	*a.log = append(*a.log, "session start")
	return a.Adapter.Open(ctx)
}

func (a *teller) Close(ctx context.Context) error {
	*a.log = append(*a.log, "session stop")
	return a.Adapter.Close(ctx)
}

// What one of the application's needs starts before it and stops after it, wherever it comes from: its clock, in the container by
// ToContainer; the bell, which the container builds with it and with the session; the session, on a line of the application's own.
func TestWhatIsNeededStartsBeforeWhatNeedsItAndStopsAfterIt(t *testing.T) {
	t.Parallel()
	inBothOrders(t, func(t *testing.T, order func(mine, module fx.Option) fx.Option) {
		var log []string
		cfg := parse(t, "session: {adapter: spied}")
		mine := fx.Options(
			fx.Provide(
				newTower,
				func(lc fx.Lifecycle) *clock { lc.Append(told(&log, "clock")); return newClock() },
				fx.Annotate(func(lc fx.Lifecycle) *line { lc.Append(told(&log, "line")); return &line{} }, fx.ResultTags(`name:"main"`)),
			),
			fx.Invoke(func(*tower) {}),
		)
		module := providers.Module(cfg.Session, spied(&log), providers.Share("main"), providers.Register(belfry{&log, true}),
			providers.ToContainer[*clock]("clock", ""), providers.FromContainer[*bell]("bell"))
		app := fxtest.New(t, fx.NopLogger, order(mine, module))
		app.RequireStart()
		started := slices.Clone(log)
		app.RequireStop()
		wantOrder(t, started, "line start", "session start", "start", "tower start")
		wantOrder(t, started, "clock start", "start")
		stopped := log[len(started):]
		wantOrder(t, stopped, "tower stop", "stop", "session stop", "line stop")
		wantOrder(t, stopped, "stop", "clock stop")
	})
}

// wantOrder looks for words, once each and in this order, with others between them.
func wantOrder(t *testing.T, log []string, words ...string) {
	t.Helper()
	var got []string
	for _, said := range log {
		if slices.Contains(words, said) {
			got = append(got, said)
		}
	}
	if !slices.Equal(got, words) {
		t.Errorf("got %s; want %s", strings.Join(got, ", "), strings.Join(words, ", "))
	}
}

// lineman registers the line, as an application does whose connections stand in the container.
type lineman struct{ log *[]string }

func (p lineman) Register(c *di.Container) error {
	return di.SetShared(c, "main", func(context.Context, *di.Container) (*line, error) { return &line{p.log}, nil })
}

func TestSessionsAreKeptOnAConnectionThatTheContainerHas(t *testing.T) {
	t.Parallel()
	inBothOrders(t, func(t *testing.T, order func(mine, module fx.Option) fx.Option) {
		var log []string
		var p sessionParams
		module := providers.Module(parse(t, "session: {adapter: spied}").Session, spied(&log),
			providers.FromContainer[*line]("main"), providers.Share("main"), providers.Register(lineman{&log}))
		app := fxtest.New(t, fx.NopLogger, order(fx.Populate(&p), module))
		app.RequireStart()
		if m, err := di.Get[*session.Manager](t.Context(), p.Container, "session"); err != nil || m != p.Session {
			t.Errorf("in the container: got %p, %v; want fx's %p", m, err, p.Session)
		}
		app.RequireStop()
		if got, want := strings.Join(log, ", "), "line start, session start, session stop, line stop"; got != want {
			t.Errorf("got %s; want %s", got, want)
		}
	})
}

// A connection of the application's own outlives the last request.
func TestAServerOnASharedConnectionKeepsTheLastChange(t *testing.T) {
	t.Parallel()
	inBothOrders(t, func(t *testing.T, order func(mine, module fx.Option) fx.Option) {
		open := func(lc fx.Lifecycle) (*sql.DB, error) {
			db, err := sqlite.Open(filepath.Join(t.TempDir(), "app.db"), sqlite.Options{})
			if err == nil {
				lc.Append(fx.StopHook(db.Close))
			}
			return db, err
		}
		var status int
		serve := func(lc fx.Lifecycle, m *session.Manager) {
			lc.Append(fx.StopHook(func(ctx context.Context) { // as a request under way does
				w := httptest.NewRecorder()
				m.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					s, err := m.From(r.Context())
					if err == nil {
						err = s.Set("last", true)
					}
					if err != nil {
						session.Error(w, r, err)
					}
				})).ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodGet, "https://localhost/", http.NoBody))
				status = w.Code
			}))
		}
		app := fxtest.New(t, fx.NopLogger, order(
			fx.Options(fx.Provide(fx.Annotate(open, fx.ResultTags(`name:"main"`))), fx.Invoke(fx.Annotate(serve, fx.ParamTags("", `name:"session"`)))),
			providers.Module(parse(t, "session: {database: {table: visitors, create: true}}").Session, append([]providers.Option{providers.Share("main")}, all.Backends...)...),
		))
		app.RequireStart()
		app.RequireStop()
		if status != http.StatusOK {
			t.Errorf("a change during the stop: got %d, want 200", status)
		}
	})
}

func TestAShareOfWhatFxHasNotSaysHowToProvideIt(t *testing.T) {
	t.Parallel()
	cfg := parse(t, "session: {database: {table: visitors}}")
	app := fx.New(fx.NopLogger, providers.Module(cfg.Session, append([]providers.Option{providers.Share("db")}, all.Backends...)...))
	const want = "providers.Share(\"db\"): fx provides no *sql.DB named \"db\", or misses what that is built of; " +
		"name it where you provide it: fx.Provide(fx.Annotate(open, fx.ResultTags(`name:\"db\"`)))"
	if err := app.Err(); err == nil || err.Error() != want {
		t.Errorf("got %v; want %s", err, want)
	}
}

func TestTwoModulesInOneApplicationAreRefusedByTheirName(t *testing.T) {
	t.Parallel()
	cfg := parse(t, "session: {adapter: memory}\nservices: {admin: {adapter: memory}}")
	app := fx.New(fx.NopLogger, providers.Module(cfg.Session, all.Backends...), providers.Module(cfg.Services["admin"], all.Backends...))
	err := app.Err()
	if err == nil || !strings.Contains(err.Error(), `already provided by "gyrfalcon/providers".`) || strings.Contains(err.Error(), "makeFuncStub") {
		t.Errorf("got %v; want it to name package providers, and not a function of package reflect", err)
	}
}

func TestAFurtherServiceIsThereWhenFurtherNamesIt(t *testing.T) {
	t.Parallel()
	cfg := parse(t, "session: {adapter: memory}\nservices: {admin: {adapter: memory}}")
	wants := fx.Invoke(fx.Annotate(func(*session.Manager) {}, fx.ParamTags(`name:"admin"`)))
	without := fx.New(fx.NopLogger, wants, providers.Module(cfg.Session, all.Backends...))
	if err := without.Err(); err == nil || !strings.Contains(err.Error(), `missing type: *session.Manager[name="admin"]`) {
		t.Errorf("without Further: got %v, want what the README says", err)
	}
	with := fx.New(fx.NopLogger, wants, providers.Module(cfg.Session, append(all.Backends, providers.Further(cfg.Services))...))
	if err := with.Err(); err != nil {
		t.Errorf("with Further: %v", err)
	}
}
