package providers_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"go.uber.org/fx"
	"go.uber.org/fx/fxtest"

	"gyrfalcon/config"
	"gyrfalcon/di"
	"gyrfalcon/providers"
	"gyrfalcon/providers/all"
	"gyrfalcon/session"
	"gyrfalcon/session/database/sqlite"
)

// clock comes from fx, bell from the container and needs it.
type clock struct{ zone string }

type bell struct {
	clock *clock
	log   *[]string
}

func (b *bell) Start(context.Context) error { *b.log = append(*b.log, "start"); return nil }
func (b *bell) Stop(context.Context) error  { *b.log = append(*b.log, "stop"); return nil }

// belfry registers the bell, which may need the session, too.
type belfry struct {
	log    *[]string
	visits bool
}

func (p belfry) Register(c *di.Container) error {
	return di.SetShared(c, "bell", func(ctx context.Context, c *di.Container) (*bell, error) {
		k, err := di.Get[*clock](ctx, c, "clock")
		if err == nil && p.visits {
			_, err = di.Get[*session.Manager](ctx, c, "session")
		}
		return &bell{k, p.log}, err
	})
}

type towerParams struct {
	fx.In

	Bell *bell `name:"bell"`
}

type tower struct{ bell *bell }

func newTower(lc fx.Lifecycle, p towerParams) *tower {
	lc.Append(fx.StartStopHook(func() { *p.Bell.log = append(*p.Bell.log, "tower start") }, func() { *p.Bell.log = append(*p.Bell.log, "tower stop") }))
	return &tower{p.Bell}
}

func newClock() *clock { return &clock{"UTC"} }

func TestServicesGoFromFxIntoTheContainerAndFromThereIntoFx(t *testing.T) {
	t.Parallel()
	var log []string
	var top *tower
	var here *clock
	var p sessionParams
	opts := append([]providers.Option{
		providers.FromContainer[*bell]("bell"), providers.ToContainer[*clock]("clock", ""), providers.Register(belfry{&log, false}),
	}, all.Backends...)
	app := fxtest.New(t, fx.NopLogger, providers.Module(parse(t, "session: {adapter: memory}").Session, opts...),
		fx.Provide(newClock, newTower), fx.Populate(&top, &here, &p))
	app.RequireStart()
	if b, err := di.Get[*bell](t.Context(), p.Container, "bell"); err != nil || b != top.bell || b.clock != here {
		t.Errorf("got %p with clock %p, %v; want fx's %p with %p", b, b.clock, err, top.bell, here)
	}
	app.RequireStop()
	if got, want := strings.Join(log, ", "), "start, tower start, tower stop, stop"; got != want {
		t.Errorf("got %s; want %s", got, want)
	}
}

// combination is one choice of what the bridge, and what goes with it, offer.
type combination struct {
	yaml           string
	further, share bool
	fxName         string // of the clock that goes into the container
	to, from       bool
	provider       bool
}

// combinations are all of them: those in which a service of the container is wanted have a provider that registers it.
func combinations() []combination {
	var list []combination
	for _, stores := range []combination{
		{yaml: "session: {adapter: memory}"},
		{yaml: "session: {database: {path: \":memory:\"}}"},
		{yaml: "session: {database: {table: visitors}}", share: true},
		{yaml: "session: {database: {table: a}}\nservices: {other: {database: {table: b}}}", share: true, further: true},
		{yaml: "session: {adapter: memory}\nservices: {a: {adapter: memory}, b: {database: {path: \":memory:\"}}}", further: true},
	} {
		for _, fxName := range []string{"", "church"} {
			for mask := range 8 {
				c := stores
				c.fxName, c.to, c.from, c.provider = fxName, mask&1 != 0, mask&2 != 0, mask&4 != 0
				if c.from && !c.provider {
					continue
				}
				list = append(list, c)
			}
		}
	}
	return list
}

// options is an application of the combination. log hears of the bell.
func (k combination) options(t *testing.T, db *sql.DB, log *[]string) fx.Option {
	t.Helper()
	cfg := parse(t, k.yaml)
	opts := slices.Clone(all.Backends)
	parts := []fx.Option{
		fx.NopLogger, fx.Provide(newClock), fx.Provide(fx.Annotate(newClock, fx.ResultTags(`name:"church"`))),
		fx.Provide(fx.Annotate(func() *sql.DB { return db }, fx.ResultTags(`name:"main"`))),
	}
	if k.provider {
		opts = append(opts, providers.Register(belfry{log, false}))
	}
	if k.further {
		opts = append(opts, providers.Further(cfg.Services))
	}
	if k.share {
		opts = append(opts, providers.Share("main"))
	}
	if k.to {
		opts = append(opts, providers.ToContainer[*clock]("clock", k.fxName))
	}
	if k.from {
		opts = append(opts, providers.FromContainer[*bell]("bell"))
		parts = append(parts, fx.Provide(newTower), fx.Invoke(func(*tower) {}))
	}
	return fx.Options(append(parts, providers.Module(cfg.Session, opts...))...)
}

func TestTheGraphIsCompleteForEveryCombinationOfTheBridge(t *testing.T) {
	t.Parallel()
	for _, k := range combinations() {
		if err := fx.ValidateApp(k.options(t, nil, nil)); err != nil {
			t.Errorf("%+v: %v", k, err)
		}
	}
}

func TestEveryCombinationOfTheBridgeStartsAndStops(t *testing.T) {
	t.Parallel()
	for _, k := range combinations() {
		if k.from && !k.to {
			continue // the bell would miss its clock: see below
		}
		db, err := sqlite.Open(filepath.Join(t.TempDir(), "app.db"), sqlite.Options{})
		if err != nil {
			t.Fatal(err)
		}
		var log []string
		var p sessionParams
		app := fxtest.New(t, k.options(t, db, &log), fx.Populate(&p))
		app.RequireStart()
		if k.to {
			if _, err := di.Get[*clock](t.Context(), p.Container, "clock"); err != nil {
				t.Errorf("%+v: %v", k, err)
			}
		}
		app.RequireStop()
		var want []string
		if k.from {
			want = []string{"start", "tower start", "tower stop", "stop"}
		}
		if !slices.Equal(log, want) {
			t.Errorf("%+v: got %q, want %q", k, log, want)
		}
		if err := errors.Join(db.PingContext(t.Context()), db.Close()); err != nil {
			t.Errorf("%+v: the application's own connection after the stop: %v", k, err)
		}
	}
}

func TestWhatCrossesTheBridgeTellsWhereItIsRegistered(t *testing.T) {
	t.Parallel()
	cfg := parse(t, "session: {adapter: memory}\nservices:\n  admin: {adapter: memory}")
	_, _, line, _ := runtime.Caller(0)
	bridge := providers.ToContainer[*clock]("clock", "")
	var p sessionParams
	app := fx.New(fx.NopLogger, fx.Provide(newClock), fx.Populate(&p),
		providers.Module(cfg.Session, append([]providers.Option{bridge, providers.Further(cfg.Services)}, all.Backends...)...))
	if err := app.Err(); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"clock": fmt.Sprintf("providers/bridge_test.go:%d", line+1), "session": "gyrfalcon.yaml:1:1", "admin": "gyrfalcon.yaml:3:3",
	} {
		if s, err := p.Container.GetService(name); err != nil || s.Registered != want {
			t.Errorf("%s: got registered at %q, %v; want %q", name, s.Registered, err, want)
		}
	}

	made := config.Default().Session
	own := config.Session{
		Name: made.Name, Adapter: "memory", Lifetime: made.Lifetime, Codec: made.Codec, Interop: made.Interop, MaxData: made.MaxData,
		Cookie: made.Cookie,
	}
	none := fx.New(fx.NopLogger, fx.Populate(&p), providers.Module(own, all.Backends...))
	if s, err := p.Container.GetService("session"); err != nil || none.Err() != nil || s.Registered != "a config.Session made in Go" {
		t.Errorf("without a file: got registered at %q, %v, %v; want it to say so", s.Registered, err, none.Err())
	}
}

func TestABridgeThatLeadsNowhereIsAnErrorThatNamesTheMend(t *testing.T) {
	t.Parallel()
	cfg := parse(t, "session: {adapter: memory}").Session
	for _, tc := range []struct {
		opts []providers.Option
		want string
	}{
		{[]providers.Option{providers.ToContainer[*clock]("clock", "")}, "missing type: *providers_test.clock"},
		{[]providers.Option{providers.FromContainer[*bell]("bell")}, "no such service"},
		{[]providers.Option{providers.FromContainer[*bell]("bell"), providers.Register(belfry{nil, false})}, "bell -> clock"},
		{[]providers.Option{providers.FromContainer[*bell]("bell"), providers.ToContainer[*tower]("tower", "")}, "cycle detected"},
	} {
		app := fx.New(fx.NopLogger, providers.Module(cfg, append(tc.opts, all.Backends...)...), fx.Provide(newTower),
			fx.Invoke(func(*tower) {}))
		if err := app.Err(); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("got %v, want it to say %q", err, tc.want)
		}
	}
}
