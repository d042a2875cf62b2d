package database

import (
	"context"
	"errors"
	"testing"
	"time"

	"gyrfalcon/session"
	"gyrfalcon/session/database/sqlite"
)

// inner returns an adapter's table, which these tests catch in the middle of
// something.
func inner(t *testing.T) (*Adapter, *sqliteTable) {
	t.Helper()
	db, err := sqlite.Open(sqlite.Memory, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	a := New(db, Options{OwnDB: true})
	t.Cleanup(func() { _ = a.Close(context.Background()) })
	if err := a.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	table, ok := a.table.(*sqliteTable)
	if !ok {
		t.Fatalf("the table of an SQLite database is a %T", a.table)
	}
	return a, table
}

// Between GC's SELECT and its DELETE an expired session may have given way to a
// new one.
func TestGCDeletesNothingThatLivesAgain(t *testing.T) {
	t.Parallel()
	a, table := inner(t)
	if _, err := a.Create(t.Context(), "new", nil, time.Minute); err != nil {
		t.Fatal(err)
	}
	n, err := table.clear(t.Context(), []string{"gone", "new"}, a.oldest(time.Minute))
	if n != 0 || err != nil {
		t.Errorf("clear of a session that lives = %d, %v; want 0, nil", n, err)
	}
	if _, err := a.Read(t.Context(), "new", time.Minute); err != nil {
		t.Errorf("Read after clear = %v, want nil", err)
	}
}

func TestACallInTheQueueEndsWithItsContext(t *testing.T) {
	t.Parallel()
	a, table := inner(t)
	if err := table.writer.acquire(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer table.writer.release()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := a.Touch(ctx, "id", time.Minute); !errors.Is(err, session.ErrBusy) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Touch behind a write that takes long = %v, want ErrBusy and %v", err, context.DeadlineExceeded)
	}
	// In memory reads queue too.
	if _, err := a.Read(ctx, "id", time.Minute); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Read behind a write that takes long = %v, want %v", err, context.DeadlineExceeded)
	}
}

// A Close waits for the write under way; nobody else has to wait for the Close.
func TestACallBesideACloseThatWaitsIsAnsweredAtOnce(t *testing.T) {
	t.Parallel()
	a, table := inner(t)
	if err := table.writer.acquire(t.Context()); err != nil {
		t.Fatal(err)
	}
	closed := make(chan error, 1)
	go func() { closed <- a.Close(context.Background()) }()
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		for {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
			_, err := a.Read(ctx, "id", time.Minute)
			cancel()
			if errors.Is(err, errClosed) {
				return
			}
		}
	}()
	select {
	case <-answered:
	case <-time.After(10 * time.Second):
		t.Error("a Read waits for a Close that waits for a write; want it told that the adapter is closed")
	}
	table.writer.release()
	if err := <-closed; err != nil {
		t.Errorf("Close = %v, want nil", err)
	}
	<-answered
}
