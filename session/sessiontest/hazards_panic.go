package sessiontest

import (
	"net/http"
	"testing"

	"gyrfalcon/session"
)

var panicHazards = []hazard{
	{name: "A panic after Regenerate keeps the old session", test: func(t *testing.T, h Harness) {
		st := newSite(t, h)
		v := st.visitorWith(0)
		st.calls.Reset()
		v.get(st.using(func(s *session.Session) error {
			if err := signIn(s); err != nil {
				return err
			}
			panic("after Regenerate")
		})).wantBroken()
		if c := st.calls.Reset(); c.Create+c.Swap > 0 {
			t.Errorf("a request that panicked made %+v, want no write", c)
		}
		v.wantVars(`{"n":0}`)
		v.get(st.using(count)).want(http.StatusOK)
		v.wantVars(`{"n":1}`)
	}},
	{name: "A panic after Set stores nothing", test: func(t *testing.T, h Harness) {
		st := newSite(t, h)
		v := st.visitor()
		v.get(st.using(func(s *session.Session) error {
			if err := s.Set("n", 1); err != nil {
				return err
			}
			panic("after Set")
		})).wantBroken()
		if c := st.calls.Calls(); c.Create > 0 {
			t.Errorf("a request that panicked made %+v, want no write", c)
		}
	}},
	{name: "A panic after Destroy leaves it destroyed", test: func(t *testing.T, h Harness) {
		st := newSite(t, h)
		v := st.visitorWith(0)
		v.get(st.serve(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			s, err := st.m.From(r.Context())
			if err == nil {
				err = s.Destroy(r.Context())
			}
			if err == nil {
				err = s.Set("n", 1)
			}
			if err != nil {
				t.Errorf("From, Destroy, Set = %v, want nil", err)
			}
			panic("after Destroy")
		}))).wantBroken()
		st.wantNothingStored()
		v.wantVars(`{}`)
	}},
	{name: "A panic after an explicit Commit does not cost the client its cookie", test: func(t *testing.T, h Harness) {
		st := newSite(t, h)
		v := st.visitor()
		commits := st.m.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			s, err := st.m.From(r.Context())
			if err == nil {
				err = s.Set("paid", true)
			}
			if err == nil {
				err = s.Commit(r.Context())
			}
			if err == nil {
				err = s.Set("lost", true)
			}
			if err != nil {
				t.Errorf("From, Set, Commit, Set = %v, want nil", err)
			}
			panic("after Commit")
		}))
		v.get(st.bare(recovers(commits))).want(http.StatusTeapot).wantCookie()
		v.wantVars(`{"paid":true}`)
	}},
	{name: "A panic does not keep the session from others", test: func(t *testing.T, h Harness) {
		st := newSite(t, h)
		v := st.visitorWith(0)
		for range 3 {
			v.get(st.using(func(s *session.Session) error {
				if _, err := session.Update(s, "n", func(int) int { panic("in an Update") }); err != nil {
					return err
				}
				return nil
			})).wantBroken()
		}
		v.get(st.using(count)).want(http.StatusOK)
		v.wantVars(`{"n":1}`)
	}},
}

// recovers answers where next panics, as a middleware that stands outside the
// session's does.
func recovers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if recover() != nil {
				w.WriteHeader(http.StatusTeapot)
			}
		}()
		next.ServeHTTP(w, r)
	})
}
