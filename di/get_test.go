package di_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"gyrfalcon/di"
)

func TestAThousandGoroutinesGetOneBuild(t *testing.T) {
	t.Parallel()
	c := di.New()
	var builds atomic.Int32
	begin := make(chan struct{})
	must(t, di.SetShared(c, "clock", func(context.Context, *di.Container) (*clock, error) {
		builds.Add(1)
		runtime.Gosched()
		return &clock{"UTC"}, nil
	}))
	var got [1000]*clock
	var wg sync.WaitGroup
	for i := range got {
		wg.Go(func() {
			<-begin
			v, err := di.Get[*clock](t.Context(), c, "clock")
			if err != nil {
				t.Error(err)
			}
			got[i] = v
		})
	}
	close(begin)
	wg.Wait()
	for i, v := range got {
		if v != got[0] {
			t.Fatalf("goroutine %d was given another object than goroutine 0", i)
		}
	}
	if n := builds.Load(); n != 1 {
		t.Errorf("got %d builds, want 1", n)
	}
}

func TestGettingABuiltSharedServiceAllocatesNothing(t *testing.T) {
	c := di.New()
	var kept *di.Container
	must(t, di.SetShared(c, "clock", func(_ context.Context, inner *di.Container) (*clock, error) {
		kept = inner
		return &clock{"UTC"}, nil
	}))
	must(t, c.SetAlias("clock", "time"))
	must(t, di.Set(c, "each", giving(new(clock))))
	must(t, c.SetAlias("each", "one"))
	ctx := t.Context()
	for _, name := range []string{"clock", "each"} {
		if _, err := di.GetShared[*clock](ctx, c, name); err != nil {
			t.Fatal(err)
		}
	}
	for _, tc := range []struct {
		what string
		get  func() error
	}{
		{"by its name", func() error { _, err := di.Get[*clock](ctx, c, "clock"); return err }},
		{"as an interface", func() error { _, err := di.Get[any](ctx, c, "clock"); return err }},
		{"through an alias", func() error { _, err := di.Get[*clock](ctx, c, "time"); return err }},
		{"with no parameters", func() error { _, err := di.GetWith[*clock](ctx, c, "clock"); return err }},
		{"as the shared one", func() error { _, err := di.GetShared[*clock](ctx, c, "clock"); return err }},
		{"as the one that is kept", func() error { _, err := di.GetShared[*clock](ctx, c, "each"); return err }},
		{"as the one that is kept, through an alias", func() error { _, err := di.GetShared[*clock](ctx, c, "one"); return err }},
		{"through the view that its factory kept", func() error { _, err := di.Get[*clock](ctx, kept, "clock"); return err }},
	} {
		n := testing.AllocsPerRun(1000, func() {
			if err := tc.get(); err != nil {
				t.Fatal(err)
			}
		})
		if n != 0 {
			t.Errorf("%s: got %v allocations a Get, want 0", tc.what, n)
		}
	}
}

func TestACallerThatLeavesFailsNobodyElseAndTheBuildGoesOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := di.New()
		release := make(chan struct{})
		must(t, di.SetShared(c, "clock", func(ctx context.Context, _ *di.Container) (*clock, error) {
			select {
			case <-release:
				return &clock{"UTC"}, nil
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}))
		first, leave := context.WithCancel(t.Context())
		errs := make(chan error, 2)
		go func() { _, err := di.Get[*clock](first, c, "clock"); errs <- err }()
		synctest.Wait()
		go func() { _, err := di.Get[*clock](t.Context(), c, "clock"); errs <- err }()
		synctest.Wait()
		leave()
		wantError(t, <-errs, context.Canceled, `"clock"`, "gave up waiting")
		close(release)
		if err := <-errs; err != nil {
			t.Errorf("the caller that stayed: got %v, want the service", err)
		}
	})
}

func TestABuildSeesNoneOfItsFirstCallersValues(t *testing.T) {
	t.Parallel()
	type key struct{}
	c := di.New()
	see := func(ctx context.Context, _ *di.Container) (string, error) { return fmt.Sprint(ctx.Value(key{})), nil }
	must(t, di.SetShared(c, "shared", see))
	must(t, di.Set(c, "unshared", see))
	ctx := context.WithValue(t.Context(), key{}, "a request's")
	for name, want := range map[string]string{"shared": "<nil>", "unshared": "a request's"} {
		if got, err := di.Get[string](ctx, c, name); err != nil || got != want {
			t.Errorf("%s: its factory saw %q, %v; want %q", name, got, err, want)
		}
	}
}

func TestACancelledCallerBeginsNoBuildButIsGivenWhatIsThere(t *testing.T) {
	t.Parallel()
	c := di.New()
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	var builds atomic.Int32
	build := func(context.Context, *di.Container) (int, error) { return int(builds.Add(1)), nil }
	must(t, di.SetShared(c, "shared", build))
	must(t, di.Set(c, "unshared", build))
	for _, name := range []string{"shared", "unshared"} {
		_, err := di.Get[int](gone, c, name)
		wantError(t, err, context.Canceled, name)
	}
	if n := builds.Load(); n != 0 {
		t.Errorf("got %d builds for callers that had gone, want 0", n)
	}
	if _, err := di.Get[int](t.Context(), c, "shared"); err != nil {
		t.Fatal(err)
	}
	if _, err := di.Get[int](gone, c, "shared"); err != nil {
		t.Errorf("a built service for a cancelled caller: got %v, want the service", err)
	}
}

func TestAFailedBuildIsToldToAllWhoWaitedAndTriedAgainByTheNext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := di.New()
		down := errors.New("server is down")
		builds := 0
		release := make(chan struct{})
		where := nextLine(t)
		must(t, di.SetShared(c, "db", func(context.Context, *di.Container) (int, error) {
			builds++
			<-release
			if builds == 1 {
				return 0, down
			}
			return builds, nil
		}))
		errs := make(chan error)
		for range 3 {
			go func() { _, err := di.Get[int](t.Context(), c, "db"); errs <- err }()
		}
		synctest.Wait()
		close(release)
		for range 3 {
			wantError(t, <-errs, down, `"db"`, "its factory failed", where)
		}
		if got, err := di.Get[int](t.Context(), c, "db"); err != nil || got != 2 {
			t.Errorf("the next Get: got %d, %v; want the second build", got, err)
		}
	})
}

func TestAFailureDeepDownIsToldWithTheChainThatLedThere(t *testing.T) {
	t.Parallel()
	c := di.New()
	needs := func(name string) di.Factory[int] {
		return func(ctx context.Context, c *di.Container) (int, error) { return di.Get[int](ctx, c, name) }
	}
	must(t, di.SetShared(c, "site", needs("repo")))
	must(t, di.Set(c, "repo", needs("db")))
	must(t, di.SetShared(c, "db", needs("config")))
	_, err := di.Get[int](t.Context(), c, "site")
	wantError(t, err, di.ErrNotFound, `di: get "config": no such service`, "site -> repo -> db -> config")
	if e, _ := errors.AsType[*di.Error](err); e == nil || strings.Join(e.Chain, " ") != "site repo db config" || e.Name != "config" {
		t.Errorf("got details %+v, want the chain site repo db config", e)
	}

	must(t, di.SetValue(c, "config", "text"))
	_, err = di.Get[int](t.Context(), c, "site")
	wantError(t, err, di.ErrType, "wanted int, it is string", "site -> repo -> db -> config")
}

func TestAFactorysOwnWordsAroundAnErrorAreKept(t *testing.T) {
	t.Parallel()
	c := di.New()
	must(t, di.SetShared(c, "site", func(ctx context.Context, c *di.Container) (int, error) {
		_, err := di.Get[int](ctx, c, "db")
		return 0, fmt.Errorf("open the shop: %w", err)
	}))
	_, err := di.Get[int](t.Context(), c, "site")
	wantError(t, err, di.ErrNotFound, `get "site": its factory failed: open the shop: `, `get "db"`)
}

func TestAPanicInAFactoryIsAnErrorWithItsStack(t *testing.T) {
	t.Parallel()
	c := di.New()
	boom := func(context.Context, *di.Container) (int, error) { panic("boom") }
	must(t, di.SetShared(c, "shared", boom))
	must(t, di.Set(c, "unshared", boom))
	for _, name := range []string{"shared", "unshared"} {
		_, err := di.Get[int](t.Context(), c, name)
		p, ok := errors.AsType[*di.PanicError](err)
		if !ok {
			t.Fatalf("%s: got %v, want a *PanicError", name, err)
		}
		if p.Value != "boom" || !strings.Contains(string(p.Stack), "TestAPanicInAFactory") {
			t.Errorf("%s: got value %v and stack\n%s\nwant boom and this test's frame", name, p.Value, p.Stack)
		}
		wantError(t, err, err, name, "panic: boom")
	}
}

func TestAFactoryThatEndsItsGoroutineIsAnErrorAndNotAHang(t *testing.T) {
	t.Parallel()
	c := di.New()
	must(t, di.SetShared(c, "clock", func(context.Context, *di.Container) (*clock, error) {
		runtime.Goexit()
		return nil, nil
	}))
	_, err := di.Get[*clock](t.Context(), c, "clock")
	if err == nil || !strings.Contains(err.Error(), "Goexit") {
		t.Errorf("got %v, want an error that names runtime.Goexit", err)
	}
}

func TestANilInterfaceWithoutAnErrorIsAnError(t *testing.T) {
	t.Parallel()
	c := di.New()
	nothing := func(context.Context, *di.Container) (fmt.Stringer, error) { return nil, nil }
	must(t, di.SetShared(c, "shared", nothing))
	must(t, di.Set(c, "unshared", nothing))
	for _, name := range []string{"shared", "unshared"} {
		_, err := di.Get[fmt.Stringer](t.Context(), c, name)
		if err == nil || !strings.Contains(err.Error(), "returned a nil fmt.Stringer and no error") {
			t.Errorf("%s: got %v, want an error about the nil", name, err)
		}
	}
}

func TestABuildEndsWithItsLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := di.New(di.BuildLimit(3 * time.Second))
		must(t, di.SetShared(c, "db", func(ctx context.Context, _ *di.Container) (int, error) {
			<-ctx.Done()
			return 0, errors.New("dial: no answer")
		}))
		begun := time.Now()
		_, err := di.Get[int](t.Context(), c, "db")
		wantError(t, err, context.DeadlineExceeded, "limit of 3s", "di.BuildLimit", "dial: no answer")
		if took := time.Since(begun); took != 3*time.Second {
			t.Errorf("the build ended after %v, want 3s", took)
		}
	})
}

func TestABuildThatIgnoresItsLimitLetsItsWaitersGoAndIsNeverRunTwiceAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := di.New()
		release := make(chan struct{})
		var running, most atomic.Int32
		late := &closer{log: new(journal), name: "late"}
		builds := 0
		must(t, di.SetShared(c, "db", func(context.Context, *di.Container) (*closer, error) {
			most.Store(max(most.Load(), running.Add(1)))
			defer running.Add(-1)
			builds++
			if builds == 1 {
				<-release
				return late, nil
			}
			return &closer{log: new(journal)}, nil
		}))
		for who, want := range []time.Duration{15 * time.Second, 0} { // the second is told at once
			begun := time.Now()
			_, err := di.Get[*closer](t.Context(), c, "db")
			wantError(t, err, context.DeadlineExceeded, "limit of 15s", "still has not returned")
			if took := time.Since(begun); took < want || took > want+time.Second {
				t.Errorf("caller %d waited %v, want little more than %v", who, took, want)
			}
		}
		close(release)
		synctest.Wait()
		if got := late.log.String(); got != "close late" {
			t.Errorf("what came too late: got %q, want it closed", got)
		}
		if got, err := di.Get[*closer](t.Context(), c, "db"); err != nil || got == late {
			t.Errorf("after the late build returned: got %v, %v; want a new one", got, err)
		}
		if most.Load() != 1 {
			t.Errorf("%d builds ran at once, want 1", most.Load())
		}
		must(t, c.Stop(t.Context()))
	})
}

func TestAViewThatAServiceKeepsIsAnOrdinaryContainerOnceTheBuildIsOver(t *testing.T) {
	t.Parallel()
	c := di.New()
	var kept *di.Container
	must(t, di.SetShared(c, "a", func(_ context.Context, c *di.Container) (int, error) {
		kept = c
		return 1, nil
	}))
	must(t, di.SetShared(c, "b", func(ctx context.Context, _ *di.Container) (int, error) { return di.Get[int](ctx, kept, "a") }))
	if _, err := di.Get[int](t.Context(), c, "a"); err != nil {
		t.Fatal(err)
	}
	if _, err := di.Get[int](t.Context(), kept, "b"); err != nil {
		t.Errorf("got %v, want b: a's build is over and no part of any chain", err)
	}
}

func TestWhatABuildMadeAfterItsLimitIsNotKept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := di.New()
		builds := 0
		must(t, di.SetShared(c, "n", func(context.Context, *di.Container) (int, error) {
			if builds++; builds == 1 {
				time.Sleep(time.Hour) //nolint:forbidigo // on the bubble's clock
			}
			return builds, nil
		}))
		_, err := di.Get[int](t.Context(), c, "n")
		wantError(t, err, context.DeadlineExceeded)
		time.Sleep(time.Hour) //nolint:forbidigo // on the bubble's clock
		if got, err := di.Get[int](t.Context(), c, "n"); err != nil || got != 2 {
			t.Errorf("got %d, %v; want the second build", got, err)
		}
	})
}
