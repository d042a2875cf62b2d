package php_test

import (
	"errors"
	"testing"

	"gyrfalcon/session"
)

// leftBehind is the ID of a session of PHP's that Go has given another one.
func (sh *shared) leftBehind(b backend, set vars) string {
	sh.t.Helper()
	old := sh.begin(b, set)
	sh.do(old, (*session.Session).Regenerate)
	return old
}

// The answer of Go's Regenerate is lost, or the browser sends the old ID to PHP: the
// visitor is a stranger there, and signs in as somebody else, under a new ID of PHP's.
func TestASignInOfPHPsUnderAnIDThatGoHasLeftBehindIsServedByGo(t *testing.T) {
	onEachBackend(t, func(t *testing.T, b backend) {
		for format := range formats {
			for _, deleting := range []bool{true, false} {
				if !deleting && b.text && b.skipsEmpty {
					continue // Mongo's adapters lose what session_regenerate_id(false) moves
				}
				sh := newShared(t, b, format, nil)
				old := sh.leftBehind(b, vars{"user": "admin"})
				id := sh.php.visit(t, told{Op: "regenerate", ID: old, Delete: deleting}).ID
				s := sh.load(id)
				if user, err := session.Get[string](s, "user"); user != "ada" || err != nil || s.Info().Superseded {
					t.Errorf("%s, PHP has removed the old ID: %t: Go finds the user %q, %v, superseded: %t; want ada, in a session like any other",
						format, deleting, user, err, s.Info().Superseded)
				}
				if err := errors.Join(s.Set("go", 1), s.Commit(t.Context())); err != nil {
					t.Errorf("%s: Go's change: %v", format, err)
				}
				sh.want(format+", under PHP's ID", id, vars{"user": "ada", "go": 1.0})
			}
		}
	})
}

// PHP's side signs in and keeps the old ID, as it should not. Go finds PHP's variables, not
// those of the session before, and changes nothing while its own requests may be under way.
func TestASignInOfPHPsThatKeepsAnIDThatGoHasLeftBehindIsReadByGo(t *testing.T) {
	onEachBackend(t, func(t *testing.T, b backend) {
		sh := newShared(t, b, "php", nil)
		old := sh.leftBehind(b, vars{"user": "admin", "card": "1234"})
		sh.php.visit(t, told{Op: "set", ID: old, Set: vars{"user": "ada"}})
		s := sh.load(old)
		user, err := session.Get[string](s, "user")
		if has, herr := s.Has("card"); user != "ada" || err != nil || has || herr != nil {
			t.Errorf("under the old ID Go finds the user %q, %v, a card: %t, %v; want ada, and nothing of before", user, err, has, herr)
		}
		if err := s.Set("go", 1); !errors.Is(err, session.ErrSuperseded) {
			t.Errorf("Set under the old ID: %v, want ErrSuperseded", err)
		}
		sh.want("under the old ID", old, vars{"user": "ada"})
	})
}
