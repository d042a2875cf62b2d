package sessiontest

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"

	"gyrfalcon/session"
)

var afterHazards = []hazard{
	{name: "A change after the first byte is stored if the client knows the session", test: func(t *testing.T, h Harness) {
		for what, begin := range beginnings {
			st := newSite(t, h)
			v := st.visitorWith(0)
			v.get(st.serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if err := st.change(r, look); err != nil {
					t.Errorf("From = %v, want nil", err)
				}
				begin(w)
				if err := st.change(r, set("late", 1)); err != nil {
					t.Errorf("Set after %s = %v, want nil", what, err)
				}
			}))).want(http.StatusOK).wantNoCookie()
			v.wantVars(`{"late":1,"n":0}`)

			// A session that began before the first byte is known too.
			v = st.visitor()
			v.get(st.serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if err := st.change(r, set("early", 1)); err != nil {
					t.Errorf("Set = %v, want nil", err)
				}
				begin(w)
				if err := st.change(r, set("late", 1)); err != nil {
					t.Errorf("Set after %s = %v, want nil", what, err)
				}
			}))).want(http.StatusOK).wantCookie()
			v.wantVars(`{"early":1,"late":1}`)
		}
	}},
	{name: "A change after the first byte is ErrTooLate if the client does not know the session", test: func(t *testing.T, h Harness) {
		for what, begin := range beginnings {
			st := newSite(t, h)
			v := st.visitor()
			v.get(st.serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				s, err := st.m.From(r.Context())
				if err != nil {
					t.Errorf("From = %v, want nil", err)
				}
				begin(w)
				for change, err := range map[string]error{
					"Set":        s.Set("late", 1),
					"Update":     count(s),
					"Bag.Set":    s.Bag("b").Set("late", 1),
					"Flash.Add":  s.Flash().Notice("late"),
					"Regenerate": s.Regenerate(),
				} {
					if !errors.Is(err, session.ErrTooLate) {
						t.Errorf("%s after %s = %v, want ErrTooLate", change, what, err)
					}
				}
			}))).want(http.StatusOK).wantNoCookie()
			if c := st.calls.Calls(); c.Create > 0 {
				t.Errorf("the store has had %+v, want no write", c)
			}
		}
	}},
	{name: "After the first byte a first From, a Regenerate, and a change after Destroy are ErrTooLate", test: func(t *testing.T, h Harness) {
		st := newSite(t, h)
		v := st.visitorWith(0)
		v.get(st.serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, "the body")
			if _, err := st.m.From(r.Context()); !errors.Is(err, session.ErrTooLate) {
				t.Errorf("a first From after a Write = %v, want ErrTooLate", err)
			}
		}))).want(http.StatusOK).wantNoCookie()
		v.get(st.serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			s, err := st.m.From(r.Context())
			if err != nil {
				t.Errorf("From = %v, want nil", err)
			}
			_, _ = io.WriteString(w, "the body")
			if err := s.Regenerate(); !errors.Is(err, session.ErrTooLate) {
				t.Errorf("Regenerate after a Write = %v, want ErrTooLate", err)
			}
			if err := s.Destroy(r.Context()); err != nil {
				t.Errorf("Destroy after a Write = %v, want nil", err)
			}
			if err := s.Set("late", 1); !errors.Is(err, session.ErrTooLate) {
				t.Errorf("Set after a Write and a Destroy = %v, want ErrTooLate", err)
			}
		}))).want(http.StatusOK).wantNoCookie()
		st.wantNothingStored()
	}},
	{name: "A Commit in the midst of a stream is seen by others at once", test: func(t *testing.T, h Harness) {
		st := newSite(t, h)
		v := st.visitorWith(0)
		halt := st.halt()
		under := v.start(st.serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			s, err := st.m.From(r.Context())
			if err != nil {
				t.Errorf("From = %v, want nil", err)
			}
			_, _ = io.WriteString(w, "the body")
			if err := errors.Join(s.Set("mid", 1), s.Commit(r.Context())); err != nil {
				t.Errorf("Set and Commit = %v, want nil", err)
			}
			halt.here()
			if err := s.Reload(r.Context()); err != nil {
				t.Errorf("Reload = %v, want nil", err)
			}
			if n, err := session.Get[int](s, "n"); n != 1 || err != nil {
				t.Errorf("n = %d, error %v, after another's Update and a Reload; want 1", n, err)
			}
		})))
		halt.await()
		v.clone().wantVars(`{"mid":1,"n":0}`)
		v.clone().get(st.using(count)).want(http.StatusOK)
		halt.release()
		under.wait().want(http.StatusOK)
	}},
	{name: "A Commit in the midst of a stream tells that the session is gone", test: func(t *testing.T, h Harness) {
		st := newSite(t, h)
		v := st.visitorWith(0)
		v.get(st.serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			s, err := st.m.From(r.Context())
			if err != nil {
				t.Errorf("From = %v, want nil", err)
			}
			_, _ = io.WriteString(w, "the body")
			if err := st.Destroy(r.Context(), v.stored()); err != nil {
				t.Errorf("the store's Destroy = %v, want nil", err)
			}
			if err := s.Set("late", 1); err != nil {
				t.Errorf("Set = %v, want nil: nobody knows yet", err)
			}
			if err := s.Commit(r.Context()); !errors.Is(err, session.ErrGone) {
				t.Errorf("Commit = %v, want ErrGone", err)
			}
			if err := s.Set("later", 1); !errors.Is(err, session.ErrGone) {
				t.Errorf("Set after that = %v, want ErrGone", err)
			}
		}))).want(http.StatusOK).wantNoCookie()
		st.wantNothingStored()
	}},
	{name: "A client that hangs up after the handler's Set does not lose it", test: func(t *testing.T, h Harness) {
		st := newSite(t, h)
		v := st.visitorWith(0)
		did, over := make(chan struct{}), make(chan struct{})
		sets := st.m.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if err := st.change(r, set("kept", 1)); err != nil {
				t.Errorf("Set = %v, want nil", err)
			}
			close(did)
			<-r.Context().Done() // the server sees that the client has gone
		}))
		path := st.bare(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer close(over)
			sets.ServeHTTP(w, r)
		}))
		ctx, hangUp := context.WithCancel(t.Context())
		defer hangUp()
		gone := make(chan *answer, 1)
		go func() { gone <- v.sendIn(ctx, http.MethodGet, path) }()
		await(t, did, "the handler's Set")
		hangUp()
		await(t, gone, "the client to be gone").wantBroken()
		await(t, over, "the request to be over")
		v.wantVars(`{"kept":1,"n":0}`)
	}},
}

// beginnings are the ways in which a response begins.
var beginnings = map[string]func(w http.ResponseWriter){
	"Write":       func(w http.ResponseWriter) { _, _ = w.Write([]byte("the body")) },
	"WriteString": func(w http.ResponseWriter) { _, _ = io.WriteString(w, "the body") },
	"WriteHeader": func(w http.ResponseWriter) { w.WriteHeader(http.StatusOK) },
	"Flush":       func(w http.ResponseWriter) { _ = http.NewResponseController(w).Flush() },
	"ReadFrom":    func(w http.ResponseWriter) { _, _ = io.Copy(w, io.LimitReader(zeros{}, 10)) },
}

// zeros is an endless file.
type zeros struct{}

// Read brings zeros.
func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
