package session

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
)

// Session is one visitor's session during one request (Manager.From), or during
// whatever Manager.Load was called for. It is safe for concurrent use by the
// goroutines of its request. Once the middleware has returned, everything on it is
// ErrClosed.
//
// Variables are read and changed by the functions Get, Lookup and Update, by a Key,
// or by the methods below. What is read is the caller's own: changing it stores
// nothing without Set. What is changed is seen by this request at once and stored
// by the commit, before the first byte of the response leaves. When another
// request has changed the session meanwhile, this one's changes are replayed in
// order on what that one stored: Set replaces its own variable, last writer wins,
// Update is computed anew, members of a Bag and flash messages keep out of each
// other's way.
type Session struct {
	m  *Manager
	ex *exchange // nil for a session that Load returned

	mu    sync.Mutex
	doc   Document
	log   []change // what was done to doc since rec, in order
	epoch uint64   // moves whenever doc, or what is known of it, is not what it was

	calling int       // how many functions of Updates run, while mu is free
	misuses uint64    // how often one of them did what it must not
	redoing Document  // to what a commit does the changes again, or nil
	turn    sync.Cond // for the end of these

	id     string // the client's; empty until there is a session in the store
	stored string // id's name in the store
	rec    Record
	known  bool // rec is the session of id in the store

	held       locked // its lock, from the first read to the response's beginning
	brief      locked // its lock for the time of a commit, where held is none or another's
	meta       meta
	metaText   string // where the stored meta is decoded to
	superseded bool
	rotate     bool  // Regenerate was called
	refused    error // why nothing can be changed any more: ErrGone, ErrOutcomeUnknown, …
	closed     bool
	told       bool // a failure was logged, and nothing has succeeded since
}

// change is one thing done to a session: it can be done again to another document.
type change func(d Document) error

// begin makes s a new, empty session that nobody has stored. s.mu is held, or
// nobody else knows s.
func (s *Session) begin() {
	s.become("", "", loaded{doc: s.m.opts.Codec.New(), meta: meta{born: s.m.now()}})
}

// become makes s the session of id, as it was loaded; what was not committed is
// given up.
func (s *Session) become(id, stored string, l loaded) {
	s.id, s.stored, s.known = id, stored, id != ""
	s.log, s.rotate, s.refused = nil, false, nil
	s.adopt(l)
}

// adopt takes l for what is stored, and for what the changes are done to: the store has
// done what it should.
func (s *Session) adopt(l loaded) {
	s.rec, s.doc, s.meta, s.superseded = l.rec, l.doc, l.meta, l.superseded
	s.told = false
	s.epoch++
}

// ID returns the session's ID, for handing it to a client that has no cookies. It
// is empty until the session is stored, and changes when Regenerate is committed.
// Who knows it is the visitor: it belongs in no log, no URL and no error; Handle
// does.
func (s *Session) ID() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.id
}

// Handle returns what stands for the session in logs and events: eight characters,
// the same in every process, from which nobody gets to the ID. It is empty until
// the session is stored.
func (s *Session) Handle() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.id == "" {
		return ""
	}
	return handleOf(s.m.opts.Name, s.id)
}

// String is for logs.
func (s *Session) String() string { return "session " + s.Handle() }

// GoString is String.
func (s *Session) GoString() string { return s.String() }

// Info is what is known of a session beside its variables.
type Info struct {
	New        bool      // not stored yet
	Superseded bool      // another request has regenerated it: no change will be stored
	Born       time.Time // when it began, to the second; under Regenerate it stays
	Expires    time.Time // when it ends unless it is used before; zero for a new one
}

// Info returns what is known of the session beside its variables.
func (s *Session) Info() Info {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Info{New: !s.known, Superseded: s.superseded, Born: s.meta.born, Expires: s.rec.Expires}
}

// Names returns the names of the session's variables in stored order; under
// Options.UniqueID those of this application, without the prefix.
func (s *Session) Names() ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d, err := s.reading()
	if err != nil {
		return nil, err
	}
	return s.names(d), nil
}

func (s *Session) names(d Document) []string {
	var names []string
	prefix := s.prefix()
	for key := range d.Names() {
		name, ours := strings.CutPrefix(key, prefix)
		if ours && key != metaName {
			names = append(names, name)
		}
	}
	return names
}

// Has says whether there is a variable of that name.
func (s *Session) Has(name string) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d, err := s.reading()
	if err != nil {
		return false, err
	}
	key, err := s.key(name)
	if err != nil {
		return false, err
	}
	for k := range d.Names() {
		if k == key {
			return true, nil
		}
	}
	return false, nil
}

// Decode decodes the variable name into what into points to, as Get does for a type
// that is known only at run time. It returns ErrNoVariable if there is none, and
// *DecodeError if it is of another type; the other variables are not affected.
func (s *Session) Decode(name string, into any) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	d, err := s.reading()
	if err != nil {
		return err
	}
	key, err := s.key(name)
	if err != nil {
		return err
	}
	return d.Decode(key, into)
}

// Set sets the variable name to v, as v is now: what becomes of v later is not
// stored. Of two overlapping requests that set one variable the last wins; where
// the new value depends on the old one, use Update.
//
// It returns *EncodeError for what the codec has no form for, ErrTooLate when the
// response has begun without the client knowing the session, ErrSuperseded,
// ErrGone, ErrOutcomeUnknown after a commit that ended so, and ErrClosed. Then
// nothing was changed.
func (s *Session) Set(name string, v any) error {
	key, err := s.key(name)
	if err != nil {
		return err
	}
	return setVariable(s, name, v, func(d Document, frozen any) error { return d.Set(key, frozen) })
}

// setVariable freezes v before anything is locked (an encoder may be the caller's
// own code) and logs how it is put in its place.
func setVariable(s *Session, name string, v any, put func(d Document, frozen any) error) error {
	frozen, err := s.m.opts.Codec.Freeze(v)
	if err != nil {
		if ee, ok := errors.AsType[*EncodeError](err); ok {
			ee.Name = name
		}
		return err
	}
	return s.change(func(d Document) error { return put(d, frozen) })
}

// Remove removes the variable name, if there is one. Errors are Set's.
func (s *Session) Remove(name string) error {
	key, err := s.key(name)
	if err != nil {
		return err
	}
	return s.change(func(d Document) error {
		d.Remove(key)
		return nil
	})
}

// Clear removes all variables; under Options.UniqueID those of this application.
// The session itself stays: Destroy ends it. Errors are Set's.
func (s *Session) Clear() error {
	return s.change(func(d Document) error {
		for _, name := range s.names(d) {
			d.Remove(s.prefix() + name)
		}
		return nil
	})
}

// change does c to the session's document and notes it for a replay.
func (s *Session) change(c change) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		if err := s.alone(); err != nil {
			return err
		}
		if err := s.changeable(); err != nil {
			return err
		}
		switch err := c(s.doc); {
		case err == nil:
			s.log = append(s.log, c)
			return nil
		case !errors.Is(err, errAgain):
			return err
		}
	}
}

func (s *Session) changeable() error {
	switch {
	case s.closed:
		return ErrClosed
	case s.refused != nil:
		return s.refused
	case s.superseded:
		return ErrSuperseded
	case s.ex == nil:
		return nil
	case s.ex.failed != nil:
		return s.ex.failed
	case s.ex.sent && !s.known:
		return ErrTooLate
	}
	return nil
}

// Destroy ends the session in the store, now: nothing that this or another request
// does afterwards brings it back, and a panic does not either. The response
// withdraws the cookie if it has not begun. A change after Destroy begins a new
// session. To end a session without reading it first, use Manager.Destroy.
//
// In a request a client that goes away undoes nothing: Destroy has Options.Timeout,
// and obeys ctx's end only for a session that Load returned.
//
// It returns ErrOutcomeUnknown, ErrBusy or the store's error, and then the session
// is as it was, as far as is known.
func (s *Session) Destroy(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.settle(); err != nil {
		return err
	}
	return s.destroy(ctx)
}

func (s *Session) destroy(ctx context.Context) error {
	if s.closed {
		return ErrClosed
	}
	if s.ex != nil {
		ctx = context.WithoutCancel(ctx)
	}
	if s.id != "" {
		if err := s.m.destroy(ctx, s.id, s.held.stored); err != nil {
			s.tell(gravity(ctx, err), undestroyed, s.id, err)
			return err
		}
	}
	s.m.unlock(ctx, &s.held)
	s.begin()
	if s.ex != nil {
		s.ex.issue, s.ex.withdraw = false, true
	}
	return nil
}

// destroy ends the session of id in the store, under its lock, unless it is the one that is
// held.
func (m *Manager) destroy(ctx context.Context, id, held string) error {
	if err := m.gate.enter(); err != nil {
		return err
	}
	defer m.gate.leave()
	d := withDeadline(ctx, m.opts.Timeout)
	defer d.release()
	stored := m.storedID(id)
	if stored != held {
		l, err := m.lock(d, stored)
		if err != nil {
			return err
		}
		defer m.unlock(ctx, &l)
	}
	if err := m.adapter.Destroy(d, stored); err != nil {
		return backendError("destroy", d, err)
	}
	m.emitFor(EventDestroyed, id, nil)
	return nil
}

// Reload gives up what is not committed and reads the session again, which also
// tells what stands after ErrOutcomeUnknown. It returns ErrGone if the session is
// no longer there: then it reads as before, and can be changed no more.
func (s *Session) Reload(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.settle(); err != nil {
		return err
	}
	if s.closed {
		return ErrClosed
	}
	if !s.known {
		s.begin()
		return nil
	}
	l, err := s.read(ctx, s.stored, false)
	if err != nil {
		s.tell(gravity(ctx, err), unread, s.id, err)
		return err
	}
	if l.doc == nil {
		s.refuse(ErrGone)
		return ErrGone
	}
	s.become(s.id, s.stored, l)
	return nil
}

// refuse gives up what is not committed, and all changes from now on.
func (s *Session) refuse(why error) {
	s.log, s.rotate, s.refused = nil, false, why
}

// key is the name under which a variable of the application's is stored.
func (s *Session) key(name string) (string, error) {
	key := s.prefix() + name
	if key == metaName {
		return "", fmt.Errorf("session: the variable name %q is the session's own; choose another", name)
	}
	return key, nil
}

func (s *Session) prefix() string {
	if s.m.opts.UniqueID == "" {
		return ""
	}
	return s.m.opts.UniqueID + "#"
}
