package session

import (
	"context"
	"time"

	"go.uber.org/zap"
)

// Locker is an Adapter that can keep a session to one request at a time. No update of ours
// needs it: it is for sessions that somebody else writes whole over what came between, as
// PHP's handlers do, and who takes the same locks.
//
// A Manager whose adapter is a Locker takes a session's lock before it first reads it for a
// request, and releases it when the response begins, after the commit. What is changed
// later, what Load returned, and a session that is destroyed unread have theirs for as long
// as the commit, or the destroying, takes. A new session has none: nobody knows its ID.
type Locker interface {
	Adapter

	// Lock waits until nobody else holds the lock of the session, whether or not there is
	// such a session, and takes it. It returns ErrBusy when that takes too long, and obeys
	// ctx. The lock is kept alive until it is released.
	//
	// A Locker that is configured to lock nothing returns nil, and no error.
	Lock(ctx context.Context, id string) (Lock, error)
}

// Lock is the lock of one session, in the hands of whoever took it.
type Lock interface {
	// Swap is the adapter's, for the session of the lock. It is refused with ErrBusy once
	// the lock is lost, to whomever: another request of the same process, too.
	Swap(ctx context.Context, prev Record, next []byte, life time.Duration) (Record, error)

	// Release gives the lock back. It is called once.
	Release(ctx context.Context) error
}

// locked is a session's lock that is held, or nothing.
type locked struct {
	stored string
	lock   Lock
}

// lock takes the lock of the session that is stored under a name, where the adapter has
// locks.
func (m *Manager) lock(ctx context.Context, stored string) (locked, error) {
	l, ok := m.adapter.(Locker)
	if !ok {
		return locked{}, nil
	}
	lock, err := l.Lock(ctx, stored)
	if err != nil {
		return locked{}, backendError("lock", ctx, err)
	}
	return locked{stored, lock}, nil
}

// unlock gives a lock back, with time of its own: the request may have used up its own,
// and others wait.
func (m *Manager) unlock(ctx context.Context, l *locked) {
	if l.lock == nil {
		return
	}
	d := withDeadline(context.WithoutCancel(ctx), m.opts.Timeout)
	defer d.release()
	if err := l.lock.Release(d); err != nil {
		m.log.Warn("a session's lock was not released at once", zap.Error(err))
	}
	*l = locked{}
}

// holds says whether it is the lock of the session that is stored under a name.
func (l *locked) holds(stored string) bool { return l.lock != nil && l.stored == stored }

// locking takes the lock of the session under its present ID, unless the request holds it
// already. What it returns is to be unlocked after the commit.
func (s *Session) locking(ctx context.Context) (locked, error) {
	if !s.known || s.held.holds(s.stored) {
		return locked{}, nil
	}
	return s.m.lock(ctx, s.stored)
}

// swap is the adapter's for the session under its present ID, under the lock if there is
// one.
func (s *Session) swap(ctx context.Context, prev Record, next []byte) (Record, error) {
	for _, l := range []*locked{&s.held, &s.brief} {
		if l.holds(s.stored) {
			return l.lock.Swap(ctx, prev, next, s.m.opts.Lifetime)
		}
	}
	return s.m.adapter.Swap(ctx, s.stored, prev, next, s.m.opts.Lifetime)
}
