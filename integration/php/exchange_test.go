package php_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"gyrfalcon/session"
)

const (
	exchanged = 600  // random sessions each way on each backend; the soak tests exchange 10,000
	turns     = 1000 // changes of one session by PHP and Go in turn
)

func TestSessionsThatPHPHasStoredAreReadByGo(t *testing.T) {
	onEachBackend(t, func(t *testing.T, b backend) { fromPHP(t, b, exchanged) })
}

func TestSessionsThatGoHasStoredAreReadByPHP(t *testing.T) {
	onEachBackend(t, func(t *testing.T, b backend) { fromGo(t, b, exchanged) })
}

// chunk is how many sessions PHP is asked for at once.
const chunk = 100

func fromPHP(t *testing.T, b backend, n int) {
	i := 0
	for format := range formats {
		sh := newShared(t, b, format, nil)
		for seed, enough := 0, i+n/len(formats)+1; i < enough; seed += chunk {
			ids := sh.ids(b, chunk)
			sh.php.visit(t, told{Op: "make", IDs: ids, Seed: seed, Text: b.text})
			for k, want := range sh.php.visit(t, told{Op: "find", IDs: ids}).All {
				if b.skipsEmpty && len(want) == 0 {
					continue
				}
				got := found(t, sh.load(ids[k]), describe)
				same := slices.Equal(got, want) || inLegacy(want) && slices.Equal(found(t, sh.load(ids[k]), describeMade), want)
				if !same {
					t.Fatalf("%s, seed %d: PHP has stored %q\n Go finds %q", format, seed+k, want, got)
				}
				i++
			}
		}
	}
	if i < n {
		t.Errorf("%d sessions were exchanged, want %d", i, n)
	}
	t.Logf("%d random sessions written by PHP and read by Go on %s, 0 differences", i, b.name)
}

// inLegacy says whether a variable may be a reference to what stands within a C: value,
// which only PHP's class can read. Go sees the reference; in PHP the class has copied
// the value, and the reference that is left is no other's.
func inLegacy(vars []described) bool {
	return slices.ContainsFunc(vars, func(d described) bool { return strings.Contains(d.value, "CLegacy") })
}

func fromGo(t *testing.T, b backend, n int) {
	total := 0
	for format := range formats {
		sh := newShared(t, b, format, nil)
		for seed := 0; seed < n/len(formats)+1; seed += chunk {
			var ids []string
			var wants [][]described
			for k := range chunk {
				id, want := sh.store(&maker{Rand: rand.New(rand.NewPCG(uint64(seed+k), 8)), plain: k%2 == 0, valid: b.text})
				ids, wants = append(ids, id), append(wants, want)
			}
			for k, got := range sh.php.visit(t, told{Op: "find", IDs: ids}).All {
				if got = visible(got); !slices.Equal(got, wants[k]) {
					t.Fatalf("%s, seed %d: Go has stored %q\nPHP finds %q", format, seed+k, wants[k], got)
				}
				total++
			}
		}
	}
	if total < n {
		t.Errorf("%d sessions were exchanged, want %d", total, n)
	}
	t.Logf("%d random sessions written by Go and read by PHP on %s, 0 differences", total, b.name)
}

// store has Go's site store a new session of random variables.
func (sh *shared) store(m *maker) (id string, vars []described) {
	sh.t.Helper()
	s, err := sh.m.Load(sh.t.Context(), "")
	if err != nil {
		sh.t.Fatalf("Load: %v", err)
	}
	for i := range 1 + m.IntN(6) {
		name, v := fmt.Sprintf("%sv%d", m.text(), i), m.value(3)
		if s.Set(name, v) == nil { // else a name for which the format has no room
			vars = append(vars, described{name, describeMade(sh.t, v)})
		}
	}
	if len(vars) == 0 {
		if err := s.Set("n", 1); err != nil {
			sh.t.Fatalf("Set: %v", err)
		}
		vars = []described{{"n", "i1"}}
	}
	if err := s.Commit(sh.t.Context()); err != nil {
		sh.t.Fatalf("Commit of %q: %v", vars, err)
	}
	return s.ID(), vars
}

func TestPHPAndGoInTurnLoseNothing(t *testing.T) {
	onEachBackend(t, func(t *testing.T, b backend) {
		sh := newShared(t, b, "php", nil)
		id := sh.ids(b, 1)[0]
		sh.php.visit(t, told{Op: "set", ID: id, Set: map[string]any{"n": 0, "kept": "by PHP"}})
		for i := range turns {
			if i%2 == 0 {
				if a := sh.php.visit(t, told{Op: "count", ID: id}); a.Count != i+1 {
					t.Fatalf("change %d, PHP's: the counter is %d", i+1, a.Count)
				}
			} else if err := sh.change(id, countUp); err != nil {
				t.Fatalf("change %d, Go's: %v", i+1, err)
			}
		}
		got := sh.php.visit(t, told{Op: "get", ID: id}).Session
		if got["n"] != float64(turns) || got["kept"] != "by PHP" {
			t.Errorf("after %d changes PHP finds %v, want n = %d and what was there before", turns, got, turns)
		}
		t.Logf("%d changes of one session by PHP and Go in turn on %s, %v counted", turns, b.name, got["n"])
	})
}

func TestObjectsThatGoDoesNotKnowStayWhatTheyAre(t *testing.T) {
	onEachBackend(t, func(t *testing.T, b backend) {
		for format := range formats {
			sh := newShared(t, b, format, nil)
			id := sh.ids(b, 1)[0]
			sh.php.visit(t, told{Op: "objects", ID: id})
			for i := range 100 {
				if err := sh.change(id, func(s *session.Session) error {
					// Now in front of the objects, now behind them; what was among
					// them is now gone, and now back behind them.
					switch i % 6 {
					case 0, 3:
						return s.Set("first", map[string]any{"change": i, "list": []int{i, i}})
					case 1:
						if there, err := s.Has("between"); !there || err != nil {
							t.Errorf("%s, change %d: there is nothing to remove (%v)", format, i, err)
						}
						return s.Remove("between")
					case 4:
						return s.Set("between", []int{i})
					}
					return s.Set(fmt.Sprintf("more%d", i%7), i)
				}); err != nil {
					t.Fatalf("%s, change %d: %v", format, i, err)
				}
				if i%10 != 9 {
					continue
				}
				if !sh.php.visit(t, told{Op: "intact", ID: id}).Intact {
					t.Fatalf("%s: after %d changes by Go PHP's objects are not what they were", format, i+1)
				}
			}
		}
	})
}
