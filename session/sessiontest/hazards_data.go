package sessiontest

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"gyrfalcon/session"
)

var dataHazards = []hazard{
	{name: "A variable of the wrong type leaves the others served", test: func(t *testing.T, h Harness) {
		st := newSite(t, h)
		v := st.visitorWith("no number")
		v.get(st.using(set("fine", 1))).want(http.StatusOK)
		v.get(st.using(func(s *session.Session) error {
			_, err := session.Get[int](s, "n")
			wrong, ok := errors.AsType[*session.DecodeError](err)
			if !ok || wrong.Name != "n" || strings.Contains(err.Error(), "no number") {
				t.Errorf("Get[int] of a text = %v, want a *DecodeError that names n and not what it holds", err)
			}
			if err := count(s); !errors.As(err, &wrong) {
				t.Errorf("Update of a text as an int = %v, want a *DecodeError", err)
			}
			if fine, err := session.Get[int](s, "fine"); fine != 1 || err != nil {
				t.Errorf("fine = %d, error %v; want 1", fine, err)
			}
			return s.Set("more", 2)
		})).want(http.StatusOK)
		v.wantVars(`{"fine":1,"more":2,"n":"no number"}`)
	}},
	{name: "A variable whose bytes are broken leaves the others served, and its bytes stay", test: func(t *testing.T, h Harness) {
		st := newSite(t, h)
		v := st.found(`{"broken":nul,"fine":1}`)
		v.get(st.using(func(s *session.Session) error {
			var v any
			if err := s.Decode("broken", &v); err == nil || errors.Is(err, session.ErrNoVariable) {
				t.Errorf("Decode of what is broken = %v, want a *DecodeError", err)
			}
			if fine, err := session.Get[int](s, "fine"); fine != 1 || err != nil {
				t.Errorf("fine = %d, error %v; want 1", fine, err)
			}
			return s.Set("more", 2)
		})).want(http.StatusOK)
		r, err := st.Read(t.Context(), v.stored(), st.life)
		if err != nil || !strings.HasPrefix(string(r.Data), `{"broken":nul,"fine":1,`) {
			t.Errorf("the store holds %s, error %v; want what is broken as it was", r.Data, err)
		}
	}},
	{name: "An unparsable payload leaves the stored bytes as they were and serves a new session", test: func(t *testing.T, h Harness) {
		for _, payload := range []string{`user|s:3:"ada";`, `{"n":1`, `[1,2]`, `{"n":1}}`, `null`, `{"_gyrfalcon":"born=x"}`, `{"_gyrfalcon":{}}`} {
			st := newSite(t, h)
			v := st.found(payload)
			old := v.jar.id()
			for range 2 {
				v.wantVars(`{}`)
			}
			v.get(st.using(look)).want(http.StatusOK).wantNoCookie()
			v.get(st.using(count)).want(http.StatusOK).wantCookie()
			if v.jar.id() == old {
				t.Errorf("%s: the new session has the old ID, want one of its own", payload)
			}
			v.wantVars(`{"n":1}`)
			r, err := st.Read(t.Context(), st.storedID(old), st.life)
			if err != nil || string(r.Data) != payload {
				t.Errorf("the store holds %s, error %v; want %s as it was", r.Data, err, payload)
			}
			if !slices.Contains(st.heard.kinds(), session.EventUndecodable) {
				t.Errorf("%s: the events are %q, want one that tells of it", payload, st.heard.kinds())
			}
		}
	}},
	{name: "A payload that becomes unparsable in the midst of a request is left as it is", test: func(t *testing.T, h Harness) {
		st := newSite(t, h)
		v := st.visitorWith(0)
		v.get(st.using(func(s *session.Session) error {
			r, err := st.Read(context.Background(), v.stored(), st.life)
			if err == nil {
				_, err = st.Swap(context.Background(), v.stored(), r, []byte("somebody else's"), st.life)
			}
			if err != nil {
				return err
			}
			return count(s)
		})).want(http.StatusConflict).wantNoCookie()
		st.wantStored(v.stored(), "somebody else's")
	}},
	{name: "A session that was born elsewhere is served, and keeps what it holds", test: func(t *testing.T, h Harness) {
		st := newSite(t, h)
		v := st.found(` { "n" : 1 , "deep" : { "list" : [ 1.50, "x" ] } } `)
		v.get(st.using(count)).want(http.StatusOK).wantNoCookie()
		v.wantVars(`{"deep":{"list":[1.5,"x"]},"n":2}`)
		r, err := st.Read(t.Context(), v.stored(), st.life)
		if err != nil || !strings.Contains(string(r.Data), `{ "list" : [ 1.50, "x" ] }`) {
			t.Errorf("the store holds %s, error %v; want what was not changed byte for byte", r.Data, err)
		}
	}},
	{name: "A value is the handler's own, before Set and after Get", test: func(t *testing.T, h Harness) {
		st := newSite(t, h)
		v := st.visitor()
		v.get(st.using(func(s *session.Session) error {
			list := []int{1, 2, 3}
			if err := s.Set("list", list); err != nil {
				return err
			}
			list[0] = 99
			got, err := session.Get[[]int](s, "list")
			got[1] = 99
			return err
		})).want(http.StatusOK)
		v.wantVars(`{"list":[1,2,3]}`)
	}},
	{name: "A value that cannot be stored is refused at once, and the others stay", test: func(t *testing.T, h Harness) {
		st := newSite(t, h)
		v := st.visitorWith(0)
		v.get(st.using(func(s *session.Session) error {
			for _, bad := range []any{func() {}, make(chan int), "\xff"} {
				if _, ok := errors.AsType[*session.EncodeError](s.Set("bad", bad)); !ok {
					t.Errorf("Set of a %T is no *EncodeError", bad)
				}
			}
			return s.Set("fine", 1)
		})).want(http.StatusOK)
		v.wantVars(`{"fine":1,"n":0}`)
	}},
	{name: "A Bag's member may have any name", test: func(t *testing.T, h Harness) {
		st := newSite(t, h)
		v := st.visitorWith(0)
		v.get(st.using(func(s *session.Session) error {
			return errors.Join(s.Bag("b").Set("_gyrfalcon", 1), s.Bag("c").Set("", 2))
		})).want(http.StatusOK)
		v.wantVars(`{"b":{"_gyrfalcon":1},"c":{"":2},"n":0}`)
	}},
	{name: "Two applications with a unique ID each keep out of each other's variables", test: func(t *testing.T, h Harness) {
		st := newSite(t, h, func(o *session.Options) { o.UniqueID = "shop" })
		blog := st.service(borrowed{st.faults}, func(o *session.Options) { o.UniqueID = "blog" })
		v := st.visitorWith("shop's")
		v.get(st.bare(blog.Middleware(handler(blog, set("n", "blog's"))))).want(http.StatusOK)
		v.wantVars(`{"n":"shop's"}`)
		v.get(st.bare(blog.Middleware(handler(blog, (*session.Session).Clear)))).want(http.StatusOK)
		v.wantVars(`{"n":"shop's"}`)
	}},
}

// found is a visitor whose session somebody else has stored.
func (st *site) found(payload string) *visitor {
	st.t.Helper()
	v := st.visitorOf(newID())
	if _, err := st.Create(st.t.Context(), v.stored(), []byte(payload), st.life); err != nil {
		st.t.Fatalf("Create of %s = %v, want nil", payload, err)
	}
	return v
}
