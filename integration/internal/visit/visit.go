// Package visit is a visitor of a session service, for the tests that count what each of
// the visitor's requests costs.
package visit

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"gyrfalcon/session"
)

// Visitor is a client that keeps its cookie. Its requests are sent one after the other.
type Visitor struct {
	T       testing.TB
	Manager *session.Manager
	Cookie  *http.Cookie // nil before the first session
}

// Send sends one request to a handler behind the middleware, which must answer 200.
func (v *Visitor) Send(handler http.HandlerFunc) {
	v.T.Helper()
	r := httptest.NewRequestWithContext(v.T.Context(), http.MethodGet, "https://localhost/", http.NoBody)
	if v.Cookie != nil {
		r.AddCookie(v.Cookie)
	}
	w := httptest.NewRecorder()
	v.Manager.Middleware(handler).ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		v.T.Fatalf("the request was answered %d %s, want 200", w.Code, w.Body)
	}
	for _, c := range w.Result().Cookies() {
		v.Cookie = c
	}
}

// With is a handler that does something to the session.
func (v *Visitor) With(do func(s *session.Session) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s, err := v.Manager.From(r.Context())
		if err == nil {
			err = do(s)
		}
		if err != nil {
			session.Error(w, r, err)
			v.T.Error(err)
		}
	}
}

// Count counts one in the variable n.
func Count(s *session.Session) error {
	_, err := session.Update(s, "n", func(n int) int { return n + 1 })
	return err
}

// Look reads the session and changes nothing.
func Look(s *session.Session) error {
	_, err := s.Names()
	return err
}
