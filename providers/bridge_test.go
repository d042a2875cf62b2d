package providers_test

import (
	"context"
	"strings"
	"testing"

	"go.uber.org/fx"
	"go.uber.org/fx/fxtest"

	"gyrfalcon/di"
	"gyrfalcon/providers"
	"gyrfalcon/providers/all"
)

// clock comes from fx, bell from the container and needs it.
type clock struct{ zone string }

type bell struct {
	clock *clock
	log   *[]string
}

func (b *bell) Start(context.Context) error { *b.log = append(*b.log, "start"); return nil }
func (b *bell) Stop(context.Context) error  { *b.log = append(*b.log, "stop"); return nil }

// belfry registers the bell.
type belfry struct{ log *[]string }

func (p belfry) Register(c *di.Container) error {
	return di.SetShared(c, "bell", func(ctx context.Context, c *di.Container) (*bell, error) {
		k, err := di.Get[*clock](ctx, c, "clock")
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
		providers.FromContainer[*bell]("bell"), providers.ToContainer[*clock]("clock", ""), providers.Register(belfry{&log}),
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

func TestTheGraphIsCompleteForEveryCombinationOfTheBridge(t *testing.T) {
	t.Parallel()
	var log []string
	named := fx.Provide(fx.Annotate(newClock, fx.ResultTags(`name:"church"`)))
	for yaml, further := range map[string]bool{"session: {adapter: memory}": false, "": false, "services: {a: {}, b: {adapter: memory}}": true} {
		for _, fxName := range []string{"", "church"} {
			for mask := range 4 {
				cfg := parse(t, yaml)
				opts := append([]providers.Option{providers.Register(belfry{&log})}, all.Backends...)
				if further {
					opts = append(opts, providers.Further(cfg.Services))
				}
				if mask&1 != 0 {
					opts = append(opts, providers.ToContainer[*clock]("clock", fxName))
				}
				parts := []fx.Option{fx.NopLogger, named, fx.Provide(newClock)}
				if mask&2 != 0 {
					opts = append(opts, providers.FromContainer[*bell]("bell"))
					parts = append(parts, fx.Provide(newTower), fx.Invoke(func(*tower) {}))
				}
				parts = append(parts, providers.Module(cfg.Session, opts...))
				if err := fx.ValidateApp(parts...); err != nil {
					t.Errorf("%q, fx name %q, combination %b: %v", yaml, fxName, mask, err)
				}
			}
		}
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
		{[]providers.Option{providers.FromContainer[*bell]("bell"), providers.Register(belfry{nil})}, "bell -> clock"},
	} {
		app := fx.New(fx.NopLogger, providers.Module(cfg, append(tc.opts, all.Backends...)...), fx.Provide(newTower),
			fx.Invoke(func(*tower) {}))
		if err := app.Err(); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("got %v, want it to say %q", err, tc.want)
		}
	}
}
