package di_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"gyrfalcon/di"
)

// pupil is told everything, and writes down in what order.
type pupil struct {
	log  []string
	c    *di.Container
	init func(ctx context.Context, c *di.Container) error
}

func (p *pupil) SetDI(c *di.Container) { p.c = c; p.log = append(p.log, "SetDI") }

func (p *pupil) Initialize(ctx context.Context) error {
	p.log = append(p.log, "Initialize")
	if p.init == nil {
		return nil
	}
	return p.init(ctx, p.c)
}

func (p *pupil) Start(context.Context) error { p.log = append(p.log, "Start"); return nil }
func (p *pupil) Stop(context.Context) error  { p.log = append(p.log, "Stop"); return nil }

var kinds = map[string]func(*di.Container, string, di.Factory[*pupil], ...di.Option) error{
	"shared": di.SetShared[*pupil], "unshared": di.Set[*pupil],
}

func TestWhatIsBuiltIsGivenTheContainerAndThenInitialized(t *testing.T) {
	t.Parallel()
	for name, register := range kinds {
		c := di.New()
		must(t, di.SetValue(c, "word", "hello"))
		must(t, register(c, "pupil", func(context.Context, *di.Container) (*pupil, error) {
			return &pupil{init: func(ctx context.Context, c *di.Container) error {
				_, err := di.Get[string](ctx, c, "word")
				return err
			}}, nil
		}))
		must(t, c.Start(t.Context()))
		p, err := di.Get[*pupil](t.Context(), c, "pupil")
		must(t, err)
		if word, err := di.Get[string](t.Context(), p.c, "word"); err != nil || word != "hello" {
			t.Errorf("%s: from the container it kept: got %q, %v; want hello", name, word, err)
		}
		must(t, c.Stop(t.Context()))
		want := []string{"SetDI", "Initialize", "Start", "Stop"}
		if name == "unshared" {
			want = want[:2]
		}
		if !slices.Equal(p.log, want) {
			t.Errorf("%s: got %q, want %q", name, p.log, want)
		}
	}
}

func TestAServiceThatFailsToInitializeIsStoppedAndHandedToNobody(t *testing.T) {
	t.Parallel()
	broken := errors.New("no ink")
	for name, register := range kinds {
		c := di.New()
		p := &pupil{init: func(context.Context, *di.Container) error { return broken }}
		must(t, register(c, "pupil", giving(p)))
		_, err := di.Get[*pupil](t.Context(), c, "pupil")
		wantError(t, err, broken, "its Initialize failed", "registered at di/aware_test.go")
		if want := []string{"SetDI", "Initialize", "Stop"}; !slices.Equal(p.log, want) {
			t.Errorf("%s: got %q, want %q", name, p.log, want)
		}
		p.init = func(context.Context, *di.Container) error { panic("ink everywhere") }
		_, err = di.Get[*pupil](t.Context(), c, "pupil")
		if _, ok := errors.AsType[*di.PanicError](err); !ok {
			t.Errorf("%s: got %v, want a *PanicError", name, err)
		}
	}
}

func TestAnInitializeThatEndsItsGoroutineFailsTheBuildAndIsStopped(t *testing.T) {
	t.Parallel()
	c := di.New()
	p := &pupil{init: func(context.Context, *di.Container) error { runtime.Goexit(); return nil }}
	must(t, di.SetShared(c, "pupil", giving(p)))
	_, err := di.Get[*pupil](t.Context(), c, "pupil")
	if err == nil || !slices.Equal(p.log, []string{"SetDI", "Initialize", "Stop"}) {
		t.Errorf("got %v, %q; want an error, and Stop at the end", err, p.log)
	}
	must(t, c.Stop(t.Context()))
}

func TestACircleThroughInitializeIsToldAsItsChain(t *testing.T) {
	t.Parallel()
	atOnce(t, func(t *testing.T) {
		c := di.New()
		must(t, di.SetShared(c, "a", func(context.Context, *di.Container) (*pupil, error) {
			return &pupil{init: func(ctx context.Context, c *di.Container) error { _, err := di.Get[int](ctx, c, "b"); return err }}, nil
		}))
		must(t, di.SetShared(c, "b", func(ctx context.Context, c *di.Container) (int, error) {
			_, err := di.Get[*pupil](ctx, c, "a")
			return 0, err
		}))
		_, err := di.Get[*pupil](t.Context(), c, "a")
		wantChain(t, err, "a -> b -> a")
	})
}

func TestWhatSomebodyElseHasInHandIsNotIntroducedAgain(t *testing.T) {
	t.Parallel()
	c := di.New()
	p := new(pupil)
	must(t, di.SetValue(c, "value", p))
	must(t, di.SetShared(c, "same", giving(p)))
	must(t, di.Set(c, "each", giving(p)))
	for _, name := range []string{"value", "same", "each"} {
		if _, err := di.Get[*pupil](t.Context(), c, name); err != nil {
			t.Error(err)
		}
	}
	must(t, c.Stop(t.Context()))
	if len(p.log) != 0 {
		t.Errorf("a value that was handed in: got %q, want it left alone", p.log)
	}

	q := new(pupil)
	c = di.New()
	must(t, di.SetShared(c, "one", giving(q)))
	must(t, di.SetShared(c, "two", giving(q)))
	for _, name := range []string{"one", "two"} {
		if _, err := di.Get[*pupil](t.Context(), c, name); err != nil {
			t.Error(err)
		}
	}
	must(t, c.Stop(t.Context()))
	if want := []string{"SetDI", "Initialize", "Stop"}; !slices.Equal(q.log, want) {
		t.Errorf("one object under two names: got %q, want %q", q.log, want)
	}
}

func TestObserversHearOfEveryBuildAndOfNothingElse(t *testing.T) {
	t.Parallel()
	c := di.New()
	broken := errors.New("broken")
	var log []string
	remove, err := c.Observe(di.Observer{
		Before: func(_ context.Context, r di.Resolution) {
			log = append(log, fmt.Sprint("before ", r.Name, r.Chain, r.Shared))
		},
		After: func(_ context.Context, r di.Resolution, v any) {
			log = append(log, fmt.Sprint("after ", r.Name, r.Chain, v, r.Err != nil))
		},
	})
	must(t, err)
	must(t, di.SetValue(c, "value", 1))
	must(t, di.SetShared(c, "shared", asking("each", nil)))
	must(t, di.Set(c, "each", asking("value", nil)))
	must(t, di.Set(c, "broken", func(context.Context, *di.Container) (int, error) { return 7, broken }))
	must(t, c.SetAlias("shared", "alias"))
	for _, name := range []string{"alias", "shared", "broken"} {
		_, err := di.Get[int](t.Context(), c, name)
		if err != nil && !errors.Is(err, broken) {
			t.Error(err)
		}
	}
	remove()
	remove()
	if _, err := di.Get[int](t.Context(), c, "each"); err != nil {
		t.Error(err)
	}
	want := []string{
		"before shared[shared] true", "before each[shared each] false", "after each[shared each] 1 false", "after shared[shared] 1 false",
		"before broken[broken] false", "after broken[broken] <nil> true",
	}
	if !slices.Equal(log, want) {
		t.Errorf("got  %q\nwant %q", log, want)
	}
}

func TestObserversOfAContainerHearOfItsScopesFirst(t *testing.T) {
	t.Parallel()
	c := di.New()
	s := scopeOf(t, c)
	var log []string
	hear := func(who string, of *di.Container) (remove func()) {
		remove, err := of.Observe(di.Observer{Before: func(_ context.Context, r di.Resolution) { log = append(log, who+" "+r.Name) }})
		must(t, err)
		return remove
	}
	hear("scope", s)
	leave := hear("first", c)
	hear("second", c)
	must(t, di.Set(c, "parents", giving(1)))
	must(t, di.Set(s, "scopes", giving(1)))
	wantGet(t, s, "scopes", 1)
	wantGet(t, c, "parents", 1)
	leave()
	wantGet(t, s, "scopes", 1)
	want := []string{"first scopes", "second scopes", "scope scopes", "first parents", "second parents", "second scopes", "scope scopes"}
	if !slices.Equal(log, want) {
		t.Errorf("got  %q\nwant %q", log, want)
	}
}

func TestObserversAreNotHandedWhatFailedToInitialize(t *testing.T) {
	t.Parallel()
	for kind, register := range kinds {
		c := di.New()
		heard := 0
		_, err := c.Observe(di.Observer{After: func(_ context.Context, r di.Resolution, v any) {
			heard++
			if r.Err == nil || v != nil {
				t.Errorf("%s: got %v, %v; want an error and nothing", kind, r.Err, v)
			}
		}})
		must(t, err)
		must(t, register(c, "pupil", giving(&pupil{init: func(context.Context, *di.Container) error { return errors.New("no pencil") }})))
		if _, err = di.Get[*pupil](t.Context(), c, "pupil"); err == nil || heard != 1 {
			t.Errorf("%s: got %v, heard %d times; want an error, once", kind, err, heard)
		}
	}
}

func TestObserversAreToldHowLongABuildTook(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := di.New()
		var took []time.Duration
		_, err := c.Observe(di.Observer{
			Before: func(_ context.Context, r di.Resolution) { took = append(took, r.Took) },
			After:  func(_ context.Context, r di.Resolution, _ any) { took = append(took, r.Took) },
		})
		must(t, err)
		must(t, di.SetShared(c, "slow", func(context.Context, *di.Container) (int, error) { <-time.After(2 * time.Second); return 1, nil }))
		wantGet(t, c, "slow", 1)
		if want := []time.Duration{0, 2 * time.Second}; !slices.Equal(took, want) {
			t.Errorf("got %v, want %v", took, want)
		}
	})
}

func TestAScopeDoesNotTakeItsParentsObjectsForItsOwn(t *testing.T) {
	t.Parallel()
	c := di.New()
	built, handed := new(pupil), new(pupil)
	must(t, di.SetShared(c, "built", giving(built)))
	must(t, di.SetValue(c, "handed", handed))
	wantGet(t, c, "built", built)
	s := scopeOf(t, scopeOf(t, c))
	must(t, s.Start(t.Context()))
	for name, p := range map[string]*pupil{"built": built, "handed": handed} {
		must(t, di.Set(s, name+" each", giving(p)))
		must(t, di.SetShared(s, name+" shared", giving(p)))
		wantGet(t, s, name+" each", p)
		wantGet(t, s, name+" shared", p)
	}
	must(t, s.Stop(t.Context()))
	if want := []string{"SetDI", "Initialize"}; !slices.Equal(built.log, want) || len(handed.log) != 0 {
		t.Errorf("got %q, and %q of what was handed in; want %q, and nothing", built.log, handed.log, want)
	}
	must(t, c.Stop(t.Context()))
}

func TestWhatIsStillInitializingIsNotStoppedBeforeItHasDone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := di.New()
		release := make(chan struct{})
		p := &pupil{}
		p.init = func(context.Context, *di.Container) error {
			<-release
			p.log = append(p.log, "initialized")
			return nil
		}
		must(t, di.SetShared(c, "deaf", giving(p)))
		errs := make(chan error, 1)
		go func() { _, err := di.Get[*pupil](t.Context(), c, "deaf"); errs <- err }()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := c.Stop(ctx); err == nil || !strings.Contains(err.Error(), "left behind") {
			t.Errorf("got %v, want it to say that the build was left behind", err)
		}
		wantError(t, <-errs, di.ErrStopped)
		close(release)
		synctest.Wait()
		if want := []string{"SetDI", "Initialize", "initialized", "Stop"}; !slices.Equal(p.log, want) {
			t.Errorf("got %q, want %q", p.log, want)
		}
	})
}

func TestAnObserverOfATypeHearsOfThatTypeAlone(t *testing.T) {
	t.Parallel()
	c := di.New()
	var heard []string
	_, err := c.Observe(di.Resolved(func(_ context.Context, r di.Resolution, v *clock) { heard = append(heard, r.Name+" "+v.zone) }))
	must(t, err)
	must(t, di.SetShared(c, "clock", giving(&clock{"UTC"})))
	must(t, di.SetShared(c, "n", giving(1)))
	_, _ = di.Get[*clock](t.Context(), c, "clock")
	_, _ = di.Get[int](t.Context(), c, "n")
	if want := []string{"clock UTC"}; !slices.Equal(heard, want) {
		t.Errorf("got %q, want %q", heard, want)
	}
	_, err = c.Observe(di.Observer{})
	wantError(t, err, di.ErrInvalid, "neither")
	_, err = c.Observe(di.Resolved[int](nil))
	wantError(t, err, di.ErrInvalid)
}

func TestAnObserverThatPanicsFailsTheBuildAndNothingIsLost(t *testing.T) {
	t.Parallel()
	for _, o := range []di.Observer{
		{Before: func(context.Context, di.Resolution) { panic("before") }},
		{After: func(context.Context, di.Resolution, any) { panic("after") }},
	} {
		for name, register := range kinds {
			c := di.New()
			var built, stopped atomic.Int32
			remove, err := c.Observe(o)
			must(t, err)
			must(t, register(c, "pupil", func(context.Context, *di.Container) (*pupil, error) { built.Add(1); return new(pupil), nil }))
			must(t, di.SetShared(c, "gear", func(context.Context, *di.Container) (*stopCounter, error) {
				built.Add(1)
				return &stopCounter{&stopped}, nil
			}))
			_, err = di.Get[*pupil](t.Context(), c, "pupil")
			if _, ok := errors.AsType[*di.PanicError](err); !ok {
				t.Errorf("%s: got %v, want a *PanicError", name, err)
			}
			_, err = di.Get[*stopCounter](t.Context(), c, "gear")
			if err == nil || !strings.Contains(err.Error(), "an observer failed") {
				t.Errorf("%s: got %v, want it to say that an observer failed", name, err)
			}
			if o.After != nil && stopped.Load() != 1 {
				t.Errorf("%s: got %d stops of what was built, want 1", name, stopped.Load())
			}
			remove()
			if _, err = di.Get[*pupil](t.Context(), c, "pupil"); err != nil {
				t.Errorf("%s, without the observer: %v", name, err)
			}
			must(t, c.Stop(t.Context()))
		}
	}
}

type stopCounter struct{ n *atomic.Int32 }

func (s *stopCounter) Stop(context.Context) error { s.n.Add(1); return nil }
