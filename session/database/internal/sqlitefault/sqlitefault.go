// Package sqlitefault puts SQLite's result codes into words that name the mend.
//
// It knows the codes and no driver: a driver's error is recognized by its
// method Code() int, which modernc.org/sqlite's has.
package sqlitefault

import (
	"errors"
	"fmt"

	"gyrfalcon/session"
)

// Result codes, from https://www.sqlite.org/rescode.html. The low byte is the
// primary code; the rest says more.
const (
	busy     = 5
	locked   = 6
	readOnly = 8
	ioErr    = 10
	corrupt  = 11
	full     = 13
	cantOpen = 14
	notADB   = 26
	primary  = 0xff
	ioErrShm = ioErr | 19<<8 // SHMSIZE: the -shm file cannot grow
)

// Code returns the SQLite result code that err holds.
func Code(err error) (code int, ok bool) {
	var coded interface {
		error
		Code() int
	}
	if !errors.As(err, &coded) {
		return 0, false
	}
	return coded.Code(), true
}

// Busy tells whether err says that somebody else holds a lock. Nothing was
// written then.
func Busy(err error) bool {
	code, ok := Code(err)
	return ok && (code&primary == busy || code&primary == locked)
}

// Error is an error of SQLite in words that name the mend.
type Error struct {
	text string
	errs []error
}

func (e *Error) Error() string { return e.text }

// Unwrap returns the driver's error, and the sentinel of package session that
// it amounts to, if any.
func (e *Error) Unwrap() []error { return e.errs }

// Explain returns err as an *Error where a mend is known, and otherwise as it is.
// place is the file's path, or what else names the database. A lock is
// session.ErrBusy; a write that failed in a way which may yet have reached the
// disk is session.ErrOutcomeUnknown.
func Explain(err error, place string, writing bool) error {
	var known *Error
	code, ok := Code(err)
	if !ok || errors.As(err, &known) {
		return err
	}
	text, sentinel := mend(code, writing)
	if text == "" {
		return err
	}
	e := &Error{fmt.Sprintf("%s %s: %v", place, text, err), []error{err}}
	if sentinel != nil {
		e.errs = append(e.errs, sentinel)
	}
	return e
}

func mend(code int, writing bool) (text string, sentinel error) {
	const noRoom = "has no room; free space on its file system, or lift its quota: what was stored before is unharmed"
	switch code & primary {
	case busy, locked:
		return "is locked by somebody else who writes to it; let them finish, or give busy_timeout more", session.ErrBusy
	case readOnly:
		return "cannot be written; this user must be able to write to the file and to its folder, on a file system that is not mounted read-only", nil
	case full:
		return noRoom, nil
	case cantOpen:
		return "cannot be opened; this user must be able to read and write the file, and its folder too, where SQLite keeps a -wal and a -shm file beside it", nil
	case notADB:
		return "is not an SQLite database; move it away, or set path to another file", nil
	case corrupt:
		return "is damaged; restore it from a backup, or move it and its -wal and -shm files away: a new one will be made", nil
	case ioErr:
		switch {
		case code == ioErrShm:
			return noRoom, nil
		case writing:
			// A page whose sync failed may still reach the disk, and be found
			// there after a crash.
			return "failed while it was written; look for errors of the disk in the system's log", session.ErrOutcomeUnknown
		}
		return "failed while it was read; look for errors of the disk in the system's log", nil
	}
	return "", nil
}
