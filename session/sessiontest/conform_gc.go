package sessiontest

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gyrfalcon/session"
)

var gcPromises = []promise{
	{name: "GC removes what has expired and nothing else", applies: needsClear, test: func(_ *testing.T, f *fixture) {
		expired, living := f.expiredAmongLiving(25, 15)
		f.wantCleared(len(expired), 10, len(expired)+len(living))
		for _, id := range living {
			f.wantStoredFor(id, "living", f.short)
		}
		for _, id := range expired {
			f.wantGoneFor(id, f.short)
		}
		f.wantNothingToClear(f.short)
	}},
	{name: "GC with a limit of 1 finishes too", applies: needsClear, test: func(_ *testing.T, f *fixture) {
		expired, living := f.expiredAmongLiving(5, 5)
		f.wantCleared(len(expired), 1, len(expired)+len(living))
	}},
	{name: "GC leaves to the store what expires by itself", applies: func(h Harness) bool { return h.ExpiresItself }, test: func(_ *testing.T, f *fixture) {
		_, living := f.expiredAmongLiving(5, 5)
		f.wantNothingToClear(f.short)
		for _, id := range living {
			f.wantStoredFor(id, "living", f.short)
		}
	}},
	{name: "GC leaves a session that was kept alive", test: func(t *testing.T, f *fixture) {
		f.wantKeptAliveBy("Touch and GC", func(id string, _ session.Record) error {
			return f.Touch(t.Context(), id, f.short)
		})
		id, _ := f.createFor("x", f.short)
		if _, _, err := f.GC(t.Context(), f.short, 1000); err != nil {
			t.Fatalf("GC = %v, want nil", err)
		}
		f.wantStoredFor(id, "x", f.short)
	}},
	{name: "GC of an empty store is nothing", test: func(_ *testing.T, f *fixture) {
		f.wantNothingToClear(f.life)
	}},
	{name: "GC disturbs nobody who writes", test: testGCBesideWriters},
}

// expiredAmongLiving stores sessions of which some have expired.
func (f *fixture) expiredAmongLiving(expired, living int) (gone, here []string) {
	f.t.Helper()
	for range expired {
		id, _ := f.createFor("expired", f.short)
		gone = append(gone, id)
	}
	f.outlive(f.short)
	for range living {
		id, _ := f.createFor("living", f.short)
		here = append(here, id)
	}
	return gone, here
}

// wantNothingToClear is for a store in which nothing has expired, and which one
// call gets through.
func (f *fixture) wantNothingToClear(life time.Duration) {
	f.t.Helper()
	if n, more, err := f.GC(f.t.Context(), life, 1000); n != 0 || more || err != nil {
		f.t.Errorf("GC of a store in which nothing has expired = %d, %v, %v; want 0, false, nil", n, more, err)
	}
}

// wantCleared calls GC as the manager does: as long as there is more. A call
// that walks a table may find nothing but living sessions, which ends nothing;
// but its limit must get it through the store in two rounds.
func (f *fixture) wantCleared(expired, limit, all int) {
	f.t.Helper()
	calls := 2*(all/limit+1) + 2
	removed := 0
	for range calls {
		n, more, err := f.GC(f.t.Context(), f.short, limit)
		if err != nil {
			f.t.Fatalf("GC = %v, want nil", err)
		}
		if n < 0 || n > limit {
			f.t.Fatalf("GC with a limit of %d removed %d", limit, n)
		}
		removed += n
		if more {
			continue
		}
		if removed != expired {
			f.t.Fatalf("GC said that there is no more when it had removed %d, want the %d that have expired, of %d", removed, expired, all)
		}
		return
	}
	f.t.Fatalf("GC removed %d in %d calls with a limit of %d and said that there is more; %d have expired, of %d",
		removed, calls, limit, expired, all)
}

// testGCBesideWriters lets writers write for as long as it takes GC to get
// through the whole store more than once.
func testGCBesideWriters(t *testing.T, f *fixture) {
	const writers, rounds, expired, limit = 8, 10, 40, 3
	const calls = 2 * (expired + writers) / limit
	f.expiredAmongLiving(expired, 0)
	life := f.short
	if f.ExpiresItself {
		life = f.life // nobody clears by it, and a busy machine may take its time
	}
	began := time.Now()
	var ids [writers]string
	var finals [writers]int
	for i := range ids {
		ids[i], _ = f.createFor("0", life)
	}
	var cleared atomic.Int64
	stop := make(chan struct{})
	var clearing, writing sync.WaitGroup
	clearing.Go(func() {
		defer cleared.Store(calls) // whatever happened, nobody need wait for more
		for {
			select {
			case <-stop:
				return
			default:
			}
			if _, _, err := f.GC(t.Context(), life, limit); err != nil {
				t.Errorf("GC beside writers = %v, want nil", err)
				return
			}
			cleared.Add(1)
		}
	})
	for i, id := range ids {
		writing.Go(func() {
			r, err := f.Read(t.Context(), id, life)
			for err == nil && (finals[i] < rounds || cleared.Load() < calls) {
				finals[i]++
				r, err = f.Swap(t.Context(), id, r, fmt.Append(nil, finals[i]), life)
			}
			if err != nil {
				t.Errorf("a write beside GC = %v, want nil", err)
			}
		})
	}
	writing.Wait()
	close(stop)
	clearing.Wait()
	if f.ServerClock && time.Since(began) > life {
		t.Fatalf("the writers took %v, longer than a life of %v: this machine is too slow for the test", time.Since(began), life)
	}
	for i, id := range ids {
		f.wantStoredFor(id, fmt.Sprint(finals[i]), life)
	}
}
