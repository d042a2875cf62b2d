package session_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"gyrfalcon/session"
)

// nested sends one request through the middlewares of two managers, with the cookies
// that came so far.
func nested(t *testing.T, outer, inner *session.Manager, cookies []*http.Cookie, handler http.HandlerFunc) []*http.Cookie {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://localhost/", http.NoBody)
	r.RemoteAddr = "127.0.0.1:1234"
	for _, c := range cookies {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	outer.Middleware(inner.Middleware(handler)).ServeHTTP(w, r)
	return w.Result().Cookies()
}

func TestTheCookieIsNamedAfterTheService(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		o    session.Options
		want string
	}{
		{session.Options{}, "__Host-session"},
		{session.Options{Name: "admin"}, "__Host-admin"},
		{session.Options{Name: "admin", Cookie: session.Cookie{Name: "own"}}, "own"},
		{session.Options{Name: "admin", Interop: session.PHP}, "PHPSESSID"},
	} {
		if got := session.New(newSpy(), c.o).Options().Cookie.Name; got != c.want {
			t.Errorf("the service %q: got the cookie %q, want %q", c.o.Name, got, c.want)
		}
	}
	err := session.Options{Name: "my shop"}.Validate()
	if err == nil || !strings.Contains(err.Error(), `cookie.name: the service's name "my shop" cannot be a part of a cookie's name: give the cookie a name of its own`) {
		t.Errorf("a service's name that is no cookie's: got %v, want the mend", err)
	}
}

func TestTwoServicesOfOneRequestKeepTheirSessionsApart(t *testing.T) {
	t.Parallel()
	var events eventLog
	o := session.Options{OnEvent: events.add}
	site := started(t, o)
	o.Name = "admin"
	admin := started(t, o)
	handler := func(_ http.ResponseWriter, r *http.Request) {
		for _, m := range []*session.Manager{site, admin} {
			s, err := m.From(r.Context())
			if err != nil {
				t.Errorf("From: %v", err)
				return
			}
			_, err = session.Update(s, "n", func(n int) int { return n + 1 })
			must(t, "Update", err)
		}
	}
	cookies := nested(t, site, admin, nil, handler)
	if len(cookies) != 2 {
		t.Fatalf("got the cookies %v, want one of each service", cookies)
	}
	nested(t, site, admin, cookies, handler)
	nested(t, site, admin, cookies, func(_ http.ResponseWriter, r *http.Request) {
		for _, m := range []*session.Manager{site, admin} {
			s, err := m.From(r.Context())
			must(t, "From", err)
			wantValue(t, s, "n", 2)
		}
	})
	if events.has(session.EventRefusedID) {
		t.Errorf("got the events %v, want no refused ID", events.kinds())
	}
}

func TestTwoServicesWithOneCookieOnOneRequestAreRefused(t *testing.T) {
	t.Parallel()
	var events eventLog
	outer := started(t, session.Options{Name: "site", Cookie: session.Cookie{Name: "sid"}})
	between := started(t, session.Options{Name: "between"})
	inner := started(t, session.Options{Name: "admin", Cookie: session.Cookie{Name: "sid"}, OnEvent: events.add})
	refused := func(what string, err error) {
		t.Helper()
		const want = `the services "site" and "admin" both keep their sessions' IDs in the cookie "sid", and one request comes to both: give one of them another Options.Cookie.Name`
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s of the inner one: got %v, want %s", what, err, want)
		}
	}
	handler := func(_ http.ResponseWriter, r *http.Request) {
		s, err := outer.From(r.Context())
		must(t, "From of the outer one", err)
		must(t, "Set", s.Set("n", 1))
		_, err = inner.From(r.Context())
		refused("From", err)
		refused("Destroy", inner.Destroy(r.Context()))
	}
	cookies := nested(t, outer, inner, nil, handler)
	if len(cookies) != 1 {
		t.Fatalf("got the cookies %v, want the outer one's", cookies)
	}
	nested(t, outer, inner, cookies, func(w http.ResponseWriter, r *http.Request) {
		between.Middleware(http.HandlerFunc(handler)).ServeHTTP(w, r)
		s, err := outer.From(r.Context())
		must(t, "From of the outer one", err)
		wantValue(t, s, "n", 1)
	})
	if kinds := events.kinds(); len(kinds) != 0 {
		t.Errorf("got the events %v, want none: nothing was read or stored", kinds)
	}
}
