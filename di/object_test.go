package di_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"gyrfalcon/di"
)

// slowly makes v in that time, whether or not anybody still waits for it.
func slowly[T any](d time.Duration, v T) di.Factory[T] {
	return func(context.Context, *di.Container) (T, error) {
		<-time.After(d)
		return v, nil
	}
}

func TestAnObjectThatAnotherServiceIsStartingIsNotStoppedByOneThatGivesUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		y := newYard()
		e := &engine{log: &y.log, name: "e", onStart: func(context.Context) error {
			<-time.After(12 * time.Second)
			y.log.add("up")
			return nil
		}}
		must(t, di.SetShared(y.Container, "a", giving(e)))
		must(t, di.SetShared(y.Container, "b", slowly(10*time.Second, e)))
		must(t, y.Start(t.Context()))
		late := make(chan error, 1)
		go func() { _, err := di.Get[*engine](t.Context(), y.Container, "b"); late <- err }()
		<-time.After(9 * time.Second)
		wantGet(t, y.Container, "a", e)
		wantError(t, <-late, context.DeadlineExceeded, `"b"`, "di.BuildLimit")
		wantGet(t, y.Container, "b", e) // built anew, and there at once
		y.log.want(t, "start e, up")
		must(t, y.Stop(t.Context()))
		y.log.want(t, "start e, up, stop e")
	})
}

func TestAnObjectWhoseStartWouldDoWithoutItselfIsNotStoppedByTheCircle(t *testing.T) {
	t.Parallel()
	atOnce(t, func(t *testing.T) {
		y := newYard()
		var view *di.Container
		e := &engine{log: &y.log, name: "e"}
		e.onStart = func(ctx context.Context) error {
			_, err := di.Get[*engine](ctx, view, "b")
			wantChain(t, err, "a -> b -> a")
			y.log.add("up")
			return nil
		}
		must(t, di.SetShared(y.Container, "a", func(_ context.Context, c *di.Container) (*engine, error) { view = c; return e, nil }))
		must(t, di.SetShared(y.Container, "b", giving(e)))
		must(t, y.Start(t.Context()))
		wantGet(t, y.Container, "a", e)
		must(t, y.Stop(t.Context()))
		y.log.want(t, "start e, up, stop e")
	})
}

func TestAnObjectInUseIsNotStoppedWhenAnotherServiceMakesItTooLate(t *testing.T) {
	t.Parallel()
	for _, start := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			y := newYard()
			e := &engine{log: &y.log, name: "e"}
			must(t, di.SetShared(y.Container, "early", giving(e)))
			must(t, di.SetShared(y.Container, "late", slowly(time.Minute, e)))
			want := "stop e"
			if start {
				must(t, y.Start(t.Context()))
				want = "start e, stop e"
			}
			wantGet(t, y.Container, "early", e)
			_, err := di.Get[*engine](t.Context(), y.Container, "late")
			wantError(t, err, context.DeadlineExceeded, `"late"`, "still has not returned")
			<-time.After(time.Minute)
			synctest.Wait()
			if !y.HasShared("early") || y.HasShared("late") {
				t.Errorf("there: early %v, late %v; want true, false", y.HasShared("early"), y.HasShared("late"))
			}
			must(t, y.Stop(t.Context()))
			y.log.want(t, want)
		})
	}
}

func TestAnObjectWhoseStartFailsIsHandedToNobodyUnderAnyName(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		y := newYard()
		taken := errors.New("the port is taken")
		e := &engine{log: &y.log, name: "e", onStart: func(context.Context) error { <-time.After(time.Second); return taken }}
		e.onStop = func(context.Context) error { <-time.After(time.Second); return nil }
		must(t, di.SetShared(y.Container, "a", giving(e)))
		must(t, di.SetShared(y.Container, "b", slowly(time.Second/2, e)))
		must(t, y.Start(t.Context()))
		errs := make(chan error)
		for _, name := range []string{"a", "b"} {
			go func() { _, err := di.Get[*engine](t.Context(), y.Container, name); errs <- err }()
		}
		for range 2 {
			wantError(t, <-errs, taken)
		}
		if y.HasShared("a") || y.HasShared("b") {
			t.Errorf("there: a %v, b %v; want neither", y.HasShared("a"), y.HasShared("b"))
		}
		y.log.want(t, "start e, stop e")
		must(t, y.Stop(t.Context()))
		y.log.want(t, "start e, stop e")
	})
}

// lamp is an object that many services have. Its Start takes a while, and fails now and then.
type lamp struct {
	t                *testing.T
	starting, on, ok atomic.Int32
}

func (l *lamp) Start(context.Context) error {
	if l.starting.Add(1) > 1 || l.on.Load() > 0 {
		l.t.Error("started while it starts, or is started")
	}
	defer l.starting.Add(-1)
	pause(3)
	if rand.IntN(3) == 0 {
		return errDark
	}
	l.on.Store(1)
	l.ok.Add(1)
	return nil
}

func (l *lamp) Stop(context.Context) error {
	pause(2)
	if l.starting.Load() > 0 {
		l.t.Error("stopped while it starts")
	}
	l.on.Store(0)
	return nil
}

var errDark = errors.New("it stays dark")

// pause takes up to n milliseconds, less one.
func pause(n int) { <-time.After(time.Duration(rand.IntN(n)) * time.Millisecond) }

func TestAFewObjectsUnderManyNamesAreStartedOnceAndNotHandedOutStopped(t *testing.T) {
	t.Parallel()
	for range 20 {
		synctest.Test(t, func(t *testing.T) {
			c := di.New(di.BuildLimit(4 * time.Millisecond)) // runs out now and then
			name := func() string { return fmt.Sprint("n", rand.IntN(12)) }
			lamps := make([]*lamp, 4)
			for i := range 12 {
				if i < len(lamps) {
					lamps[i] = &lamp{t: t}
				}
				must(t, di.SetShared(c, fmt.Sprint("n", i), func(ctx context.Context, c *di.Container) (*lamp, error) {
					pause(6)
					if rand.IntN(4) == 0 {
						_, _ = di.Get[*lamp](ctx, c, name()) // whatever comes of it, a circle too
					}
					return lamps[i%len(lamps)], nil
				}))
			}
			must(t, c.Start(t.Context()))
			var wg sync.WaitGroup
			for range 24 {
				wg.Go(func() {
					for range 20 {
						if l, err := di.Get[*lamp](t.Context(), c, name()); err == nil && l.on.Load() == 0 {
							t.Error("handed out though it is stopped")
						}
					}
				})
			}
			wg.Wait()
			must(t, c.Stop(t.Context()))
			for i, l := range lamps {
				if l.on.Load() > 0 || l.ok.Load() == 0 {
					t.Errorf("lamp %d: on %d, started %d times; want it off, and started at least once", i, l.on.Load(), l.ok.Load())
				}
			}
		})
	}
}
