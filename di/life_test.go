package di_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"gyrfalcon/di"
)

// journal is what happened, in order.
type journal struct {
	mu    sync.Mutex
	lines []string
}

func (j *journal) add(line string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, line)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return strings.Join(j.lines, ", ")
}

func (j *journal) want(t *testing.T, want string) {
	t.Helper()
	if got := j.String(); got != want {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

// engine is a service with a whole life.
type engine struct {
	log     *journal
	name    string
	onStart func(context.Context) error
	onStop  func(context.Context) error
}

func (e *engine) Start(ctx context.Context) error {
	e.log.add("start " + e.name)
	if e.onStart != nil {
		return e.onStart(ctx)
	}
	return nil
}

func (e *engine) Stop(ctx context.Context) error {
	e.log.add("stop " + e.name)
	if e.onStop != nil {
		return e.onStop(ctx)
	}
	return nil
}

// closer has an end only.
type closer struct {
	log  *journal
	name string
}

func (c *closer) Close() error {
	c.log.add("close " + c.name)
	return nil
}

// yard is a container whose services write into one journal.
type yard struct {
	*di.Container
	log journal
}

func newYard() *yard { return &yard{Container: di.New()} }

// engine registers a shared engine that first asks for others.
func (y *yard) engine(t *testing.T, e *engine, asks []string, opts ...di.Option) {
	t.Helper()
	e.log = &y.log
	must(t, di.SetShared(y.Container, e.name, func(ctx context.Context, c *di.Container) (*engine, error) {
		for _, name := range asks {
			if _, err := di.Get[any](ctx, c, name); err != nil {
				return nil, err
			}
		}
		y.log.add("build " + e.name)
		return e, nil
	}, opts...))
}

func (y *yard) get(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		if _, err := di.Get[any](t.Context(), y.Container, name); err != nil {
			t.Fatal(err)
		}
	}
}

func TestServicesAreStartedInOrderOfResolutionAndStoppedInReverse(t *testing.T) {
	t.Parallel()
	y := newYard()
	y.engine(t, &engine{name: "db"}, nil)
	y.engine(t, &engine{name: "repo"}, []string{"db"})
	y.engine(t, &engine{name: "eager2"}, nil, di.Eager())
	y.engine(t, &engine{name: "eager1"}, []string{"eager0"}, di.Eager())
	y.engine(t, &engine{name: "eager0"}, nil)
	y.engine(t, &engine{name: "lazy"}, nil)
	y.engine(t, &engine{name: "never"}, nil)
	y.get(t, "repo")
	y.log.want(t, "build db, build repo")

	must(t, y.Start(t.Context()))
	must(t, y.Start(t.Context())) // nothing more
	y.get(t, "lazy", "repo", "eager1")
	must(t, y.Stop(t.Context()))
	must(t, y.Stop(t.Context()))
	y.log.want(t, "build db, build repo, start db, start repo, "+
		"build eager2, start eager2, build eager0, start eager0, build eager1, start eager1, build lazy, start lazy, "+
		"stop lazy, stop eager1, stop eager0, stop eager2, stop repo, stop db")
}

func TestWhatAStartAsksForIsStoppedAfterIt(t *testing.T) {
	t.Parallel()
	y := newYard()
	must(t, di.SetShared(y.Container, "site", func(_ context.Context, c *di.Container) (*engine, error) {
		return &engine{log: &y.log, name: "site", onStart: func(ctx context.Context) error {
			_, err := di.Get[any](ctx, c, "db")
			return err
		}}, nil
	}))
	y.engine(t, &engine{name: "db"}, nil)
	y.get(t, "site", "db")
	must(t, y.Start(t.Context()))
	must(t, y.Stop(t.Context()))
	y.log.want(t, "build db, start site, start db, stop site, stop db")
}

func TestAStartThatFailsHalfWayStopsWhatWasStarted(t *testing.T) {
	t.Parallel()
	y := newYard()
	bad, worse := errors.New("port is taken"), errors.New("will not stop")
	y.engine(t, &engine{name: "a", onStop: func(context.Context) error { return worse }}, nil, di.Eager())
	y.engine(t, &engine{name: "b", onStart: func(context.Context) error { return bad }}, nil, di.Eager())
	y.engine(t, &engine{name: "c"}, nil, di.Eager())
	err := y.Start(t.Context())
	wantError(t, err, bad, `di: start "b": its Start failed: port is taken`)
	wantError(t, err, worse, `di: stop "a"`)
	y.log.want(t, "build a, start a, build b, start b, stop b, stop a")
	_, err = di.Get[any](t.Context(), y.Container, "a")
	wantError(t, err, di.ErrStopped)
	wantError(t, y.Start(t.Context()), di.ErrStopped)
	must(t, y.Stop(t.Context()))
}

func TestAStartWhoseContextEndsStopsWhatWasStarted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		y := newYard()
		y.engine(t, &engine{name: "a"}, nil, di.Eager())
		y.engine(t, &engine{name: "slow", onStart: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }}, nil, di.Eager())
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		wantError(t, y.Start(ctx), context.DeadlineExceeded, `di: start "slow"`)
		y.log.want(t, "build a, start a, build slow, start slow, stop slow, stop a")
	})
}

func TestAStartThatIgnoresItsLimitIsNamedAndStoppedWhenItReturns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		y := newYard()
		release := make(chan struct{})
		y.engine(t, &engine{name: "a"}, nil, di.Eager())
		y.engine(t, &engine{name: "deaf", onStart: func(context.Context) error { <-release; return nil }}, nil, di.Eager())
		err := y.Start(t.Context())
		wantError(t, err, context.DeadlineExceeded, `di: start "deaf"`, `di: stop "deaf"`, "left behind")
		y.log.want(t, "build a, start a, build deaf, start deaf, stop a")
		close(release)
		synctest.Wait()
		y.log.want(t, "build a, start a, build deaf, start deaf, stop a, stop deaf")
	})
}

func TestAGetWhileTheContainerStartsWaitsForTheServiceToBeStarted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		y := newYard()
		release := make(chan struct{})
		y.engine(t, &engine{name: "a", onStart: func(context.Context) error { <-release; return nil }}, nil)
		y.get(t, "a")
		starts := make(chan error)
		for range 2 { // two at the same time share one
			go func() { starts <- y.Start(t.Context()) }()
		}
		synctest.Wait()
		var got atomic.Bool
		done := make(chan struct{})
		go func() {
			defer close(done)
			y.get(t, "a")
			got.Store(true)
		}()
		synctest.Wait()
		if got.Load() {
			t.Error("Get handed out a service whose Start was under way")
		}
		close(release)
		<-done
		must(t, errors.Join(<-starts, <-starts))
		must(t, y.Stop(t.Context()))
		y.log.want(t, "build a, start a, stop a")
	})
}

func TestALazyServiceWhoseStartFailsIsStoppedAndBuiltAgainByTheNext(t *testing.T) {
	t.Parallel()
	y := newYard()
	must(t, y.Start(t.Context()))
	tries := 0
	y.engine(t, &engine{name: "a", onStart: func(context.Context) error {
		if tries++; tries == 1 {
			return errors.New("not yet")
		}
		return nil
	}}, nil)
	_, err := di.Get[any](t.Context(), y.Container, "a")
	wantError(t, err, err, `di: get "a": its Start failed: not yet`)
	y.get(t, "a")
	must(t, y.Stop(t.Context()))
	y.log.want(t, "build a, start a, stop a, build a, start a, stop a")
}

func TestABuildUnderWayWhenTheContainerStartsIsStarted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		y := newYard()
		release := make(chan struct{})
		e := &engine{log: &y.log, name: "a"}
		must(t, di.SetShared(y.Container, "a", func(context.Context, *di.Container) (*engine, error) { <-release; return e, nil }))
		done := make(chan struct{})
		go func() { defer close(done); y.get(t, "a") }()
		synctest.Wait()
		must(t, y.Start(t.Context()))
		close(release)
		<-done
		must(t, y.Stop(t.Context()))
		y.log.want(t, "start a, stop a")
	})
}

func TestWhatTheContainerDidNotMakeForSharingItNeitherStartsNorStops(t *testing.T) {
	t.Parallel()
	y := newYard()
	mine := &engine{log: &y.log, name: "mine"}
	must(t, di.SetValue(y.Container, "mine", mine))
	must(t, di.SetShared(y.Container, "again", giving(mine)))
	must(t, di.Set(y.Container, "unshared", giving(&engine{log: &y.log, name: "unshared"})))
	must(t, y.Start(t.Context()))
	y.get(t, "mine", "again", "unshared")
	must(t, y.Stop(t.Context()))
	y.log.want(t, "")
}

func TestAStartThatCannotGoOnLeavesNoGoroutineButTheOneThatIgnoresIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { // which fails if one is left when it ends
		for what, first := range map[string]di.Factory[int]{
			"fails":              func(context.Context, *di.Container) (int, error) { return 0, errors.New("sad") },
			"panics":             func(context.Context, *di.Container) (int, error) { panic("mad") },
			"ends its goroutine": func(context.Context, *di.Container) (int, error) { runtime.Goexit(); return 1, nil },
			"overruns":           func(context.Context, *di.Container) (int, error) { <-time.After(time.Hour); return 1, nil },
		} {
			c := di.New(di.BuildLimit(time.Second))
			built := false
			must(t, di.SetShared(c, "before", giving(1), di.Eager()))
			must(t, di.SetShared(c, "first", first, di.Eager()))
			must(t, di.SetShared(c, "second", func(context.Context, *di.Container) (int, error) { built = true; return 1, nil }, di.Eager()))
			if err := c.Start(t.Context()); err == nil || !strings.Contains(err.Error(), `di: start "first"`) || built {
				t.Errorf("%s: got %v, the next one built: %v; want the error of the first, false", what, err, built)
			}
		}
		<-time.After(2 * time.Hour) // the one that overran returns
	})
}

func TestAnObjectThatIsHandedInNoLongerHasALifeWhenItIsBuilt(t *testing.T) {
	t.Parallel()
	for what, withdraw := range map[string]func(c *di.Container) error{
		"removed":  func(c *di.Container) error { return c.Remove("value") },
		"replaced": func(c *di.Container) error { return di.SetValue(c, "value", new(gear), di.Replace()) },
		"no longer beneath": func(c *di.Container) error {
			var test spyT
			di.Override(&test, c, "value", new(gear))
			test.finish()
			return c.Remove("value")
		},
	} {
		c, g := di.New(), new(gear)
		must(t, di.SetValue(c, "value", g))
		must(t, withdraw(c))
		must(t, di.SetShared(c, "built", giving(g), di.Eager()))
		must(t, c.Start(t.Context()))
		must(t, c.Stop(t.Context()))
		if g.starts.Load() != 1 || g.stops.Load() != 1 {
			t.Errorf("%s: got %d starts and %d stops, want 1 and 1", what, g.starts.Load(), g.stops.Load())
		}
	}
}

func TestOneObjectUnderTwoNamesIsStartedAndStoppedOnce(t *testing.T) {
	t.Parallel()
	for _, early := range []bool{true, false} {
		y := newYard()
		y.engine(t, &engine{name: "redis"}, nil)
		must(t, di.SetShared(y.Container, "cache", func(ctx context.Context, c *di.Container) (any, error) {
			return di.Get[any](ctx, c, "redis")
		}))
		if early {
			y.get(t, "cache")
		}
		must(t, y.Start(t.Context()))
		y.get(t, "cache")
		must(t, y.Stop(t.Context()))
		y.log.want(t, "build redis, start redis, stop redis")
	}
}

func TestObjectsWithoutSizeAreNotTakenForOne(t *testing.T) {
	t.Parallel()
	c := di.New()
	before := emptyStops.Load()
	must(t, di.SetShared(c, "a", func(context.Context, *di.Container) (*empty, error) { return &empty{}, nil }))
	must(t, di.SetShared(c, "b", func(context.Context, *di.Container) (*empty, error) { return &empty{}, nil }))
	for _, name := range []string{"a", "b"} {
		if _, err := di.Get[*empty](t.Context(), c, name); err != nil {
			t.Fatal(err)
		}
	}
	must(t, c.Stop(t.Context()))
	if got := emptyStops.Load() - before; got != 2 {
		t.Errorf("got %d stops, want 2", got)
	}
}

var emptyStops atomic.Int32

type empty struct{}

func (*empty) Stop(context.Context) error { emptyStops.Add(1); return nil }

func TestAnEagerServiceCannotBeAddedOnceTheContainerHasStarted(t *testing.T) {
	t.Parallel()
	c := di.New()
	must(t, c.Start(t.Context()))
	wantError(t, di.SetShared(c, "a", giving(1), di.Eager()), di.ErrInvalid, "leave Eager out")
	must(t, c.Stop(t.Context()))
}

func TestAFactoryCannotStartOrStopTheContainerThatRunsIt(t *testing.T) {
	t.Parallel()
	c := di.New()
	must(t, di.SetShared(c, "a", func(ctx context.Context, c *di.Container) (int, error) { return 0, c.Start(ctx) }))
	must(t, di.SetShared(c, "b", func(ctx context.Context, c *di.Container) (int, error) { return 0, c.Stop(ctx) }))
	for name, call := range map[string]string{"a": "Start", "b": "Stop"} {
		_, err := di.Get[int](t.Context(), c, name)
		wantError(t, err, di.ErrInvalid, call+" was called while")
	}
}

func TestOneObjectUnderTwoNamesIsStartedOnceByTwoWhoAskAtTheSameTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		y := newYard()
		release := make(chan struct{})
		y.engine(t, &engine{name: "redis", onStart: func(context.Context) error { <-release; return nil }}, nil)
		must(t, di.SetShared(y.Container, "cache", func(ctx context.Context, c *di.Container) (any, error) {
			return di.Get[any](ctx, c, "redis")
		}))
		y.get(t, "cache")
		errs := make(chan error)
		go func() { errs <- y.Start(t.Context()) }()
		synctest.Wait()
		go func() { _, err := di.Get[any](t.Context(), y.Container, "cache"); errs <- err }()
		synctest.Wait()
		close(release)
		must(t, errors.Join(<-errs, <-errs))
		must(t, y.Stop(t.Context()))
		y.log.want(t, "build redis, start redis, stop redis")
	})
}
