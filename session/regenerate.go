package session

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"go.uber.org/zap"
)

// commitRotated stores the session under a new ID first, and then marks the old one
// as superseded. A failure between the two leaves a session of which nobody knows
// the ID, never a visitor without one.
func (s *Session) commitRotated(ctx context.Context) error {
	l := loaded{rec: s.rec, doc: s.doc, meta: s.meta}
	next, err := s.encode(&l)
	if err != nil {
		return err
	}
	id := newID()
	stored := s.m.storedID(id)
	rec, err := s.m.adapter.Create(ctx, stored, next, s.m.opts.Lifetime)
	if err != nil {
		return backendError("create", ctx, err)
	}
	rec, err = s.supersede(ctx, &l, stored, rec)
	if err != nil && !errors.Is(err, ErrOutcomeUnknown) {
		s.m.abandon(ctx, stored)
		return err
	}
	// Where the answer was lost, the old session may be superseded: the new one,
	// which stands, is what the visitor has left.
	l.rec = rec
	s.issued(id, stored, l)
	s.m.emitFor(EventRegenerated, id, nil)
	return err
}

// supersede marks the session of s.id, which is l, as superseded by the one stored
// as rec. Where somebody else changed it meanwhile, their changes are merged into l
// and into the new one first. It returns the new one's record.
func (s *Session) supersede(ctx context.Context, l *loaded, stored string, rec Record) (Record, error) {
	fight := contention{queues: &s.m.queues, id: s.stored}
	defer fight.done()
	for {
		err := s.lastSwap(ctx, l)
		if err == nil {
			return rec, nil
		}
		merged, next, err := s.afterConflict(ctx, &fight, err)
		if err != nil {
			if errors.Is(err, ErrSuperseded) {
				err = ErrGone // two regenerations: the other one's is the session now
			}
			return rec, err
		}
		*l = merged
		if bytes.Equal(next, rec.Data) {
			continue
		}
		if rec, err = s.m.adapter.Swap(ctx, stored, rec, next, s.m.opts.Lifetime); err != nil {
			// Known or not, it is given up with the new session: the old one, in
			// which the other's changes stand, goes on.
			return rec, &storeError{"swap", fmt.Errorf("%w (%s)", ErrBusy, err.Error())}
		}
	}
}

// lastSwap marks the old session, which is l, as superseded.
func (s *Session) lastSwap(ctx context.Context, l *loaded) error {
	m := meta{born: l.meta.born, until: s.m.now().Add(supersededFor)}
	last, err := s.lastWords(m, l.rec.Data)
	if err != nil {
		return err
	}
	_, err = s.swap(ctx, l.rec, last)
	if !errors.Is(err, ErrTooLarge) {
		return err
	}
	// A full session must be able to end.
	if last, err = s.tombstone(m, nil); err != nil {
		return err
	}
	_, err = s.swap(ctx, l.rec, last)
	return err
}

// lastWords is what the old session says from now on: its variables as they were,
// and the end of its grace. Nothing leads from it to the new one. It is not bound by
// MaxData.
func (s *Session) lastWords(m meta, was []byte) ([]byte, error) {
	if s.m.php() {
		return s.tombstone(m, was)
	}
	old, err := s.m.opts.Codec.Parse(was)
	if err != nil {
		return nil, err
	}
	if err := old.Set(metaName, m.String()); err != nil {
		return nil, err
	}
	return old.Bytes()
}

// abandon removes a session that serves nobody any more. One that cannot be removed
// is left to expire.
func (m *Manager) abandon(ctx context.Context, stored string) {
	d := withDeadline(context.WithoutCancel(ctx), m.opts.Timeout)
	defer d.release()
	if err := m.adapter.Destroy(d, stored); err != nil {
		m.log.Debug("a session that serves nobody is left to expire", zap.Error(err))
	}
}
