package session_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"gyrfalcon/session"
	"gyrfalcon/session/memory"
)

// discard is a ResponseWriter that costs nothing.
type discard struct{ h http.Header }

func (d *discard) Header() http.Header         { return d.h }
func (d *discard) Write(p []byte) (int, error) { return len(p), nil }
func (d *discard) WriteHeader(int)             {}

// fourVariables is a visitor with a session of four variables and 256 bytes.
func fourVariables(t testing.TB) (*session.Manager, *http.Request) {
	t.Helper()
	m := startedOn(t, memory.New(memory.Options{}), session.Options{GCInterval: -1})
	v := newVisitor(t, m)
	v.with(func(s *session.Session) {
		must(t, "Set", s.Set("user", "ada"))
		must(t, "Set", s.Set("visits", 1))
		must(t, "Set", s.Set("theme", "dark"))
		must(t, "Set", s.Set("note", strings.Repeat("x", 165)))
	})
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://localhost/", http.NoBody)
	r.RemoteAddr = "127.0.0.1:1234"
	r.AddCookie(v.cookie)
	return m, r
}

func read2(t testing.TB, m *session.Manager, w http.ResponseWriter, r *http.Request) *session.Session {
	s, err := m.From(r.Context())
	if err != nil {
		t.Fatalf("From: %v", err)
	}
	if user, err := session.Get[string](s, "user"); user != "ada" || err != nil {
		t.Fatalf("user: got %q, %v", user, err)
	}
	if n, err := session.Get[int](s, "visits"); n == 0 || err != nil {
		t.Fatalf("visits: got %d, %v", n, err)
	}
	w.WriteHeader(http.StatusNoContent)
	return s
}

func read2change1(t testing.TB, m *session.Manager, w http.ResponseWriter, r *http.Request) {
	s, err := m.From(r.Context())
	if err != nil {
		t.Fatalf("From: %v", err)
	}
	if user, err := session.Get[string](s, "user"); user != "ada" || err != nil {
		t.Fatalf("user: got %q, %v", user, err)
	}
	n, err := session.Get[int](s, "visits")
	if err != nil {
		t.Fatalf("visits: %v", err)
	}
	if err := s.Set("visits", n+1); err != nil {
		t.Fatalf("Set: %v", err)
	}
	w.WriteHeader(http.StatusNoContent)
}

// perRequest counts the allocations of a request behind the middleware, less those
// of the bare handler.
func perRequest(t *testing.T, m *session.Manager, r *http.Request, handler http.HandlerFunc) float64 {
	t.Helper()
	count := func(h http.Handler) float64 {
		return testing.AllocsPerRun(1000, func() { h.ServeHTTP(&discard{http.Header{}}, r) })
	}
	bare := count(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	return count(m.Middleware(handler)) - bare
}

// Not parallel: AllocsPerRun counts what every goroutine allocates.
func TestAllocationsOfARequest(t *testing.T) {
	m, r := fourVariables(t)
	for _, c := range []struct {
		name    string
		most    float64
		handler http.HandlerFunc
	}{
		{"never asks for its session", 3, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }},
		{"reads 2", 15, func(w http.ResponseWriter, r *http.Request) { read2(t, m, w, r) }},
		{"reads 2 and changes 1", 28, func(w http.ResponseWriter, r *http.Request) { read2change1(t, m, w, r) }},
	} {
		got := perRequest(t, m, r, c.handler)
		t.Logf("%s: %v allocations", c.name, got)
		if got > c.most {
			t.Errorf("%s: got %v allocations, want at most %v", c.name, got, c.most)
		}
	}
}

func BenchmarkRequest(b *testing.B) {
	m, r := fourVariables(b)
	for _, c := range []struct {
		name    string
		handler http.HandlerFunc
	}{
		{"unused", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }},
		{"read2", func(w http.ResponseWriter, r *http.Request) { read2(b, m, w, r) }},
		{"read2change1", func(w http.ResponseWriter, r *http.Request) { read2change1(b, m, w, r) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			h := m.Middleware(c.handler)
			b.ReportAllocs()
			for b.Loop() {
				h.ServeHTTP(&discard{http.Header{}}, r)
			}
		})
	}
}
