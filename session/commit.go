package session

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"go.uber.org/zap"
)

// Commit stores what was changed. The middleware does it before the first byte of
// the response leaves; call it where the handler itself must know that the change
// stands, such as before a payment or in the midst of a stream, and always on a
// session that Load returned. Without changes it renews the session's life if that
// is due.
//
// It returns ErrGone, ErrSuperseded or ErrOutcomeUnknown, after which the session
// can be changed no more (Reload tells what stands); ErrBusy, ErrTooLarge, ErrStopped,
// a replayed Update's error or the store's error, after which nothing is stored, the
// changes are still there, and Commit may be called again; and ErrClosed.
func (s *Session) Commit(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.settle(); err != nil {
		return err
	}
	switch {
	case s.closed:
		return ErrClosed
	case s.ex != nil && s.ex.failed != nil:
		return s.ex.failed // the client was told that nothing was stored
	}
	err := s.commit(ctx)
	if err != nil {
		s.tell(gravity(ctx, err), unstored, s.id, err)
	}
	return err
}

func (s *Session) commit(ctx context.Context) error {
	due := s.touchDue()
	if !due && !s.changed() {
		return nil
	}
	if err := s.m.gate.enter(); err != nil {
		return err
	}
	defer s.m.gate.leave()
	d := withDeadline(ctx, s.m.opts.Timeout)
	defer d.release()
	if !s.changed() {
		s.touch(d)
		return nil
	}
	var err error
	if s.brief, err = s.locking(d); err != nil {
		return err
	}
	defer s.m.unlock(ctx, &s.brief)
	switch {
	case s.rotate:
		err = s.commitRotated(d)
	case s.known:
		err = s.commitChanged(d)
	default:
		err = s.commitNew(d)
	}
	switch {
	case err == nil:
		s.log, s.rotate = nil, false
	case errors.Is(err, ErrGone), errors.Is(err, ErrSuperseded), errors.Is(err, ErrOutcomeUnknown):
		s.refuse(err)
		if s.ex != nil && !errors.Is(err, ErrOutcomeUnknown) {
			s.ex.issue = false // the client hears of no session that has ended
		}
	}
	return err
}

// changed says whether there is anything to store.
func (s *Session) changed() bool { return len(s.log) > 0 || s.rotate }

// touchDue says whether the session's life is worth a trip to renew it.
func (s *Session) touchDue() bool {
	if !s.known || s.superseded || s.refused != nil {
		return false
	}
	o := &s.m.opts
	if s.unborn() {
		return true
	}
	if s.sends() {
		return s.cookieDue(s.meta)
	}
	renewed := s.rec.Expires.Add(-o.Lifetime)
	return !s.rec.Slid && !s.m.now().Before(renewed.Add(o.touchAfter()))
}

// unborn says whether a session whose life is capped, and that was born in PHP, does
// not say yet when it was first seen here.
func (s *Session) unborn() bool {
	return s.m.php() && s.m.opts.MaxAge > 0 && !s.meta.stored
}

// cookieDue says whether a persistent cookie should be sent again, lest its time end
// before the session's.
func (s *Session) cookieDue(m meta) bool {
	return s.sends() && !s.m.now().Before(m.sent.Add(s.m.opts.touchAfter()))
}

// sends says whether a persistent cookie can be sent with what is committed: only
// where the response begins, as another request may regenerate the session later.
func (s *Session) sends() bool {
	return s.m.opts.Cookie.Persistent && s.ex != nil && s.ex.beginning
}

// touch renews the session's life. Its failure costs nobody a response.
func (s *Session) touch(ctx context.Context) {
	var err error
	if s.sends() || s.unborn() {
		err = s.restamp(ctx)
	} else if err = s.m.adapter.Touch(ctx, s.stored, s.m.opts.Lifetime); err == nil {
		s.rec.Expires = s.m.now().Add(s.m.opts.Lifetime)
	}
	if err != nil && !errors.Is(err, ErrNotFound) && !errors.Is(err, ErrConflict) {
		s.m.log.Warn("renewing a session's life failed", zap.String("session", handleOf(s.m.opts.Name, s.id)), zap.Error(err))
	}
}

// restamp renews the life of a session whose meta is not what it should be: its
// cookie is persistent and sent again, or its birth is not stored. It is a swap, not
// a touch: a cookie may only be sent again for a session that nobody has regenerated
// meanwhile, or it would take the place of the new one's.
func (s *Session) restamp(ctx context.Context) error {
	l := loaded{rec: s.rec, doc: s.doc, meta: s.meta}
	next, err := s.stamp(&l) // not bound by MaxData: nothing of the visitor's is added
	if err != nil {
		return err
	}
	if l.rec, err = s.swap(ctx, s.rec, next); err != nil {
		return err
	}
	s.store(l)
	return nil
}

// store takes l for what is stored now, and has the cookie sent if l says that it
// was sent just now.
func (s *Session) store(l loaded) {
	if s.ex != nil && !l.meta.sent.Equal(s.meta.sent) {
		s.ex.issue = true
	}
	s.adopt(l)
}

// commitNew stores a session for the first time, if there is anything in it.
func (s *Session) commitNew(ctx context.Context) error {
	if empty(s.doc, metaName) {
		return nil
	}
	l := loaded{doc: s.doc, meta: s.meta}
	data, err := s.encode(&l)
	if err != nil {
		return err
	}
	id := newID()
	stored := s.m.storedID(id)
	if l.rec, err = s.m.adapter.Create(ctx, stored, data, s.m.opts.Lifetime); err != nil {
		return backendError("create", ctx, err)
	}
	s.issued(id, stored, l)
	s.m.emitFor(EventCreated, id, nil)
	return nil
}

// issued makes s the session of id, of which the client must hear.
func (s *Session) issued(id, stored string, l loaded) {
	s.id, s.stored, s.known = id, stored, true
	s.adopt(l)
	if s.ex != nil {
		s.ex.issue = true
	}
}

// commitChanged swaps what was read for what the changes made of it; where somebody
// else came between, it reads again and replays them.
func (s *Session) commitChanged(ctx context.Context) error {
	l := loaded{rec: s.rec, doc: s.doc, meta: s.meta}
	next, err := s.encode(&l)
	if err != nil {
		return err
	}
	fight := contention{queues: &s.m.queues, id: s.stored}
	defer fight.done()
	for !bytes.Equal(next, l.rec.Data) {
		rec, err := s.swap(ctx, l.rec, next)
		if err == nil {
			l.rec = rec
			s.store(l)
			return nil
		}
		if l, next, err = s.afterConflict(ctx, &fight, err); err != nil {
			return err
		}
	}
	s.adopt(l)
	if s.touchDue() {
		s.touch(ctx)
	}
	return nil
}

// afterConflict returns the session as it stands after a swap that ended with err,
// with this request's changes replayed on it, and encoded.
func (s *Session) afterConflict(ctx context.Context, fight *contention, err error) (loaded, []byte, error) {
	switch {
	case errors.Is(err, ErrNotFound):
		return loaded{}, nil, ErrGone
	case !errors.Is(err, ErrConflict):
		return loaded{}, nil, backendError("swap", ctx, err)
	}
	s.m.emitFor(EventConflict, s.id, nil)
	if err := fight.again(ctx); err != nil {
		return loaded{}, nil, backendError("swap", ctx, err)
	}
	l, err := s.reread(ctx)
	if err != nil {
		return loaded{}, nil, err
	}
	if err := s.redo(l.doc); err != nil {
		return loaded{}, nil, err
	}
	next, err := s.encode(&l)
	return l, next, err
}

// reread reads the session again within a commit.
func (s *Session) reread(ctx context.Context) (loaded, error) {
	l, err := s.m.fetch(ctx, s.stored, &s.metaText)
	switch {
	case err != nil:
		return l, backendError("read", ctx, err)
	case l.doc == nil:
		return l, ErrGone
	case l.superseded:
		return l, ErrSuperseded
	}
	return l, nil
}

// encode returns l's document as it is stored, unless that is too large.
func (s *Session) encode(l *loaded) ([]byte, error) {
	data, err := s.stamp(l)
	if err != nil {
		return nil, err
	}
	if most := s.m.opts.MaxData; len(data) > most {
		return nil, fmt.Errorf("%w: it would be %d bytes and may be %d; keep less in it, or raise max_data", ErrTooLarge, len(data), most)
	}
	return data, nil
}

// stamp returns l's document as it is stored, with l's meta brought up to date in it.
func (s *Session) stamp(l *loaded) ([]byte, error) {
	s.epoch++ // what an Update has opened of the document may not be of it any more
	if s.cookieDue(l.meta) {
		l.meta.sent, l.meta.stored = s.m.now(), false
	}
	if !l.meta.stored {
		if err := l.doc.Set(metaName, l.meta.String()); err != nil {
			return nil, err
		}
		l.meta.stored = true
	}
	return l.doc.Bytes()
}
