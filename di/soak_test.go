//go:build soak

package di_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gyrfalcon/di"
)

// Ten thousand goroutines in waves, since the race detector follows no more than 8128 at a time.
func TestSoakTenThousandGoroutinesBuildStartAndStopEverythingOnce(t *testing.T) {
	t.Parallel()
	const waves, hands, span = 5, 2000, 2 * time.Second
	var turns, built atomic.Int64
	for wave := range waves {
		m := &mill{Container: di.New(), names: 100}
		end := time.Now().Add(span)
		var wg sync.WaitGroup
		for hand := range hands {
			wg.Go(func() {
				rnd := rand.New(rand.NewPCG(uint64(wave), uint64(hand)))
				var tests spyT
				defer tests.finish()
				for first := true; first || time.Now().Before(end); first = false {
					m.turn(t, rnd, &tests)
					turns.Add(1)
					if hand%100 == 0 && rnd.IntN(20) == 0 {
						if err := m.Start(t.Context()); err != nil && !errors.Is(err, di.ErrStopped) {
							t.Error(err)
						}
					}
				}
				if hand == 0 && wave%2 == 0 { // beside the last turns of the others
					if err := m.Stop(t.Context()); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		must(t, m.Stop(t.Context()))
		m.wantOrder(t, fmt.Sprint("wave ", wave))
		built.Add(int64(len(m.gears)))
	}
	t.Logf("%d goroutines, %d turns, %d services built", waves*hands, turns.Load(), built.Load())
}
