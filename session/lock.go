package session

import (
	"context"

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
	// ctx. Until release is called the lock is kept alive, and a Swap of the session is
	// refused with ErrBusy should it be lost all the same. release gives it back; it is
	// called once.
	//
	// A Locker that is configured to lock nothing returns nil, and no error.
	Lock(ctx context.Context, id string) (release func(ctx context.Context) error, err error)
}

// locked is a session's lock that is held, or nothing.
type locked struct {
	stored  string
	release func(ctx context.Context) error
}

// lock takes the lock of the session that is stored under a name, where the adapter has
// locks.
func (m *Manager) lock(ctx context.Context, stored string) (locked, error) {
	l, ok := m.adapter.(Locker)
	if !ok {
		return locked{}, nil
	}
	release, err := l.Lock(ctx, stored)
	if err != nil {
		return locked{}, backendError("lock", ctx, err)
	}
	return locked{stored, release}, nil
}

// unlock gives a lock back, with time of its own: the request may have used up its own,
// and others wait.
func (m *Manager) unlock(ctx context.Context, l *locked) {
	if l.release == nil {
		return
	}
	d := withDeadline(context.WithoutCancel(ctx), m.opts.Timeout)
	defer d.release()
	if err := l.release(d); err != nil {
		m.log.Warn("a session's lock was not released, and is left to expire", zap.Error(err))
	}
	*l = locked{}
}

// locking takes the lock of the session under its present ID, unless the request holds it
// already. What it returns is to be unlocked after the commit.
func (s *Session) locking(ctx context.Context) (locked, error) {
	if !s.known || s.held.release != nil && s.held.stored == s.stored {
		return locked{}, nil
	}
	return s.m.lock(ctx, s.stored)
}
