package redis_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"gyrfalcon/integration/internal/visit"
	"gyrfalcon/integration/proxy"
	"gyrfalcon/integration/servers"
	"gyrfalcon/session"
	"gyrfalcon/session/redis"
)

func started(t testing.TB, a session.Adapter, o session.Options) *session.Manager {
	t.Helper()
	m := session.New(a, o)
	if err := m.Start(t.Context()); err != nil {
		t.Fatalf("Start = %v, want nil", err)
	}
	t.Cleanup(func() {
		if err := m.Stop(context.Background()); err != nil {
			t.Errorf("Stop = %v, want nil", err)
		}
	})
	return m
}

func TestARequestMakesNoMoreTripsThanAreDocumented(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		flavor string
		lock   *redis.Lock
		locked int // trips more where a request has read, or destroys
	}{
		"as phpredis":   {},
		"as Phalcon 5":  {flavor: redis.Phalcon5},
		"with its lock": {lock: &redis.Lock{}, locked: 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := proxy.New(t, servers.SharedRedis(t).Addr())
			prefix := newPrefix()
			a := redis.Dial(redis.Servers{Path: "tcp://" + p.Addr()}, redis.Options{Prefix: &prefix, Flavor: c.flavor, Lock: c.lock})
			now := time.Now()
			m := started(t, a, session.Options{GCInterval: -1, Now: func() time.Time { return now }})
			others := started(t, redis.Dial(one(servers.SharedRedis(t)), redis.Options{Prefix: &prefix, Flavor: c.flavor}),
				session.Options{GCInterval: -1, Now: func() time.Time { return now }})
			v := &visit.Visitor{T: t, Manager: m}
			want := func(what string, trips int, handler http.HandlerFunc) {
				t.Helper()
				p.Mark()
				v.Send(handler)
				if got := p.Trips(); got != trips {
					t.Errorf("%s: %d trips, want %d", what, got, trips)
				}
			}
			v.Send(v.With(visit.Count)) // the scripts of locks are known from here on
			v.Send(v.With(visit.Count))

			v.Cookie = nil
			want("no session", 0, v.With(visit.Look))
			want("a new one", 1, v.With(visit.Count))
			want("a handler that never asks", 0, func(http.ResponseWriter, *http.Request) {})
			want("a read", 1+c.locked, v.With(visit.Look))
			now = now.Add(30 * time.Minute)
			want("a read after half a life", 1+c.locked, v.With(visit.Look))
			want("a read and a write", 2+c.locked, v.With(visit.Count))
			want("Regenerate", 3+c.locked, v.With((*session.Session).Regenerate))
			// Two more than the two of a read and a write: here without the read, and without
			// the taking of the lock. Who comes between goes another way, and takes no lock.
			want("a conflict, after the read", 3+c.locked/2, v.With(func(s *session.Session) error {
				other, err := others.Load(t.Context(), s.ID())
				if err == nil {
					err = errors.Join(visit.Count(other), other.Commit(t.Context()), visit.Count(s))
				}
				p.Mark() // what has been is the read's
				return err
			}))
			v.Send(v.With(func(s *session.Session) error {
				if n, err := session.Get[int](s, "n"); n != 4 {
					t.Errorf("after two counts, and one of each in the conflict, n is %d, %v; want 4", n, err)
				}
				return nil
			}))
			want("Destroy of an unread one", 1+c.locked, func(_ http.ResponseWriter, r *http.Request) {
				if err := m.Destroy(r.Context()); err != nil {
					t.Error(err)
				}
			})
			v.Cookie = &http.Cookie{Name: m.Options().Cookie.Name, Value: "malformed"} //nolint:gosec // attributes are for answers
			want("a malformed ID", 0, v.With(visit.Look))
			v.Cookie = nil
			v.Send(v.With(visit.Count))
			want("Destroy of a read one", 2+c.locked, v.With(func(s *session.Session) error { return s.Destroy(t.Context()) }))
		})
	}
}
