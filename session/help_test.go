package session_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"gyrfalcon/session"
	"gyrfalcon/session/memory"
	"gyrfalcon/session/sessiontest"
)

func newClock() *sessiontest.Clock {
	return sessiontest.NewClock(time.Date(2027, 3, 4, 5, 6, 7, 0, time.UTC))
}

// started returns a running manager over a new memory store.
func started(t testing.TB, o session.Options) *session.Manager {
	t.Helper()
	return startedOn(t, memory.New(memory.Options{Now: o.Now}), o)
}

func startedOn(t testing.TB, a session.Adapter, o session.Options) *session.Manager {
	t.Helper()
	m := session.New(a, o)
	if err := m.Start(t.Context()); err != nil {
		t.Fatalf("Start: %v", err)
	}
	t.Cleanup(func() {
		if err := m.Stop(context.Background()); err != nil {
			t.Errorf("Stop: %v", err)
		}
	})
	return m
}

// visitor is a client that keeps its cookie.
type visitor struct {
	t      testing.TB
	m      *session.Manager
	cookie *http.Cookie
}

func newVisitor(t testing.TB, m *session.Manager) *visitor { return &visitor{t: t, m: m} }

// do sends one request to handler, behind the middleware, and keeps the cookie that
// comes back.
func (v *visitor) do(handler func(w http.ResponseWriter, r *http.Request)) *http.Response {
	v.t.Helper()
	r := httptest.NewRequestWithContext(v.t.Context(), http.MethodGet, "http://localhost/", http.NoBody)
	r.RemoteAddr = "127.0.0.1:1234"
	if v.cookie != nil {
		r.AddCookie(v.cookie)
	}
	w := httptest.NewRecorder()
	v.m.Middleware(http.HandlerFunc(handler)).ServeHTTP(w, r)
	res := w.Result()
	for _, c := range res.Cookies() {
		if c.Name == v.m.Options().Cookie.Name {
			v.cookie = c
			if c.MaxAge < 0 {
				v.cookie = nil
			}
		}
	}
	return res
}

// with runs do with the request's session.
func (v *visitor) with(do func(s *session.Session)) *http.Response {
	v.t.Helper()
	return v.do(func(_ http.ResponseWriter, r *http.Request) {
		s, err := v.m.From(r.Context())
		if err != nil {
			v.t.Errorf("From: %v", err)
			return
		}
		do(s)
	})
}

func body(t testing.TB, res *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("read the body: %v", err)
	}
	return string(b)
}

func wantErr(t testing.TB, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: got error %v, want %v", what, err, want)
	}
}

func must(t testing.TB, what string, err error) {
	t.Helper()
	if err != nil {
		t.Errorf("%s: %v", what, err)
	}
}

func wantValue[T comparable](t testing.TB, v session.Variables, name string, want T) {
	t.Helper()
	got, err := session.Get[T](v, name)
	if err != nil || got != want {
		t.Errorf("variable %q: got %v, error %v; want %v", name, got, err, want)
	}
}

// eventLog keeps what OnEvent was told.
type eventLog struct {
	mu  sync.Mutex
	all []session.Event
}

func (l *eventLog) add(e session.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, e)
}

func (l *eventLog) kinds() []session.EventKind {
	l.mu.Lock()
	defer l.mu.Unlock()
	kinds := make([]session.EventKind, 0, len(l.all))
	for _, e := range l.all {
		kinds = append(kinds, e.Kind)
	}
	return kinds
}

func (l *eventLog) has(kind session.EventKind) bool { return slices.Contains(l.kinds(), kind) }

// sharedMemory is a store that outlives the managers that are stopped on it.
type sharedMemory struct{ session.Adapter }

func (sharedMemory) Close(context.Context) error { return nil }

func newSharedMemory(t testing.TB) session.Adapter {
	t.Helper()
	return sharedMemory{memory.New(memory.Options{})}
}
