package di_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"gyrfalcon/di"
)

// gear is a service that knows how often it was started and stopped.
type gear struct{ starts, stops atomic.Int32 }

func (g *gear) Start(context.Context) error { g.starts.Add(1); return nil }
func (g *gear) Stop(context.Context) error  { g.stops.Add(1); return nil }

// mill is a container under many hands.
type mill struct {
	*di.Container
	names int
	mu    sync.Mutex
	gears []*gear
}

// factory builds gears, and sees that never two are built at once for one registration.
func (m *mill) factory(t *testing.T, asks string) di.Factory[*gear] {
	var busy atomic.Bool
	return func(ctx context.Context, c *di.Container) (*gear, error) {
		if !busy.CompareAndSwap(false, true) {
			t.Error("one registration is being built twice at the same time")
		}
		defer busy.Store(false)
		if asks != "" {
			if _, err := di.Get[*gear](ctx, c, asks); err != nil {
				return nil, err
			}
		}
		g := new(gear)
		m.mu.Lock()
		defer m.mu.Unlock()
		m.gears = append(m.gears, g)
		return g, nil
	}
}

// turn does one thing at random. What it may not do at the moment is refused with a sentinel.
func (m *mill) turn(t *testing.T, rnd *rand.Rand, tests *spyT) {
	name := fmt.Sprint("n", rnd.IntN(m.names))
	asks := ""
	if rnd.IntN(2) == 0 {
		asks = fmt.Sprint("n", rnd.IntN(m.names))
	}
	var err error
	switch rnd.IntN(12) {
	case 0:
		err = di.SetShared(m.Container, name, m.factory(t, asks), di.Replace())
	case 1:
		_, err = di.AttemptShared(m.Container, name, m.factory(t, asks))
	case 2:
		err = m.Remove(name)
	case 3:
		err = m.SetAlias(name, fmt.Sprint("alias", rnd.IntN(5)), di.Replace())
	case 4:
		_, err = di.Get[*gear](t.Context(), m.Container, fmt.Sprint("alias", rnd.IntN(5)))
	case 5:
		di.Override(tests, m.Container, name, new(gear))
	case 6:
		tests.finish()
		tests.cleanup = nil
	case 7:
		_ = m.Explain()
	default:
		_, err = di.Get[*gear](t.Context(), m.Container, name)
	}
	for _, allowed := range []error{nil, di.ErrNotFound, di.ErrExists, di.ErrRunning, di.ErrCycle, di.ErrStopped, context.Canceled} {
		if errors.Is(err, allowed) {
			return
		}
	}
	t.Errorf("got %v, want nil or one of the sentinels", err)
}

func TestUnderManyHandsEverythingIsBuiltStartedAndStoppedOnce(t *testing.T) {
	t.Parallel()
	for round := range 12 {
		m := &mill{Container: di.New(), names: 20}
		var wg sync.WaitGroup
		for hand := range 16 {
			wg.Go(func() {
				rnd := rand.New(rand.NewPCG(uint64(round), uint64(hand)))
				var tests spyT
				defer tests.finish()
				for i := range 200 {
					m.turn(t, rnd, &tests)
					if hand == 0 && i == 60 {
						if err := m.Start(t.Context()); err != nil && !errors.Is(err, di.ErrStopped) { // Stop may overtake it
							t.Error(err)
						}
					}
					if hand == 1 && i == 190 && round%2 == 0 {
						if err := m.Stop(t.Context()); err != nil {
							t.Error(err)
						}
					}
				}
			})
		}
		wg.Wait()
		must(t, m.Stop(t.Context()))
		if len(m.gears) == 0 {
			t.Fatal("nothing was built")
		}
		for _, g := range m.gears {
			if g.starts.Load() > 1 || g.stops.Load() != 1 {
				t.Fatalf("round %d: a service was started %d times and stopped %d times, want at most 1 and 1", round, g.starts.Load(), g.stops.Load())
			}
		}
	}
}

func TestGettingIsSafeBesideRegistrations(t *testing.T) {
	t.Parallel()
	c := di.New()
	must(t, di.SetShared(c, "clock", giving(&clock{"UTC"})))
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if got := zoneOf(t, c); got != "UTC" {
					t.Errorf("got %q, want UTC", got)
					return
				}
			}
		})
	}
	for i := range 3000 {
		must(t, di.SetValue(c, fmt.Sprint("n", i), i))
	}
	close(stop)
	wg.Wait()
}
