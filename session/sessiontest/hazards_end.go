package sessiontest

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"gyrfalcon/session"
)

var endHazards = []hazard{
	{name: "A logout is not undone by a slow request", test: func(t *testing.T, h Harness) {
		for _, slow := range []func(*session.Session) error{
			set("slow", 1),
			count,
			func(s *session.Session) error { return s.Flash().Notice("late") },
			func(s *session.Session) error { return s.Regenerate() },
		} {
			st := newSite(t, h)
			v := st.visitorWith(0)
			late := v.clone()
			halt := st.halt()
			under := late.start(st.using(func(s *session.Session) error {
				if err := slow(s); err != nil {
					return err
				}
				halt.here()
				return nil
			}))
			halt.await()
			v.get(st.logout()).want(http.StatusOK).wantCookie()
			if id := v.jar.id(); id != "" {
				t.Fatal("the client still has a cookie after the answer to Destroy, want none")
			}
			halt.release()
			under.wait().want(http.StatusConflict).wantNoCookie()
			st.wantNothingStored()
			late.wantVars(`{}`)
		}
	}},
	{name: "A session deleted in the midst of a request refuses changes, and nothing is stored or set", test: func(t *testing.T, h Harness) {
		st := newSite(t, h)
		v := st.visitorWith(0)
		a := v.get(st.using(func(s *session.Session) error {
			if err := st.Destroy(context.Background(), v.stored()); err != nil {
				return err
			}
			return s.Set("late", 1)
		}))
		a.want(http.StatusConflict).wantNoCookie()
		st.wantNothingStored()
	}},
	{name: "A session deleted in the midst of the request that began it is not handed to the client", test: func(t *testing.T, h Harness) {
		st := newSite(t, h)
		a := st.visitor().get(st.using(func(s *session.Session) error {
			if err := errors.Join(s.Set("n", 1), s.Commit(context.Background())); err != nil {
				return err
			}
			st.heard.id(s.ID())
			return errors.Join(st.Destroy(context.Background(), st.storedID(s.ID())), s.Set("n", 2))
		}))
		a.want(http.StatusConflict).wantNoCookie()
		st.wantNothingStored()
	}},
	{name: "A session that expires in the midst of a request refuses changes, and nothing is stored or set", test: func(t *testing.T, h Harness) {
		st := newSite(t, h)
		st.life = st.short
		m := st.service(borrowed{st.faults}, func(o *session.Options) { o.Lifetime = st.short })
		v := st.visitor()
		v.get(st.bare(m.Middleware(handler(m, set("n", 0))))).want(http.StatusOK)
		halt := st.halt()
		under := v.start(st.bare(m.Middleware(handler(m, func(s *session.Session) error {
			if err := look(s); err != nil {
				return err
			}
			halt.here()
			return s.Set("late", 1)
		}))))
		halt.await()
		st.outlive(st.short)
		halt.release()
		under.wait().want(http.StatusConflict).wantNoCookie()
		st.wantGoneFor(v.stored(), st.short)
	}},
	{name: "A session deleted after a request has read it costs the reader nothing", test: func(t *testing.T, h Harness) {
		st := newSite(t, h)
		v := st.visitorWith(7)
		st.wait(st.m.Options().Lifetime / 10) // so that it is time for a touch
		v.get(st.using(func(s *session.Session) error {
			if err := st.Destroy(context.Background(), v.stored()); err != nil {
				return err
			}
			if n, err := session.Get[int](s, "n"); n != 7 || err != nil {
				t.Errorf("n = %d, error %v, in a request that had read it; want 7", n, err)
			}
			return nil
		})).want(http.StatusOK).wantNoCookie()
		st.wantNothingStored()
	}},
	{name: "A slow answer does not withdraw a newer session's cookie", test: func(t *testing.T, h Harness) {
		st := newSite(t, h)
		v := st.visitorWith(0)
		halt := st.halt()
		under := v.start(st.using(func(s *session.Session) error {
			halt.here()
			return look(s)
		}))
		halt.await()
		v.get(st.logout()).want(http.StatusOK)
		v.get(st.using(set("user", "again"))).want(http.StatusOK).wantCookie()
		halt.release()
		under.wait().want(http.StatusOK).wantNoCookie()
		v.wantVars(`{"user":"again"}`)
	}},
	{name: "A change after Destroy begins a new session under a new ID", test: func(t *testing.T, h Harness) {
		st := newSite(t, h)
		v := st.visitorWith(0)
		old := v.clone()
		v.get(st.serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			s, err := st.m.From(r.Context())
			if err == nil {
				err = s.Destroy(r.Context())
			}
			if err == nil {
				err = s.Set("new", 1)
			}
			if err != nil {
				session.Error(w, r, err)
			}
		}))).want(http.StatusOK).wantCookie()
		if v.jar.id() == old.jar.id() {
			t.Fatal("the session after Destroy has the ID of the one before, want a new one")
		}
		v.wantVars(`{"new":1}`)
		old.wantVars(`{}`)
	}},
	{name: "A logout that the store does not answer says so, and keeps the cookie", test: func(t *testing.T, h Harness) {
		st := newSite(t, h)
		v := st.visitorWith(0)
		st.faults.On(Destroy, Fail(errors.New("no route to the store")))
		v.get(st.logout()).want(http.StatusServiceUnavailable).wantNoCookie()
		v.wantVars(`{"n":0}`)
		st.faults.On(Destroy, nil)
		v.get(st.logout()).want(http.StatusOK).wantCookie()
		st.wantNothingStored()
	}},
	{name: "Everything on a session is ErrClosed when its request is over", test: testClosed},
}

func testClosed(t *testing.T, h Harness) {
	st := newSite(t, h)
	v := st.visitorWith(0)
	kept := make(chan *session.Session, 1)
	ctx := make(chan context.Context, 1)
	v.get(st.serve(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		s, err := st.m.From(r.Context())
		if err != nil {
			t.Errorf("From = %v, want nil", err)
		}
		kept <- s
		ctx <- r.Context()
	}))).want(http.StatusOK)
	s := await(t, kept, "the handler's session")
	over := await(t, ctx, "the handler's context")
	_, from := st.m.From(over)
	_, get := session.Get[int](s, "n")
	_, names := s.Names()
	_, has := s.Has("n")
	_, bag := s.Bag("b").Names()
	_, messages := s.Flash().Messages()
	for what, err := range map[string]error{
		"From":            from,
		"Get":             get,
		"Names":           names,
		"Has":             has,
		"Set":             s.Set("late", 1),
		"Remove":          s.Remove("n"),
		"Clear":           s.Clear(),
		"Update":          count(s),
		"Bag.Set":         s.Bag("b").Set("late", 1),
		"Bag.Names":       bag,
		"Flash.Add":       s.Flash().Notice("late"),
		"Flash.Messages":  messages,
		"Regenerate":      s.Regenerate(),
		"Destroy":         s.Destroy(t.Context()),
		"Manager.Destroy": st.m.Destroy(over),
		"Commit":          s.Commit(t.Context()),
		"Reload":          s.Reload(t.Context()),
	} {
		if !errors.Is(err, session.ErrClosed) {
			t.Errorf("%s after the request = %v, want ErrClosed", what, err)
		}
	}
	v.wantVars(`{"n":0}`)
}
