package sessiontest

import (
	"context"

	"gyrfalcon/session"
)

var (
	_ session.Locker = (*Counter)(nil)
	_ session.Locker = (*Faults)(nil)
)

// Lock passes on to an adapter that has locks, uncounted; else it locks nothing.
func (c *Counter) Lock(ctx context.Context, id string) (func(context.Context) error, error) {
	return lock(ctx, c.adapter, id)
}

// Lock passes on to an adapter that has locks; else it locks nothing.
func (s *Faults) Lock(ctx context.Context, id string) (func(context.Context) error, error) {
	return lock(ctx, s.adapter, id)
}

func lock(ctx context.Context, a session.Adapter, id string) (func(context.Context) error, error) {
	if l, ok := a.(session.Locker); ok {
		return l.Lock(ctx, id)
	}
	return nil, nil
}
