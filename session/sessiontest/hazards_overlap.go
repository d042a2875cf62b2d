package sessiontest

import (
	"context"
	"net/http"
	"testing"

	"gyrfalcon/session"
)

var overlapHazards = []hazard{
	{name: "Two overlapping requests keep both variables", test: func(t *testing.T, h Harness) {
		v := newSite(t, h).visitorWith(0)
		v.overlap(set("slow", 1), set("fast", 2)).want(http.StatusOK)
		v.wantVars(`{"fast":2,"n":0,"slow":1}`)
	}},
	{name: "Two requests add to one Bag and both stay", test: func(t *testing.T, h Harness) {
		v := newSite(t, h).visitorWith(0)
		add := func(what string) func(*session.Session) error {
			return func(s *session.Session) error { return s.Bag("basket").Set(what, 1) }
		}
		v.overlap(add("apples"), add("pears")).want(http.StatusOK)
		v.wantVars(`{"basket":{"apples":1,"pears":1},"n":0}`)

		more := func(s *session.Session) error {
			_, err := session.Update(s.Bag("basket"), "pears", func(n int) int { return n + 1 })
			return err
		}
		v.overlap(more, more).want(http.StatusOK)
		v.wantVars(`{"basket":{"apples":1,"pears":3},"n":0}`)

		remove := func(s *session.Session) error { return s.Bag("basket").Remove("apples") }
		v.overlap(remove, add("plums")).want(http.StatusOK)
		v.wantVars(`{"basket":{"pears":3,"plums":1},"n":0}`)
	}},
	{name: "A flash added while another is shown stays", test: func(t *testing.T, h Harness) {
		v := newSite(t, h).visitorWith(0)
		add := func(text string) func(*session.Session) error {
			return func(s *session.Session) error { return s.Flash().Success(text) }
		}
		v.get(v.st.using(add("first"))).want(http.StatusOK)
		v.overlap(takes(t, "first"), add("second")).want(http.StatusOK)
		v.get(v.st.using(takes(t, "second"))).want(http.StatusOK)
		v.get(v.st.using(takes(t))).want(http.StatusOK)

		// And the other way round: one is added by a request that began before
		// the others were shown.
		v.get(v.st.using(add("third"))).want(http.StatusOK)
		v.overlap(add("fourth"), takes(t, "third")).want(http.StatusOK)
		v.get(v.st.using(takes(t, "fourth"))).want(http.StatusOK)
	}},
	{name: "200 concurrent Updates of one counter from two processes end at 200", test: testCounter},
	{name: "An Update is computed anew on what another request stored", test: func(t *testing.T, h Harness) {
		v := newSite(t, h).visitorWith(10)
		double := func(s *session.Session) error {
			_, err := session.Update(s, "n", func(n int) int { return 2 * n })
			return err
		}
		v.overlap(count, double).want(http.StatusOK)
		v.wantVars(`{"n":21}`)
	}},
	{name: "Of two Sets of one variable the last to be stored wins", test: func(t *testing.T, h Harness) {
		v := newSite(t, h).visitorWith(0)
		v.overlap(set("n", "slow"), set("n", "fast")).want(http.StatusOK)
		v.wantVars(`{"n":"slow"}`)
	}},
	{name: "A Remove and a Clear keep their order among another request's changes", test: func(t *testing.T, h Harness) {
		v := newSite(t, h).visitorWith(0)
		afresh := func(s *session.Session) error {
			if err := s.Clear(); err != nil {
				return err
			}
			return s.Set("after", 1)
		}
		v.overlap(afresh, set("fast", 2)).want(http.StatusOK)
		v.wantVars(`{"after":1}`)
		v.overlap(func(s *session.Session) error { return s.Remove("after") }, set("fast", 2)).want(http.StatusOK)
		v.wantVars(`{"fast":2}`)
	}},
	{name: "A change that cannot be replayed stores nothing", test: func(t *testing.T, h Harness) {
		v := newSite(t, h).visitorWith(0)
		v.overlap(func(s *session.Session) error {
			if err := s.Set("slow", 1); err != nil {
				return err
			}
			return count(s)
		}, set("n", "no number")).want(http.StatusInternalServerError).wantNoCookie()
		v.wantVars(`{"n":"no number"}`)
	}},
	{name: "An Update that panics when it is replayed hangs nobody", test: func(t *testing.T, h Harness) {
		v := newSite(t, h).visitorWith(0)
		v.overlap(func(s *session.Session) error {
			_, err := session.Update(s, "n", func(n int) int {
				if n > 0 {
					panic("this handler did not expect more than 0")
				}
				return n + 1
			})
			return err
		}, set("n", 5)).wantBroken()
		v.get(v.st.using(count)).want(http.StatusOK)
		v.wantVars(`{"n":6}`)
	}},
	{name: "Goroutines of one request share its session", test: func(t *testing.T, h Harness) {
		v := newSite(t, h).visitorWith(0)
		v.get(v.st.using(func(s *session.Session) error {
			const n = 20
			errs := make(chan error, n)
			for range n {
				go func() { errs <- count(s) }()
			}
			for range n {
				if err := <-errs; err != nil {
					return err
				}
			}
			return nil
		})).want(http.StatusOK)
		v.wantVars(`{"n":20}`)
	}},
}

// overlap sends two requests of which both have read the session before either
// changes it, and returns the answer to the first, which is the last to store.
// The other must succeed.
func (v *visitor) overlap(slow, fast func(s *session.Session) error) *answer {
	v.t.Helper()
	h := v.st.halt()
	first := v.start(v.st.using(func(s *session.Session) error {
		if err := slow(s); err != nil {
			return err
		}
		h.here()
		return nil
	}))
	h.await()
	v.clone().get(v.st.using(fast)).want(http.StatusOK)
	h.release()
	return first.wait()
}

// takes shows the flash messages, and wants these.
func takes(t *testing.T, want ...string) func(s *session.Session) error {
	return func(s *session.Session) error {
		shown, err := s.Flash().Take()
		if err != nil {
			return err
		}
		same := len(shown) == len(want)
		for i := range shown {
			same = same && shown[i].Text == want[i]
		}
		if !same {
			t.Errorf("the flash messages are %q, want %q", shown, want)
		}
		return nil
	}
}

// testCounter lets two processes count at once.
func testCounter(t *testing.T, h Harness) {
	st := newSite(t, h)
	st.calls.Reset()
	v := st.visitorWith(0)
	here := st.serve(counterApp(st.m))
	var there string
	if h.Private {
		t.Log("the store lives in one process: two session services in it stand in for two processes")
		other := st.service(borrowed{st.faults})
		there = st.bare(other.Middleware(counterApp(other)))
	} else {
		there = st.startChild() + "/"
	}
	answers := make([]*pending, 2*crowd)
	for i := range answers {
		answers[i] = v.start([]string{here, there}[i%2])
	}
	for _, p := range answers {
		p.wait().want(http.StatusOK)
	}
	v.wantVars(`{"n":200}`)
}

// borrowed is an adapter that somebody else opens and closes.
type borrowed struct{ session.Adapter }

// Open does nothing.
func (borrowed) Open(context.Context) error { return nil }

// Close does nothing.
func (borrowed) Close(context.Context) error { return nil }
