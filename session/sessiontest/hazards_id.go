package sessiontest

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"gyrfalcon/session"
)

var idHazards = []hazard{
	{name: "A handler that never uses the session makes no query, no cookie and no Vary", test: func(t *testing.T, h Harness) {
		st := newSite(t, h)
		for _, v := range []*visitor{st.visitor(), st.visitorWith(0), st.visitorOf(newID()), st.visitorOf("malformed")} {
			st.calls.Reset()
			a := v.get(st.serve(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Cache-Control", "public, max-age=60")
				_, _ = w.Write([]byte("the body"))
			}))).want(http.StatusOK).wantNoCookie()
			if c := st.calls.Reset(); c != (Calls{}) {
				t.Errorf("the store has had %+v, want nothing", c)
			}
			if got := a.header.Get("Vary") + a.header.Get("Cache-Control"); got != "public, max-age=60" {
				t.Errorf("Vary and Cache-Control are %q, want the handler's own", got)
			}
		}
	}},
	{name: "A visitor who stores nothing gets no session", test: func(t *testing.T, h Harness) {
		st := newSite(t, h)
		v := st.visitor()
		v.get(st.using(look)).want(http.StatusOK).wantNoCookie()
		v.get(st.using(func(s *session.Session) error {
			if err := s.Set("x", 1); err != nil {
				return err
			}
			return s.Remove("x")
		})).want(http.StatusOK).wantNoCookie()
		v.get(st.using(regenerate)).want(http.StatusOK).wantNoCookie()
		v.get(st.logout()).want(http.StatusOK).wantNoCookie()
		if c := st.calls.Calls(); c != (Calls{Open: c.Open}) {
			t.Errorf("the store has had %+v, want nothing", c)
		}
	}},
	{name: "An unknown ID is never adopted", test: func(t *testing.T, h Harness) {
		st := newSite(t, h)
		id := newID()
		v := st.visitorOf(id)
		v.get(st.using(look)).want(http.StatusOK).wantNoCookie()
		v.get(st.using(count)).want(http.StatusOK).wantCookie()
		if v.jar.id() == id {
			t.Error("the session has the ID that the client came with, want a new one")
		}
		st.wantGone(st.storedID(id))
		st.wantGone(id)
		v.wantVars(`{"n":1}`)
		st.visitorOf(id).wantVars(`{}`)
		if !slices.Contains(st.heard.kinds(), session.EventRefusedID) {
			t.Error("no event tells of an ID that was refused")
		}
	}},
	{name: "A malformed ID costs no query and is never adopted", applies: alone, test: func(t *testing.T, h Harness) {
		st := newSite(t, h)
		good := newID()
		for _, id := range []string{
			"", "x", good[1:], good + "0", strings.ToUpper(good[:31]) + "V", good[:31] + "w", good[:31] + "%", good[:30] + "..",
			good[:31] + "/", strings.Repeat("0", 4000), "'or'1'='1", good[:31] + "é", `"` + good, "$2a", strings.Repeat(" ", 32),
		} {
			st.calls.Reset()
			a := st.raw(st.using(look), "__Host-session="+id).want(http.StatusOK).wantNoCookie()
			if c := st.calls.Reset(); c != (Calls{}) {
				t.Errorf("the ID %.40q made %+v, want nothing", id, c)
			}
			a.wantVary()
			st.raw(st.using(count), "__Host-session="+id).want(http.StatusOK).wantCookie()
			if c := st.calls.Reset(); c != (Calls{Create: 1}) {
				t.Errorf("a change with the ID %.40q made %+v, want a Create only", id, c)
			}
		}
	}},
	{name: "Of several cookies of the name the first counts", test: func(t *testing.T, h Harness) {
		st := newSite(t, h)
		first, second := st.visitorWith("first"), st.visitorWith("second")
		vars := st.serve(varsHandler(st.m))
		both := "__Host-session=" + first.jar.id() + "; theme=dark; __Host-session=" + second.jar.id()
		if a := st.raw(vars, both).want(http.StatusOK); a.body != `{"n":"first"}` {
			t.Errorf("the session holds %s, want the first cookie's", a.body)
		}
		if a := st.raw(vars, "__Host-session=malformed; "+both).want(http.StatusOK); a.body != `{}` {
			t.Errorf("the session holds %s, want none: the first cookie is malformed", a.body)
		}
	}},
	{name: "One service's ID is nothing to another on the same table", applies: alone, test: func(t *testing.T, h Harness) {
		st := newSite(t, h)
		admin := st.service(borrowed{st.faults}, func(o *session.Options) { o.Name = "adminSession" })
		adminVars := st.bare(admin.Middleware(varsHandler(admin)))
		adminCount := st.bare(admin.Middleware(handler(admin, count)))
		v := st.visitorWith(7)
		w := v.clone()
		if a := w.get(adminVars).want(http.StatusOK).wantNoCookie(); a.body != `{}` {
			t.Errorf("another service's session holds %s, want nothing", a.body)
		}
		w.get(adminCount).want(http.StatusOK).wantCookie()
		if w.jar.id() == v.jar.id() {
			t.Error("another service has adopted the ID, want a new one")
		}
		if a := w.get(adminVars).want(http.StatusOK); a.body != `{"n":1}` {
			t.Errorf("another service's session holds %s, want its own counter", a.body)
		}
		w.wantVars(`{}`)
		if _, err := st.Read(t.Context(), storedIDOf("adminSession", w.jar.id()), st.life); err != nil {
			t.Errorf("Read of the other service's session = %v, want it where the documentation says", err)
		}
	}},
	{name: "One service's logout is nothing to another on the same table", applies: alone, test: func(t *testing.T, h Harness) {
		st := newSite(t, h)
		admin := st.service(borrowed{st.faults}, func(o *session.Options) { o.Name = "adminSession" })
		v := st.visitorWith(7)
		v.clone().get(st.bare(admin.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if err := admin.Destroy(r.Context()); err != nil {
				session.Error(w, r, err)
			}
		})))).want(http.StatusOK)
		v.wantVars(`{"n":7}`)
	}},
	{name: "Two services serve one request side by side", test: func(t *testing.T, h Harness) {
		st := newSite(t, h)
		other := st.service(borrowed{st.faults}, func(o *session.Options) { o.Name, o.Cookie.Name = "other", "__Host-other" })
		v := st.visitor()
		a := v.get(st.serve(other.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			for _, m := range []*session.Manager{st.m, other} {
				s, err := m.From(r.Context())
				if err == nil {
					err = s.Set("service", m.Options().Name)
				}
				if err != nil {
					session.Error(w, r, err)
				}
			}
		})))).want(http.StatusOK).wantCookie()
		if n := len(a.header["Set-Cookie"]); n != 2 {
			t.Errorf("%d cookies were set, want one for each service", n)
		}
		v.wantVars(`{"service":"session"}`)
	}},
	{name: "A session older than max_age is served no more, however much it is used", test: func(t *testing.T, h Harness) {
		st := newSite(t, h, func(o *session.Options) { o.MaxAge = 10 * time.Minute })
		v := st.visitorWith(0)
		for range 9 {
			st.wait(time.Minute)
			v.get(st.using(count)).want(http.StatusOK)
		}
		st.wait(time.Minute)
		old := v.jar.id()
		v.wantVars(`{}`)
		v.get(st.using(count)).want(http.StatusOK).wantCookie()
		if v.jar.id() == old {
			t.Error("the session after max_age has the old ID, want a new one")
		}
		v.wantVars(`{"n":1}`)
	}},
}

// raw sends a GET with that Cookie header, from a client that has no cookies.
func (st *site) raw(path, cookies string) *answer {
	st.t.Helper()
	v := st.visitor()
	for c := range strings.SplitSeq(cookies, "; ") {
		if _, id, _ := strings.Cut(c, "="); len(id) == 32 && id != strings.Repeat(" ", 32) {
			st.heard.id(strings.ToLower(id))
		}
	}
	r, err := http.NewRequestWithContext(st.t.Context(), http.MethodGet, v.url(path), http.NoBody)
	if err != nil {
		st.t.Fatal(err)
	}
	r.Header.Set("Cookie", cookies)
	a := &answer{t: st.t, v: v}
	res, err := v.client.Do(r)
	if err != nil {
		st.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	a.read(res)
	return a
}
