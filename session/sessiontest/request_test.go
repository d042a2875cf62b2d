package sessiontest_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"gyrfalcon/session"
	"gyrfalcon/session/memory"
	"gyrfalcon/session/sessiontest"
)

// A handler's test, with a visitor who has been there twice.
func ExampleRequest() {
	greet := func(m *session.Manager) http.Handler {
		return m.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			s, err := m.From(r.Context())
			if err != nil {
				session.Error(w, r, err)
				return
			}
			n, err := session.Update(s, "visits", func(n int) int { return n + 1 })
			if err != nil {
				session.Error(w, r, err)
				return
			}
			_, _ = fmt.Fprintf(w, "visit %d", n)
		}))
	}

	_ = func(t *testing.T) {
		m := session.New(memory.New(memory.Options{}), session.Options{})
		if err := m.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = m.Stop(context.Background()) }()

		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody)
		r = sessiontest.Request(t, m, r, map[string]any{"visits": 2})
		w := httptest.NewRecorder()
		greet(m).ServeHTTP(w, r)

		if got := w.Body.String(); got != "visit 3" {
			t.Errorf("the answer is %q, want visit 3", got)
		}
		after := sessiontest.After(t, m, r, w.Result())
		if n, err := session.Get[int](after, "visits"); n != 3 || err != nil {
			t.Errorf("visits = %d, error %v; want 3", n, err)
		}
	}
	// Output:
}

// service starts a session service that ends with the test.
func service(t *testing.T, a session.Adapter, o session.Options) *session.Manager {
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

// serve lets do work on the session of r, and returns the answer.
func serve(t *testing.T, m *session.Manager, r *http.Request, do func(s *session.Session) error) *http.Response {
	t.Helper()
	w := httptest.NewRecorder()
	m.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		s, err := m.From(r.Context())
		if err == nil {
			err = do(s)
		}
		if err != nil {
			t.Errorf("the handler: %v, want nil", err)
		}
	})).ServeHTTP(w, r)
	return w.Result()
}

func get(t *testing.T) *http.Request {
	t.Helper()
	return httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody)
}

func wantVar[T comparable](t *testing.T, s *session.Session, name string, want T) {
	t.Helper()
	if got, err := session.Get[T](s, name); got != want || err != nil {
		t.Errorf("%s = %v, error %v; want %v", name, got, err, want)
	}
}

func TestRequestComesWithAStoredSession(t *testing.T) {
	t.Parallel()
	type basket struct{ Apples, Pears int }
	m := service(t, memory.New(memory.Options{}), session.Options{Name: "shop", UniqueID: "shop", Cookie: session.Cookie{Name: "shop", Insecure: true}})
	r := sessiontest.Request(t, m, get(t), map[string]any{"basket": basket{3, 4}, "user": "ada"})
	res := serve(t, m, r, func(s *session.Session) error {
		if s.Info().New {
			t.Error("the session is new, want one that is stored")
		}
		wantVar(t, s, "basket", basket{3, 4})
		wantVar(t, s, "user", "ada")
		return s.Remove("user")
	})
	after := sessiontest.After(t, m, r, res)
	wantVar(t, after, "basket", basket{3, 4})
	wantVar(t, after, "user", "")
}

func TestRequestPutsItsCookieInThePlaceOfAnother(t *testing.T) {
	t.Parallel()
	m := service(t, memory.New(memory.Options{}), session.Options{})
	first := sessiontest.Request(t, m, get(t), map[string]any{"n": 1})
	first.AddCookie(&http.Cookie{Name: "theme", Value: "dark"})
	second := sessiontest.Request(t, m, first, map[string]any{"n": 2})
	for r, want := range map[*http.Request]int{first: 1, second: 2} {
		serve(t, m, r, func(s *session.Session) error {
			wantVar(t, s, "n", want)
			return nil
		})
		if c, err := r.Cookie("theme"); err != nil || c.Value != "dark" {
			t.Errorf("the cookie theme is %v, error %v; want it kept", c, err)
		}
		if n := len(r.Cookies()); n != 2 {
			t.Errorf("the request has %d cookies, want 2", n)
		}
	}
}

func TestRequestWithoutVariablesIsANewVisitors(t *testing.T) {
	t.Parallel()
	calls := sessiontest.Counting(memory.New(memory.Options{}))
	m := service(t, calls, session.Options{})
	r := sessiontest.Request(t, m, sessiontest.Request(t, m, get(t), map[string]any{"n": 1}), nil)
	if n := len(r.Cookies()); n != 0 {
		t.Errorf("the request has %d cookies, want none", n)
	}
	if c := calls.Calls(); c.Create != 1 {
		t.Errorf("the store has had %+v, want one Create, for the request with a variable", c)
	}
	res := serve(t, m, r, func(s *session.Session) error { return s.Set("n", 2) })
	wantVar(t, sessiontest.After(t, m, r, res), "n", 2)
}

func TestAfterFollowsTheCookie(t *testing.T) {
	t.Parallel()
	m := service(t, memory.New(memory.Options{}), session.Options{})
	for name, c := range map[string]struct {
		do   func(s *session.Session) error
		want int
	}{
		"where nothing was changed":   {func(*session.Session) error { return nil }, 1},
		"where a variable was set":    {func(s *session.Session) error { return s.Set("n", 2) }, 2},
		"where the ID is a new one":   {func(s *session.Session) error { return s.Regenerate() }, 1},
		"where the session has ended": {func(s *session.Session) error { return s.Destroy(context.Background()) }, 0},
		"where another took its place": {func(s *session.Session) error {
			if err := s.Destroy(context.Background()); err != nil {
				return err
			}
			return s.Set("n", 3)
		}, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := sessiontest.Request(t, m, get(t), map[string]any{"n": 1})
			after := sessiontest.After(t, m, r, serve(t, m, r, c.do))
			wantVar(t, after, "n", c.want)
			if got, want := after.Info().New, c.want == 0; got != want {
				t.Errorf("Info().New = %t, want %t", got, want)
			}
		})
	}
}

// doomed is a test that is told of its end and goes on.
type doomed struct {
	testing.TB

	said string
}

func (r *doomed) Helper() {}

func (r *doomed) Fatalf(format string, args ...any) {
	r.said = fmt.Sprintf(format, args...)
	panic(r)
}

func TestRequestEndsATestThatCannotHaveItsSession(t *testing.T) {
	t.Parallel()
	running := service(t, memory.New(memory.Options{}), session.Options{})
	faults := sessiontest.Faulty(memory.New(memory.Options{}))
	faults.On(sessiontest.Create, sessiontest.Fail(io.ErrClosedPipe))
	faults.On(sessiontest.Read, sessiontest.Fail(io.ErrClosedPipe))
	broken := service(t, faults, session.Options{})
	for _, c := range []struct {
		want string
		call func(tb testing.TB)
	}{
		{"has the manager been started?", func(tb testing.TB) {
			tb.Helper()
			sessiontest.Request(tb, session.New(memory.New(memory.Options{}), session.Options{}), get(t), nil)
		}},
		{`set "f": `, func(tb testing.TB) {
			tb.Helper()
			sessiontest.Request(tb, running, get(t), map[string]any{"f": func() {}})
		}},
		{"store a session: ", func(tb testing.TB) {
			tb.Helper()
			sessiontest.Request(tb, broken, get(t), map[string]any{"n": 1})
		}},
		{"read the session: ", func(tb testing.TB) {
			tb.Helper()
			sessiontest.After(tb, broken, sessiontest.Request(t, running, get(t), map[string]any{"n": 1}), &http.Response{})
		}},
	} {
		rec := &doomed{TB: t}
		func() {
			defer func() {
				if p := recover(); p != nil && p != any(rec) {
					panic(p)
				}
			}()
			c.call(rec)
		}()
		if !strings.Contains(rec.said, c.want) {
			t.Errorf("the test was ended with %q, want %q in it", rec.said, c.want)
		}
	}
}
