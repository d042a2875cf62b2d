package redis_test

import (
	"bytes"
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"gyrfalcon/integration/proxy"
	"gyrfalcon/integration/servers"
	"gyrfalcon/session"
	"gyrfalcon/session/redis"
	"gyrfalcon/session/sessiontest"
)

// Clients as an application has them: with the driver's own retries, protocol and routing.
func TestAdapterKeepsTheContractOnAClientHandedIn(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		place  place
		client func(t testing.TB) goredis.UniversalClient
	}{
		{standalone, func(t testing.TB) goredis.UniversalClient {
			return goredis.NewClient(&goredis.Options{Addr: servers.SharedRedis(t).Addr(), ContextTimeoutEnabled: true})
		}},
		{clusters, func(t testing.TB) goredis.UniversalClient {
			return goredis.NewClusterClient(&goredis.ClusterOptions{Addrs: servers.SharedCluster(t).Addrs(), ContextTimeoutEnabled: true})
		}},
	} {
		t.Run("on "+c.place.name, func(t *testing.T) {
			t.Parallel()
			h := c.place.harness(redis.Phpredis)
			h.NewStore = func(testing.TB) string { return newPrefix() }
			h.Open = func(_ context.Context, prefix string, _ func() time.Time) (session.Adapter, error) {
				return redis.New(c.client(t), redis.Options{Prefix: &prefix, OwnClient: true}), nil
			}
			sessiontest.TestAdapter(t, h)
		})
	}
}

// Each write on a connection with WAIT after it.
func TestAdapterKeepsTheContractWhileReplicasAreWaitedFor(t *testing.T) {
	t.Parallel()
	for _, p := range []place{sentinels, clusters} {
		t.Run("on "+p.name, func(t *testing.T) {
			t.Parallel()
			h := p.harness(redis.Phpredis)
			h.NewStore = func(testing.TB) string { return newPrefix() }
			h.Open = func(_ context.Context, prefix string, _ func() time.Time) (session.Adapter, error) {
				return redis.Dial(p.servers(t), redis.Options{Prefix: &prefix, Wait: &redis.Wait{Timeout: 10 * time.Second}}), nil
			}
			sessiontest.TestAdapter(t, h)
		})
	}
}

func TestAClientHandedInStaysOpen(t *testing.T) {
	t.Parallel()
	client := goredis.NewClient(&goredis.Options{Addr: servers.SharedRedis(t).Addr(), ContextTimeoutEnabled: true})
	defer func() { _ = client.Close() }()
	a := redis.New(client, redis.Options{})
	if err := errors.Join(a.Open(t.Context()), a.Close(t.Context()), client.Ping(t.Context()).Err()); err != nil {
		t.Error(err)
	}
	owned := goredis.NewClient(&goredis.Options{Addr: servers.SharedRedis(t).Addr(), ContextTimeoutEnabled: true})
	a = redis.New(owned, redis.Options{OwnClient: true})
	if err := errors.Join(a.Open(t.Context()), a.Close(t.Context())); err != nil {
		t.Error(err)
	}
	if err := owned.Ping(t.Context()).Err(); !errors.Is(err, goredis.ErrClosed) {
		t.Errorf("Ping on an owned client after Close = %v, want it closed", err)
	}
}

// The drivers retry three times whatever they may; what may not be repeated is sent once.
func TestNoWriteIsSentTwice(t *testing.T) {
	t.Parallel()
	srv := servers.SharedRedis(t)
	for name, dial := range map[string]func(addr string) goredis.UniversalClient{
		"by a server's client": func(addr string) goredis.UniversalClient {
			return goredis.NewClient(&goredis.Options{Addr: addr, ContextTimeoutEnabled: true, MaxRetries: 3})
		},
		"by a cluster's client": func(addr string) goredis.UniversalClient {
			return goredis.NewClusterClient(&goredis.ClusterOptions{
				ContextTimeoutEnabled: true, MaxRedirects: 3,
				ClusterSlots: func(context.Context) ([]goredis.ClusterSlot, error) {
					return []goredis.ClusterSlot{{Start: 0, End: 16383, Nodes: []goredis.ClusterNode{{Addr: addr}}}}, nil
				},
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := proxy.New(t, srv.Addr())
			prefix := newPrefix()
			client := dial(p.Addr())
			a := redis.New(client, redis.Options{Prefix: &prefix, OwnClient: true})
			defer func() { _ = a.Close(context.Background()) }()
			if err := a.Open(t.Context()); err != nil {
				t.Fatal(err)
			}
			r, err := a.Create(t.Context(), "id", []byte("x"), life)
			if err != nil {
				t.Fatal(err)
			}
			calls := map[string]func() error{
				"create":  func() error { return second(a.Create(t.Context(), "new", []byte("x"), life)) },
				"swap":    func() error { return second(a.Swap(t.Context(), "id", r, []byte("y"), life)) },
				"touch":   func() error { return a.Touch(t.Context(), "id", life) },
				"destroy": func() error { return a.Destroy(t.Context(), "id") },
			}
			for what, call := range calls {
				var times atomic.Int64
				p.Decide(func(request []byte) proxy.Action {
					if bytes.Contains(request, []byte(prefix)) {
						times.Add(1)
						return proxy.CutReply
					}
					return proxy.Pass
				})
				if err := call(); !errors.Is(err, session.ErrOutcomeUnknown) {
					t.Errorf("%s without an answer = %v, want ErrOutcomeUnknown", what, err)
				}
				if n := times.Load(); n != 1 {
					t.Errorf("%s was sent %d times, want once", what, n)
				}
				p.Decide(nil)
			}
			// A read may be.
			var times atomic.Int64
			p.Decide(func(request []byte) proxy.Action {
				if bytes.Contains(request, []byte("getex")) && times.Add(1) == 1 {
					return proxy.CutReply
				}
				return proxy.Pass
			})
			if _, err := a.Read(t.Context(), "new", life); err != nil {
				t.Errorf("Read whose first answer is lost = %v, want nil", err)
			}
		})
	}
}
