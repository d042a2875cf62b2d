package di_test

import (
	"context"
	"reflect"
	"testing"
	"testing/synctest"

	"gyrfalcon/di"
)

func TestGetSharedKeepsOneOfAnUnsharedServiceAndGetGoesOnBuilding(t *testing.T) {
	c := di.New()
	must(t, di.Set(c, "clock", func(context.Context, *di.Container) (*clock, error) { return new(clock), nil }))
	must(t, c.SetAlias("clock", "time"))
	get := func(f func(context.Context, *di.Container, string) (*clock, error), name string) *clock {
		t.Helper()
		v, err := f(t.Context(), c, name)
		must(t, err)
		return v
	}
	if c.HasShared("clock") {
		t.Error("HasShared before GetShared: got true, want false")
	}
	a, b, other := get(di.GetShared[*clock], "clock"), get(di.GetShared[*clock], "time"), get(di.Get[*clock], "clock")
	if a != b || a == other {
		t.Errorf("got one instance for two GetShared %v, for GetShared and Get %v; want true, false", a == b, a == other)
	}
	if s, err := c.GetService("clock"); err != nil || s.Shared || !s.Resolved || !c.HasShared("clock") {
		t.Errorf("got %+v, %v, HasShared %v; want unshared, resolved, true", s, err, c.HasShared("clock"))
	}
	must(t, c.RemoveShared("time"))
	if c.HasShared("clock") {
		t.Error("HasShared after RemoveShared: got true, want false")
	}
	if d := get(di.GetShared[*clock], "clock"); d == a {
		t.Error("after RemoveShared: got the old instance, want a new one")
	}
	n := testing.AllocsPerRun(100, func() { get(di.GetShared[*clock], "clock") })
	if n != 0 {
		t.Errorf("GetShared of what is kept: got %v allocations, want 0", n)
	}
}

func TestGetSharedKeepsOneHoweverManyAskAtTheSameTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := di.New()
		builds, free := 0, make(chan struct{})
		must(t, di.Set(c, "clock", func(context.Context, *di.Container) (*clock, error) { builds++; <-free; return new(clock), nil }))
		got := make(chan *clock, 10)
		for range cap(got) {
			go func() {
				v, err := di.GetShared[*clock](t.Context(), c, "clock")
				if err != nil {
					t.Error(err)
				}
				got <- v
			}()
		}
		synctest.Wait()
		close(free)
		first := <-got
		for range cap(got) - 1 {
			if v := <-got; v != first {
				t.Errorf("got %p and %p, want the same", v, first)
			}
		}
		if builds != 1 {
			t.Errorf("got %d builds, want 1", builds)
		}
	})
}

func TestWhatGetSharedKeepsHasALife(t *testing.T) {
	t.Parallel()
	c := di.New()
	must(t, di.Set(c, "gear", func(context.Context, *di.Container) (*gear, error) { return new(gear), nil }))
	must(t, c.Start(t.Context()))
	g, err := di.GetShared[*gear](t.Context(), c, "gear")
	must(t, err)
	wantError(t, c.Remove("gear"), di.ErrRunning)
	wantError(t, c.RemoveShared("gear"), di.ErrRunning)
	wantError(t, di.SetValue(c, "gear", g, di.Replace()), di.ErrRunning)
	must(t, c.Stop(t.Context()))
	if g.starts.Load() != 1 || g.stops.Load() != 1 {
		t.Errorf("got %d starts and %d stops, want 1 and 1", g.starts.Load(), g.stops.Load())
	}
	_, err = di.GetShared[*gear](t.Context(), c, "gear")
	wantError(t, err, di.ErrStopped)
}

func TestWhatGetSharedKeepsIsOutOfReachOnceStopped(t *testing.T) {
	t.Parallel()
	c := di.New()
	must(t, di.Set(c, "clock", giving(new(clock)))) // nothing to stop
	_, err := di.GetShared[*clock](t.Context(), c, "clock")
	must(t, err)
	must(t, c.Stop(t.Context()))
	_, err = di.GetShared[*clock](t.Context(), c, "clock")
	wantError(t, err, di.ErrStopped)
}

func TestRemoveSharedLeavesTheDefinition(t *testing.T) {
	t.Parallel()
	c := di.New()
	builds := 0
	must(t, di.SetShared(c, "n", func(context.Context, *di.Container) (int, error) { builds++; return builds, nil }))
	must(t, di.SetValue(c, "value", 1))
	must(t, c.RemoveShared("n")) // nothing is built
	for want := 1; want <= 2; want++ {
		if got, err := di.Get[int](t.Context(), c, "n"); err != nil || got != want {
			t.Errorf("got %d, %v; want %d", got, err, want)
		}
		must(t, c.RemoveShared("n"))
	}
	wantError(t, c.RemoveShared("value"), di.ErrInvalid, "use Remove")
	wantError(t, c.RemoveShared("m"), di.ErrNotFound, `did you mean "n"`)
}

func TestAnAliasTellsWhatItLeadsTo(t *testing.T) {
	t.Parallel()
	c := di.New()
	must(t, di.SetValue(c, "database", 1))
	must(t, c.SetAlias("database", "db"))
	for name, want := range map[string]string{"db": "database", "database": "", "absent": ""} {
		if got, ok := c.GetAlias(name); got != want || ok != (want != "") {
			t.Errorf("GetAlias(%q): got %q, %v; want %q", name, got, ok, want)
		}
	}
	at := nextLine(t)
	must(t, di.SetShared(c, "clock", giving(new(clock))))
	s, err := c.GetService("clock")
	want := di.Service{Name: "clock", Type: "*di_test.clock", Kind: "shared", State: "not built", Shared: true, Registered: at}
	if err != nil || !reflect.DeepEqual(s, want) {
		t.Errorf("got %+v, %v; want %+v", s, err, want)
	}
	if s, err = c.GetService("db"); err != nil || s.AliasOf != "database" {
		t.Errorf("got %+v, %v; want an alias of database", s, err)
	}
	_, err = c.GetService("dp")
	wantError(t, err, di.ErrNotFound, `did you mean "db"`)
}
