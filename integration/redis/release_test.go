package redis_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"gyrfalcon/integration/proxy"
	"gyrfalcon/integration/servers"
	"gyrfalcon/session"
	"gyrfalcon/session/redis"
)

// longLock lasts longer than a test: what it locks does not come free by itself.
var longLock = redis.Lock{Expire: 10 * time.Minute, Wait: patience}

// hiccup is a context that ends while a server stands still.
func hiccup(t *testing.T) (context.Context, context.CancelFunc) {
	t.Helper()
	return context.WithTimeout(t.Context(), 300*time.Millisecond)
}

// What is sent to a server that stands still is executed when it goes on.
func TestALockThatIsTakenAfterItsRequestHasGoneIsGivenBack(t *testing.T) {
	t.Parallel()
	srv := servers.NewRedis(t)
	a := openAdapter(t, one(srv), redis.Options{Lock: &longLock})
	srv.Pause(t)
	ctx, cancel := hiccup(t)
	defer cancel()
	if _, err := a.Lock(ctx, "id"); !errors.Is(err, session.ErrBusy) {
		t.Errorf("Lock on a server that stands still = %v, want ErrBusy", err)
	}
	<-time.After(1500 * time.Millisecond) // a first release has failed as well
	srv.Resume(t)
	lock, err := a.Lock(t.Context(), "id")
	if err != nil {
		t.Fatalf("the visitor's next Lock = %v, want it as soon as the server goes on", err)
	}
	if err := lock.Release(t.Context()); err != nil {
		t.Errorf("Release = %v, want nil", err)
	}
}

func TestALockWhoseReleaseFailsIsReleasedOnceTheServerAnswers(t *testing.T) {
	t.Parallel()
	srv := servers.NewRedis(t)
	p := proxy.New(t, srv.Addr())
	a := openAdapter(t, redis.Servers{Path: "tcp://" + p.Addr()}, redis.Options{Lock: &longLock})
	for what, fault := range map[string]struct{ begin, end func() }{
		"stands still":   {func() { srv.Pause(t) }, func() { srv.Resume(t) }},
		"is unreachable": {func() { p.Refuse(); p.Cut() }, func() { p.Accept(t) }},
		"has a deaf line": {
			func() { // the request itself is lost
				p.Decide(func(request []byte) proxy.Action {
					if bytes.Contains(request, []byte("evalsha")) {
						return proxy.CutBefore
					}
					return proxy.Pass
				})
			}, func() { p.Decide(nil) },
		},
	} {
		lock, err := a.Lock(t.Context(), "id")
		if err != nil {
			t.Fatalf("Lock before the server %s = %v, want nil", what, err)
		}
		fault.begin()
		ctx, cancel := hiccup(t)
		if err := lock.Release(ctx); err == nil {
			t.Errorf("Release while the server %s = nil, want an error", what)
		}
		cancel()
		fault.end()
		until(t, "the lock is released", func() bool { return srv.Do(t, "EXISTS", redis.DefaultPrefix+"id_LOCK") == int64(0) })
	}
}

func TestCloseDoesNotWaitForLocksThatCannotBeReleased(t *testing.T) {
	t.Parallel()
	srv := servers.NewRedis(t)
	a := redis.Dial(one(srv), redis.Options{Lock: &longLock})
	if err := a.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	var held []session.Lock
	for i := range 5 {
		lock, err := a.Lock(t.Context(), fmt.Sprint(i))
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, lock)
	}
	srv.Pause(t)
	defer srv.Resume(t)
	ctx, cancel := hiccup(t)
	defer cancel()
	if err := held[0].Release(ctx); err == nil {
		t.Error("Release on a server that stands still = nil, want an error")
	}
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		ctx, cancel := hiccup(t)
		defer cancel()
		_ = a.Close(ctx) // that its connections close late is none of the locks'
	}()
	select {
	case <-closed:
	case <-time.After(patience):
		t.Errorf("Close has not returned within %v after its context's end", patience)
	}
}

// One after the other, they would take longer than there is time.
func TestCloseReleasesLocksAllAtOnce(t *testing.T) {
	t.Parallel()
	srv := servers.NewRedis(t)
	p := proxy.New(t, srv.Addr())
	a := redis.Dial(redis.Servers{Path: "tcp://" + p.Addr(), PoolSize: 50}, redis.Options{Lock: &longLock})
	if err := a.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i := range 50 {
		if _, err := a.Lock(t.Context(), fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
	}
	p.Delay(100 * time.Millisecond)
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
	defer cancel()
	if err := a.Close(ctx); err != nil {
		t.Errorf("Close = %v, want nil", err)
	}
	if left := keys(t, srv, "*"); len(left) > 0 {
		t.Errorf("%d locks are left, want none: %q", len(left), left)
	}
}

// A renewal waits for a third of lock.expire; a request that ends does not.
func TestReleaseHeedsItsContextDuringARenewal(t *testing.T) {
	t.Parallel()
	srv := servers.NewRedis(t)
	p := proxy.New(t, srv.Addr())
	a := openAdapter(t, redis.Servers{Path: "tcp://" + p.Addr()}, redis.Options{Lock: &redis.Lock{Expire: 24 * time.Second}})
	lock, err := a.Lock(t.Context(), "id")
	if err != nil {
		t.Fatal(err)
	}
	var once sync.Once
	renewing := make(chan struct{})
	p.Decide(func(request []byte) proxy.Action {
		if !bytes.Contains(request, []byte("_LOCK")) {
			return proxy.Pass
		}
		once.Do(func() { close(renewing) })
		return proxy.LoseReply
	})
	<-renewing
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	released := make(chan error, 1)
	go func() { released <- lock.Release(ctx) }()
	select {
	case err := <-released:
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Release without an answer = %v, want %v", err, context.DeadlineExceeded)
		}
	case <-time.After(4 * time.Second): // the renewal ends after eight
		t.Errorf("Release has waited for the renewal, 4s after its context's end, and returns %v", <-released)
	}
	p.Decide(nil)
}
