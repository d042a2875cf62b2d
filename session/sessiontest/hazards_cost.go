package sessiontest

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"gyrfalcon/session"
)

// trip is what one request may cost the store.
type trip struct {
	name string
	late bool // it is time for a touch
	do   func(st *site) string
	want Calls
}

var trips = []trip{
	{"a session read", false, uses(look), Calls{Read: 1}},
	{"a session read when a touch is due", true, uses(look), Calls{Read: 1, Touch: 1}},
	{"a session read and written", false, uses(count), Calls{Read: 1, Swap: 1}},
	{"a session read and written when a touch is due", true, uses(count), Calls{Read: 1, Swap: 1}},
	{"a session written often", false, uses(func(s *session.Session) error {
		return errors.Join(s.Set("a", 1), s.Remove("b"), s.Bag("c").Set("d", 1), s.Flash().Notice("e"), count(s), s.Clear(), s.Set("n", 5))
	}), Calls{Read: 1, Swap: 1}},
	{"a variable set to what it was", false, uses(set("n", 0)), Calls{Read: 1}},
	{"a variable set to what it was when a touch is due", true, uses(set("n", 0)), Calls{Read: 1, Touch: 1}},
	{"flash messages shown where there are none", false, uses(func(s *session.Session) error {
		_, err := s.Flash().Take()
		return err
	}), Calls{Read: 1}},
	{"a change that was refused", false, uses(func(s *session.Session) error {
		_ = s.Set("bad", func() {})
		return nil
	}), Calls{Read: 1}},
	{"Regenerate", false, uses(regenerate), Calls{Read: 1, Create: 1, Swap: 1}},
	{"Regenerate and a change when a touch is due", true, uses(signIn), Calls{Read: 1, Create: 1, Swap: 1}},
	{"Destroy of a session that was not read", false, (*site).logout, Calls{Destroy: 1}},
	{"Destroy of a session that was read", false, uses(func(s *session.Session) error {
		return s.Destroy(context.Background())
	}), Calls{Read: 1, Destroy: 1}},
	{"Commit and a change after it", false, uses(func(s *session.Session) error {
		return errors.Join(count(s), s.Commit(context.Background()), s.Commit(context.Background()), count(s))
	}), Calls{Read: 1, Swap: 2}},
}

func uses(do func(s *session.Session) error) func(st *site) string {
	return func(st *site) string { return st.using(do) }
}

var costHazards = []hazard{
	{name: "A request makes no more trips to the store than are documented", test: func(t *testing.T, h Harness) {
		for _, c := range trips {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				st := newSite(t, h)
				v := st.visitorWith(0)
				slides := st.slides(v.stored())
				if c.late {
					st.wait(st.life / 10)
				}
				if slides {
					c.want.Touch = 0
				}
				path := c.do(st)
				st.calls.Reset()
				v.get(path).want(http.StatusOK)
				if got := st.calls.Reset(); got != c.want {
					t.Errorf("the store has had %+v, want %+v", got, c.want)
				}
			})
		}
	}},
	{name: "A visitor's first change makes one trip", test: func(t *testing.T, h Harness) {
		st := newSite(t, h)
		st.calls.Reset()
		st.visitor().get(st.using(count)).want(http.StatusOK).wantCookie()
		if got, want := st.calls.Reset(), (Calls{Create: 1}); got != want {
			t.Errorf("the store has had %+v, want %+v", got, want)
		}
	}},
	{name: "A conflict makes two trips more", test: func(t *testing.T, h Harness) {
		st := newSite(t, h)
		v := st.visitorWith(0)
		other, path := v.clone(), st.using(count)
		st.faults.On(Swap, Once(func(_ context.Context, call func() error) error {
			if a := other.send(http.MethodGet, path); a.err != nil || a.status != http.StatusOK {
				t.Errorf("another request: status %d, error %v; want 200", a.status, a.err)
			}
			st.calls.Reset()
			return call()
		}))
		v.get(path).want(http.StatusOK)
		if got, want := st.calls.Reset(), (Calls{Swap: 2, Read: 1}); got != want {
			t.Errorf("from its first Swap on the request made %+v, want %+v", got, want)
		}
		v.wantVars(`{"n":2}`)
	}},
	{name: "A touch that fails is not tried again in the same request", test: func(t *testing.T, h Harness) {
		st := newSite(t, h)
		v := st.visitorWith(0)
		tried := 0
		st.faults.On(Touch, func(context.Context, func() error) error {
			tried++
			return errStore
		})
		st.wait(st.life / 10)
		v.get(st.using(look)).want(http.StatusOK)
		if want := map[bool]int{true: 0, false: 1}[st.slides(v.stored())]; tried != want {
			t.Errorf("Touch was tried %d times, want %d", tried, want)
		}
	}},
	{name: "100 reads over three lives keep the session alive with no more touches than the throttle allows", test: testReads},
}

// slides tells whether the store's Read slides the expiry.
func (st *site) slides(id string) bool {
	st.t.Helper()
	r, err := st.Read(st.t.Context(), id, st.life)
	if err != nil {
		st.t.Fatalf("Read of a session that was just stored = %v, want nil", err)
	}
	return r.Slid
}

func testReads(t *testing.T, h Harness) {
	life := 10 * time.Minute
	if h.ServerClock {
		life = 2*time.Second + 2*h.Resolution
	}
	st := newSite(t, h, func(o *session.Options) { o.Lifetime = life })
	st.life = life
	v := st.visitorWith(0)
	slides := st.slides(v.stored())
	vars := st.serve(varsHandler(st.m))
	st.calls.Reset()
	const reads = 100
	for i := range reads {
		st.pass(3 * life / reads)
		if a := v.get(vars).want(http.StatusOK).wantNoCookie(); a.body != `{"n":0}` {
			t.Fatalf("read %d of 100 over three lives finds %s, want the session alive", i+1, a.body)
		}
	}
	throttle := min(life/20, time.Minute)
	allowed := int(3*life/throttle) + 1
	switch {
	case slides:
		allowed = 0
	case h.Resolution > throttle: // it cannot tell how long ago the last one was
		allowed = reads
	}
	if c := st.calls.Reset(); c.Touch > allowed || c != (Calls{Read: reads, Touch: c.Touch}) {
		t.Errorf("the store has had %+v, want %d reads and at most %d touches", c, reads, allowed)
	}
	st.outlive(life)
	v.wantVars(`{}`)
}
