package session

import (
	"context"
	"errors"
	"fmt"
	"net/http"
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

// Error answers a request for which the session could not be had or stored, as
// http.Error does, in general words: 409 where the session is gone or superseded, or a form's token was used,
// 503 where the store is busy, unreachable or its answer was lost, else 500. It is
// Options.ErrorHandler's default, and of use in handlers when From returns an error.
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
