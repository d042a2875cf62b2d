package sessiontest

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"gyrfalcon/session"
)

// soon is a time-out that a hazard waits for, long enough for a store on a busy machine
// to be asked before.
const soon = 500 * time.Millisecond

var orderHazards = []hazard{
	{name: "Outside http.TimeoutHandler a time-out keeps the cookie of a stored session", test: func(t *testing.T, h Harness) {
		st := newSite(t, h)
		v := st.visitor()
		over := make(chan struct{})
		v.get(st.serve(http.TimeoutHandler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			defer close(over)
			s, err := st.m.From(r.Context())
			if err != nil {
				t.Errorf("From = %v, want nil", err)
				return
			}
			if err := errors.Join(s.Set("n", 1), s.Commit(r.Context())); err != nil {
				t.Errorf("Set and Commit = %v, want nil", err)
			}
			<-r.Context().Done()
			// The answer is under way, in another goroutine. Whatever this one
			// still does ends well or tells why not.
			for err == nil {
				err = s.Set("n", 1)
			}
			if !errors.Is(err, session.ErrClosed) {
				t.Errorf("Set after the time-out = %v, want ErrClosed in the end", err)
			}
		}), soon, "too slow"))).want(http.StatusServiceUnavailable).wantCookie()
		await(t, over, "the slow handler to end")
		v.wantVars(`{"n":1}`)
	}},
	{name: "Outside http.TimeoutHandler the session is the visitor's as ever", test: func(t *testing.T, h Harness) {
		st := newSite(t, h)
		v := st.visitor()
		for range 2 {
			v.get(st.serve(http.TimeoutHandler(handler(st.m, count), patience, ""))).want(http.StatusOK)
		}
		v.wantVars(`{"n":2}`)
		v.get(st.serve(http.TimeoutHandler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if err := st.change(r, count); err != nil {
				t.Errorf("Update = %v, want nil", err)
			}
			panic(http.ErrAbortHandler)
		}), patience, ""))).wantBroken()
		v.wantVars(`{"n":2}`)
	}},
	{name: "Inside http.TimeoutHandler a time-out drops the cookie, which is why the order is documented", test: func(t *testing.T, h Harness) {
		st := newSite(t, h)
		v := st.visitor()
		over := make(chan struct{})
		v.get(st.bare(http.TimeoutHandler(st.m.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer close(over)
			if err := st.change(r, set("n", 1)); err != nil {
				t.Errorf("Set = %v, want nil", err)
			}
			_, _ = io.WriteString(w, "the body")
			<-r.Context().Done()
		})), soon, "too slow"))).want(http.StatusServiceUnavailable).wantNoCookie()
		await(t, over, "the slow handler to end")
		if c := st.calls.Calls(); c.Create != 1 {
			t.Errorf("the store has had %+v, want one Create", c)
		}
	}},
	{name: "When the answer is under way nobody touches its headers", test: testHeadersLeft},
	{name: "Inside http.MaxBytesHandler a body that is too large closes the connection", test: func(t *testing.T, h Harness) {
		st := newSite(t, h)
		v := st.visitor()
		reads := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if err := st.change(r, count); err != nil {
				t.Errorf("Update = %v, want nil", err)
			}
			if _, err := io.Copy(io.Discard, r.Body); err != nil {
				w.WriteHeader(http.StatusRequestEntityTooLarge)
			}
		})
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost,
			v.url(st.bare(http.MaxBytesHandler(st.m.Middleware(reads), 10))), strings.NewReader(strings.Repeat("x", 1000)))
		if err != nil {
			t.Fatal(err)
		}
		res, err := v.client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		v.head(res).want(http.StatusRequestEntityTooLarge).wantCookie()
		if !res.Close {
			t.Error("the connection stays open after a body that is too large, want it closed")
		}
		v.wantVars(`{"n":1}`)
	}},
	{name: "A ResponseController reaches the server through the middleware", test: func(t *testing.T, h Harness) {
		st := newSite(t, h)
		st.visitor().get(st.serve(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			c := http.NewResponseController(w)
			later := time.Now().Add(patience)
			if err := errors.Join(c.SetReadDeadline(later), c.SetWriteDeadline(later), c.EnableFullDuplex()); err != nil {
				t.Errorf("SetReadDeadline, SetWriteDeadline, EnableFullDuplex = %v, want nil", err)
			}
		}))).want(http.StatusOK)
	}},
	{name: "The middleware twice on one way is the middleware once", test: func(t *testing.T, h Harness) {
		st := newSite(t, h)
		v := st.visitor()
		for range 2 {
			v.get(st.serve(st.m.Middleware(handler(st.m, count)))).want(http.StatusOK)
		}
		v.wantVars(`{"n":2}`)
	}},
	{name: "Without the middleware there is no session", test: func(t *testing.T, h Harness) {
		st := newSite(t, h)
		st.visitor().get(st.bare(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if _, err := st.m.From(r.Context()); !errors.Is(err, session.ErrNoSession) {
				t.Errorf("From without the middleware = %v, want ErrNoSession", err)
			}
			if err := st.m.Destroy(r.Context()); !errors.Is(err, session.ErrNoSession) {
				t.Errorf("Destroy without the middleware = %v, want ErrNoSession", err)
			}
		}))).want(http.StatusOK)
	}},
}

// testHeadersLeft lets a slow handler commit at the moment at which the answer
// that was given in its place leaves.
func testHeadersLeft(t *testing.T, h Harness) {
	st := newSite(t, h)
	v := st.visitorWith(0)
	leaves, committed := make(chan struct{}), make(chan struct{})
	inner := st.m.Middleware(http.TimeoutHandler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		defer close(committed)
		s, err := st.m.From(r.Context())
		if err != nil {
			t.Errorf("From = %v, want nil", err)
			return
		}
		<-leaves
		if err := errors.Join(s.Set("late", 1), s.Commit(t.Context())); err != nil {
			t.Errorf("Set and Commit of a session that the client knows = %v, want nil", err)
		}
	}), soon, "too slow"))
	v.get(st.bare(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		inner.ServeHTTP(&leaving{ResponseWriter: w, on: func() {
			// As the server does, which writes them without asking anybody.
			w.Header().Del("Vary")
			close(leaves)
			await(t, committed, "the slow handler's Commit")
			if vary := w.Header()["Vary"]; len(vary) > 0 {
				t.Error("a Commit set a header while the headers were leaving, want none touched")
			}
		}}, r)
	}))).want(http.StatusServiceUnavailable)
	v.wantVars(`{"late":1,"n":0}`)
}

// leaving is a response that tells when its headers leave.
type leaving struct {
	http.ResponseWriter

	on func()
}

// WriteHeader tells, and sends them.
func (l *leaving) WriteHeader(code int) {
	l.on()
	l.ResponseWriter.WriteHeader(code)
}

// Unwrap is for http.ResponseController.
func (l *leaving) Unwrap() http.ResponseWriter { return l.ResponseWriter }
