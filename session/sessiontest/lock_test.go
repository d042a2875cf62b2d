package sessiontest_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"gyrfalcon/session"
	"gyrfalcon/session/memory"
	"gyrfalcon/session/sessiontest"
)

// locking is an adapter whose locks keep nobody out.
type locking struct{ session.Adapter }

func (l locking) Lock(_ context.Context, id string) (session.Lock, error) {
	return &taken{l.Adapter, id}, nil
}

type taken struct {
	adapter session.Adapter
	id      string
}

func (l *taken) Swap(ctx context.Context, prev session.Record, next []byte, life time.Duration) (session.Record, error) {
	return l.adapter.Swap(ctx, l.id, prev, next, life)
}

func (*taken) Release(context.Context) error { return nil }

// A Swap under a lock is one like others to the wrappers.
func TestWrappersPassALockOn(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	faults := sessiontest.Faulty(locking{memory.New(memory.Options{})})
	counter := sessiontest.Counting(faults)
	if err := counter.Open(ctx); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = counter.Close(ctx) }()
	r, err := counter.Create(ctx, "id", []byte("a"), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	l, err := counter.Lock(ctx, "id")
	if err != nil || l == nil {
		t.Fatalf("Lock = %v, %v; want a lock", l, err)
	}
	if r, err = l.Swap(ctx, r, []byte("b"), time.Hour); err != nil {
		t.Errorf("Swap = %v, want nil", err)
	}
	no := errors.New("no")
	faults.On(sessiontest.Swap, sessiontest.Fail(no))
	if _, err = l.Swap(ctx, r, []byte("c"), time.Hour); !errors.Is(err, no) {
		t.Errorf("Swap while Swap fails = %v, want %v", err, no)
	}
	if n := counter.Calls().Swap; n != 2 {
		t.Errorf("%d calls of Swap were counted, want 2", n)
	}
	if err := l.Release(ctx); err != nil {
		t.Errorf("Release = %v, want nil", err)
	}
	none := sessiontest.Counting(sessiontest.Faulty(memory.New(memory.Options{})))
	if l, err := none.Lock(ctx, "id"); l != nil || err != nil {
		t.Errorf("Lock of an adapter without locks = %v, %v; want nothing", l, err)
	}
}
