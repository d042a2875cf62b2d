package di_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"gyrfalcon/di"
)

func scopeOf(t *testing.T, c *di.Container) *di.Container {
	t.Helper()
	s, err := c.Scope()
	must(t, err)
	return s
}

func wantGet[T comparable](t *testing.T, c *di.Container, name string, want T) {
	t.Helper()
	if got, err := di.Get[T](t.Context(), c, name); err != nil || got != want {
		t.Errorf("Get(%q): got %v, %v; want %v", name, got, err, want)
	}
}

// echo is a factory that tells what it finds under a name.
func echo(name string) di.Factory[string] {
	return func(ctx context.Context, c *di.Container) (string, error) {
		v, err := di.Get[string](ctx, c, name)
		return "with " + v, err
	}
}

func TestAScopeSeesItsParentAndHasItsOwn(t *testing.T) {
	t.Parallel()
	c := di.New()
	must(t, di.SetValue(c, "who", "everybody"))
	must(t, di.SetShared(c, "shared", echo("who")))
	must(t, di.Set(c, "each", echo("who")))
	must(t, c.SetAlias("who", "alias"))
	s := scopeOf(t, c)
	must(t, di.SetValue(s, "who", "Ada"))
	must(t, di.SetShared(s, "own", echo("who")))
	must(t, s.SetAlias("shared", "up"))
	must(t, di.SetValue(c, "late", "later"))
	inner := scopeOf(t, s)

	for _, sc := range []*di.Container{s, inner} {
		wantGet(t, sc, "who", "Ada")
		wantGet(t, sc, "shared", "with everybody") // what serves everybody sees nothing of the scope
		wantGet(t, sc, "up", "with everybody")
		wantGet(t, sc, "each", "with Ada")
		wantGet(t, sc, "alias", "everybody") // an alias leads to what its own container sees
		wantGet(t, sc, "own", "with Ada")
		wantGet(t, sc, "late", "later")
	}
	wantGet(t, c, "who", "everybody")
	wantGet(t, c, "each", "with everybody")
	if c.Has("own") || !s.Has("late") || !s.HasShared("shared") || !inner.Has("up") {
		t.Error("got the scope's names in the parent, or not the parent's in the scope")
	}
	if kept, err := di.GetShared[string](t.Context(), s, "each"); err != nil || kept != "with everybody" {
		t.Errorf("GetShared of the parent's: got %q, %v; want the parent's own", kept, err)
	}
	_, err := di.Get[string](t.Context(), c, "own")
	wantError(t, err, di.ErrNotFound)
	_, err = di.Get[string](t.Context(), inner, "whom")
	wantError(t, err, di.ErrNotFound, `did you mean "who"`)
	var names []string
	for _, d := range inner.Services() {
		names = append(names, d.Name)
	}
	if want := []string{"alias", "each", "late", "own", "shared", "up", "who"}; !slices.Equal(names, want) {
		t.Errorf("got services %q, want %q", names, want)
	}
}

func TestAScopeChangesNothingOfItsParent(t *testing.T) {
	t.Parallel()
	c := di.New()
	must(t, di.SetShared(c, "clock", giving(new(clock))))
	s := scopeOf(t, c)
	_, err := di.Get[*clock](t.Context(), s, "clock")
	must(t, err)
	wantError(t, s.Remove("clock"), di.ErrInvalid, "the container that this scope was made of")
	wantError(t, s.RemoveShared("clock"), di.ErrInvalid, "the container that this scope was made of")
	wantError(t, s.Remove("cluck"), di.ErrNotFound, `did you mean "clock"`)
	must(t, di.SetShared(s, "clock", giving(&clock{"CET"}))) // a name of its own, not a second registration
	must(t, s.Remove("clock"))
	gone := scopeOf(t, c)
	before := gone.HasShared("clock")
	must(t, gone.Stop(t.Context()))
	if after := gone.HasShared("clock"); !before || after || !c.HasShared("clock") {
		t.Errorf("HasShared of the parent's: got %v, once the scope is stopped %v; want true, false, and true of the parent", before, after)
	}
	if _, err := s.GetService("clock"); err != nil || !c.HasShared("clock") {
		t.Errorf("after the scope's own is removed: got %v, want the parent's again", err)
	}
}

func TestAScopeStopsWhatItBuiltAndNothingElse(t *testing.T) {
	t.Parallel()
	c := di.New()
	make1 := func(context.Context, *di.Container) (*gear, error) { return new(gear), nil }
	must(t, di.SetShared(c, "parent", make1))
	must(t, c.Start(t.Context()))
	s := scopeOf(t, c)
	must(t, di.SetShared(s, "own", make1))
	must(t, di.SetShared(s, "lent", func(ctx context.Context, c *di.Container) (*gear, error) {
		return di.Get[*gear](ctx, c, "parent") // the parent's object under the scope's name stays the parent's
	}))
	var got []*gear
	for _, name := range []string{"own", "parent", "lent"} {
		g, err := di.Get[*gear](t.Context(), s, name)
		must(t, err)
		got = append(got, g)
	}
	must(t, s.Start(t.Context())) // it is started: its parent is
	must(t, s.Stop(t.Context()))
	must(t, s.Stop(t.Context()))
	for _, name := range []string{"own", "parent"} {
		_, err := di.Get[*gear](t.Context(), s, name)
		wantError(t, err, di.ErrStopped)
	}
	if g := got[0]; g.starts.Load() != 1 || g.stops.Load() != 1 {
		t.Errorf("the scope's: got %d starts, %d stops; want 1, 1", g.starts.Load(), g.stops.Load())
	}
	wantGet(t, c, "parent", got[1])
	if g := got[1]; g != got[2] || g.starts.Load() != 1 || g.stops.Load() != 0 {
		t.Errorf("the parent's: got %d starts, %d stops; want 1, 0", g.starts.Load(), g.stops.Load())
	}
	must(t, c.Stop(t.Context()))
	if n := got[1].stops.Load(); n != 1 {
		t.Errorf("the parent's after its own Stop: got %d stops, want 1", n)
	}
	_, err := c.Scope()
	wantError(t, err, di.ErrStopped)
}

func TestAContainerStopsItsScopesFirstTheLastMadeFirst(t *testing.T) {
	t.Parallel()
	y := newYard()
	y.engine(t, &engine{name: "parent"}, nil)
	y.get(t, "parent")
	for _, name := range []string{"one", "two"} {
		s := scopeOf(t, y.Container)
		inner := scopeOf(t, s)
		for n, sc := range map[string]*di.Container{name: s, name + " inner": inner} {
			must(t, di.SetShared(sc, n, func(context.Context, *di.Container) (*engine, error) { return &engine{log: &y.log, name: n}, nil }))
			_, err := di.Get[*engine](t.Context(), sc, n)
			must(t, err)
		}
	}
	must(t, y.Stop(t.Context()))
	y.log.want(t, "build parent, stop two inner, stop two, stop one inner, stop one, stop parent")
}

func TestAScopeMadeBeforeTheStartHasAStartOfItsOwn(t *testing.T) {
	t.Parallel()
	c := di.New()
	s := scopeOf(t, c)
	g := new(gear)
	must(t, di.SetShared(s, "gear", giving(g), di.Eager()))
	must(t, c.Start(t.Context()))
	if n := g.starts.Load(); n != 0 {
		t.Errorf("after the parent's Start: got %d starts, want 0", n)
	}
	must(t, s.Start(t.Context()))
	must(t, c.Stop(t.Context()))
	if g.starts.Load() != 1 || g.stops.Load() != 1 {
		t.Errorf("got %d starts and %d stops, want 1 and 1", g.starts.Load(), g.stops.Load())
	}
}

func TestAScopeHasItsContainersLimitsUnlessToldOtherwise(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := di.New(di.BuildLimit(time.Second), di.HealthLimit(2*time.Second))
		own, err := c.Scope(di.BuildLimit(3*time.Second), di.HealthLimit(4*time.Second))
		must(t, err)
		for s, want := range map[*di.Container][2]time.Duration{scopeOf(t, c): {time.Second, 2 * time.Second}, own: {3 * time.Second, 4 * time.Second}} {
			must(t, di.SetShared(s, "slow", func(ctx context.Context, _ *di.Container) (int, error) { <-ctx.Done(); return 0, ctx.Err() }))
			must(t, di.SetValue(s, "ill", &patient{health: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }}))
			begun := time.Now()
			_, err := di.Get[int](t.Context(), s, "slow")
			wantError(t, err, context.DeadlineExceeded)
			if took := time.Since(begun); took != want[0] {
				t.Errorf("a build took %v, want %v", took, want[0])
			}
			begun = time.Now()
			_, err = s.Health(t.Context())
			wantError(t, err, context.DeadlineExceeded)
			if took := time.Since(begun); took != want[1] {
				t.Errorf("an answer took %v, want %v", took, want[1])
			}
		}
	})
}

func TestStopTellsWhatFailedInScopesAndCancelsTheirBuildsAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := di.New()
		first, second := scopeOf(t, c), scopeOf(t, c)
		must(t, di.SetShared(first, "dialling", func(ctx context.Context, _ *di.Container) (int, error) { <-ctx.Done(); return 0, ctx.Err() }))
		release, sad := make(chan struct{}), errors.New("sad")
		slow := &engine{name: "slow", log: new(journal), onStop: func(context.Context) error { <-release; return sad }}
		must(t, di.SetShared(second, "slow", giving(slow)))
		wantGet(t, second, "slow", slow)
		dialled, stopped := make(chan error, 1), make(chan error, 1)
		go func() { _, err := di.Get[int](t.Context(), first, "dialling"); dialled <- err }()
		synctest.Wait()
		go func() { stopped <- c.Stop(context.Background()) }()
		synctest.Wait()
		select {
		case err := <-dialled:
			wantError(t, err, context.Canceled)
		default:
			t.Error("the first scope's build waits until the second one has been stopped, want it cancelled at once")
		}
		close(release)
		wantError(t, <-stopped, sad, `di: stop "slow"`)
	})
}

func TestAStoppedScopeIsForgotten(t *testing.T) {
	t.Parallel()
	c := di.New()
	request := func() weak.Pointer[[1 << 10]byte] {
		s := scopeOf(t, c)
		body := new([1 << 10]byte)
		must(t, di.SetValue(s, "body", body))
		must(t, s.Stop(t.Context()))
		return weak.Make(body)
	}()
	for range 100 {
		if runtime.GC(); request.Value() == nil {
			break
		}
	}
	if request.Value() != nil {
		t.Error("what a stopped scope had is still held by its container")
	}
	runtime.KeepAlive(c)
}

func TestACircleThroughAScopeIsToldAsItsChain(t *testing.T) {
	t.Parallel()
	atOnce(t, func(t *testing.T) {
		c := di.New()
		must(t, di.SetShared(c, "a", func(ctx context.Context, c *di.Container) (int, error) {
			s, err := c.Scope()
			if err != nil {
				return 0, err
			}
			_ = di.SetShared(s, "b", asking("u", nil))
			_ = di.Set(s, "u", asking("a", nil))
			_, err = di.Get[int](ctx, s, "b")
			if stopErr := s.Stop(ctx); stopErr != nil { // a factory may stop its own scope
				t.Error(stopErr)
			}
			if stopErr := c.Stop(ctx); !errors.Is(stopErr, di.ErrInvalid) {
				t.Errorf("Stop of the container that builds: got %v, want ErrInvalid", stopErr)
			}
			return 0, err
		}))
		_, err := di.Get[int](t.Context(), c, "a")
		wantChain(t, err, "a -> b -> u -> a")

		// Through a parent's unshared service that sees what the scope has instead.
		must(t, di.Set(c, "page", asking("user", nil)))
		must(t, di.SetValue(c, "user", 1))
		s := scopeOf(t, c)
		must(t, di.SetShared(s, "user", asking("page", nil)))
		_, err = di.Get[int](t.Context(), s, "page")
		wantChain(t, err, "page -> user -> page")
		wantGet(t, c, "page", 1)
	})
}

func TestACircleThroughAScopeEnteredFromOppositeEndsIsToldToBoth(t *testing.T) {
	t.Parallel()
	atOnce(t, func(t *testing.T) {
		c := di.New()
		s := scopeOf(t, c)
		inA, inB := make(chan struct{}), make(chan struct{})
		must(t, di.SetShared(c, "a", func(ctx context.Context, c *di.Container) (int, error) {
			sub, err := c.Scope()
			if err != nil {
				return 0, err
			}
			close(inA)
			<-inB
			_ = di.Set(sub, "mid", asking("b", nil))
			_, err = di.Get[int](ctx, sub, "mid")
			return 0, err
		}))
		must(t, di.SetShared(c, "b", asking("a", func() { close(inB); <-inA })))
		errs := make(chan error)
		for name, from := range map[string]*di.Container{"a": s, "b": c} {
			go func() { _, err := di.Get[int](t.Context(), from, name); errs <- err }()
		}
		for range 2 {
			err := <-errs
			if s := fmt.Sprint(err); !errors.Is(err, di.ErrCycle) || !strings.Contains(s, "a -> mid -> b -> a") && !strings.Contains(s, "b -> a -> mid -> b") {
				t.Errorf("got %v, want the circle as its chain", err)
			}
		}
	})
}

func TestScopesOfManyRequestsAreIndependentAndLeaveNothing(t *testing.T) {
	t.Parallel()
	c := di.New()
	must(t, di.SetShared(c, "db", func(context.Context, *di.Container) (*gear, error) { return new(gear), nil }))
	must(t, di.Set(c, "page", echo("user")))
	must(t, c.Start(t.Context()))
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			s, err := c.Scope()
			if err != nil {
				t.Error(err)
				return
			}
			user, g := fmt.Sprint("user ", i), new(gear)
			_ = di.SetValue(s, "user", user)
			_ = di.SetShared(s, "gear", giving(g))
			wantGet(t, s, "page", "with "+user)
			wantGet(t, s, "gear", g)
			if _, err := di.Get[*gear](t.Context(), s, "db"); err != nil {
				t.Error(err)
			}
			if err := s.Stop(t.Context()); err != nil || g.starts.Load() != 1 || g.stops.Load() != 1 {
				t.Errorf("got %v, %d starts, %d stops; want nil, 1, 1", err, g.starts.Load(), g.stops.Load())
			}
		})
	}
	wg.Wait()
	must(t, c.Stop(t.Context()))
}

func TestGettingThroughAScopeAllocatesNothing(t *testing.T) {
	c := di.New()
	must(t, di.SetShared(c, "clock", giving(&clock{"UTC"})))
	s := scopeOf(t, c)
	must(t, s.SetAlias("clock", "time"))
	wantGet[any](t, s, "clock", mustGet[*clock](t, c, "clock"))
	for _, name := range []string{"clock", "time"} {
		n := testing.AllocsPerRun(1000, func() {
			if _, err := di.Get[*clock](t.Context(), s, name); err != nil {
				t.Fatal(err)
			}
		})
		if n != 0 {
			t.Errorf("%s: got %v allocations a Get, want 0", name, n)
		}
	}
}

func mustGet[T any](t *testing.T, c *di.Container, name string) T {
	t.Helper()
	v, err := di.Get[T](t.Context(), c, name)
	must(t, err)
	return v
}
