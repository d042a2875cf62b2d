package session_test

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gyrfalcon/session"
	"gyrfalcon/session/memory"
	"gyrfalcon/session/sessiontest"
)

func TestVariablesComeBackInTheNextRequest(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, started(t, session.Options{}))
	type user struct {
		Name string
		Age  int
	}
	v.with(func(s *session.Session) {
		must(t, "Set", s.Set("text", "Zaunkönig \x00 \u2028 \" \\"))
		must(t, "Set", s.Set("n", math.MaxInt64))
		must(t, "Set", s.Set("yes", true))
		must(t, "Set", s.Set("user", user{"Ada", 36}))
		must(t, "Set", s.Set("raw", []byte{0, 255, 128}))
		must(t, "Set", s.Set("nothing", nil))
	})
	v.with(func(s *session.Session) {
		wantValue(t, s, "text", "Zaunkönig \x00 \u2028 \" \\")
		wantValue(t, s, "n", math.MaxInt64)
		wantValue(t, s, "yes", true)
		wantValue(t, s, "user", user{"Ada", 36})
		raw, err := session.Get[[]byte](s, "raw")
		if err != nil || !slices.Equal(raw, []byte{0, 255, 128}) {
			t.Errorf("raw: got %v, %v", raw, err)
		}
		names, err := s.Names()
		if want := []string{"text", "n", "yes", "user", "raw", "nothing"}; err != nil || !slices.Equal(names, want) {
			t.Errorf("Names: got %q, %v; want %q: stored order, and none of the session's own", names, err, want)
		}
	})
}

func TestAMissingVariableIsTheZeroValueAndLookupTells(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, started(t, session.Options{}))
	v.with(func(s *session.Session) {
		wantValue(t, s, "none", 0)
		if _, there, err := session.Lookup[int](s, "none"); there || err != nil {
			t.Errorf("Lookup of a missing variable: got there=%v, error %v", there, err)
		}
		var n int
		wantErr(t, "Decode of a missing variable", s.Decode("none", &n), session.ErrNoVariable)
		must(t, "Set", s.Set("zero", 0))
		if _, there, err := session.Lookup[int](s, "zero"); !there || err != nil {
			t.Errorf("Lookup of a zero: got there=%v, error %v", there, err)
		}
	})
}

func TestWhatWasReadOrSetIsTheCallersOwn(t *testing.T) {
	t.Parallel()
	m := started(t, session.Options{})
	v := newVisitor(t, m)
	v.with(func(s *session.Session) {
		list := []string{"a", "b"}
		must(t, "Set", s.Set("list", list))
		list[0] = "changed after Set"
		got, _ := session.Get[[]string](s, "list")
		got[1] = "changed after Get"
		again, _ := session.Get[[]string](s, "list")
		if want := []string{"a", "b"}; !slices.Equal(again, want) {
			t.Errorf("list: got %q, want %q", again, want)
		}
	})
	// Also where the change is replayed after a conflict.
	v.do(func(_ http.ResponseWriter, r *http.Request) {
		s, err := m.From(r.Context())
		must(t, "From", err)
		list := []string{"c"}
		must(t, "Set", s.Set("list", list))
		list[0] = "changed after Set"
		other := &visitor{t: t, m: m, cookie: v.cookie}
		other.with(func(s *session.Session) { must(t, "Set", s.Set("other", 1)) })
	})
	v.with(func(s *session.Session) {
		got, err := session.Get[[]string](s, "list")
		if err != nil || !slices.Equal(got, []string{"c"}) {
			t.Errorf("list after a replay: got %q, %v; want [c]", got, err)
		}
	})
}

func TestRemoveAndClearLeaveTheSession(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, started(t, session.Options{}))
	v.with(func(s *session.Session) {
		for _, name := range []string{"a", "b", "c"} {
			must(t, "Set", s.Set(name, 1))
		}
	})
	was := v.cookie.Value
	v.with(func(s *session.Session) {
		must(t, "Remove", s.Remove("b"))
		must(t, "Remove of nothing", s.Remove("none"))
		if has, err := s.Has("b"); has || err != nil {
			t.Errorf("Has after Remove: got %v, %v", has, err)
		}
	})
	v.with(func(s *session.Session) {
		names, _ := s.Names()
		if want := []string{"a", "c"}; !slices.Equal(names, want) {
			t.Errorf("Names: got %q, want %q", names, want)
		}
		must(t, "Clear", s.Clear())
	})
	v.with(func(s *session.Session) {
		if names, _ := s.Names(); len(names) != 0 {
			t.Errorf("Names after Clear: got %q, want none", names)
		}
		if s.ID() != was {
			t.Error("Clear has changed the session's ID; only Regenerate and Destroy do")
		}
	})
}

func TestUniqueIDKeepsApplicationsApartInOneSession(t *testing.T) {
	t.Parallel()
	store := newSharedMemory(t)
	shop := startedOn(t, store, session.Options{UniqueID: "shop"})
	blog := startedOn(t, store, session.Options{UniqueID: "blog"})
	v := newVisitor(t, shop)
	v.with(func(s *session.Session) {
		must(t, "Set", s.Set("n", 1))
		must(t, "Set", s.Bag("bag").Set("m", 1))
	})
	v.m = blog
	v.with(func(s *session.Session) {
		if has, _ := s.Has("n"); has {
			t.Error("the blog sees the shop's variable")
		}
		must(t, "Set", s.Set("n", 2))
		must(t, "Clear", s.Clear())
	})
	v.m = shop
	v.with(func(s *session.Session) {
		wantValue(t, s, "n", 1)
		wantValue(t, s.Bag("bag"), "m", 1)
		names, _ := s.Names()
		if want := []string{"n", "bag"}; !slices.Equal(names, want) {
			t.Errorf("Names: got %q, want %q", names, want)
		}
	})
}

func TestTheSessionsOwnVariableIsOutOfReach(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, started(t, session.Options{}))
	v.with(func(s *session.Session) {
		if err := s.Set("_gyrfalcon", "x"); err == nil || !strings.Contains(err.Error(), "choose another") {
			t.Errorf("Set of the reserved name: got error %v, want one that says to choose another", err)
		}
		if err := s.Remove("_gyrfalcon"); err == nil {
			t.Error("Remove of the reserved name: got no error")
		}
		if err := s.Bag("_gyrfalcon").Set("x", 1); err == nil {
			t.Error("a Bag under the reserved name: got no error")
		}
	})
}

func TestAValueThatCannotBeStoredChangesNothing(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, started(t, session.Options{}))
	res := v.with(func(s *session.Session) {
		for _, bad := range []any{func() {}, make(chan int), math.NaN(), math.Inf(1), "\xff", json.RawMessage("\"\xff\""), []string{"ok", "\xc3("}, map[string]int{"\xff": 1}} {
			err := s.Set("bad", bad)
			ee, ok := errors.AsType[*session.EncodeError](err)
			if !ok || ee.Name != "bad" {
				t.Errorf("Set(%T): got error %v, want an *EncodeError that names the variable", bad, err)
			}
			if err != nil && !strings.Contains(err.Error(), "cannot be stored: ") {
				t.Errorf("Set(%T): got error %q, want it to say why", bad, err)
			}
			if ok, _ := s.Has("bad"); ok {
				t.Errorf("Set(%T) failed and left a variable", bad)
			}
		}
	})
	if v.cookie != nil || res.StatusCode != http.StatusOK {
		t.Errorf("nothing was set: got status %d, cookie %v; want 200 and none", res.StatusCode, v.cookie != nil)
	}
}

func TestASessionOverMaxDataIsRefusedBeforeAnythingIsWritten(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, started(t, session.Options{MaxData: 1000}))
	v.with(func(s *session.Session) { must(t, "Set", s.Set("small", "x")) })
	res := v.with(func(s *session.Session) {
		must(t, "Set", s.Set("large", strings.Repeat("x", 1000)))
		err := s.Commit(t.Context())
		wantErr(t, "Commit", err, session.ErrTooLarge)
		if err == nil || !strings.Contains(err.Error(), "max_data") {
			t.Errorf("Commit: got %q, want the mend named", err)
		}
	})
	if res.StatusCode != http.StatusInternalServerError {
		t.Errorf("status: got %d, want 500", res.StatusCode)
	}
	v.with(func(s *session.Session) {
		wantValue(t, s, "small", "x")
		if has, _ := s.Has("large"); has {
			t.Error("the large variable was stored")
		}
		must(t, "Set", s.Set("large", strings.Repeat("x", 1000)))
		must(t, "Remove", s.Remove("large"))
		must(t, "Commit after the large variable was removed", s.Commit(t.Context()))
	})
}

func TestAfterItsRequestASessionIsClosed(t *testing.T) {
	t.Parallel()
	m := started(t, session.Options{})
	v := newVisitor(t, m)
	var kept *session.Session
	var r2 *http.Request
	v.do(func(_ http.ResponseWriter, r *http.Request) {
		r2 = r
		kept, _ = m.From(r.Context())
		must(t, "Set", kept.Set("a", 1))
	})
	_, err := session.Get[int](kept, "a")
	wantErr(t, "Get", err, session.ErrClosed)
	_, err = session.Update(kept, "a", func(n int) int { return n + 1 })
	wantErr(t, "Update", err, session.ErrClosed)
	_, err = kept.Names()
	wantErr(t, "Names", err, session.ErrClosed)
	_, err = kept.Has("a")
	wantErr(t, "Has", err, session.ErrClosed)
	_, err = kept.Flash().Take()
	wantErr(t, "Flash.Take", err, session.ErrClosed)
	wantErr(t, "Set", kept.Set("a", 2), session.ErrClosed)
	wantErr(t, "Remove", kept.Remove("a"), session.ErrClosed)
	wantErr(t, "Clear", kept.Clear(), session.ErrClosed)
	wantErr(t, "Bag.Set", kept.Bag("b").Set("a", 2), session.ErrClosed)
	wantErr(t, "Regenerate", kept.Regenerate(), session.ErrClosed)
	wantErr(t, "Commit", kept.Commit(t.Context()), session.ErrClosed)
	wantErr(t, "Reload", kept.Reload(t.Context()), session.ErrClosed)
	wantErr(t, "Destroy", kept.Destroy(t.Context()), session.ErrClosed)
	_, err = m.From(r2.Context())
	wantErr(t, "From", err, session.ErrClosed)
	wantErr(t, "Manager.Destroy", m.Destroy(r2.Context()), session.ErrClosed)
}

func TestTheGoroutinesOfOneRequestShareItsSession(t *testing.T) {
	t.Parallel()
	m := started(t, session.Options{})
	v := newVisitor(t, m)
	v.do(func(_ http.ResponseWriter, r *http.Request) {
		var wg sync.WaitGroup
		for i := range 16 {
			wg.Go(func() {
				s, err := m.From(r.Context())
				must(t, "From", err)
				for range 10 {
					_, err := session.Update(s, "n", func(n int) int { return n + 1 })
					must(t, "Update", err)
				}
				must(t, "Bag.Set", s.Bag("bag").Set(strings.Repeat("m", i+1), i))
				must(t, "Commit", s.Commit(r.Context()))
			})
		}
		wg.Wait()
	})
	v.with(func(s *session.Session) {
		wantValue(t, s, "n", 160)
		if names, _ := s.Bag("bag").Names(); len(names) != 16 {
			t.Errorf("bag: got %d members, want 16", len(names))
		}
	})
}

func TestInfoTellsASessionsAgeAndEnd(t *testing.T) {
	t.Parallel()
	c := newClock()
	v := newVisitor(t, started(t, session.Options{Now: c.Now, Lifetime: time.Hour}))
	born := c.Now()
	v.with(func(s *session.Session) {
		if i := s.Info(); !i.New || !i.Born.Equal(born) || !i.Expires.IsZero() {
			t.Errorf("Info of a new session: got %+v", i)
		}
		if s.Handle() != "" || s.ID() != "" {
			t.Error("a session that is not stored has an ID already")
		}
		must(t, "Set", s.Set("a", 1))
	})
	c.Advance(10 * time.Minute)
	v.with(func(s *session.Session) {
		i := s.Info()
		if i.New || !i.Born.Equal(born) || !i.Expires.Equal(c.Now().Add(time.Hour)) {
			t.Errorf("Info: got %+v; want born %v, expires %v", i, born, c.Now().Add(time.Hour))
		}
		if len(s.Handle()) != 8 || strings.Contains(s.ID(), s.Handle()) {
			t.Errorf("Handle: got %q; want 8 characters that are no part of the ID", s.Handle())
		}
		must(t, "Regenerate", s.Regenerate())
	})
	v.with(func(s *session.Session) {
		if i := s.Info(); !i.Born.Equal(born) {
			t.Errorf("Born after Regenerate: got %v, want %v", i.Born, born)
		}
	})
}

func TestMaxAgeEndsASessionThatIsAlwaysUsed(t *testing.T) {
	t.Parallel()
	c := newClock()
	var events eventLog
	v := newVisitor(t, started(t, session.Options{Now: c.Now, Lifetime: time.Hour, MaxAge: 3 * time.Hour, OnEvent: events.add}))
	v.with(func(s *session.Session) { must(t, "Set", s.Set("a", 1)) })
	was := v.cookie.Value
	for range 5 {
		c.Advance(30 * time.Minute)
		v.with(func(s *session.Session) {
			wantValue(t, s, "a", 1)
			must(t, "Regenerate", s.Regenerate())
		})
	}
	c.Advance(30 * time.Minute)
	v.with(func(s *session.Session) {
		if !s.Info().New {
			t.Error("a session older than MaxAge is still served")
		}
		must(t, "Set", s.Set("a", 2))
	})
	if v.cookie.Value == was {
		t.Error("the new session has the old one's ID")
	}
	if !events.has(session.EventExpired) {
		t.Errorf("events: got %v, want one %q", events.kinds(), session.EventExpired)
	}
}

func TestALogoutIsDoneThoughTheClientHangsUp(t *testing.T) {
	t.Parallel()
	for name, destroy := range map[string]func(context.Context, *session.Manager) error{
		"unread": func(ctx context.Context, m *session.Manager) error { return m.Destroy(ctx) },
		"read": func(ctx context.Context, m *session.Manager) error {
			s, err := m.From(context.WithoutCancel(ctx))
			return errors.Join(err, s.Destroy(ctx))
		},
	} {
		m := started(t, session.Options{})
		v := newVisitor(t, m)
		v.with(func(s *session.Session) { must(t, "Set", s.Set("a", 1)) })
		cookie := v.cookie
		v.do(func(_ http.ResponseWriter, r *http.Request) {
			ctx, hangUp := context.WithCancel(r.Context())
			hangUp()
			must(t, name+": Destroy", destroy(ctx, m))
		})
		_, err := m.Load(t.Context(), cookie.Value)
		wantErr(t, name+": Load afterwards", err, session.ErrNotFound)
	}
}

func TestWhyAValueCannotBeStoredIsSaidWithTheMend(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, started(t, session.Options{}))
	v.with(func(s *session.Session) {
		for _, c := range []struct {
			value any
			want  string
		}{
			{func() {}, `session: variable "v": a value of type func() cannot be stored: JSON has no form for it; store plain data`},
			{math.NaN(), `session: variable "v": a value of type float64 cannot be stored: JSON has no form for NaN`},
			{"\xff", `session: variable "v": a value of type string cannot be stored: it holds text that is not valid UTF-8; use a []byte for raw bytes`},
		} {
			if err := s.Set("v", c.value); err == nil || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		}
	})
}

// failsOnce is a store of which the first session cannot be stored.
type failsOnce struct {
	session.Adapter

	failed bool
}

func (a *failsOnce) Create(ctx context.Context, id string, data []byte, life time.Duration) (session.Record, error) {
	if !a.failed {
		a.failed = true
		return session.Record{}, errors.New("the store is full")
	}
	return a.Adapter.Create(ctx, id, data, life)
}

func TestAfterAnAnswerThatNothingWasStoredNothingIs(t *testing.T) {
	t.Parallel()
	counted := sessiontest.Counting(&failsOnce{Adapter: memory.New(memory.Options{})})
	m := startedOn(t, counted, session.Options{})
	res := newVisitor(t, m).do(func(w http.ResponseWriter, r *http.Request) {
		s, err := m.From(r.Context())
		must(t, "From", err)
		must(t, "Set", s.Set("a", 1))
		_, err = w.Write([]byte("done"))
		if err == nil {
			t.Error("Write: got no error though nothing could be stored")
		}
		if again := s.Commit(r.Context()); !errors.Is(again, err) {
			t.Errorf("Commit after the answer: got %v, want Write's %v", again, err)
		}
	})
	if res.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("status: got %d, want 503", res.StatusCode)
	}
	if n := counted.Calls().Create; n != 1 {
		t.Errorf("the store was asked %d times, want once", n)
	}
}
