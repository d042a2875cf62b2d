package sessiontest

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"testing"

	"gyrfalcon/session"
)

// Request gives a handler's test a visitor who has a session: it stores a new one
// that holds vars, and returns a copy of r that carries its cookie, in the place
// of any other cookie of the name. Serve it through m.Middleware, and look at
// what the handler stored with After.
//
// Without vars the visitor is a new one, as nothing is stored for one who holds
// nothing: the copy has no cookie of the name. m must have been started; the test
// ends where it was not, or where a variable cannot be stored.
func Request(t testing.TB, m *session.Manager, r *http.Request, vars map[string]any) *http.Request {
	t.Helper()
	s, err := m.Load(r.Context(), "")
	if err != nil {
		t.Fatalf("sessiontest: begin a session: %v (has the manager been started?)", err)
	}
	for _, name := range slices.Sorted(maps.Keys(vars)) {
		if err := s.Set(name, vars[name]); err != nil {
			t.Fatalf("sessiontest: set %q: %v", name, err)
		}
	}
	if err := s.Commit(r.Context()); err != nil {
		t.Fatalf("sessiontest: store a session: %v", err)
	}
	return withCookie(r, m.Options().Cookie.Name, s.ID())
}

// withCookie returns a copy of r with one cookie of that name, or none where id
// is empty.
func withCookie(r *http.Request, name, id string) *http.Request {
	copied := r.Clone(r.Context())
	copied.Header.Del("Cookie")
	if id != "" {
		copied.AddCookie(&http.Cookie{Name: name, Value: id})
	}
	for _, c := range r.Cookies() {
		if c.Name != name {
			copied.AddCookie(c)
		}
	}
	return copied
}

// After returns the session that a visitor has after the answer res to the
// request r: that of the cookie which res sets, or, where it sets none, of the one
// that r carried. Where there is no such session, because the visitor never got
// one or it was destroyed, it returns a new one (Info().New), which holds nothing.
//
// What is changed in it is stored by its Commit. The test ends where the store
// cannot be read.
func After(t testing.TB, m *session.Manager, r *http.Request, res *http.Response) *session.Session {
	t.Helper()
	name, id := m.Options().Cookie.Name, ""
	if sent := r.CookiesNamed(name); len(sent) > 0 {
		id = sent[0].Value
	}
	for _, c := range res.Cookies() {
		if c.Name == name {
			id = c.Value
		}
	}
	ctx := context.WithoutCancel(r.Context())
	s, err := m.Load(ctx, id)
	if errors.Is(err, session.ErrNotFound) {
		s, err = m.Load(ctx, "")
	}
	if err != nil {
		t.Fatalf("sessiontest: read the session: %v", err)
	}
	return s
}
