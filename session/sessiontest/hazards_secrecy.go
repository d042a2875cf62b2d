package sessiontest

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"gyrfalcon/session"
)

// Every site looks for IDs in all that was logged, told and answered, when its
// test is over (heard.wantNoSecrets). What stands here makes sure that there was
// something to look at.
var secrecyHazards = []hazard{
	{name: "Everything that happens to a session is told by its handle, and nothing by its ID", test: testTold},
	{name: "A session's handle is the same in every process, and no part of its ID", test: func(t *testing.T, h Harness) {
		st := newSite(t, h)
		replica := st.service(borrowed{st.faults})
		v := st.visitorWith(0)
		var handles []string
		for _, m := range []*session.Manager{st.m, replica} {
			s, err := m.Load(t.Context(), v.jar.id())
			if err != nil {
				t.Fatalf("Load = %v, want nil", err)
			}
			handles = append(handles, s.Handle())
		}
		if handles[0] != handles[1] || len(handles[0]) != 8 {
			t.Errorf("the handles of one session are %q in two services, want one of 8 characters", handles)
		}
		if strings.Contains(v.jar.id()+" "+v.stored(), handles[0]) {
			t.Error("the handle is a part of the ID, or of what is stored, want neither")
		}
	}},
	{name: "A session that is printed shows no ID", test: func(t *testing.T, h Harness) {
		st := newSite(t, h)
		v := st.visitorWith(0)
		s, err := st.m.Load(t.Context(), v.jar.id())
		if err != nil {
			t.Fatalf("Load = %v, want nil", err)
		}
		var all []byte
		for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
			all = fmt.Appendf(all, verb, s)
		}
		if strings.Contains(string(all), v.jar.id()) || strings.Contains(string(all), v.stored()) {
			t.Error("a session that is printed shows its ID, want its handle")
		}
	}},
}

func testTold(t *testing.T, h Harness) {
	st := newSite(t, h)
	v := st.visitorWith(0)
	st.wait(st.life / 10)
	v.get(st.using(look)).want(http.StatusOK) // with a touch
	v.overlap(count, count).want(http.StatusOK)
	old := v.clone()
	v.get(st.using(signIn)).want(http.StatusOK)
	st.wait(2 * grace)
	old.wantVars(`{}`)
	v.get(st.logout()).want(http.StatusOK)
	st.visitorOf(newID()).wantVars(`{}`)
	st.visitorOf("malformed").wantVars(`{}`)
	st.found(`no object`).wantVars(`{}`)
	f := st.visitorWith(0)
	for _, m := range []Method{Read, Swap, Destroy} {
		st.faults.On(m, Fail(errStore))
	}
	f.get(st.using(count)).want(http.StatusServiceUnavailable)
	f.get(st.logout()).want(http.StatusServiceUnavailable)

	told := st.heard.kinds()
	for _, kind := range []session.EventKind{
		session.EventCreated, session.EventConflict, session.EventRegenerated, session.EventExpired,
		session.EventDestroyed, session.EventRefusedID, session.EventUndecodable,
	} {
		if !slices.Contains(told, kind) {
			t.Errorf("no event tells %q; there are %q", kind, told)
		}
		if !st.heard.says(`"event": "`+string(kind)) && !st.heard.says(`"event":"`+string(kind)) {
			t.Errorf("no line of the log tells %q", kind)
		}
	}
	for _, failure := range []string{"a session could not be read", errStore.Error()} {
		if !st.heard.says(failure) {
			t.Errorf("no line of the log says %q of a store that failed", failure)
		}
	}
	st.heard.mu.Lock()
	defer st.heard.mu.Unlock()
	for _, e := range st.heard.events {
		malformed := e.Kind == session.EventRefusedID && e.Handle == ""
		if e.Service != session.DefaultName || len(e.Handle) != 8 && !malformed {
			t.Errorf("the event %+v has the service %q and a handle of %d characters, want %q and 8", e.Kind, e.Service, len(e.Handle), session.DefaultName)
		}
	}
}
