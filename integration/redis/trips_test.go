package redis_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"gyrfalcon/integration/proxy"
	"gyrfalcon/integration/servers"
	"gyrfalcon/session"
	"gyrfalcon/session/redis"
)

// visitor is a client that keeps its cookie.
type visitor struct {
	t      *testing.T
	m      *session.Manager
	cookie *http.Cookie
}

// visit sends one request to a handler behind the middleware.
func (v *visitor) visit(handler http.HandlerFunc) {
	v.t.Helper()
	r := httptest.NewRequestWithContext(v.t.Context(), http.MethodGet, "https://localhost/", http.NoBody)
	if v.cookie != nil {
		r.AddCookie(v.cookie)
	}
	w := httptest.NewRecorder()
	v.m.Middleware(handler).ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		v.t.Fatalf("the request was answered %d %s, want 200", w.Code, w.Body)
	}
	for _, c := range w.Result().Cookies() {
		v.cookie = c
	}
}

// with is a handler that does something to the session.
func (v *visitor) with(do func(s *session.Session) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s, err := v.m.From(r.Context())
		if err == nil {
			err = do(s)
		}
		if err != nil {
			session.Error(w, r, err)
			v.t.Error(err)
		}
	}
}

func count(s *session.Session) error {
	_, err := session.Update(s, "n", func(n int) int { return n + 1 })
	return err
}

func look(s *session.Session) error {
	_, err := s.Names()
	return err
}

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
			v := &visitor{t: t, m: m}
			want := func(what string, trips int, handler http.HandlerFunc) {
				t.Helper()
				p.Mark()
				v.visit(handler)
				if got := p.Trips(); got != trips {
					t.Errorf("%s: %d trips, want %d", what, got, trips)
				}
			}
			v.visit(v.with(count)) // the scripts of locks are known from here on
			v.visit(v.with(count))

			v.cookie = nil
			want("no session", 0, v.with(look))
			want("a new one", 1, v.with(count))
			want("a handler that never asks", 0, func(http.ResponseWriter, *http.Request) {})
			want("a read", 1+c.locked, v.with(look))
			now = now.Add(30 * time.Minute)
			want("a read after half a life", 1+c.locked, v.with(look))
			want("a read and a write", 2+c.locked, v.with(count))
			want("Regenerate", 3+c.locked, v.with((*session.Session).Regenerate))
			if c.lock == nil {
				// Two more than the two of a read and a write: here without the read.
				want("a conflict, after the read", 3, v.with(func(s *session.Session) error {
					other, err := m.Load(t.Context(), s.ID())
					if err == nil {
						err = errors.Join(count(other), other.Commit(t.Context()), count(s))
					}
					p.Mark() // what the other one cost is not this request's
					return err
				}))
			}
			want("Destroy of an unread one", 1+c.locked, func(_ http.ResponseWriter, r *http.Request) {
				if err := m.Destroy(r.Context()); err != nil {
					t.Error(err)
				}
			})
			v.cookie = &http.Cookie{Name: m.Options().Cookie.Name, Value: "malformed"} //nolint:gosec // attributes are for answers
			want("a malformed ID", 0, v.with(look))
			v.cookie = nil
			v.visit(v.with(count))
			want("Destroy of a read one", 2+c.locked, v.with(func(s *session.Session) error { return s.Destroy(t.Context()) }))
		})
	}
}
