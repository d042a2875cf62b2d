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
type gear struct {
	starts, stops atomic.Int32
	loose         bool        // made for an unshared name
	kept          atomic.Bool // GetShared handed it out
}

func (g *gear) Start(context.Context) error  { g.starts.Add(1); return nil }
func (g *gear) Stop(context.Context) error   { g.stops.Add(1); return nil }
func (g *gear) Health(context.Context) error { return nil }

// mill is a container under many hands.
type mill struct {
	*di.Container
	names int
	mu    sync.Mutex
	gears []*gear
}

func (m *mill) make(loose bool) *gear {
	g := &gear{loose: loose}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.gears = append(m.gears, g)
	return g
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
		return m.make(false), nil
	}
}

// fresh builds gears for whoever asks. It takes a parameter.
func (m *mill) fresh(asks string) di.Factory[*gear] {
	return func(ctx context.Context, c *di.Container) (*gear, error) {
		if _, err := di.ParamOr(c, 0, ""); err != nil {
			return nil, err
		}
		if asks != "" {
			if _, err := di.GetShared[*gear](ctx, c, asks); err != nil {
				return nil, err
			}
		}
		return m.make(true), nil
	}
}

// wantOrder is what must hold when the container has stopped: what it built for sharing is stopped once, and started at most
// once; what it built for one caller it has let alone, unless it could not be handed out.
func (m *mill) wantOrder(t *testing.T, when string) {
	t.Helper()
	for _, g := range m.gears {
		starts, stops := g.starts.Load(), g.stops.Load()
		switch {
		case g.loose && !g.kept.Load():
			if starts > 1 || stops > 1 || starts > stops {
				t.Fatalf("%s: what was built for one caller was started %d times and stopped %d times", when, starts, stops)
			}
		case starts > 1 || stops != 1:
			t.Fatalf("%s: a service was started %d times and stopped %d times, want at most 1 and 1", when, starts, stops)
		}
	}
}

// turn does one thing at random. What it may not do at the moment is refused with a sentinel.
func (m *mill) turn(t *testing.T, rnd *rand.Rand, tests *spyT) {
	name, loose, alias := fmt.Sprint("n", rnd.IntN(m.names)), fmt.Sprint("each", rnd.IntN(5)), fmt.Sprint("alias", rnd.IntN(5))
	asks := ""
	if rnd.IntN(2) == 0 {
		asks = fmt.Sprint("n", rnd.IntN(m.names))
	}
	var err error
	switch rnd.IntN(20) {
	case 0:
		err = di.SetShared(m.Container, name, m.factory(t, asks), di.Replace())
	case 1:
		_, err = di.AttemptShared(m.Container, name, m.factory(t, asks))
	case 2:
		err = m.Remove(name)
	case 3:
		err = m.SetAlias(name, alias, di.Replace())
	case 4:
		_, err = di.Get[*gear](t.Context(), m.Container, alias)
	case 5:
		di.Override(tests, m.Container, name, new(gear))
	case 6:
		tests.finish()
		tests.cleanup = nil
	case 7:
		_ = m.Explain()
	case 8:
		err = di.Set(m.Container, loose, m.fresh(asks), di.Replace())
	case 9:
		_, err = di.GetWith[*gear](t.Context(), m.Container, loose, []any{"one", "too many"}[:rnd.IntN(3)]...)
	case 10, 11:
		var g *gear
		if g, err = di.GetShared[*gear](t.Context(), m.Container, loose); err == nil {
			g.kept.Store(true)
		}
	case 12:
		if err = m.RemoveShared([]string{name, loose}[rnd.IntN(2)]); errors.Is(err, di.ErrInvalid) {
			err = nil // another hand's Override has laid a value there
		}
	case 13:
		err = m.RemoveAlias(alias)
	case 14:
		_, err = m.Health(t.Context())
	case 15, 16:
		err = m.visit(t, rnd, name, asks)
	default:
		_, err = di.Get[*gear](t.Context(), m.Container, name)
	}
	m.allow(t, err)
}

// visit is a request with a scope of its own.
func (m *mill) visit(t *testing.T, rnd *rand.Rand, name, asks string) error {
	s, err := m.Scope()
	if err != nil {
		return err
	}
	m.allow(t, di.SetShared(s, name, m.factory(t, asks)))
	m.allow(t, di.Set(s, "own", m.fresh(name)))
	m.allow(t, s.SetAlias(name, "self"))
	for range rnd.IntN(3) {
		_, err = di.Get[*gear](t.Context(), s, []string{name, "own", "self", asks}[rnd.IntN(4)])
		m.allow(t, err)
	}
	if g, err := di.GetShared[*gear](t.Context(), s, "own"); err == nil {
		g.kept.Store(true)
	}
	if rnd.IntN(8) == 0 {
		return nil // the container's Stop ends it
	}
	return s.Stop(t.Context())
}

// allow takes an error that tells of something that another hand has done.
func (*mill) allow(t *testing.T, err error) {
	for _, allowed := range []error{
		nil, di.ErrNotFound, di.ErrExists, di.ErrRunning, di.ErrCycle, di.ErrStopped, di.ErrParams, context.Canceled,
	} {
		if errors.Is(err, allowed) {
			return
		}
	}
	t.Errorf("got %v, want nil or one of the sentinels", err)
}

func TestUnderManyHandsEverythingIsBuiltStartedAndStoppedOnce(t *testing.T) {
	t.Parallel()
	for round := range 5 {
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
		m.wantOrder(t, fmt.Sprint("round ", round))
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
