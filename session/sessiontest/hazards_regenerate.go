package sessiontest

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"gyrfalcon/session"
)

// grace is how long a regenerated session's old ID can still be read.
const grace = 30 * time.Second

func regenerate(s *session.Session) error { return s.Regenerate() }

// signIn is what a sign-in does.
func signIn(s *session.Session) error {
	if err := s.Regenerate(); err != nil {
		return err
	}
	return s.Set("user", "ada")
}

var regenerateHazards = []hazard{
	{name: "Regenerate gives a new ID, and the old one is worth nothing", test: func(t *testing.T, h Harness) {
		st := newSite(t, h)
		v := st.visitorWith(0)
		thief := v.clone()
		v.get(st.using(signIn)).want(http.StatusOK).wantCookie()
		if v.jar.id() == thief.jar.id() {
			t.Fatal("the ID after Regenerate is the one before, want a new one")
		}
		v.wantVars(`{"n":0,"user":"ada"}`)
		thief.wantVars(`{"n":0}`)
		st.wait(grace + time.Second)
		thief.wantVars(`{}`)
		v.wantVars(`{"n":0,"user":"ada"}`)
	}},
	{name: "Requests under way across a Regenerate still read, and change nothing", test: testUnderWay},
	{name: "Regenerate racing Destroy leaves nothing if Destroy came first", test: func(t *testing.T, h Harness) {
		for step, on := range map[string]Method{
			"before the new session is stored":                Create,
			"between the new session's and the old one's end": Swap,
		} {
			st := newSite(t, h)
			v := st.visitorWith(0)
			out := v.clone()
			st.faults.On(on, Once(func(_ context.Context, call func() error) error {
				if a := out.send(http.MethodGet, st.logout()); a.err != nil || a.status != http.StatusOK {
					t.Errorf("logout %s: status %d, error %v; want 200", step, a.status, a.err)
				}
				return call()
			}))
			v.get(st.using(signIn)).want(http.StatusConflict).wantNoCookie()
			st.wantNothingStored()
		}
	}},
	{name: "Regenerate racing Destroy never serves a half of either", test: func(t *testing.T, h Harness) {
		st := newSite(t, h)
		in, out := st.using(signIn), st.logout()
		for range 20 {
			v := st.visitorWith(0)
			old := v.clone()
			under, ends := v.start(in), old.clone().start(out)
			a := under.wait()
			ends.wait().want(http.StatusOK)
			old.wantVars(`{}`)
			switch a.status {
			case http.StatusOK:
				a.wantCookie()
				// The whole old session's successor, or, where it came only
				// after the logout, a stranger.
				if got := v.vars(); got != `{"n":0,"user":"ada"}` && got != `{"user":"ada"}` {
					t.Fatalf("the session holds %s, want what was signed in", got)
				}
				v.get(out).want(http.StatusOK)
			case http.StatusConflict:
				a.wantNoCookie()
			default:
				a.want(http.StatusConflict)
			}
			st.wantNothingStored()
		}
	}},
	{name: "Of two Regenerates at once one is the session, and the other leaves nothing", test: func(t *testing.T, h Harness) {
		st := newSite(t, h)
		v := st.visitorWith(0)
		winner := v.clone()
		halt := st.halt()
		under := v.start(st.using(func(s *session.Session) error {
			if err := signIn(s); err != nil {
				return err
			}
			halt.here()
			return nil
		}))
		halt.await()
		winner.get(st.using(regenerate)).want(http.StatusOK).wantCookie()
		halt.release()
		under.wait().want(http.StatusConflict).wantNoCookie()
		winner.wantVars(`{"n":0}`)
		if n := st.living(); n != 2 {
			t.Errorf("%d sessions live after two Regenerates at once; want 2, the new one and the old one in its grace", n)
		}
	}},
	{name: "Regenerate takes along what another request stored meanwhile", test: func(t *testing.T, h Harness) {
		st := newSite(t, h)
		v := st.visitorWith(0)
		v.overlap(signIn, count).want(http.StatusOK).wantCookie()
		v.wantVars(`{"n":1,"user":"ada"}`)
	}},
	{name: "A change that comes between the two halves of a Regenerate stays", test: func(t *testing.T, h Harness) {
		st := newSite(t, h)
		v := st.visitorWith(0)
		other := v.clone()
		st.faults.On(Swap, Once(func(_ context.Context, call func() error) error {
			if a := other.send(http.MethodGet, st.using(count)); a.err != nil || a.status != http.StatusOK {
				t.Errorf("Update between the two halves: status %d, error %v; want 200", a.status, a.err)
			}
			return call()
		}))
		v.get(st.using(signIn)).want(http.StatusOK).wantCookie()
		v.wantVars(`{"n":1,"user":"ada"}`)
	}},
	{name: "A Regenerate that fails leaves the old session as it was", test: func(t *testing.T, h Harness) {
		st := newSite(t, h)
		for _, on := range []Method{Create, Swap} {
			v := st.visitorWith(0)
			st.faults.On(on, Once(Fail(errors.New("no route to the store"))))
			v.get(st.using(signIn)).want(http.StatusServiceUnavailable).wantNoCookie()
			v.wantVars(`{"n":0}`)
			v.get(st.using(count)).want(http.StatusOK)
			v.get(st.logout()).want(http.StatusOK)
			st.wantNothingStored()
		}
	}},
	{name: "Regenerate keeps the session's age", test: func(t *testing.T, h Harness) {
		st := newSite(t, h, func(o *session.Options) { o.MaxAge = 10 * time.Minute })
		v := st.visitorWith(0)
		for range 2 {
			st.wait(4 * time.Minute)
			v.get(st.using(regenerate)).want(http.StatusOK).wantCookie()
		}
		v.wantVars(`{"n":0}`)
		st.wait(2 * time.Minute)
		v.wantVars(`{}`)
	}},
}

func testUnderWay(t *testing.T, h Harness) {
	st := newSite(t, h)
	v := st.visitorWith(1)
	early, late := v.clone(), v.clone()

	// One has read the session before it is regenerated.
	halt := st.halt()
	under := early.start(st.using(func(s *session.Session) error {
		if err := look(s); err != nil {
			return err
		}
		halt.here()
		if n, err := session.Get[int](s, "n"); n != 1 || err != nil {
			t.Errorf("n = %d, error %v, in a request under way; want 1", n, err)
		}
		return s.Set("lost", 1)
	}))
	halt.await()
	v.get(st.using(signIn)).want(http.StatusOK).wantCookie()
	halt.release()
	under.wait().want(http.StatusConflict).wantNoCookie()

	// Another comes with the old ID a moment later.
	for what, change := range map[string]func(*session.Session) error{
		"Set":        set("lost", 1),
		"Update":     count,
		"Clear":      func(s *session.Session) error { return s.Clear() },
		"Bag.Set":    func(s *session.Session) error { return s.Bag("b").Set("lost", 1) },
		"Flash.Add":  func(s *session.Session) error { return s.Flash().Notice("lost") },
		"Regenerate": regenerate,
	} {
		late.get(st.using(func(s *session.Session) error {
			if !s.Info().Superseded {
				t.Error("Info().Superseded is false with the old ID, want true")
			}
			if n, err := session.Get[int](s, "n"); n != 1 || err != nil {
				t.Errorf("n = %d, error %v, with the old ID; want 1", n, err)
			}
			if err := change(s); !errors.Is(err, session.ErrSuperseded) {
				t.Errorf("%s with the old ID = %v, want ErrSuperseded", what, err)
			}
			return nil
		})).want(http.StatusOK).wantNoCookie()
	}
	late.wantVars(`{"n":1}`)
	v.wantVars(`{"n":1,"user":"ada"}`)

	// When the grace is over nothing is served, and a change begins a session
	// of which the other knows nothing.
	st.wait(grace + time.Second)
	late.wantVars(`{}`)
	late.get(st.using(set("stranger", 1))).want(http.StatusOK).wantCookie()
	late.wantVars(`{"stranger":1}`)
	v.wantVars(`{"n":1,"user":"ada"}`)
}
