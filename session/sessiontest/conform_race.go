package sessiontest

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"gyrfalcon/session"
)

// racers is how many goroutines race for one session.
const racers = 16

var racePromises = []promise{
	{name: "Of many who swap one record one wins", test: func(_ *testing.T, f *fixture) {
		id, r := f.create("start")
		winner := f.race(session.ErrConflict, func(i int) error {
			_, err := f.Swap(f.t.Context(), id, r, fmt.Appendf(nil, "racer %d", i), f.life)
			return err
		})
		f.wantStored(id, fmt.Sprintf("racer %d", winner))
	}},
	{name: "Of many who create one ID one wins", test: func(_ *testing.T, f *fixture) {
		id := newID()
		winner := f.race(session.ErrExists, func(i int) error {
			_, err := f.Create(f.t.Context(), id, fmt.Appendf(nil, "racer %d", i), f.life)
			return err
		})
		f.wantStored(id, fmt.Sprintf("racer %d", winner))
	}},
	{name: "Of many who create over an expired session one wins", test: func(_ *testing.T, f *fixture) {
		id, _ := f.createFor("old", f.short)
		f.outlive(f.short)
		winner := f.race(session.ErrExists, func(i int) error {
			_, err := f.Create(f.t.Context(), id, fmt.Appendf(nil, "racer %d", i), f.short)
			return err
		})
		f.wantStoredFor(id, fmt.Sprintf("racer %d", winner), f.short)
	}},
	{name: "Many who count up by Read and Swap lose no count", test: func(_ *testing.T, f *fixture) {
		id, _ := f.create("0")
		f.countUp(id, f.Adapter, f.Adapter)
	}},
	{name: "A session destroyed among writers stays destroyed", test: testDestroyAmongWriters},
}

// race lets racers do the same at once. One must succeed; the others must lose
// with the error that says so. It returns the winner.
func (f *fixture) race(lost error, do func(i int) error) int {
	f.t.Helper()
	errs := make([]error, racers)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range racers {
		wg.Go(func() {
			<-start
			errs[i] = do(i)
		})
	}
	close(start)
	wg.Wait()
	winner, winners := 0, 0
	for i, err := range errs {
		if err == nil {
			winner = i
			winners++
		} else if !errors.Is(err, lost) {
			f.t.Errorf("a loser's error is %v, want %v", err, lost)
		}
	}
	if winners != 1 {
		f.t.Fatalf("%d of %d won, want 1", winners, racers)
	}
	return winner
}

// countUp lets racers on both adapters add to one counter.
func (f *fixture) countUp(id string, one, two session.Adapter) {
	f.t.Helper()
	const each = 8
	ctx, cancel := context.WithTimeout(f.t.Context(), patience)
	defer cancel()
	var wg sync.WaitGroup
	for i := range racers {
		a := one
		if i%2 == 1 {
			a = two
		}
		wg.Go(func() {
			for range each {
				if err := f.increment(ctx, a, id); err != nil {
					f.t.Errorf("a racer who reads and swaps again after each conflict got %v, want nil", err)
					return
				}
			}
		})
	}
	wg.Wait()
	f.wantStored(id, strconv.Itoa(racers*each))
}

// increment reads and swaps until it is not in conflict.
func (f *fixture) increment(ctx context.Context, a session.Adapter, id string) error {
	for {
		r, err := a.Read(ctx, id, f.life)
		if err != nil {
			return err
		}
		n, err := strconv.Atoi(string(r.Data))
		if err != nil {
			return err
		}
		_, err = a.Swap(ctx, id, r, strconv.AppendInt(nil, int64(n)+1, 10), f.life)
		if !errors.Is(err, session.ErrConflict) {
			return err
		}
		if ctx.Err() != nil {
			return fmt.Errorf("nothing but conflicts for %v", patience)
		}
	}
}

func testDestroyAmongWriters(t *testing.T, f *fixture) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for range 10 {
		id, _ := f.create("0")
		var destroyed atomic.Bool
		begun := make(chan struct{}) // closed once anybody has written, or ended
		begin := sync.OnceFunc(func() { close(begun) })
		var wg sync.WaitGroup
		for range racers / 2 {
			wg.Go(func() {
				defer begin()
				for {
					late := destroyed.Load()
					err := f.increment(ctx, f.Adapter, id)
					begin()
					if errors.Is(err, session.ErrNotFound) {
						return
					}
					if err != nil || late {
						t.Errorf("a writer got %v (begun after Destroy: %v); want nil before Destroy and ErrNotFound after it", err, late)
						return
					}
				}
			})
		}
		<-begun
		wantErr(t, "Destroy among writers", f.Destroy(t.Context(), id), nil)
		destroyed.Store(true)
		wg.Wait()
		f.wantGone(id)
	}
}
