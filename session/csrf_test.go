package session_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"gyrfalcon/session"
)

// form is a request that sends one field.
func form(t testing.TB, name, value string) *http.Request {
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "http://localhost/", strings.NewReader(url.Values{name: {value}}.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

func wantCheck(t testing.TB, what string, s *session.Session, r *http.Request, want bool) {
	t.Helper()
	if got, err := s.CSRF().Check(r); got != want || err != nil {
		t.Errorf("%s: got %t, %v; want %t", what, got, err, want)
	}
}

func TestATokenIsGoodForOneForm(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, started(t, session.Options{UniqueID: "shop"}))
	var name, value string
	v.with(func(s *session.Session) {
		wantCheck(t, "before there is a token", s, form(t, "", ""), false)
		if ok, err := s.CSRF().Verify(""); ok || err != nil {
			t.Errorf("nothing for no token: got %t, %v; want false", ok, err)
		}
		var err error
		name, value, err = s.CSRF().Field()
		must(t, "Field", err)
		if len(name) != 22 || len(value) != 22 || name == value {
			t.Errorf("got the field %q = %q, want two random texts of 22 characters", name, value)
		}
	})
	v.with(func(s *session.Session) {
		again, same, err := s.CSRF().Field()
		if again != name || same != value || err != nil {
			t.Errorf("a second form: got %q = %q, %v; want the first one's %q = %q", again, same, err, name, value)
		}
		wantValue(t, s, "$PHALCON/CSRF/KEY$", name)
		wantValue(t, s, "$PHALCON/CSRF$", value)
		wantCheck(t, "no field", s, form(t, "other", value), false)
		wantCheck(t, "a wrong value", s, form(t, name, value[1:]+"x"), false)
		wantCheck(t, "no value", s, form(t, name, ""), false)
		wantCheck(t, "the right value", s, form(t, name, value), true)
		wantCheck(t, "the right value again", s, form(t, name, value), false)
	})
	v.with(func(s *session.Session) {
		if names, _ := s.Names(); len(names) != 0 {
			t.Errorf("after it was used up: got the variables %q, want none", names)
		}
		next, _, err := s.CSRF().Field()
		if next == name || err != nil {
			t.Errorf("the next form: got the field %q, %v; want a new one", next, err)
		}
		must(t, "Clear", s.CSRF().Clear())
		if names, _ := s.Names(); len(names) != 0 {
			t.Errorf("after Clear: got the variables %q, want none", names)
		}
	})
}

func TestATokenThatPhalconPutDownIsChecked(t *testing.T) {
	t.Parallel()
	m, store := php(t, session.Options{UniqueID: "shop"})
	put(t, store, phpIDs[0], `{"shop#$PHALCON/CSRF/KEY$":"k","shop#$PHALCON/CSRF$":"v"}`)
	comesWith(t, m, "PHPSESSID="+phpIDs[0], func(s *session.Session) {
		wantCheck(t, "another field", s, form(t, "v", "k"), false)
		wantCheck(t, "Phalcon's field", s, form(t, "k", "v"), true)
	})
	if got := stored(t, store, phpIDs[0]); strings.Contains(got, "CSRF") {
		t.Errorf("stored is %s, want no token: it is used up", got)
	}
}

func TestOfTwoRequestsWithOneTokenOneIsRefused(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, started(t, session.Options{}))
	var value string
	v.with(func(s *session.Session) {
		var err error
		_, value, err = s.CSRF().Field()
		must(t, "Field", err)
	})
	pay := func(s *session.Session) {
		if ok, err := s.CSRF().Verify(value); !ok || err != nil {
			t.Errorf("Verify: got %t, %v; want true", ok, err)
		}
		_, err := session.Update(s, "paid", func(n int) int { return n + 1 })
		must(t, "Update", err)
	}
	twice := *v
	late := v.with(func(s *session.Session) {
		pay(s)
		if res := twice.with(pay); res.StatusCode != http.StatusOK {
			t.Errorf("the first to commit: got status %d, want 200", res.StatusCode)
		}
	})
	if late.StatusCode != http.StatusConflict {
		t.Errorf("the second to commit: got status %d, want 409", late.StatusCode)
	}
	twice.with(func(s *session.Session) { wantValue(t, s, "paid", 1) })
}
