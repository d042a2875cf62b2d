package sessiontest

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"gyrfalcon/session"
)

func persistent(o *session.Options) { o.Cookie.Persistent = true }

var persistHazards = []hazard{
	{name: "A persistent cookie is sent again before it ends, and not with every answer", test: func(t *testing.T, h Harness) {
		st := newSite(t, h, persistent)
		v := st.visitorWith(0)
		end := st.now().Add(st.life)
		sent := 0
		path := st.using(look)
		const reads = 60
		for i := range reads {
			pause := time.Second // three requests come close together
			if i%3 == 0 {
				pause = st.life / 10
			}
			st.wait(pause)
			if !st.now().Before(end) {
				t.Fatalf("the cookie ended before request %d, though the session was used all the time", i+1)
			}
			for _, c := range v.get(path).want(http.StatusOK).cookies() {
				if c.MaxAge != int(st.life/time.Second) || c.Value != v.jar.id() {
					t.Fatalf("the cookie has Max-Age %d, and the session's ID is %t; want %v and true", c.MaxAge, c.Value == v.jar.id(), st.life.Seconds())
				}
				sent++
				end = st.now().Add(st.life)
			}
		}
		if sent > reads/3 {
			t.Errorf("the cookie was sent %d times in %d requests, want once for each %v at most", sent, reads, min(st.life/20, time.Minute))
		}
		v.wantVars(`{"n":0}`)
	}},
	{name: "A cookie that is not persistent is sent once and has no end", test: func(t *testing.T, h Harness) {
		st := newSite(t, h)
		v := st.visitor()
		a := v.get(st.using(count)).want(http.StatusOK).wantCookie()
		c := a.cookies()[0]
		if c.MaxAge != 0 || !c.Expires.IsZero() {
			t.Errorf("the cookie has Max-Age %d and Expires %v, want neither", c.MaxAge, c.Expires)
		}
		if !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" {
			t.Errorf("the cookie has Secure %t, HttpOnly %t, SameSite %v, Path %q, Domain %q; want both, Lax, / and none",
				c.Secure, c.HttpOnly, c.SameSite, c.Path, c.Domain)
		}
		for range 5 {
			st.wait(st.life / 10)
			v.get(st.using(count)).want(http.StatusOK).wantNoCookie()
		}
	}},
	{name: "A persistent cookie of a session that was regenerated or ended meanwhile is not sent again", test: func(t *testing.T, h Harness) {
		for _, meanwhile := range []func(st *site, v *visitor){
			func(st *site, v *visitor) { v.get(st.using(regenerate)).want(http.StatusOK).wantCookie() },
			func(st *site, v *visitor) { v.get(st.logout()).want(http.StatusOK).wantCookie() },
		} {
			st := newSite(t, h, persistent)
			v := st.visitorWith(0)
			st.wait(st.life / 10)
			early, late := st.halt(), st.halt()
			// One has read the session, the other has renewed it too.
			first := v.clone().start(st.using(func(s *session.Session) error {
				early.here()
				return look(s)
			}))
			early.await()
			second := v.clone().start(st.using(func(s *session.Session) error {
				defer late.here()
				return s.Commit(context.Background())
			}))
			late.await()
			meanwhile(st, v)
			early.release()
			late.release()
			first.wait().want(http.StatusOK).wantNoCookie()
			second.wait().want(http.StatusOK).wantNoCookie()
		}
	}},
	{name: "A session over max_data, which somebody else stored, is kept alive by being read", applies: fakeClock, test: func(t *testing.T, h Harness) {
		for _, change := range []func(o *session.Options){func(*session.Options) {}, persistent} {
			st := newSite(t, h, change, func(o *session.Options) { o.MaxData = 100 })
			v := st.found(`{"n":"` + strings.Repeat("x", 100) + `"}`)
			path := st.using(look)
			for range 30 {
				st.wait(st.life / 10)
				v.get(path).want(http.StatusOK)
			}
			if v.vars() == `{}` {
				t.Error("the session is gone after three lives in which it was read again and again, want it alive")
			}
		}
	}},
	{name: "A persistent cookie is sent again though work without HTTP keeps the session alive", test: func(t *testing.T, h Harness) {
		st := newSite(t, h, persistent)
		v := st.visitorWith(0)
		path := st.using(look)
		end := st.now().Add(st.life)
		for i := range 30 {
			st.wait(st.life / 20)
			if !st.now().Before(end) {
				t.Fatalf("the cookie ended before request %d, though the session was used all the time", i+1)
			}
			s, err := st.m.Load(t.Context(), v.jar.id())
			if err == nil {
				err = errors.Join(count(s), s.Commit(context.Background()))
			}
			if err != nil {
				t.Fatalf("Load, Update, Commit = %v, want nil", err)
			}
			if len(v.get(path).want(http.StatusOK).cookies()) > 0 {
				end = st.now().Add(st.life)
			}
		}
	}},
}
