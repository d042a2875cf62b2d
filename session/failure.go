package session

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// storeError is a failure of the adapter's, as opposed to one of the caller's.
type storeError struct {
	op  string
	err error
}

func (e *storeError) Error() string { return "session: " + e.op + ": " + e.err.Error() }
func (e *storeError) Unwrap() error { return e.err }

// backendError tells what became of a write. An adapter that gave up because ctx
// ended, with a known outcome, was kept waiting. A driver that sets the deadline on
// its socket may notice a moment before ctx does.
func backendError(op string, ctx context.Context, err error) error { //nolint:revive // ctx is judged, not used
	over := ctx.Err() != nil || errors.Is(err, context.DeadlineExceeded)
	if over && !errors.Is(err, ErrOutcomeUnknown) && !errors.Is(err, ErrBusy) {
		err = fmt.Errorf("%w (%w)", ErrBusy, err)
	}
	return &storeError{op, err}
}

// What a Session tells the log of.
const (
	unread      = "a session could not be read"
	unstored    = "a session could not be stored"
	undestroyed = "a session could not be destroyed"
	unstoredYet = "changes made after the response had begun were not stored"
)

// tell logs what of the session of id, or of a new one, has failed. What fails further
// in a request, until something succeeds, mostly follows from the first, or is a second
// attempt: it is told at debug level, so that a store that is down costs a line for each
// request. s.mu is held, or nobody else knows s.
func (s *Session) tell(level zapcore.Level, what, id string, err error) {
	if s.told && s.ex != nil {
		level = zap.DebugLevel
	}
	ce := s.m.log.Check(level, what)
	s.told = s.told || level >= zap.WarnLevel
	if ce == nil {
		return
	}
	handle := ""
	if id != "" {
		handle = handleOf(s.m.opts.Name, id)
	}
	ce.Write(zap.String("session", handle), zap.Error(err))
}

// gravity is the level at which err is told. ctx is the caller's.
func gravity(ctx context.Context, err error) zapcore.Level {
	_, store := errors.AsType[*storeError](err)
	switch {
	case errors.Is(err, ErrGone), errors.Is(err, ErrSuperseded), errors.Is(err, ErrTokenUsed), errors.Is(err, ErrClosed), errors.Is(err, ErrTooLate):
		return zap.DebugLevel // the visitor's doing, or told to the caller alone
	case errors.Is(err, ErrOutcomeUnknown):
		return zap.WarnLevel
	case errors.Is(ctx.Err(), context.Canceled):
		return zap.DebugLevel // the client has hung up
	case store, errors.Is(err, ErrBusy), errors.Is(err, ErrStopped), errors.Is(err, ErrTooLarge):
		return zap.WarnLevel
	}
	return zap.ErrorLevel
}

// Error answers a request for which the session could not be had or stored, as
// http.Error does, in general words: 409 where the session is gone or superseded, or a form's token was used,
// 503 where the store is busy, unreachable or its answer was lost, else 500. It is
// Options.ErrorHandler's default, and of use in handlers when From returns an error. It
// logs nothing: the manager has told Options.Logger of what it returned.
func Error(w http.ResponseWriter, _ *http.Request, err error) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	_, store := errors.AsType[*storeError](err)
	switch {
	case errors.Is(err, ErrGone), errors.Is(err, ErrSuperseded):
		http.Error(w, "Your session has ended or was renewed meanwhile. Nothing was changed; please load the page again.", http.StatusConflict)
	case errors.Is(err, ErrTokenUsed):
		http.Error(w, "This form was sent twice, or is out of date. Nothing was changed; please load the page again.", http.StatusConflict)
	case errors.Is(err, ErrOutcomeUnknown):
		h.Set("Retry-After", "1")
		http.Error(w, "It is not certain that your change was stored. Please load the page again and see.", http.StatusServiceUnavailable)
	case store, errors.Is(err, ErrBusy), errors.Is(err, ErrStopped):
		h.Set("Retry-After", "1")
		http.Error(w, "Your session cannot be reached just now. Nothing was changed; please try again.", http.StatusServiceUnavailable)
	default:
		http.Error(w, "Your session could not be stored. Nothing was changed.", http.StatusInternalServerError)
	}
}
