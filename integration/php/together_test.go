package php_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"testing"

	"gyrfalcon/integration/servers"
	"gyrfalcon/session"
)

// variables are what PHP finds in a session, without what Go keeps there for itself.
func (sh *shared) variables(id string) map[string]any {
	sh.t.Helper()
	all := sh.php.visit(sh.t, told{Op: "get", ID: id}).Session
	delete(all, "_gyrfalcon")
	return all
}

func (sh *shared) want(what, id string, want map[string]any) {
	sh.t.Helper()
	if got := sh.variables(id); !reflect.DeepEqual(got, want) {
		sh.t.Errorf("%s: PHP finds %v, want %v", what, got, want)
	}
}

type vars = map[string]any

// begin has PHP store a session, and returns its ID.
func (sh *shared) begin(b backend, set vars) string {
	sh.t.Helper()
	id := sh.ids(b, 1)[0]
	sh.php.visit(sh.t, told{Op: "set", ID: id, Set: set})
	return id
}

func (sh *shared) do(id string, what func(s *session.Session) error) {
	sh.t.Helper()
	if err := sh.change(id, what); err != nil {
		sh.t.Errorf("Go's change: %v", err)
	}
}

func TestGoLosesNothingThatPHPStoresMeanwhile(t *testing.T) {
	onEachBackend(t, func(t *testing.T, b backend) {
		sh := newShared(t, b, "php", nil)
		id := sh.begin(b, vars{"n": 1})
		s := sh.load(id)
		sh.php.visit(t, told{Op: "set", ID: id, Set: vars{"n": 5, "php": "meanwhile"}})
		err := countUp(s)
		if err == nil {
			err = s.Set("go", true)
		}
		if err == nil {
			err = s.Commit(t.Context())
		}
		if err != nil {
			t.Fatalf("a commit after PHP's: %v", err)
		}
		sh.want("after both", id, vars{"n": 6.0, "php": "meanwhile", "go": true})
	})
}

// PHP reads a session whole when a request begins and writes it whole when it ends. What
// Go stores meanwhile is lost, as what another PHP request stores is. Nothing that Go
// could do on its side changes that; locks do, see below.
func TestWhatGoStoresWhileAPHPRequestIsUnderWayIsLost(t *testing.T) {
	onEachBackend(t, func(t *testing.T, b backend) {
		sh := newShared(t, b, "php", nil)
		id := sh.begin(b, vars{"n": 1})
		sh.php.visit(t, told{Op: "open", ID: id})
		sh.do(id, countUp)
		sh.php.visit(t, told{Op: "close", Set: vars{"php": "late"}})
		sh.want("a PHP request that changes something", id, vars{"n": 1.0, "php": "late"})

		sh.php.visit(t, told{Op: "open", ID: id})
		sh.do(id, countUp)
		sh.php.visit(t, told{Op: "close"})
		n := 2.0
		if b.writesUnchanged {
			n = 1
		}
		sh.want("a PHP request that changes nothing", id, vars{"n": n, "php": "late"})
	})
}

// For the same reason PHP brings back what was destroyed, or left behind by a Regenerate,
// while one of its requests was under way.
func TestAPHPRequestUnderWayBringsBackWhatGoHasEnded(t *testing.T) {
	onEachBackend(t, func(t *testing.T, b backend) {
		sh := newShared(t, b, "php", nil)
		id := sh.begin(b, vars{"user": "ada"})
		sh.php.visit(t, told{Op: "open", ID: id})
		if err := sh.load(id).Destroy(t.Context()); err != nil {
			t.Fatalf("Destroy: %v", err)
		}
		sh.php.visit(t, told{Op: "close", Set: vars{"php": "late"}})
		switch _, err := sh.m.Load(t.Context(), id); {
		case b.updatesOnly && !errors.Is(err, session.ErrNotFound):
			t.Errorf("Load of a destroyed session: %v; this handler creates nothing it has found before, want ErrNotFound", err)
		case !b.updatesOnly:
			sh.want("after Destroy", id, vars{"user": "ada", "php": "late"})
		}

		id = sh.begin(b, vars{"user": "ada"})
		sh.php.visit(t, told{Op: "open", ID: id})
		sh.do(id, (*session.Session).Regenerate)
		sh.php.visit(t, told{Op: "close", Set: vars{"php": "late"}})
		sh.want("after Regenerate, under the old ID", id, vars{"user": "ada", "php": "late"})
	})
}

func TestAfterGosRegenerateTheOldIDIsWorthNothingInPHP(t *testing.T) {
	onEachBackend(t, func(t *testing.T, b backend) {
		for format := range formats {
			sh := newShared(t, b, format, nil)
			old := sh.begin(b, vars{"user": "ada", "basket": []any{"bread"}})
			s := sh.load(old)
			if err := errors.Join(s.Regenerate(), s.Set("role", "admin"), s.Commit(t.Context())); err != nil {
				t.Fatalf("%s: %v", format, err)
			}
			sh.want(format+", under the new ID", s.ID(), vars{"user": "ada", "basket": []any{"bread"}, "role": "admin"})
			sh.want(format+", under the old ID", old, vars{})

			// Go's requests under way with the old ID still read; they change nothing.
			late := sh.load(old)
			if user, err := session.Get[string](late, "user"); user != "ada" || err != nil {
				t.Errorf("%s: under the old ID Go finds the user %q, %v; want ada", format, user, err)
			}
			if err := late.Set("user", "eve"); !errors.Is(err, session.ErrSuperseded) {
				t.Errorf("%s: Set under the old ID: %v, want ErrSuperseded", format, err)
			}
			// What PHP makes of the old ID is a stranger's, and leads nowhere.
			sh.php.visit(t, told{Op: "set", ID: old, Set: vars{"user": "eve"}})
			if user, err := session.Get[string](sh.load(old), "user"); user != "eve" || err != nil {
				t.Errorf("%s: after PHP's change Go finds the user %q, %v; want PHP's, eve", format, user, err)
			}
			sh.want(format+", under the new ID, at the end", s.ID(), vars{"user": "ada", "basket": []any{"bread"}, "role": "admin"})
		}
	})
}

func TestAfterPHPsRegenerateTheOldIDNamesNothing(t *testing.T) {
	onEachBackend(t, func(t *testing.T, b backend) {
		sh := newShared(t, b, "php", nil)
		old := sh.begin(b, vars{"basket": 3})
		under := sh.load(old)
		id := sh.php.visit(t, told{Op: "regenerate", ID: old, Delete: true}).ID
		if err := errors.Join(under.Set("go", 1), under.Commit(t.Context())); !errors.Is(err, session.ErrGone) {
			t.Errorf("Commit of a request under way with the old ID: %v, want ErrGone", err)
		}
		if _, err := sh.m.Load(t.Context(), old); !errors.Is(err, session.ErrNotFound) {
			t.Errorf("Load of the old ID: %v, want ErrNotFound", err)
		}
		sh.do(id, func(s *session.Session) error { return s.Set("go", 1) })
		sh.want("under the new ID", id, vars{"basket": 3.0, "user": "ada", "go": 1.0})
	})
}

func TestASessionThatOneSideEmptiesIsEmptyToTheOther(t *testing.T) {
	onEachBackend(t, func(t *testing.T, b backend) {
		for format := range formats {
			sh := newShared(t, b, format, nil)
			id := sh.begin(b, vars{"a": 1})
			sh.do(id, (*session.Session).Clear)
			sh.want(format+", Go's Clear", id, vars{})
			sh.php.visit(t, told{Op: "set", ID: id, Set: vars{"a": 1}})
			sh.php.visit(t, told{Op: "clear", ID: id})
			s := sh.load(id)
			if names, err := s.Names(); len(names) != 0 || err != nil {
				t.Errorf("%s: after PHP's $_SESSION = [] Go finds %q, %v; want nothing", format, names, err)
			}
			sh.do(id, func(s *session.Session) error { return s.Set("b", 2) })
			sh.want(format+", after a change by Go", id, vars{"b": 2.0})
		}
	})
}

// The shapes are those of Phalcon\Flash\Session, Phalcon\Session\Bag and
// Phalcon\Encryption\Security.
func TestFlashBagAndTokensAreReadBothWays(t *testing.T) {
	t.Parallel()
	for format := range formats {
		for _, uniqueID := range []string{"", "shop"} {
			flashBagAndTokens(t, format, uniqueID)
		}
	}
}

func flashBagAndTokens(t *testing.T, format, uniqueID string) {
	b := backends[0]
	prefixed := func(v vars) vars {
		if uniqueID == "" {
			return v
		}
		all := vars{}
		for name, value := range v {
			all[uniqueID+"#"+name] = value
		}
		return all
	}
	b.store = func(t testing.TB) place {
		at := backends[0].store(t)
		at.yaml += fmt.Sprintf(", unique_id: %q", uniqueID)
		return at
	}
	sh := newShared(t, b, format, nil)
	id := sh.begin(b, prefixed(vars{
		"_flashMessages":     vars{"success": []any{"saved", "sent"}, "mine": []any{"<b>"}},
		"basket":             vars{"bread": 2, "Salt": 1.5, "7": "seven"},
		"empty":              []any{},
		"$PHALCON/CSRF/KEY$": "field",
		"$PHALCON/CSRF$":     "token",
	}))
	sh.do(id, func(s *session.Session) error {
		messages, err := s.Flash().Take("success")
		if want := []session.FlashMessage{{Type: "success", Text: "saved"}, {Type: "success", Text: "sent"}}; err != nil || !reflect.DeepEqual(messages, want) {
			t.Errorf("%s: flash messages: got %v, %v; want %v", format, messages, err, want)
		}
		basket := s.Bag("basket")
		if salt, err := session.Get[float64](basket, "Salt"); salt != 1.5 || err != nil {
			t.Errorf("%s: the bag's Salt: got %v, %v; want 1.5", format, salt, err)
		}
		if seven, err := session.Get[string](basket, "7"); seven != "seven" || err != nil {
			t.Errorf("%s: the bag's 7: got %q, %v; want seven", format, seven, err)
		}
		ok, verr := s.CSRF().Verify("token")
		if !ok || verr != nil {
			t.Errorf("%s: Phalcon's token: got %t, %v; want true", format, ok, verr)
		}
		_, err = session.Update(basket, "bread", func(n int) int { return n + 1 })
		return errors.Join(err, basket.Remove("7"), s.Bag("empty").Set("full", true), s.Flash().Warning("hot"))
	})
	sh.want(format, id, prefixed(vars{
		"_flashMessages": vars{"mine": []any{"<b>"}, "warning": []any{"hot"}},
		"basket":         vars{"bread": 3.0, "Salt": 1.5},
		"empty":          vars{"full": true},
	}))
	var field, token string
	sh.do(id, func(s *session.Session) (err error) {
		field, token, err = s.CSRF().Field()
		_, take := s.Flash().Take()
		return errors.Join(err, take, s.Bag("basket").Clear(), s.Bag("empty").Clear())
	})
	sh.want(format+", at the end", id, prefixed(vars{"$PHALCON/CSRF/KEY$": field, "$PHALCON/CSRF$": token}))
}

// request sends Go's site one request of the visitor with that ID.
func (sh *shared) request(m *session.Manager, id string, do func(s *session.Session) error) int {
	r := httptest.NewRequestWithContext(context.WithoutCancel(sh.t.Context()), http.MethodGet, "https://localhost/", http.NoBody)
	r.Header.Set("Cookie", "PHPSESSID="+id)
	w := httptest.NewRecorder()
	m.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := m.From(r.Context())
		if err == nil {
			err = do(s)
		}
		if err != nil {
			session.Error(w, r, err)
		}
	})).ServeHTTP(w, r)
	return w.Code
}

// With locks on both sides a request has the session to itself, whoever serves it. (One
// server: with several, phpredis 5.3.7 and 6.1.0 release locks on the wrong one.)
func TestWithLocksNothingIsLostThoughPHPAndGoWriteAtOnce(t *testing.T) {
	t.Parallel()
	const lock = ", lock: {wait: 1m, every: 2ms}}"
	t.Run("phpredis", func(t *testing.T) {
		t.Parallel()
		srv := servers.SharedRedis(t)
		path := "tcp://" + srv.Addr() + "?database=" + strconv.Itoa(srv.NewDatabase(t))
		b := backend{length: 64, store: func(testing.TB) place {
			return place{
				php:  map[string]any{"backend": "redis", "path": path},
				yaml: fmt.Sprintf("adapter: redis, redis: {path: %q", path) + lock,
			}
		}}
		bothAtOnce(t, b, map[string]string{
			"redis.session.locking_enabled": "1", "redis.session.lock_retries": "-1", "redis.session.lock_wait_time": "2000", "redis.session.lock_expire": "60",
		})
	})
	t.Run("Phalcon 5", func(t *testing.T) {
		t.Parallel()
		b := backend{length: 64, store: func(t testing.TB) place {
			at := onPhalconsRedis(t)
			at.php["locking"] = true
			at.yaml = strings.TrimSuffix(at.yaml, "}") + lock
			return at
		}}
		bothAtOnce(t, b, nil)
	})
}

// bothAtOnce has processes of PHP's and requests to Go count in one session at once.
func bothAtOnce(t *testing.T, b backend, ini map[string]string) {
	const visits, each = 150, 2
	sh := newShared(t, b, "php", ini)
	id := sh.begin(b, vars{"kept": "x"})
	var wg sync.WaitGroup
	for range each {
		other := sh.site()
		wg.Go(func() {
			if a := other.try(t, told{Op: "count", ID: id, N: visits}); !a.OK || len(a.Said) > 0 {
				t.Errorf("PHP's visits: ok %t, and said %q", a.OK, a.Said)
			}
		})
		wg.Go(func() {
			for range visits {
				if code := sh.request(sh.m, id, countUp); code != http.StatusOK {
					t.Errorf("a visit to Go's site: status %d, want 200", code)
				}
			}
		})
	}
	wg.Wait()
	sh.want("after all visits", id, vars{"kept": "x", "n": float64(2 * each * visits)})
}
