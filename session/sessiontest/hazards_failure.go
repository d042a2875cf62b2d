package sessiontest

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"gyrfalcon/session"
)

// errStore stands for whatever a store may say.
var errStore = errors.New("no route to the store")

// failure is a commit that cannot succeed.
type failure struct {
	name   string
	make   func(st *site, v *visitor) // called when the handler has read
	change func(s *session.Session) error
	status int
	err    error
}

var failures = []failure{
	{"gone", func(st *site, v *visitor) { _ = st.Destroy(context.Background(), v.stored()) }, set("n", 1), 409, session.ErrGone},
	{"superseded", func(st *site, v *visitor) { v.clone().send(http.MethodGet, st.using(regenerate)) }, set("n", 1), 409, session.ErrSuperseded},
	{"refused by the store", func(st *site, _ *visitor) { st.faults.On(Swap, Fail(errStore)) }, set("n", 1), 503, errStore},
	{"busy", func(st *site, _ *visitor) { st.faults.On(Swap, Fail(session.ErrBusy)) }, set("n", 1), 503, session.ErrBusy},
	{"fought for until the deadline", func(st *site, _ *visitor) { st.faults.On(Swap, Fail(session.ErrConflict)) }, set("n", 1), 503, session.ErrBusy},
	{"not answered until the deadline", func(st *site, _ *visitor) { st.faults.On(Swap, Hang) }, set("n", 1), 503, session.ErrBusy},
	{"lost on the way back", func(st *site, _ *visitor) { st.faults.On(Swap, LoseAnswer) }, set("n", 1), 503, session.ErrOutcomeUnknown},
	{"too large", func(*site, *visitor) {}, set("n", strings.Repeat("x", session.DefaultMaxData)), 500, session.ErrTooLarge},
}

var failureHazards = []hazard{
	{name: "A commit that fails drops the handler's headers and answers in general words", test: func(t *testing.T, h Harness) {
		for _, f := range failures {
			t.Run(f.name, func(t *testing.T) {
				t.Parallel()
				testFailure(t, h, f)
			})
		}
	}},
	{name: "A commit that fails calls the ErrorHandler once", test: func(t *testing.T, h Harness) {
		handled := make(chan error, 10)
		st := newSite(t, h, func(o *session.Options) {
			o.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, err error) {
				handled <- err
				w.Header().Set("X-Own", "1")
				w.WriteHeader(http.StatusTeapot)
			}
		})
		st.faults.On(Create, Fail(errStore))
		a := st.visitor().get(st.serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if err := st.change(r, set("n", 1)); err != nil {
				t.Errorf("Set = %v, want nil", err)
			}
			w.WriteHeader(http.StatusOK)
			for range 3 {
				if _, err := io.WriteString(w, "the body"); !errors.Is(err, errStore) {
					t.Errorf("Write = %v, want the store's error", err)
				}
			}
			if err := st.change(r, set("n", 2)); !errors.Is(err, errStore) {
				t.Errorf("Set after a commit that failed = %v, want the store's error", err)
			}
		})))
		a.want(http.StatusTeapot).wantNoCookie()
		if a.body != "" || a.header.Get("X-Own") != "1" {
			t.Errorf("the answer is %q with X-Own %q, want the ErrorHandler's", a.body, a.header.Get("X-Own"))
		}
		if n := len(handled); n != 1 {
			t.Errorf("the ErrorHandler was called %d times, want once", n)
		}
	}},
	{name: "A store that cannot be read is 503, and the next request finds the session", test: func(t *testing.T, h Harness) {
		st := newSite(t, h)
		v := st.visitorWith(0)
		st.faults.On(Read, Fail(errStore))
		a := v.get(st.using(count)).want(http.StatusServiceUnavailable).wantNoCookie()
		if strings.Contains(a.body, errStore.Error()) {
			t.Errorf("the answer is %q, want nothing of the store's error in it", a.body)
		}
		if a.header.Get("Retry-After") == "" {
			t.Error("a 503 has no Retry-After, want one")
		}
		st.faults.On(Read, nil)
		v.get(st.using(count)).want(http.StatusOK)
		v.wantVars(`{"n":1}`)
	}},
	{name: "A From that failed can be tried again in the same request", test: func(t *testing.T, h Harness) {
		st := newSite(t, h)
		v := st.visitorWith(0)
		st.faults.On(Read, Once(Fail(errStore)))
		v.get(st.serve(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if err := st.change(r, count); !errors.Is(err, errStore) {
				t.Errorf("From = %v, want the store's error", err)
			}
			if err := st.change(r, count); err != nil {
				t.Errorf("From again = %v, want nil", err)
			}
		}))).want(http.StatusOK)
		v.wantVars(`{"n":1}`)
	}},
	{name: "A touch that fails costs nobody an answer", test: func(t *testing.T, h Harness) {
		st := newSite(t, h)
		v := st.visitorWith(0)
		st.faults.On(Touch, Fail(errStore))
		st.wait(st.life / 10)
		v.get(st.using(look)).want(http.StatusOK).wantNoCookie()
		if told := st.heard.says(errStore.Error()); told == st.slides(v.stored()) {
			t.Errorf("a line of the log tells of a touch that failed: %t, want %t", told, !told)
		}
		v.wantVars(`{"n":0}`)
	}},
	{name: "A change after the first byte that cannot be stored is told in the log", test: func(t *testing.T, h Harness) {
		st := newSite(t, h)
		v := st.visitorWith(0)
		st.faults.On(Swap, Fail(errStore))
		a := v.get(st.serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if err := st.change(r, look); err != nil {
				t.Errorf("From = %v, want nil", err)
			}
			_, _ = io.WriteString(w, "the body")
			if err := st.change(r, set("n", 1)); err != nil {
				t.Errorf("Set = %v, want nil", err)
			}
		}))).want(http.StatusOK)
		if a.body != "the body" || !st.heard.says(errStore.Error()) {
			t.Errorf("the answer is %q, and the log tells of it: %t; want the body, and true", a.body, st.heard.says(errStore.Error()))
		}
		v.wantVars(`{"n":0}`)
	}},
	{name: "A session over max_data is refused before anything is written", test: func(t *testing.T, h Harness) {
		st := newSite(t, h, func(o *session.Options) { o.MaxData = 200 })
		v := st.visitorWith(0)
		st.calls.Reset()
		v.get(st.using(set("big", strings.Repeat("x", 200)))).want(http.StatusInternalServerError).wantNoCookie()
		st.visitor().get(st.using(set("big", strings.Repeat("x", 200)))).want(http.StatusInternalServerError).wantNoCookie()
		if c := st.calls.Reset(); c != (Calls{Read: 1}) {
			t.Errorf("the store has had %+v, want a Read only", c)
		}
		v.wantVars(`{"n":0}`)
		v.get(st.using(regenerate)).want(http.StatusOK)
	}},
}

func testFailure(t *testing.T, h Harness, f failure) {
	st := newSite(t, h, func(o *session.Options) {
		if f.err == session.ErrBusy { //nolint:errorlint // the table's own
			o.Timeout = 300 * time.Millisecond
		}
	})
	v := st.visitorWith(0)
	writes := st.m.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := st.change(r, f.change); err != nil {
			t.Errorf("the change = %v, want nil", err)
		}
		f.make(st, v)
		h := w.Header()
		h.Set("Content-Type", "image/png")
		h.Set("Content-Length", "8")
		h.Set("Etag", `"1"`)
		h.Set("X-Handler", "1")
		http.SetCookie(w, &http.Cookie{Name: "theme", Value: "dark"})
		for range 2 {
			if _, err := io.WriteString(w, "the body"); !errors.Is(err, f.err) {
				t.Errorf("Write = %v, want %v", err, f.err)
			}
		}
		if err := http.NewResponseController(w).Flush(); !errors.Is(err, f.err) {
			t.Errorf("Flush = %v, want %v", err, f.err)
		}
		if _, _, err := http.NewResponseController(w).Hijack(); !errors.Is(err, f.err) {
			t.Errorf("Hijack = %v, want %v", err, f.err)
		}
	}))
	a := v.get(st.bare(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Outer", "1")
		writes.ServeHTTP(w, r)
	})))
	a.want(f.status).wantNoCookie()
	if a.header.Get("X-Handler")+a.header.Get("Etag") != "" || len(a.header["Set-Cookie"]) > 0 {
		t.Errorf("the answer has the headers %v, want none of the handler's", a.header)
	}
	if a.header.Get("X-Outer") != "1" {
		t.Error("the answer has lost the headers that stood before the handler ran, want them kept")
	}
	if got := a.header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("the answer has Cache-Control %q, want no-store", got)
	}
	if strings.Contains(a.body, "the body") || strings.Contains(a.body, f.err.Error()) || a.body == "" {
		t.Errorf("the answer is %q, want general words", a.body)
	}
}
