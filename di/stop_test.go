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

// grace is what the container gives to those whose context has ended.
const grace = 100 * time.Millisecond

func TestAfterStopEveryGetIsErrStopped(t *testing.T) {
	t.Parallel()
	y := newYard()
	y.engine(t, &engine{name: "built"}, nil)
	y.engine(t, &engine{name: "lazy"}, nil)
	must(t, di.SetValue(y.Container, "value", 1))
	must(t, di.Set(y.Container, "unshared", giving(1)))
	must(t, y.SetAlias("built", "alias"))
	y.get(t, "alias")
	must(t, y.Stop(t.Context()))
	for _, name := range []string{"built", "lazy", "value", "unshared", "alias"} {
		_, err := di.Get[any](t.Context(), y.Container, name)
		wantError(t, err, di.ErrStopped)
		if y.HasShared(name) {
			t.Errorf("HasShared(%q) is true after Stop, want false", name)
		}
		if s, err := y.GetService(name); err != nil || s.Resolved {
			t.Errorf("GetService(%q): got %+v, %v; want it not resolved", name, s, err)
		}
	}
	wantError(t, y.Start(t.Context()), di.ErrStopped)
	wantError(t, di.SetValue(y.Container, "new", 1), di.ErrStopped)
	must(t, y.Remove("built"))
}

func TestEverythingIsStoppedPastFailuresAndPanicsAndTheyAreJoined(t *testing.T) {
	t.Parallel()
	y := newYard()
	sad, mad := errors.New("sad"), errors.New("mad")
	y.engine(t, &engine{name: "a"}, nil)
	y.engine(t, &engine{name: "b", onStop: func(context.Context) error { return sad }}, nil)
	y.engine(t, &engine{name: "c", onStop: func(context.Context) error { panic(mad) }}, nil)
	must(t, di.SetShared(y.Container, "d", giving(&closer{&y.log, "d"})))
	y.get(t, "a", "b", "c", "d")
	err := y.Stop(t.Context())
	wantError(t, err, sad, `di: stop "b": its Stop failed: sad`)
	wantError(t, err, mad, `di: stop "c": its Stop failed: panic: mad`)
	y.log.want(t, "build a, build b, build c, close d, stop c, stop b, stop a")
}

func TestAServiceThatIgnoresItsContextIsNamedAndLeftBehind(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		y := newYard()
		release := make(chan struct{})
		defer close(release)
		y.engine(t, &engine{name: "first"}, nil)
		y.engine(t, &engine{name: "deaf", onStop: func(context.Context) error { <-release; return nil }}, nil)
		y.engine(t, &engine{name: "polite", onStop: func(ctx context.Context) error { <-ctx.Done(); return nil }}, nil)
		y.get(t, "first", "deaf", "polite")
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		err := y.Stop(ctx)
		wantError(t, err, context.DeadlineExceeded, `di: stop "deaf": its Stop did not return`, "left behind")
		if strings.Contains(err.Error(), "polite") || strings.Contains(err.Error(), "first") {
			t.Errorf("got %q, want only the deaf one blamed", err)
		}
		y.log.want(t, "build first, build deaf, build polite, stop polite, stop deaf, stop first")
	})
}

func TestStopCancelsBuildsUnderWayAndWaitsForThem(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		y := newYard()
		y.engine(t, &engine{name: "db"}, nil)
		must(t, di.SetShared(y.Container, "obeys", func(ctx context.Context, c *di.Container) (*engine, error) {
			if _, err := di.Get[any](ctx, c, "db"); err != nil {
				return nil, err
			}
			<-ctx.Done()
			y.log.add("cancelled")
			return nil, ctx.Err()
		}))
		must(t, di.SetShared(y.Container, "finishes", func(ctx context.Context, _ *di.Container) (*engine, error) {
			<-ctx.Done()
			time.Sleep(time.Millisecond) //nolint:forbidigo // on the bubble's clock: cannot be interrupted, and succeeds
			return &engine{log: &y.log, name: "finishes"}, nil
		}))
		errs := make(chan error, 2)
		for _, name := range []string{"obeys", "finishes"} {
			go func() { _, err := di.Get[any](t.Context(), y.Container, name); errs <- err }()
		}
		synctest.Wait()
		must(t, y.Stop(t.Context()))
		y.log.want(t, "build db, cancelled, stop finishes, stop db")
		for range 2 {
			if err := <-errs; err == nil {
				t.Error("a Get that Stop cut off succeeded, want an error")
			}
		}
	})
}

func TestStopNamesABuildThatWillNotEndAndStopsWhatItMakesLater(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		y := newYard()
		release := make(chan struct{})
		must(t, di.SetShared(y.Container, "deaf", func(context.Context, *di.Container) (*engine, error) {
			<-release
			return &engine{log: &y.log, name: "deaf"}, nil
		}))
		errs := make(chan error, 1)
		go func() { _, err := di.Get[any](t.Context(), y.Container, "deaf"); errs <- err }()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := y.Stop(ctx)
		wantError(t, err, err, `di: stop "deaf"`, "left behind")
		wantError(t, <-errs, di.ErrStopped)
		close(release)
		synctest.Wait()
		y.log.want(t, "stop deaf")
	})
}

func TestStopLetsThoseGoWhoWaitForABuildThatWillNotEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := di.New()
		release := make(chan struct{})
		deaf := func(context.Context, *di.Container) (int, error) { <-release; return 1, nil }
		must(t, di.SetShared(c, "deaf", deaf))
		first, second := scopeOf(t, c), scopeOf(t, c)
		must(t, di.SetShared(first, "first", deaf))
		must(t, di.SetShared(second, "second", deaf))
		errs := make(chan error, 3)
		for from, name := range map[*di.Container]string{c: "deaf", first: "first", second: "second"} {
			go func() { _, err := di.Get[int](t.Context(), from, name); errs <- err }()
		}
		synctest.Wait()
		stopped := make(chan error, 1)
		go func() { stopped <- c.Stop(context.Background()) }()
		begun := time.Now()
		for range 3 {
			wantError(t, <-errs, di.ErrStopped)
		}
		if waited := time.Since(begun); waited > time.Second {
			t.Errorf("they waited %v, want less than 1s", waited)
		}
		close(release)
		must(t, <-stopped)
	})
}

func TestAServiceMayAskForOthersWhileItIsBeingStopped(t *testing.T) {
	t.Parallel()
	y := newYard()
	y.engine(t, &engine{name: "log"}, nil)
	var late error
	y.engine(t, &engine{name: "site", onStop: func(ctx context.Context) error {
		_, late = di.Get[any](ctx, y.Container, "unbuilt")
		_, err := di.Get[any](ctx, y.Container, "log")
		return err
	}}, []string{"log"})
	y.engine(t, &engine{name: "unbuilt"}, nil)
	y.get(t, "site")
	must(t, y.Stop(t.Context()))
	wantError(t, late, di.ErrStopped, "unbuilt")
}

func TestStopDuringStartEndsBoth(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		y := newYard()
		y.engine(t, &engine{name: "a", onStart: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }}, nil, di.Eager())
		started := make(chan error)
		go func() { started <- y.Start(t.Context()) }()
		synctest.Wait()
		must(t, y.Stop(t.Context()))
		if err := <-started; err == nil {
			t.Error("Start succeeded in a container that was stopped meanwhile")
		}
		y.log.want(t, "build a, start a, stop a")
	})
}

func TestWhatHasToBeStoppedCannotBeRemovedOrReplacedBefore(t *testing.T) {
	t.Parallel()
	y := newYard()
	where := nextLine(t)
	must(t, di.SetShared(y.Container, "a", giving(&engine{log: &y.log, name: "a"})))
	must(t, di.SetShared(y.Container, "a", giving(&engine{log: &y.log, name: "a"}), di.Replace())) // not built yet
	must(t, di.SetValue(y.Container, "other", 1))
	where = where[:strings.LastIndex(where, ":")]
	y.get(t, "a")
	for what, err := range map[string]error{
		"Remove":   y.Remove("a"),
		"Set":      di.Set(y.Container, "a", giving(1), di.Replace()),
		"SetAlias": y.SetAlias("other", "a", di.Replace()),
	} {
		t.Log(what)
		wantError(t, err, di.ErrRunning, `"a"`, where, "stop the container first")
	}
	must(t, y.Stop(t.Context()))
	must(t, y.Remove("a"))
}

func TestWhatIsBeingBuiltCannotBeRemoved(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := di.New()
		release := make(chan struct{})
		must(t, di.SetShared(c, "a", func(context.Context, *di.Container) (int, error) { <-release; return 1, nil }))
		done := make(chan error)
		go func() { _, err := di.Get[int](t.Context(), c, "a"); done <- err }()
		synctest.Wait()
		wantError(t, c.Remove("a"), di.ErrRunning, "it is being built")
		close(release)
		must(t, <-done)
		must(t, c.Remove("a"))
	})
}

func TestAServiceWhoseStartReturnsWhileOthersAreBeingStoppedIsStoppedOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		y := newYard()
		release := make(chan struct{})
		must(t, y.Start(t.Context()))
		y.engine(t, &engine{name: "deaf", onStart: func(context.Context) error { <-release; return nil }}, nil)
		y.engine(t, &engine{name: "last", onStop: func(context.Context) error {
			close(release)
			time.Sleep(grace / 2) //nolint:forbidigo // on the bubble's clock: the deaf one returns meanwhile
			return nil
		}}, nil)
		left := make(chan error, 1)
		go func() { _, err := di.Get[any](t.Context(), y.Container, "deaf"); left <- err }()
		synctest.Wait()
		y.get(t, "last")
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := y.Stop(ctx)
		wantError(t, err, err, `di: stop "deaf"`, "left behind")
		wantError(t, <-left, di.ErrStopped)
		synctest.Wait()
		y.log.want(t, "build deaf, start deaf, build last, start last, stop last, stop deaf")
	})
}

func TestWhyAServiceFailedIsToldThoughItDoesNotStop(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		y := newYard()
		taken := errors.New("the port is taken")
		y.engine(t, &engine{
			name:    "server",
			onStart: func(context.Context) error { <-time.After(time.Second); return taken },
			onStop:  func(context.Context) error { <-time.After(time.Minute); return nil },
		}, nil)
		must(t, y.Start(t.Context()))
		_, err := di.Get[any](t.Context(), y.Container, "server")
		wantError(t, err, taken, `"server"`)
		<-time.After(time.Minute)
		must(t, y.Stop(t.Context()))
	})
}

func TestWhatIsRemovedOrReplacedWhileTheContainerStartsIsNotBuilt(t *testing.T) {
	t.Parallel()
	y := newYard()
	y.engine(t, &engine{name: "first", onStart: func(context.Context) error {
		return errors.Join(y.Remove("gone"), di.SetValue(y.Container, "old", 1, di.Replace()))
	}}, nil, di.Eager())
	y.engine(t, &engine{name: "gone"}, nil, di.Eager())
	y.engine(t, &engine{name: "old"}, nil, di.Eager())
	y.engine(t, &engine{name: "last"}, nil, di.Eager())
	must(t, y.Start(t.Context()))
	y.log.want(t, "build first, start first, build last, start last")
	wantGet(t, y.Container, "old", 1)
	must(t, y.Stop(t.Context()))
}

// It would wait for itself until its time is up.
func TestAServiceThatStopsItsOwnContainerWhileItIsStoppedIsTold(t *testing.T) {
	t.Parallel()
	y := newYard()
	var told error
	y.engine(t, &engine{name: "a", onStop: func(ctx context.Context) error {
		told = y.Stop(ctx)
		return nil
	}}, nil)
	scope, err := y.Scope()
	must(t, err)
	var fromScope error
	must(t, di.SetShared(scope, "b", giving(&engine{log: &y.log, name: "b", onStop: func(ctx context.Context) error {
		fromScope = y.Stop(ctx)
		return nil
	}})))
	y.get(t, "a")
	_, err = di.Get[any](t.Context(), scope, "b")
	must(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	must(t, y.Stop(ctx))
	wantError(t, told, di.ErrInvalid, "would wait for it")
	wantError(t, fromScope, di.ErrInvalid, "would wait for it")
}
