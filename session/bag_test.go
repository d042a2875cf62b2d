package session_test

import (
	"errors"
	"slices"
	"testing"

	"gyrfalcon/session"
)

func TestABagGroupsVariables(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, started(t, session.Options{}))
	const hoods session.Key[int] = "hoods"
	v.with(func(s *session.Session) {
		basket := s.Bag("basket")
		if names, err := basket.Names(); len(names) != 0 || err != nil {
			t.Errorf("Names of an empty bag: got %q, %v", names, err)
		}
		if n, err := hoods.Update(basket, func(n int) int { return n + 2 }); n != 2 || err != nil {
			t.Errorf("Update: got %d, %v; want 2", n, err)
		}
		must(t, "Set", basket.Set("bells", 1))
		must(t, "Set", s.Bag("other").Set("bells", 7))
	})
	v.with(func(s *session.Session) {
		basket := s.Bag("basket")
		wantValue(t, basket, "hoods", 2)
		wantValue(t, basket, "bells", 1)
		wantValue(t, s.Bag("other"), "bells", 7)
		if names, _ := basket.Names(); !slices.Equal(names, []string{"hoods", "bells"}) {
			t.Errorf("Names: got %q", names)
		}
		if has, err := basket.Has("hoods"); !has || err != nil {
			t.Errorf("Has: got %v, %v", has, err)
		}
		var n int
		wantErr(t, "Decode of a missing member", basket.Decode("none", &n), session.ErrNoVariable)
		must(t, "Remove", hoods.Remove(basket))
		must(t, "Remove of nothing", basket.Remove("none"))
		must(t, "Clear", s.Bag("other").Clear())
	})
	v.with(func(s *session.Session) {
		if names, _ := s.Names(); !slices.Equal(names, []string{"basket"}) {
			t.Errorf("variables: got %q, want only the basket", names)
		}
		must(t, "Remove", s.Bag("basket").Remove("bells"))
		if has, _ := s.Has("basket"); has {
			t.Error("a bag without members is still a variable")
		}
	})
}

func TestABagOverAVariableThatIsNoMapIsADecodeError(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, started(t, session.Options{}))
	v.with(func(s *session.Session) {
		must(t, "Set", s.Set("basket", "text"))
		err := s.Bag("basket").Set("a", 1)
		if de, ok := errors.AsType[*session.DecodeError](err); !ok || de.Name != "basket" {
			t.Errorf("Set: got %v, want a *DecodeError for basket", err)
		}
		if _, err := session.Get[int](s.Bag("basket"), "a"); err == nil {
			t.Error("Get: got no error")
		}
		wantValue(t, s, "basket", "text")
	})
}

func TestAMemberThatCannotBeStoredIsNamed(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, started(t, session.Options{}))
	v.with(func(s *session.Session) {
		err := s.Bag("basket").Set("f", func() {})
		if ee, ok := errors.AsType[*session.EncodeError](err); !ok || ee.Name != "f" {
			t.Errorf("Set: got %v, want an *EncodeError for f", err)
		}
		if _, err := session.Update(s.Bag("basket"), "c", func(chan int) chan int { return make(chan int) }); err == nil {
			t.Error("Update to a channel: got no error")
		}
		if has, _ := s.Has("basket"); has {
			t.Error("a Set that failed has made the bag")
		}
	})
}
