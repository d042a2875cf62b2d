package di_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gyrfalcon/di"
)

// patient says how it is when it is told what to say.
type patient struct {
	gear

	health func(context.Context) error
}

func (p *patient) Health(ctx context.Context) error { return p.health(ctx) }

func healthy(context.Context) error { return nil }

func TestHealthAsksWhatIsThereAndBuildsNothing(t *testing.T) {
	t.Parallel()
	ache := errors.New("a headache")
	c := di.New()
	asked := 0
	must(t, di.SetShared(c, "well", giving(&patient{health: func(context.Context) error { asked++; return nil }})))
	must(t, c.SetAlias("well", "alias"))
	must(t, di.SetShared(c, "same", func(ctx context.Context, c *di.Container) (*patient, error) { return di.Get[*patient](ctx, c, "well") }))
	must(t, di.SetValue(c, "ill", &patient{health: func(context.Context) error { return ache }}))
	must(t, di.SetValue(c, "mad", &patient{health: func(context.Context) error { panic("boo") }}))
	must(t, di.SetValue(c, "mute", 1))
	must(t, di.Set(c, "kept", func(context.Context, *di.Container) (*patient, error) { return &patient{health: healthy}, nil }))
	must(t, di.SetShared(c, "unbuilt", func(context.Context, *di.Container) (*patient, error) {
		t.Error("Health built a service")
		return nil, ache
	}))
	mustGet[*patient](t, c, "same")
	_, err := di.GetShared[*patient](t.Context(), c, "kept")
	must(t, err)

	list, err := c.Health(t.Context())
	wantError(t, err, ache, `"ill"`, "a headache", `"mad"`, "panic: boo")
	var names []string
	for _, h := range list {
		names = append(names, h.Name)
		if wrong := h.Name == "ill" || h.Name == "mad"; (h.Err != nil) != wrong {
			t.Errorf("%s: got %v, want an error: %v", h.Name, h.Err, wrong)
		}
	}
	if got := strings.Join(names, " "); got != "ill kept mad same well" || asked != 1 {
		t.Errorf("got %s, the one under two names asked %d times; want ill kept mad same well, 1", got, asked)
	}
	if list, err = scopeOf(t, c).Health(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("a scope with nothing of its own: got %v, %v; want nothing", list, err)
	}
	must(t, c.Stop(t.Context()))
	if list, err = c.Health(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("once stopped: got %v, %v; want nothing", list, err)
	}
}

func TestHealthAsksAllAtOnceEachUnderItsLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := di.New(di.HealthLimit(time.Second))
		free := make(chan struct{})
		slow := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
		must(t, di.SetValue(c, "slow", &patient{health: slow}))
		must(t, di.SetValue(c, "slower", &patient{health: slow}))
		must(t, di.SetValue(c, "stuck", &patient{health: func(context.Context) error { <-free; return nil }}))
		must(t, di.SetValue(c, "well", &patient{health: healthy}))
		begun := time.Now()
		list, err := c.Health(t.Context())
		wantError(t, err, context.DeadlineExceeded, `"slow"`, `"slower"`, `"stuck": its Health did not return`)
		if took := time.Since(begun); took > 2*time.Second || list[3].Err != nil {
			t.Errorf("got %v for all, %v from the healthy one; want one limit for all, nil", took, list[3].Err)
		}
		_, err = c.Health(t.Context())
		wantError(t, err, context.DeadlineExceeded, `"stuck": it has not answered yet since it was asked before`)
		close(free)
		synctest.Wait()
		if list, _ = c.Health(t.Context()); list[2].Err != nil {
			t.Errorf("once it has answered: got %v, want nil", list[2].Err)
		}
	})
}

func TestWhatIsBeingStoppedIsNotAskedForItsHealth(t *testing.T) {
	t.Parallel()
	y := newYard()
	y.engine(t, &engine{name: "a", onStop: func(ctx context.Context) error {
		list, err := y.Health(ctx)
		if len(list) != 0 {
			t.Errorf("got %v, want nothing asked", list)
		}
		return err
	}}, nil)
	must(t, di.SetValue(y.Container, "well", &patient{health: healthy}))
	y.get(t, "a")
	must(t, y.Stop(t.Context()))
}

func TestWhoHasNotAnsweredInTimeIsNotWaitedForAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := di.New(di.HealthLimit(time.Second))
		free := make(chan struct{})
		must(t, di.SetValue(c, "stuck", &patient{health: func(context.Context) error { <-free; return nil }}))
		_, err := c.Health(t.Context())
		wantError(t, err, context.DeadlineExceeded, `"stuck": its Health did not return`)
		begun := time.Now()
		list, err := c.Health(t.Context())
		if took := time.Since(begun); err == nil || took != 0 || list[0].Took != 0 {
			t.Errorf("got %v after %v, want an error at once", err, took)
		}
		close(free)
	})
}

func TestTwoWhoAskForHealthAtTheSameTimeAreGivenOneAnswer(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]error{"well": nil, "ill": errors.New("out of paper")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := di.New()
				asked, free := 0, make(chan struct{})
				must(t, di.SetValue(c, "n", &patient{health: func(context.Context) error { asked++; <-free; return want }}))
				errs := make(chan error, 3)
				for range 3 {
					go func() { _, err := c.Health(t.Context()); errs <- err }()
				}
				synctest.Wait()
				close(free)
				for range 3 {
					if err := <-errs; !errors.Is(err, want) || (err == nil) != (want == nil) {
						t.Errorf("got %v, want %v", err, want)
					}
				}
				if asked != 1 {
					t.Errorf("it was asked %d times, want once", asked)
				}
			})
		})
	}
}

func TestAServiceThatEndsItsGoroutineIsUnwellToAllWhoAsked(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := di.New()
		free := make(chan struct{})
		must(t, di.SetValue(c, "n", &patient{health: func(context.Context) error { <-free; runtime.Goexit(); return nil }}))
		errs := make(chan error, 2)
		for range 2 {
			go func() { _, err := c.Health(t.Context()); errs <- err }()
		}
		synctest.Wait()
		close(free)
		for range 2 {
			if err := <-errs; err == nil || !strings.Contains(err.Error(), `"n": its Health failed: it ended its goroutine`) {
				t.Errorf("got %v, want it told", err)
			}
		}
	})
}

func TestOneWhoAskedForHealthAndLeftFailsNobodyElse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := di.New()
		free := make(chan struct{})
		must(t, di.SetValue(c, "n", &patient{health: func(ctx context.Context) error {
			select {
			case <-free:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}}))
		first, leave := context.WithCancel(t.Context())
		left, stayed := make(chan error, 1), make(chan error, 1)
		go func() { _, err := c.Health(first); left <- err }()
		synctest.Wait()
		go func() { _, err := c.Health(t.Context()); stayed <- err }()
		synctest.Wait()
		leave()
		wantError(t, <-left, context.Canceled)
		synctest.Wait()
		close(free)
		must(t, <-stayed)
	})
}

func TestAFrozenContainerTakesNoRegistrations(t *testing.T) {
	t.Parallel()
	c := di.New()
	must(t, di.SetShared(c, "n", giving(1)))
	must(t, di.SetValue(c, "m", 1))
	must(t, c.Start(t.Context()))
	c.Freeze()
	_, attempted := di.Attempt(c, "new", giving(1))
	for what, err := range map[string]error{
		"Set": di.Set(c, "new", giving(1)), "SetShared": di.SetShared(c, "new", giving(1)), "SetValue": di.SetValue(c, "new", 1),
		"Replace": di.SetValue(c, "n", 1, di.Replace()), "Attempt": attempted, "SetAlias": c.SetAlias("n", "new"), "Remove": c.Remove("n"),
	} {
		if !errors.Is(err, di.ErrFrozen) {
			t.Errorf("%s: got %v, want ErrFrozen", what, err)
		}
	}
	wantGet(t, c, "n", 1)
	must(t, c.RemoveShared("n"))
	must(t, di.SetValue(scopeOf(t, c), "new", 1))
	var tests spyT
	di.Override(&tests, c, "n", 2)
	wantGet(t, c, "n", 2)
	tests.finish()
	wantGet(t, c, "n", 1)
	must(t, c.Stop(t.Context()))
}
