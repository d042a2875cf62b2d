package session_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"gyrfalcon/session"
)

// leftBehind is what stands under phpIDs[0] after its session, an admin's, was regenerated.
func leftBehind(t testing.TB, m *session.Manager, store session.Adapter) string {
	t.Helper()
	put(t, store, phpIDs[0], `{"user":"admin"}`)
	if set := comesWith(t, m, "PHPSESSID="+phpIDs[0], func(s *session.Session) { must(t, "Regenerate", s.Regenerate()) }); len(set) != 1 {
		t.Fatalf("got the cookies %q, want the new ID", set)
	}
	return stored(t, store, phpIDs[0])
}

// beside is a session as PHP stores it that has found text there, and set user.
func beside(text string) string { return `{"user":"ada",` + text[1:] }

// events collects the kinds of a service's events.
type events []session.EventKind

func (e *events) add(ev session.Event) { *e = append(*e, ev.Kind) }

// The answer of Go's Regenerate is lost; the visitor signs in on PHP's side with the old
// ID, and PHP gives a new one and carries along all that it found.
func TestUnderAnIDThatPHPHasGivenThereIsNoTombstone(t *testing.T) {
	t.Parallel()
	for _, after := range []time.Duration{0, 29 * time.Second, 31 * time.Second} {
		clock, seen := newClock(), events{}
		m, store := php(t, session.Options{Now: clock.Now, OnEvent: seen.add, MaxAge: time.Hour, Lifetime: 2 * time.Hour})
		text := leftBehind(t, m, store)
		must(t, "Destroy", store.Destroy(t.Context(), phpIDs[0]))
		put(t, store, phpIDs[1], beside(text))
		clock.Advance(after)
		for range 2 { // as PHP has left it, and as Go has
			comesWith(t, m, "PHPSESSID="+phpIDs[1], func(s *session.Session) {
				wantValue(t, s, "user", "ada")
				if i := s.Info(); i.Superseded || i.New || !i.Born.Equal(clock.Now().Truncate(time.Second)) {
					t.Errorf("after %v: %+v; want a session that is known, not superseded, and born when it was first seen", after, i)
				}
				must(t, "Set", s.Set("n", 1))
			})
			if got := stored(t, store, phpIDs[1]); !strings.Contains(got, `"user":"ada"`) || !strings.Contains(got, `"n":1`) || strings.Contains(got, "admin") || strings.Contains(got, "until=") {
				t.Errorf("after %v: stored is %s, want ada, n = 1, and nothing that stood under the old ID", after, got)
			}
		}
		for _, kind := range seen {
			if kind == session.EventExpired {
				t.Errorf("after %v: PHP's session was taken for an expired one", after)
			}
		}
	}
}

// An ID that PHP gives to a tombstone, and puts nothing into, names an empty session.
func TestATombstoneThatPHPHasMovedIsAnEmptySession(t *testing.T) {
	t.Parallel()
	clock := newClock()
	m, store := php(t, session.Options{Now: clock.Now})
	put(t, store, phpIDs[1], leftBehind(t, m, store))
	clock.Advance(time.Minute)
	if set := comesWith(t, m, "PHPSESSID="+phpIDs[1], func(s *session.Session) {
		if names, err := s.Names(); len(names) != 0 || err != nil {
			t.Errorf("Names: %q, %v; want none", names, err)
		}
		must(t, "Set", s.Set("n", 1))
	}); len(set) != 0 {
		t.Errorf("got %q, want no cookie: the client's ID names a session", set)
	}
	comesWith(t, m, "PHPSESSID="+phpIDs[1], func(s *session.Session) { wantValue(t, s, "n", 1) })
}

// The old ID may be known to somebody else: until its grace is over nothing is changed
// under it, and its cookie is not sent.
func TestWhatPHPPutsUnderAnOldIDIsReadAtOnceAndAPHPSessionAfterTheGrace(t *testing.T) {
	t.Parallel()
	clock := newClock()
	m, store := php(t, session.Options{Now: clock.Now, MaxAge: 10 * time.Second, Cookie: session.Cookie{Persistent: true}})
	text := leftBehind(t, m, store)
	overwrite(t, store, phpIDs[0], beside(text))
	for _, left := range []time.Duration{0, 29 * time.Second} {
		clock.Advance(left)
		if set := comesWith(t, m, "PHPSESSID="+phpIDs[0], func(s *session.Session) {
			wantValue(t, s, "user", "ada")
			wantErr(t, "Set in the grace", s.Set("n", 1), session.ErrSuperseded)
			wantErr(t, "Regenerate in the grace", s.Regenerate(), session.ErrSuperseded)
		}); len(set) != 0 {
			t.Errorf("got %q, want no cookie: it would take the place of the new ID's", set)
		}
	}
	if got := stored(t, store, phpIDs[0]); got != beside(text) {
		t.Errorf("in the grace stored is %s, want what PHP put there", got)
	}
	clock.Advance(time.Second)
	comesWith(t, m, "PHPSESSID="+phpIDs[0], func(s *session.Session) {
		wantValue(t, s, "user", "ada")
		must(t, "Set", s.Set("n", 1))
	})
	if got := stored(t, store, phpIDs[0]); !strings.Contains(got, `"user":"ada"`) || !strings.Contains(got, `"n":1`) || strings.Contains(got, "admin") || strings.Contains(got, "until=") {
		t.Errorf("after the grace stored is %s, want ada, n = 1, and nothing of the session before", got)
	}
}

// A request that has read the session before it was regenerated, and PHP's additions.
func TestAChangeBegunBeforeARegenerateDoesNotLandInWhatPHPMakesOfTheOldID(t *testing.T) {
	t.Parallel()
	m, store := php(t, session.Options{})
	put(t, store, phpIDs[0], `{"user":"admin"}`)
	late, err := m.Load(t.Context(), phpIDs[0])
	must(t, "Load", err)
	must(t, "Destroy", store.Destroy(t.Context(), phpIDs[0]))
	text := beside(leftBehind(t, m, store))
	overwrite(t, store, phpIDs[0], text)
	if err := errors.Join(late.Set("card", "1234"), late.Commit(t.Context())); !errors.Is(err, session.ErrSuperseded) {
		t.Errorf("Commit: %v, want ErrSuperseded", err)
	}
	if got := stored(t, store, phpIDs[0]); got != text {
		t.Errorf("stored is %s, want what PHP put there", got)
	}
}

func TestATombstoneDoesNotHoldItsID(t *testing.T) {
	t.Parallel()
	m, store := php(t, session.Options{})
	if text := leftBehind(t, m, store); strings.Contains(text, phpIDs[0]) {
		t.Errorf("stored is %s, want no ID in it: PHP carries it along", text)
	}
}
