package sessiontest

import (
	"context"
	"net/http"
	"testing"
	"time"

	"gyrfalcon/session"
)

var expiryHazards = []hazard{
	{name: "No deadline ever makes an immortal record", test: testImmortal},
	{name: "A session past its deadline is not kept alive by those who ask for it", test: func(t *testing.T, h Harness) {
		st := newSite(t, h, func(o *session.Options) { o.MaxAge = 10 * time.Minute })
		aged := st.visitorWith(0)
		st.wait(10 * time.Minute)
		aged.wantVars(`{}`)

		v := st.visitorWith(0)
		superseded := v.clone()
		v.get(st.using(regenerate)).want(http.StatusOK)
		st.wait(grace + time.Second)
		superseded.wantVars(`{}`)
		for name, old := range map[string]*visitor{"max_age": aged, "its grace": superseded} {
			r, err := st.Read(t.Context(), old.stored(), st.life)
			if err == nil && r.Slid {
				t.Errorf("a session past %s is still in a store in which each Read gives it another life, want it gone", name)
			}
		}
		v.wantVars(`{"n":0}`)
	}},
}

// testImmortal makes sessions in every way that there is, under every deadline
// that there is, lets a life go by, and wants all of them gone.
func testImmortal(t *testing.T, h Harness) {
	st := newSite(t, h)
	life := st.short
	st.life = life
	m := st.service(borrowed{st.faults}, func(o *session.Options) {
		o.Lifetime = life
		o.MaxAge = 10 * life
		o.Timeout = time.Second
	})
	serve := func(do func(s *session.Session) error) string { return st.bare(m.Middleware(handler(m, do))) }
	visitor := func() *visitor {
		v := st.visitor()
		v.get(serve(set("n", 0))).want(http.StatusOK).wantCookie()
		return v
	}

	visitor() // created, and never seen again
	visitor().get(serve(count)).want(http.StatusOK)
	visitor().get(serve(signIn)).want(http.StatusOK)
	renewed := visitor()
	ends := visitor()
	ends.get(serve(func(s *session.Session) error { return s.Destroy(context.Background()) })).want(http.StatusOK)

	// The deadline of a request, or of a commit, is none of the session's.
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	s, err := m.Load(ctx, "")
	if err == nil {
		err = s.Set("n", 0)
	}
	if err == nil {
		err = s.Commit(ctx)
	}
	if err != nil {
		t.Fatalf("Load, Set, Commit = %v, want nil", err)
	}
	over, _ := ended(t.Context())
	_ = s.Set("n", 1)
	_ = s.Commit(over) // that it fails, or not, is another matter

	st.wait(life / 2)
	renewed.get(serve(look)).want(http.StatusOK)

	st.outlive(life)
	for _, id := range st.heard.storedIDs() {
		st.wantGoneFor(id, life)
	}
	if h.ExpiresItself {
		return
	}
	removed := 0
	for range 100 {
		n, _, err := st.GC(t.Context(), life, 10)
		if err != nil {
			t.Fatalf("GC = %v, want nil", err)
		}
		removed += n
	}
	if want := len(st.heard.storedIDs()) - 1; removed != want {
		t.Errorf("GC removed %d sessions, want the %d that were stored and not destroyed", removed, want)
	}
}
