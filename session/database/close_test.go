package database_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"gyrfalcon/session/database"
)

func TestCloseBesideCallsAnswersEachAndDoesNothingAfterwards(t *testing.T) {
	t.Parallel()
	for name, connections := range map[string]int{"a pool": 4, "a pool of one connection": 1} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := newFile(t)
			db := openDB(t, path)
			db.SetMaxOpenConns(connections)
			a := openAdapter(t, db, database.Options{})
			if _, err := a.Create(t.Context(), "id", []byte("{}"), time.Hour); err != nil {
				t.Fatal(err)
			}
			ctx := t.Context()
			var wg, under sync.WaitGroup
			for _, call := range []func() error{
				func() error { _, err := a.Read(ctx, "id", time.Hour); return err },
				func() error { return a.Touch(ctx, "id", time.Hour) },
				func() error { _, _, err := a.GC(ctx, time.Hour, 10); return err },
			} {
				for range 3 {
					under.Add(1)
					wg.Go(func() {
						var once sync.Once
						for call() == nil { // until it is closed
							once.Do(under.Done)
						}
						once.Do(under.Done)
					})
				}
			}
			under.Wait()
			if err := a.Close(ctx); err != nil {
				t.Errorf("Close beside calls = %v, want nil", err)
			}
			wg.Wait()
			if n := value[int](t, db, "SELECT COUNT(*) FROM session_data"); n != 1 {
				t.Errorf("on the application's pool after Close: got %d sessions, want 1", n)
			}
		})
	}
}

func TestACloseThatCannotWaitIsDoneOnceTheWriteUnderWayHasEnded(t *testing.T) {
	t.Parallel()
	path := newFile(t)
	db := openDB(t, path)
	a := openAdapter(t, db, database.Options{})
	unlock := lock(t, path)
	touched := make(chan error, 1)
	go func() { touched <- a.Touch(t.Context(), "id", time.Hour) }()
	// The write waits for the lock with the gate held; how soon it is there does
	// not matter to what follows.
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_ = a.Close(ctx) // nil if it came before the write
	unlock()
	if err := <-touched; err == nil {
		t.Error("Touch of a session that there is not: got nil")
	}
	deadline := time.After(10 * time.Second)
	for db.Stats().InUse > 0 {
		select {
		case <-deadline:
			t.Fatalf("%d connections are still in use after Close; want the writer's given back", db.Stats().InUse)
		case <-time.After(time.Millisecond):
		}
	}
}

// A request that ends while it borrows the pool's only connection must leave that as
// it found it.
func TestCallsThatEndAtAnyMomentLeaveThePoolsOnlyConnectionAsItWas(t *testing.T) {
	t.Parallel()
	db := openDB(t, newFile(t))
	db.SetMaxOpenConns(1)
	a := openAdapter(t, db, database.Options{})
	was := value[int](t, db, "PRAGMA busy_timeout")
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 100 {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(g*100+i)*500*time.Nanosecond)
				_ = a.Destroy(ctx, "id") // whether it comes to that is no matter
				cancel()
			}
		})
	}
	wg.Wait()
	if is := value[int](t, db, "PRAGMA busy_timeout"); is != was || was == 0 {
		t.Errorf("busy_timeout: got %d, want %d as before", is, was)
	}
}
