package sessiontest

import (
	"context"
	"time"

	"gyrfalcon/session"
)

var (
	_ session.Locker = (*Counter)(nil)
	_ session.Locker = (*Faults)(nil)
)

// Lock passes on to an adapter that has locks, uncounted, but a Swap under the lock counts
// as another does; else it locks nothing.
func (c *Counter) Lock(ctx context.Context, id string) (session.Lock, error) {
	l, err := lockOf(ctx, c.adapter, id)
	if l == nil {
		return nil, err
	}
	return &lock{l, func(_ context.Context, swap func() (session.Record, error)) (session.Record, error) {
		c.count(&c.calls.Swap)
		return swap()
	}}, nil
}

// Lock passes on to an adapter that has locks, and a Swap under the lock fails as another
// does; else it locks nothing.
func (s *Faults) Lock(ctx context.Context, id string) (session.Lock, error) {
	l, err := lockOf(ctx, s.adapter, id)
	if l == nil {
		return nil, err
	}
	return &lock{l, func(ctx context.Context, swap func() (session.Record, error)) (session.Record, error) {
		return s.record(ctx, Swap, swap)
	}}, nil
}

func lockOf(ctx context.Context, a session.Adapter, id string) (session.Lock, error) {
	if l, ok := a.(session.Locker); ok {
		return l.Lock(ctx, id)
	}
	return nil, nil
}

// lock is an adapter's whose Swap goes through a wrapper.
type lock struct {
	session.Lock

	through func(ctx context.Context, swap func() (session.Record, error)) (session.Record, error)
}

func (l *lock) Swap(ctx context.Context, prev session.Record, next []byte, life time.Duration) (session.Record, error) {
	return l.through(ctx, func() (session.Record, error) { return l.Lock.Swap(ctx, prev, next, life) })
}
