package redis_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"sync"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"gyrfalcon/integration/proxy"
	"gyrfalcon/integration/servers"
	"gyrfalcon/session"
	"gyrfalcon/session/redis"
)

// The network takes everything and brings nothing back.
func TestACallEndsWithItsContextWhileItWaitsForAnAnswer(t *testing.T) {
	t.Parallel()
	srv := servers.SharedRedis(t)
	p := proxy.New(t, srv.Addr())
	prefix := newPrefix()
	a := openAdapter(t, redis.Servers{Path: "tcp://" + p.Addr(), ReadTimeout: patience}, redis.Options{Prefix: &prefix})
	r, err := a.Create(t.Context(), "id", []byte("x"), life)
	if err != nil {
		t.Fatal(err)
	}
	for name, call := range map[string]struct {
		do    func(ctx context.Context) error
		write bool
	}{
		"Read":    {do: func(ctx context.Context) error { return second(a.Read(ctx, "id", life)) }},
		"Create":  {func(ctx context.Context) error { return second(a.Create(ctx, "new", []byte("x"), life)) }, true},
		"Swap":    {func(ctx context.Context) error { return second(a.Swap(ctx, "id", r, []byte("y"), life)) }, true},
		"Touch":   {func(ctx context.Context) error { return a.Touch(ctx, "id", life) }, true},
		"Destroy": {func(ctx context.Context) error { return a.Destroy(ctx, "id") }, true},
	} {
		// A connection is there, and in order, so that the request is sent.
		if _, err := a.Read(t.Context(), "nobody", life); !errors.Is(err, session.ErrNotFound) {
			t.Fatalf("Read before %s = %v, want ErrNotFound", name, err)
		}
		asked := make(chan struct{}, 1)
		p.Decide(func(request []byte) proxy.Action {
			if bytes.Contains(request, []byte("hello")) {
				return proxy.Pass // the driver has made a new connection
			}
			select {
			case asked <- struct{}{}:
			default:
			}
			return proxy.LoseReply
		})
		for what, end := range map[string]func(ctx context.Context) (context.Context, func(), error){
			"its cancellation": func(ctx context.Context) (context.Context, func(), error) {
				ctx, cancel := context.WithCancel(ctx)
				return ctx, cancel, context.Canceled
			},
			"its deadline": func(ctx context.Context) (context.Context, func(), error) {
				ctx, cancel := context.WithTimeout(ctx, time.Second)
				context.AfterFunc(ctx, cancel)
				return ctx, func() {}, context.DeadlineExceeded
			},
		} {
			ctx, cancel, want := end(t.Context())
			done := make(chan error, 1)
			go func() { done <- call.do(ctx) }()
			sent := true
			select {
			case <-asked:
			case err := <-done: // a busy machine had no second to make a connection in
				sent = false
				done <- err
			case <-time.After(patience):
				t.Fatalf("%s: nothing was sent", name)
			}
			cancel()
			select {
			case err = <-done:
			case <-time.After(patience / 2):
				t.Fatalf("%s has not returned long after %s", name, what)
			}
			if !errors.Is(err, want) || sent && errors.Is(err, session.ErrOutcomeUnknown) != call.write {
				t.Errorf("%s ended by %s = %v; want %v, and the outcome unknown: %t", name, what, err, want, call.write)
			}
			select {
			case <-asked: // the driver asks again, where it may
			default:
			}
		}
		p.Decide(nil)
		p.Cut()
	}
}

// Behind Sentinels, and in a cluster, a call hears of its cancellation however near its
// deadline is.
func TestACallBehindSentinelsEndsWithItsCancellation(t *testing.T) {
	t.Parallel()
	group := servers.SharedSentinel(t)
	p := proxy.New(t, group.Servers[0].Addr())
	client := goredis.NewFailoverClient(&goredis.FailoverOptions{
		MasterName: "mymaster", SentinelAddrs: group.Addrs(), ContextTimeoutEnabled: true, ReadTimeout: patience,
		Dialer: func(ctx context.Context, network, addr string) (net.Conn, error) {
			if addr == group.Servers[0].Addr() {
				addr = p.Addr()
			}
			return new(net.Dialer).DialContext(ctx, network, addr)
		},
	})
	prefix := newPrefix()
	a := redis.New(client, redis.Options{Prefix: &prefix, OwnClient: true})
	t.Cleanup(func() { _ = a.Close(context.Background()) })
	if err := a.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	asked := make(chan struct{})
	var once sync.Once
	p.Decide(func([]byte) proxy.Action {
		once.Do(func() { close(asked) })
		return proxy.LoseReply
	})
	ctx, cancel := context.WithTimeout(t.Context(), 9*time.Second) // as near as a request's
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- second(a.Read(ctx, "id", life)) }()
	<-asked
	cancel()
	err := <-done
	if deadline, _ := ctx.Deadline(); !errors.Is(err, context.Canceled) || time.Now().After(deadline) {
		t.Errorf("Read = %v, %v before its deadline; want its cancellation, at once", err, time.Until(deadline))
	}
	p.Cut()
}

// The driver closes a client no sooner than it has heard of a Sentinel.
func TestOpenAndCloseEndWithTheirContextsWhileNoSentinelAnswers(t *testing.T) {
	t.Parallel()
	p := proxy.New(t, servers.SharedRedis(t).Addr())
	asked := make(chan struct{})
	var once sync.Once
	p.Decide(func([]byte) proxy.Action {
		once.Do(func() { close(asked) })
		return proxy.LoseReply
	})
	a := redis.Dial(redis.Servers{Sentinel: &redis.Sentinel{Master: "m", Seeds: []string{p.Addr()}}, DialTimeout: patience, ReadTimeout: patience}, redis.Options{})
	ctx, cancel := context.WithTimeout(t.Context(), patience/2)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- a.Open(ctx) }()
	<-asked
	cancel()
	err := <-done
	if deadline, _ := ctx.Deadline(); !errors.Is(err, context.Canceled) || time.Now().After(deadline) {
		t.Errorf("Open = %v, %v before its deadline; want its cancellation, at once", err, time.Until(deadline))
	}
	p.Cut()
	if err := a.Close(t.Context()); err != nil {
		t.Errorf("Close = %v, want nil", err)
	}
}
