package session

import (
	"errors"
	"reflect"
	"runtime"
)

// errInUpdate says that the function of an Update did more than to compute.
var errInUpdate = errors.New("session: the function of an Update has changed, committed or ended the session that it updates: " +
	"it may read it; let it return the new value, and do all else before the Update or after it")

// errAgain says that the session was read anew while an Update's function ran.
var errAgain = errors.New("session: read anew meanwhile")

// aside runs an Update's function, in run, with s.mu free: what the function reads of the
// session must not wait for itself, and what the function waits for must hold up nobody
// but other changes. It returns errInUpdate if the function tried to change the session,
// errAgain if what it has computed is of a session that s no longer is, and else why
// nothing can be changed any more. s.mu is held before and after, also when run panics.
func (s *Session) aside(run func()) error {
	redoing, epoch, misuses := s.redoing != nil, s.epoch, s.misuses
	func() {
		s.calling++
		s.mu.Unlock()
		defer func() {
			s.mu.Lock()
			s.calling--
			s.turn.Broadcast()
		}()
		run()
	}()
	if redoing {
		if s.misuses != misuses {
			return errInUpdate
		}
		return nil
	}
	for s.redoing != nil { // a commit that began meanwhile
		s.wait()
	}
	switch {
	case s.misuses != misuses:
		return errInUpdate
	case s.epoch != epoch:
		return errAgain
	}
	return s.changeable()
}

// redo does all changes again, to d, for a commit.
func (s *Session) redo(d Document) error {
	s.redoing = d
	defer func() {
		s.redoing = nil
		s.turn.Broadcast()
	}()
	for _, c := range s.log {
		if err := c(d); err != nil {
			return err
		}
	}
	return nil
}

// wait waits until an Update's function has returned, or a commit's changes are redone.
// s.mu is held before and after.
func (s *Session) wait() {
	s.turn.L = &s.mu
	s.turn.Wait()
}

// settle waits for a commit under way, and returns errInUpdate to an Update's function.
// s.mu is held before and after.
func (s *Session) settle() error {
	for s.calling > 0 || s.redoing != nil {
		if within() {
			s.misuses++
			return errInUpdate
		}
		if s.redoing == nil {
			return nil
		}
		s.wait()
	}
	return nil
}

// alone is settle that waits for other goroutines' Updates too, so that changes keep their order.
func (s *Session) alone() error {
	for {
		if err := s.settle(); err != nil || s.calling == 0 {
			return err
		}
		s.wait()
	}
}

// reading returns the document to read from. To the functions of Updates that a commit
// does again that is what they are done to; others wait until they are done.
func (s *Session) reading() (Document, error) {
	for s.redoing != nil {
		if within() {
			return s.redoing, nil
		}
		s.wait()
	}
	if s.closed {
		return nil, ErrClosed
	}
	return s.doc, nil
}

// asideName is how aside is called in a stack.
var asideName = runtime.FuncForPC(reflect.ValueOf((*Session).aside).Pointer()).Name()

// within says whether an Update's function is among the callers: Go's mutexes do not know
// who holds them. It is asked only where such a function runs. It does not tell sessions
// apart; who is in a function of one session's while another goroutine is in one of
// another's is taken to be in both, which a function that does nothing but compute does
// not meet.
func within() bool {
	pcs := make([]uintptr, 64)
	n := runtime.Callers(1, pcs)
	for n == len(pcs) {
		pcs = make([]uintptr, 2*len(pcs))
		n = runtime.Callers(1, pcs)
	}
	frames := runtime.CallersFrames(pcs[:n])
	for {
		f, more := frames.Next()
		if f.Function == asideName {
			return true
		}
		if !more {
			return false
		}
	}
}
