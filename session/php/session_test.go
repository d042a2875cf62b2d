package php_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"gyrfalcon/session"
	"gyrfalcon/session/memory"
	"gyrfalcon/session/php"
)

// store is a memory store into which the tests look.
type store struct {
	session.Adapter

	id   string
	data []byte
}

func (s *store) Create(ctx context.Context, id string, data []byte, life time.Duration) (session.Record, error) {
	s.id, s.data = id, data
	return s.Adapter.Create(ctx, id, data, life)
}

func (s *store) Swap(ctx context.Context, id string, prev session.Record, next []byte, life time.Duration) (session.Record, error) {
	rec, err := s.Adapter.Swap(ctx, id, prev, next, life)
	if err == nil && id == s.id {
		s.data = next
	}
	return rec, err
}

// begin starts a manager with the codec, and a session in it.
func begin(t *testing.T, codec session.Codec, o session.Options) (*session.Manager, *store, *session.Session) {
	t.Helper()
	a := &store{Adapter: memory.New(memory.Options{})}
	o.Codec, o.GCInterval = codec, -1
	m := session.New(a, o)
	must(t, "Start", m.Start(t.Context()))
	t.Cleanup(func() { must(t, "Stop", m.Stop(context.Background())) })
	s, err := m.Load(t.Context(), "")
	if err != nil {
		t.Fatalf("Load: %v", err)
	}
	return m, a, s
}

func load(t *testing.T, m *session.Manager, id string) *session.Session {
	t.Helper()
	s, err := m.Load(t.Context(), id)
	if err != nil {
		t.Fatalf("Load: %v", err)
	}
	return s
}

func inEachFormat(t *testing.T, test func(t *testing.T, codec session.Codec)) {
	t.Helper()
	t.Parallel()
	for name, codec := range map[string]session.Codec{"php": php.Native(), "php_serialize": php.Serialize(), "php_binary": php.Binary()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, codec)
		})
	}
}

func TestASessionWorksOnPHPsFormatsAsOnJSON(t *testing.T) {
	inEachFormat(t, func(t *testing.T, codec session.Codec) {
		m, _, s := begin(t, codec, session.Options{UniqueID: "app"})
		must(t, "Set", s.Set("user", "ada"))
		must(t, "Set", s.Bag("cart").Set("Tea", 2))
		must(t, "Success", s.Flash().Success("Saved"))
		must(t, "Error", s.Flash().Error("Bad"))
		must(t, "Commit", s.Commit(t.Context()))

		s = load(t, m, s.ID())
		if user, err := session.Get[string](s, "user"); user != "ada" || err != nil {
			t.Errorf("user: got %q, %v", user, err)
		}
		n, err := session.Update(s.Bag("cart"), "Tea", func(n int) int { return n + 1 })
		if n != 3 || err != nil {
			t.Errorf("Update of a member: got %d, %v", n, err)
		}
		if shown, err := s.Flash().Take(session.FlashSuccess); len(shown) != 1 || shown[0].Text != "Saved" || err != nil {
			t.Errorf("Take: got %v, %v", shown, err)
		}
		old := s.ID()
		must(t, "Regenerate", s.Regenerate())
		must(t, "Commit", s.Commit(t.Context()))
		if s.ID() == old {
			t.Error("the ID is the same after Regenerate")
		}
		if was := load(t, m, old); !was.Info().Superseded {
			t.Error("the old session is not superseded")
		}
		s = load(t, m, s.ID())
		if names, _ := s.Names(); !slices.Equal(names, []string{"user", "cart", "_flashMessages"}) {
			t.Errorf("Names: got %q", names)
		}
		if rest, err := s.Flash().Messages(); len(rest) != 1 || rest[0].Type != session.FlashError || err != nil {
			t.Errorf("Messages: got %v, %v", rest, err)
		}
		must(t, "Clear", s.Clear())
		must(t, "Commit", s.Commit(t.Context()))
		if names, _ := load(t, m, s.ID()).Names(); len(names) != 0 {
			t.Errorf("Names after Clear: got %q", names)
		}
	})
}

// The very bytes that Phalcon 5 writes for a user, a bag and flash messages under the
// uniqueId app.
func TestBagAndFlashAreStoredAsPhalconStoresThem(t *testing.T) {
	t.Parallel()
	_, a, s := begin(t, php.Native(), session.Options{UniqueID: "app"})
	must(t, "Set", s.Bag("cart").Set("items", []int{1, 2}))
	must(t, "Set", s.Bag("cart").Set("Name", "x"))
	must(t, "Success", s.Flash().Success("Saved"))
	must(t, "Error", s.Flash().Error("Bad"))
	must(t, "Error", s.Flash().Error("Worse"))
	must(t, "Commit", s.Commit(t.Context()))
	const want = `app#cart|a:2:{s:5:"items";a:2:{i:0;i:1;i:1;i:2;}s:4:"Name";s:1:"x";}` +
		`app#_flashMessages|a:2:{s:7:"success";a:1:{i:0;s:5:"Saved";}s:5:"error";a:2:{i:0;s:3:"Bad";i:1;s:5:"Worse";}}`
	if !bytes.HasPrefix(a.data, []byte(want)) {
		t.Errorf("stored: got %q, want it to begin with %q", a.data, want)
	}
}

func TestChangesAreReplayedOnWhatAnotherRequestStored(t *testing.T) {
	inEachFormat(t, func(t *testing.T, codec session.Codec) {
		m, _, s := begin(t, codec, session.Options{})
		must(t, "Set", s.Set("n", 1))
		must(t, "Commit", s.Commit(t.Context()))
		first, second := load(t, m, s.ID()), load(t, m, s.ID())
		for i, s := range []*session.Session{first, second} {
			if _, err := session.Update(s, "n", func(n int) int { return n + 1 }); err != nil {
				t.Errorf("Update: %v", err)
			}
			must(t, "Set", s.Bag("bag").Set([]string{"x", "y"}[i], i))
			must(t, "Notice", s.Flash().Notice([]string{"one", "two"}[i]))
		}
		must(t, "Commit", first.Commit(t.Context()))
		must(t, "Commit of the second", second.Commit(t.Context()))
		s = load(t, m, s.ID())
		n, _ := session.Get[int](s, "n")
		names, _ := s.Bag("bag").Names()
		messages, _ := s.Flash().Messages()
		if n != 3 || !slices.Equal(names, []string{"x", "y"}) || len(messages) != 2 {
			t.Errorf("got n=%d, bag %q, messages %v; want both requests' changes", n, names, messages)
		}
	})
}

// PHP's objects, which refer to each other across variables, outlive a hundred changes
// beside them.
func TestObjectsThatGoDoesNotKnowOutliveChangesBesideThem(t *testing.T) {
	t.Parallel()
	const objects = `cart|O:8:"App\Cart":2:{s:5:"owner";O:8:"App\User":1:{s:4:"name";s:3:"Ann";}s:5:"items";a:1:{i:0;i:7;}}user|r:3;all|a:2:{i:0;r:2;i:1;R:5;}`
	m, a, s := begin(t, php.Native(), session.Options{})
	must(t, "Set", s.Set("n", 0))
	must(t, "Commit", s.Commit(t.Context()))
	rec, err := a.Read(t.Context(), a.id, time.Hour)
	must(t, "Read", err)
	_, err = a.Swap(t.Context(), a.id, rec, []byte("n|i:0;"+objects), time.Hour)
	must(t, "Swap", err)
	for i := range 100 {
		s := load(t, m, s.ID())
		if i%2 == 0 {
			must(t, "Set", s.Set("n", make([]int, i)))
		} else {
			must(t, "Set", s.Set("n", i))
		}
		must(t, "Commit", s.Commit(t.Context()))
	}
	if got, _, _ := bytes.Cut(a.data, []byte("_gyrfalcon")); string(got) != "n|i:99;"+objects {
		t.Errorf("got  %q\nwant %q", got, "n|i:99;"+objects)
	}
}

func TestASessionThatDoesNotParseStaysAsItIs(t *testing.T) {
	inEachFormat(t, func(t *testing.T, codec session.Codec) {
		var kinds []session.EventKind
		m, a, s := begin(t, codec, session.Options{OnEvent: func(e session.Event) { kinds = append(kinds, e.Kind) }})
		must(t, "Set", s.Set("n", 1))
		must(t, "Commit", s.Commit(t.Context()))
		first, id := a.id, s.ID()
		rec, err := a.Read(t.Context(), first, time.Hour)
		must(t, "Read", err)
		_, err = a.Swap(t.Context(), first, rec, []byte(`a:1:{broken`), time.Hour)
		must(t, "Swap", err)
		if _, err := m.Load(t.Context(), id); !errors.Is(err, session.ErrNotFound) || !slices.Contains(kinds, session.EventUndecodable) {
			t.Errorf("Load: got %v, events: %v; want ErrNotFound and one that says why", err, kinds)
		}
		if rec, err := a.Read(t.Context(), first, time.Hour); err != nil || string(rec.Data) != `a:1:{broken` {
			t.Errorf("the stored bytes: got %q, %v", rec.Data, err)
		}
	})
}

// A bag's members and a flash's types are an array's keys, for which PHP has room under
// any name, in a bag that is new as in one that is there.
func TestAMembersNameIsNotBoundByTheRulesForVariables(t *testing.T) {
	inEachFormat(t, func(t *testing.T, codec session.Codec) {
		m, a, s := begin(t, codec, session.Options{})
		long := strings.Repeat("n", 200)
		for _, name := range []string{"sku|size", long, "", "7"} {
			must(t, "Set in a new bag", s.Bag("bag "+strconv.Itoa(len(name))).Set(name, 1))
			must(t, "Set in a bag that is there", s.Bag("bag 7").Set(name, 1))
		}
		must(t, "Add", s.Flash().Add("a|b", "text"))
		must(t, "Commit", s.Commit(t.Context()))
		if want := `a:1:{s:8:"sku|size";i:1;}`; !bytes.Contains(a.data, []byte(want)) {
			t.Errorf("stored: got %q, want it to hold %q", a.data, want)
		}
		s = load(t, m, s.ID())
		for _, name := range []string{"sku|size", long, "", "7"} {
			if n, err := session.Get[int](s.Bag("bag "+strconv.Itoa(len(name))), name); n != 1 || err != nil {
				t.Errorf("%q: got %d, %v", name, n, err)
			}
		}
		if messages, err := s.Flash().Messages("a|b"); len(messages) != 1 || err != nil {
			t.Errorf("flash: got %v, %v", messages, err)
		}
	})
}
