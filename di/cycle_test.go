package di_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gyrfalcon/di"
)

// asking is a factory that asks for a name after meet has let it go on.
func asking(name string, meet func()) di.Factory[int] {
	return func(ctx context.Context, c *di.Container) (int, error) {
		if meet != nil {
			meet()
		}
		return di.Get[int](ctx, c, name)
	}
}

func wantChain(t *testing.T, err error, want string) {
	t.Helper()
	wantError(t, err, di.ErrCycle, want)
	e, _ := errors.AsType[*di.Error](err)
	if e != nil && strings.Join(e.Chain, " -> ") != want {
		t.Errorf("got chain %q, want %q", strings.Join(e.Chain, " -> "), want)
	}
}

// A circle that is not seen ends with the build limit, 15 s. In a synctest bubble that passes at once, and shows in the clock.
func atOnce(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		f(t)
		if took := time.Since(begun); took != 0 {
			t.Errorf("took %v, want the circle told before anybody waits", took)
		}
	})
}

func TestACircleEnteredByOneGoroutineIsToldAsItsChain(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		register func(c *di.Container, name string, f di.Factory[int], opts ...di.Option) error
	}{
		"shared": {di.SetShared[int]}, "unshared": {di.Set[int]},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			atOnce(t, func(t *testing.T) {
				c := di.New()
				must(t, tc.register(c, "door", asking("a", nil)))
				must(t, tc.register(c, "a", asking("b", nil)))
				must(t, tc.register(c, "b", asking("c", nil)))
				must(t, tc.register(c, "c", asking("a", nil)))
				must(t, tc.register(c, "self", asking("self", nil)))
				_, err := di.Get[int](t.Context(), c, "a")
				wantChain(t, err, "a -> b -> c -> a")
				_, err = di.Get[int](t.Context(), c, "door")
				wantChain(t, err, "door -> a -> b -> c -> a")
				_, err = di.Get[int](t.Context(), c, "self")
				wantChain(t, err, "self -> self")
			})
		})
	}
}

func TestACircleOfSharedAndUnsharedServicesIsToldAsItsChain(t *testing.T) {
	t.Parallel()
	atOnce(t, func(t *testing.T) {
		c := di.New()
		must(t, di.SetShared(c, "a", asking("u", nil)))
		must(t, di.Set(c, "u", asking("v", nil)))
		must(t, di.Set(c, "v", asking("b", nil)))
		must(t, di.SetShared(c, "b", asking("a", nil)))
		_, err := di.Get[int](t.Context(), c, "a")
		wantChain(t, err, "a -> u -> v -> b -> a")
		_, err = di.Get[int](t.Context(), c, "u")
		wantError(t, err, di.ErrCycle, "u -> v -> b -> a -> u")
	})
}

func TestACircleThroughAnAliasIsToldAsItsChain(t *testing.T) {
	t.Parallel()
	atOnce(t, func(t *testing.T) {
		c := di.New()
		must(t, di.SetShared(c, "a", asking("bee", nil)))
		must(t, di.SetShared(c, "b", asking("ay", nil)))
		must(t, c.SetAlias("b", "bee"))
		must(t, c.SetAlias("a", "ay"))
		_, err := di.Get[int](t.Context(), c, "bee")
		wantChain(t, err, "b -> a -> b")
	})
}

func TestACircleEnteredFromOppositeEndsIsToldToBoth(t *testing.T) {
	t.Parallel()
	atOnce(t, func(t *testing.T) {
		c := di.New()
		inA, inB := make(chan struct{}), make(chan struct{})
		must(t, di.SetShared(c, "a", asking("u", func() { close(inA); <-inB })))
		must(t, di.Set(c, "u", asking("b", nil))) // an unshared one on the way shows in the chain
		must(t, di.SetShared(c, "b", asking("a", func() { close(inB); <-inA })))
		errs := make(chan error)
		for _, name := range []string{"a", "b"} {
			go func() { _, err := di.Get[int](t.Context(), c, name); errs <- err }()
		}
		for range 2 {
			// Which of the two finds the other waiting, and closes the circle, is chance.
			err := <-errs
			if !errors.Is(err, di.ErrCycle) {
				t.Errorf("got %v, want ErrCycle", err)
				continue
			}
			if s := err.Error(); !strings.Contains(s, "a -> u -> b -> a") && !strings.Contains(s, "b -> a -> u -> b") {
				t.Errorf("got %q, want it to tell the circle", s)
			}
		}
	})
}

func TestOneServiceThatAsksForTwoAtTheSameTimeSeesACircleThroughEither(t *testing.T) {
	t.Parallel()
	atOnce(t, func(t *testing.T) {
		c := di.New()
		gate, held := make(chan struct{}), make(chan struct{})
		must(t, di.SetShared(c, "slow", func(context.Context, *di.Container) (int, error) { <-held; return 1, nil }))
		must(t, di.SetShared(c, "back", asking("both", func() { <-gate })))
		must(t, di.SetShared(c, "both", func(ctx context.Context, c *di.Container) (int, error) {
			back, slow := make(chan error, 1), make(chan error, 1)
			go func() { _, err := di.Get[int](ctx, c, "back"); back <- err }()
			synctest.Wait()
			go func() { _, err := di.Get[int](ctx, c, "slow"); slow <- err }()
			synctest.Wait()
			close(gate) // back asks while both waits for back and, since then, for slow
			err := <-back
			close(held)
			return 0, errors.Join(err, <-slow)
		}))
		_, err := di.Get[int](t.Context(), c, "both")
		wantError(t, err, di.ErrCycle, "both -> back -> both")
	})
}

func TestACircleThroughACapturedContainerEndsWithTheBuildLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := di.New(di.BuildLimit(time.Second))
		must(t, di.SetShared(c, "a", func(ctx context.Context, _ *di.Container) (int, error) { return di.Get[int](ctx, c, "b") }))
		must(t, di.SetShared(c, "b", asking("a", nil)))
		begun := time.Now()
		_, err := di.Get[int](t.Context(), c, "a")
		wantError(t, err, context.DeadlineExceeded, `"a"`, "di.BuildLimit")
		if took := time.Since(begun); took > 2*time.Second {
			t.Errorf("took %v, want the limit of 1s", took)
		}
	})
}

func TestABuildThatHasGivenUpWaitingClosesNoCircle(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := di.New()
		must(t, di.SetShared(c, "a", func(ctx context.Context, c *di.Container) (int, error) {
			short, cancel := context.WithTimeout(ctx, time.Second)
			defer cancel()
			if _, err := di.Get[int](short, c, "b"); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v, want the short time to run out", err)
			}
			<-time.After(2 * time.Second) // b asks meanwhile
			return 1, nil
		}))
		must(t, di.SetShared(c, "b", asking("a", func() { <-time.After(2 * time.Second) })))
		wantGet(t, c, "a", 1)
		wantGet(t, c, "b", 1)
	})
}

func TestServicesThatNeedOneThirdAreNoCircle(t *testing.T) {
	t.Parallel()
	atOnce(t, func(t *testing.T) {
		c := di.New()
		must(t, di.SetShared(c, "top", func(ctx context.Context, c *di.Container) (int, error) {
			errs := make(chan error)
			for _, side := range []string{"left", "right"} {
				go func() { _, err := di.Get[int](ctx, c, side); errs <- err }()
			}
			return 1, errors.Join(<-errs, <-errs)
		}))
		must(t, di.SetShared(c, "left", asking("base", nil)))
		must(t, di.SetShared(c, "right", asking("base", nil)))
		must(t, di.SetShared(c, "base", giving(1)))
		if _, err := di.Get[int](t.Context(), c, "top"); err != nil {
			t.Errorf("got %v, want no error", err)
		}
	})
}

func TestAStartThatAsksForOneWhichStartsByAskingBackIsACircle(t *testing.T) {
	t.Parallel()
	atOnce(t, func(t *testing.T) {
		c := di.New()
		for name, other := range map[string]string{"a": "b", "b": "a"} {
			must(t, di.SetShared(c, name, func(_ context.Context, c *di.Container) (*starterFunc, error) {
				return &starterFunc{func(ctx context.Context) error {
					_, err := di.Get[*starterFunc](ctx, c, other)
					return err
				}}, nil
			}))
			if _, err := di.Get[*starterFunc](t.Context(), c, name); err != nil {
				t.Fatal(err)
			}
		}
		err := c.Start(t.Context())
		if !errors.Is(err, di.ErrCycle) {
			t.Fatalf("got %v, want ErrCycle", err)
		}
		if s := err.Error(); !strings.Contains(s, "a -> b -> a") && !strings.Contains(s, "b -> a -> b") {
			t.Errorf("got %q, want it to tell the circle", s)
		}
	})
}

type starterFunc struct{ start func(context.Context) error }

func (s *starterFunc) Start(ctx context.Context) error { return s.start(ctx) }
