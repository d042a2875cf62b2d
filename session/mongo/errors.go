package mongo

import (
	"context"
	"errors"
	"fmt"
	"strings"

	driver "go.mongodb.org/mongo-driver/v2/mongo"
	wire "go.mongodb.org/mongo-driver/v2/x/mongo/driver"
	"go.mongodb.org/mongo-driver/v2/x/mongo/driver/topology"

	"gyrfalcon/session"
)

var (
	errClosed  = errors.New("session/mongo: the adapter is closed")
	errNotOpen = errors.New("session/mongo: the adapter is not open; call Open first")
)

// Codes of MongoDB's errors (src/mongo/base/error_codes.yml), of which a server's
// answer to one of our commands may be one.
const (
	codeBadValue           = 2
	codeUnauthorized       = 13
	codeNamespaceNotFound  = 26
	codeDuplicateKey       = 11000
	codeNotWritablePrimary = 10107
	codeNotPrimaryNoOK     = 13435 // NotPrimaryNoSecondaryOk
	codeTooLarge           = 10334 // BSONObjectTooLarge
	codeDocumentTooLarge   = 17419 // the document after an update
	codeDocumentTooLarge2  = 17420
)

// interruptions are the answers of a server that has broken a command off, be it
// before or after what it did.
var interruptions = map[int]bool{
	24:    true, // LockTimeout
	50:    true, // MaxTimeMSExpired
	64:    true, // WriteConcernTimeout
	91:    true, // ShutdownInProgress
	189:   true, // PrimarySteppedDown
	262:   true, // ExceededTimeLimit
	290:   true, // TransactionExceededLifetimeLimitSeconds
	11600: true, // InterruptedAtShutdown
	11601: true, // Interrupted
	11602: true, // InterruptedDueToReplStateChange
}

// serverError is a server's answer without its text, in which a server of any
// version may have put the command that it refused, with IDs and data.
type serverError struct {
	code int
	name string
	hint string
}

func (e *serverError) Error() string {
	text := fmt.Sprintf("the server answered with error %d", e.code)
	if e.name != "" {
		text += " (" + e.name + ")"
	}
	if e.hint != "" {
		text += "; " + e.hint
	}
	return text
}

// failed says whose error it is, in words that hold no ID and no data. It tells
// nothing about the outcome of a write: that is for write.
func failed(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("session/mongo: %w", told(err))
}

func told(err error) error {
	if sse, ok := errors.AsType[topology.ServerSelectionError](err); ok {
		return unfound(sse)
	}
	if !answered(err) {
		return err // ours, a context's, or the network's
	}
	code, name := answer(err)
	e := &serverError{code: code, name: name}
	switch code {
	case codeUnauthorized:
		e.hint = "grant the user the role readWrite on the sessions' database"
	case codeTooLarge, codeDocumentTooLarge, codeDocumentTooLarge2:
		e.hint = "keep less in the session, or lower max_data"
	}
	return e
}

// unfound says why no server was found. The driver would tell the last answer of
// each server too, which is that to a session's write where it was refused.
func unfound(err topology.ServerSelectionError) error {
	for _, s := range err.Desc.Servers {
		if answer, ok := errors.AsType[wire.Error](s.LastError); ok {
			return fmt.Errorf("no server that takes writes was found: %w (%s: %w)", err.Wrapped, s.Addr, &serverError{code: int(answer.Code), name: answer.Name})
		}
	}
	return err
}

// answered says whether err is a server's answer, with a code or without.
func answered(err error) bool {
	if ce, ok := errors.AsType[driver.CommandError](err); ok {
		return ce.Code != 0 || !ce.HasErrorLabel("NetworkError") && !notSent(err)
	}
	_, ok := errors.AsType[driver.WriteException](err)
	return ok
}

// answer is the error that a server gave, or 0 where it gave none.
func answer(err error) (code int, name string) {
	if ce, ok := errors.AsType[driver.CommandError](err); ok {
		return int(ce.Code), ce.Name
	}
	if we, ok := errors.AsType[driver.WriteException](err); ok {
		for _, e := range we.WriteErrors {
			return e.Code, ""
		}
		if we.WriteConcernError != nil {
			return we.WriteConcernError.Code, we.WriteConcernError.Name
		}
	}
	return 0, ""
}

// unknown says whether a command that ended with err may have done its work.
func unknown(err error) bool {
	if notSent(err) {
		return false
	}
	code, _ := answer(err)
	return unconfirmed(err) || code == 0 || interruptions[code]
}

// forbidden says whether the server's answer was that the user may not. FerretDB 2.7.0
// tells what PostgreSQL says to it as errors of other kinds.
func forbidden(err error) bool {
	code, _ := answer(err)
	return !notSent(err) && (code == codeUnauthorized || answered(err) && strings.Contains(err.Error(), "permission denied"))
}

// unconfirmed says whether err is about the write concern: the write has been done,
// and may be rolled back yet.
func unconfirmed(err error) bool {
	we, ok := errors.AsType[driver.WriteException](err)
	return ok && we.WriteConcernError != nil
}

// notSent says whether err comes from before a command was sent: no server was
// found, no connection could be had, or ctx had ended.
func notSent(err error) bool {
	if ce, ok := errors.AsType[driver.CommandError](err); ok {
		// A connection that was lost while it was made is a network error too;
		// in one that was lost with the command on it driver.Error is outermost.
		_, making := ce.Wrapped.(topology.ConnectionError) //nolint:errorlint // the outermost one is meant
		return making
	}
	if _, ok := errors.AsType[topology.ServerSelectionError](err); ok {
		return true
	}
	if _, ok := errors.AsType[topology.WaitQueueTimeoutError](err); ok {
		return true
	}
	if _, ok := errors.AsType[topology.ConnectionError](err); ok {
		return true
	}
	if _, ok := errors.AsType[interface {
		error
		Retryable() bool
	}](err); ok { // the pool was cleared, because of another command
		return true
	}
	return errors.Is(err, driver.ErrClientDisconnected) ||
		errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) ||
		strings.Contains(err.Error(), "operation not sent to server")
}

// refused says whether a server has refused a write because it is not the primary,
// or no longer. One that stepped down after the write gives the same codes as a
// write concern's error.
func refused(err error) bool {
	code, _ := answer(err)
	return (code == codeNotWritablePrimary || code == codeNotPrimaryNoOK) && !notSent(err) && !unconfirmed(err)
}

// outcome is failed for a write.
func outcome(err error) error {
	if err == nil {
		return nil
	}
	if unknown(err) {
		return fmt.Errorf("session/mongo: %w (%w)", session.ErrOutcomeUnknown, told(err))
	}
	return failed(err)
}
