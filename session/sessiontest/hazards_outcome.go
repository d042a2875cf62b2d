package sessiontest

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"gyrfalcon/session"
)

var outcomeHazards = []hazard{
	{name: "A write whose answer is lost is told, and nobody repeats it", test: func(t *testing.T, h Harness) {
		st := newSite(t, h)
		v := st.visitorWith(0)
		st.calls.Reset()
		st.faults.On(Swap, Once(LoseAnswer))
		v.get(st.using(count)).want(http.StatusServiceUnavailable).wantNoCookie()
		if c := st.calls.Reset(); c.Swap != 1 {
			t.Errorf("the store has had %+v, want one Swap", c)
		}
		v.wantVars(`{"n":1}`) // it stood
		v.get(st.using(count)).want(http.StatusOK)
		v.wantVars(`{"n":2}`)
	}},
	{name: "A write that is lost on its way is told, and nobody repeats it", test: func(t *testing.T, h Harness) {
		st := newSite(t, h)
		v := st.visitorWith(0)
		st.calls.Reset()
		st.faults.On(Swap, Once(Fail(session.ErrOutcomeUnknown)))
		v.get(st.using(count)).want(http.StatusServiceUnavailable).wantNoCookie()
		if c := st.calls.Reset(); c.Swap != 0 {
			t.Errorf("the store has had %+v, want no Swap", c)
		}
		v.wantVars(`{"n":0}`)
	}},
	{name: "A write whose answer is lost in a fight is not repeated either", test: func(t *testing.T, h Harness) {
		st := newSite(t, h)
		v := st.visitorWith(0)
		halt := st.halt()
		under := v.start(st.using(func(s *session.Session) error {
			defer halt.here()
			return count(s)
		}))
		halt.await()
		v.clone().get(st.using(count)).want(http.StatusOK)
		st.faults.On(Swap, func(ctx context.Context, call func() error) error { return LoseAnswer(ctx, call) })
		halt.release()
		under.wait().want(http.StatusServiceUnavailable)
		st.faults.On(Swap, nil)
		v.wantVars(`{"n":2}`)
	}},
	{name: "Reload tells what stands after a lost answer", test: func(t *testing.T, h Harness) {
		st := newSite(t, h)
		v := st.visitorWith(0)
		st.faults.On(Swap, Once(LoseAnswer))
		v.get(st.serve(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			s, err := st.m.From(r.Context())
			if err != nil {
				t.Errorf("From = %v, want nil", err)
				return
			}
			if err := count(s); err != nil {
				t.Errorf("Update = %v, want nil", err)
			}
			if err := s.Commit(r.Context()); !errors.Is(err, session.ErrOutcomeUnknown) {
				t.Errorf("Commit = %v, want ErrOutcomeUnknown", err)
			}
			if err := count(s); !errors.Is(err, session.ErrOutcomeUnknown) {
				t.Errorf("Update before the Reload = %v, want ErrOutcomeUnknown", err)
			}
			if err := s.Reload(r.Context()); err != nil {
				t.Errorf("Reload = %v, want nil", err)
			}
			if n, err := session.Get[int](s, "n"); n != 1 || err != nil {
				t.Errorf("n = %d, error %v, after the Reload; want 1", n, err)
			}
			if err := count(s); err != nil {
				t.Errorf("Update after the Reload = %v, want nil", err)
			}
		}))).want(http.StatusOK)
		v.wantVars(`{"n":2}`)
	}},
	{name: "A first write whose answer is lost leaves the visitor without a session, and is not repeated", test: func(t *testing.T, h Harness) {
		st := newSite(t, h)
		v := st.visitor()
		st.faults.On(Create, Once(LoseAnswer))
		v.get(st.using(count)).want(http.StatusServiceUnavailable).wantNoCookie()
		if c := st.calls.Reset(); c != (Calls{Open: c.Open, Create: 1}) {
			t.Errorf("the store has had %+v, want one Create", c)
		}
		v.get(st.using(count)).want(http.StatusOK).wantCookie()
		v.wantVars(`{"n":1}`)
	}},
	{name: "A Regenerate whose answer is lost costs the visitor nothing", test: testRegenerateLost},
	{name: "A Regenerate that loses an answer while it merges loses nobody's change", test: func(t *testing.T, h Harness) {
		st := newSite(t, h)
		v := st.visitorWith(0)
		other, path := v.clone(), st.using(count)
		swaps := 0
		st.faults.On(Swap, func(_ context.Context, call func() error) error {
			switch swaps++; swaps {
			case 1: // the old session's end: another request comes first
				if a := other.send(http.MethodGet, path); a.err != nil || a.status != http.StatusOK {
					t.Errorf("another request: status %d, error %v; want 200", a.status, a.err)
				}
			case 3: // the other's change, on its way into the new session
				return session.ErrOutcomeUnknown
			}
			return call()
		})
		v.get(st.using(signIn)).want(http.StatusServiceUnavailable)
		if swaps != 3 {
			t.Fatalf("there were %d Swaps, want 3: one by the other, and a conflict and a merge by the Regenerate", swaps)
		}
		st.faults.On(Swap, nil)
		if n := v.vars(); !strings.Contains(n, `"n":1`) {
			t.Errorf("the session holds %s, want the other request's count in it, which was answered with 200", n)
		}
	}},
	{name: "A logout whose answer is lost is told, and stands", test: func(t *testing.T, h Harness) {
		st := newSite(t, h)
		v := st.visitorWith(0)
		st.faults.On(Destroy, Once(LoseAnswer))
		v.get(st.logout()).want(http.StatusServiceUnavailable)
		st.wantNothingStored()
	}},
}

func testRegenerateLost(t *testing.T, h Harness) {
	for name, fault := range map[string]Fault{
		"and the old session is superseded":     LoseAnswer,
		"and the old session is not superseded": Fail(session.ErrOutcomeUnknown),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := newSite(t, h)
			v := st.visitorWith(0)
			st.calls.Reset()
			st.faults.On(Swap, Once(fault))
			v.get(st.using(signIn)).want(http.StatusServiceUnavailable)
			if c := st.calls.Reset(); c.Create != 1 || c.Swap > 1 {
				t.Errorf("the store has had %+v, want one Create and one Swap at the most", c)
			}
			st.wait(grace + time.Second)
			v.wantVars(`{"n":0,"user":"ada"}`)
			v.get(st.using(count)).want(http.StatusOK)
			v.wantVars(`{"n":1,"user":"ada"}`)
		})
	}
}
