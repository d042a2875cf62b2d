// Package mysqlfault puts the errors of MySQL and MariaDB into words that name the
// mend, and says what is certain after them.
//
// It knows the servers' numbers and no driver: an error of
// github.com/go-sql-driver/mysql is recognized by its field Number.
package mysqlfault

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"reflect"

	"gyrfalcon/session"
)

// Number returns the server's error number that err holds.
func Number(err error) (number int, ok bool) {
	if err == nil {
		return 0, false
	}
	if e, ok := err.(*Error); ok && e.number != 0 { //nolint:errorlint // this is the search itself
		return e.number, true
	}
	v := reflect.ValueOf(err)
	if v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	if v.Kind() == reflect.Struct {
		if f := v.FieldByName("Number"); f.IsValid() && f.Kind() == reflect.Uint16 {
			return int(f.Uint()), true
		}
	}
	switch wrapper := err.(type) { //nolint:errorlint // this is the search itself
	case interface{ Unwrap() error }:
		return Number(wrapper.Unwrap())
	case interface{ Unwrap() []error }:
		for _, e := range wrapper.Unwrap() {
			if number, ok := Number(e); ok {
				return number, true
			}
		}
	}
	return 0, false
}

const (
	lockWaitTimeout = 1205
	deadlock        = 1213
	duringCommit    = 1180
)

// RolledBack tells whether the server has undone a statement because of others'
// locks, so that running it again is right and may help.
func RolledBack(err error) bool {
	number, ok := Number(err)
	return ok && (number == lockWaitTimeout || number == deadlock)
}

// Unsent tells whether a driver says that it has sent nothing.
func Unsent(err error) bool { return errors.Is(err, driver.ErrBadConn) }

// Error is an error of the server in words that name the mend.
type Error struct {
	text   string
	number int // the server's, where the driver's error is not in errs
	errs   []error
}

func (e *Error) Error() string { return e.text }

// Unwrap returns the sentinel of package session that the error amounts to, if
// any, and the driver's error where that tells nothing about a session.
func (e *Error) Unwrap() []error { return e.errs }

// Connecting explains why no connection was made. Nothing has been sent then. place says
// where to, without a secret.
func Connecting(err error, place string) error {
	var known *Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	e := &Error{errs: []error{err}}
	number, ok := Number(err)
	switch {
	case !ok && (errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)):
		e.text = fmt.Sprintf("%s gave no connection in time; is it up, and are there connections enough? %v", place, err)
		e.errs = append(e.errs, session.ErrBusy)
	case !ok:
		e.text = fmt.Sprintf("%s: %v", place, err)
	default:
		m := mends[number]
		if m.text == "" {
			m.text = "refused the connection"
		}
		e.text = fmt.Sprintf("%s %s: %v", place, m.text, err)
		if m.sentinel != nil {
			e.errs = append(e.errs, m.sentinel)
		}
	}
	return e
}

// Opening explains an error of a statement that holds no session's ID or content.
func Opening(err error, place string) error {
	var known *Error
	number, ok := Number(err)
	if !ok || errors.As(err, &known) {
		return err
	}
	m := mends[number]
	if m.text == "" {
		return fmt.Errorf("%s: %w", place, err)
	}
	e := &Error{text: fmt.Sprintf("%s %s: %v", place, m.text, err), errs: []error{err}}
	if m.sentinel != nil {
		e.errs = append(e.errs, m.sentinel)
	}
	return e
}

// Reading explains an error of a statement that reads a session.
func Reading(err error, place string) error { return running(err, place, false) }

// Writing explains an error of a statement that writes to one. Where the server has
// not answered, that is session.ErrOutcomeUnknown.
func Writing(err error, place string) error { return running(err, place, true) }

// running leaves the server's own text out: it quotes values, such as the duplicate
// entry of a key or the statement near a syntax error.
func running(err error, place string, writing bool) error {
	var known *Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	number, ok := Number(err)
	switch {
	case ok:
		m := mends[number]
		e := &Error{number: number, text: fmt.Sprintf("%s: the server answered with its error %d", place, number)}
		if m.text != "" {
			e.text = fmt.Sprintf("%s %s: the server's error %d", place, m.text, number)
		}
		if m.sentinel != nil {
			e.errs = []error{m.sentinel}
		}
		return e
	case writing && !Unsent(err):
		return &Error{
			text: fmt.Sprintf("%s: the connection ended before the answer came: %v: %v", place, err, session.ErrOutcomeUnknown),
			errs: []error{session.ErrOutcomeUnknown, err},
		}
	}
	return fmt.Errorf("%s: %w", place, err)
}

// mend is what follows the place in an error's text, and the sentinel of package
// session that the error amounts to.
type mend struct {
	text     string
	sentinel error
}

var (
	noRight   = mend{text: "cannot be used by this user; run as an administrator: GRANT SELECT, INSERT, UPDATE, DELETE ON the table TO that user (and CREATE with create: true)"}
	readOnly  = mend{text: "is on a server in read-only mode; connect to the primary server, or SET GLOBAL read_only = OFF on this one"}
	noRoom    = mend{text: "has no room; free space on the server's disk, or lift its quota"}
	ended     = mend{text: "lost its connection to a KILL or a shutdown of the server, which undid the statement; send the request again", sentinel: session.ErrBusy}
	outOfTime = mend{text: "is locked by somebody else for too long; look for their transaction in SHOW PROCESSLIST, or give timeout more", sentinel: session.ErrBusy}
	crowded   = mend{text: "has no connection left; raise max_connections of the server, or lower max_open_conns", sentinel: session.ErrBusy}
	noTable   = mend{text: "is gone; create it anew, and restart"}
	tooMuch   = mend{text: "does not take so much at once; raise the server's max_allowed_packet, or lower max_data", sentinel: session.ErrTooLarge}
)

// mends are known by the numbers of
// https://mariadb.com/kb/en/mariadb-error-code-reference/ and of
// https://dev.mysql.com/doc/mysql-errors/en/server-error-reference.html.
var mends = map[int]mend{
	3:    noRoom, // EE_WRITE
	1021: noRoom, // ER_DISK_FULL
	1026: noRoom, // ER_ERROR_ON_WRITE
	1114: noRoom, // ER_RECORD_FILE_FULL

	1040: crowded, // ER_CON_COUNT_ERROR
	1203: crowded, // ER_TOO_MANY_USER_CONNECTIONS
	1226: {text: "has no connection left for this user; raise the user's MAX_USER_CONNECTIONS or its hourly limits", sentinel: session.ErrBusy},

	1044: {text: "is not open to this user; correct dbname, or run as an administrator: GRANT SELECT, INSERT, UPDATE, DELETE ON that database TO this user"},
	1045: {text: "refuses the user or the password; correct username and password (a user is known by the host it comes from, too), and where the server or the user wants TLS, which MariaDB tells in the same way, set tls: true"},
	1046: {text: "has no database selected; set dbname"},
	1049: {text: "has no database of that name; correct dbname, or run: CREATE DATABASE"},
	1115: {text: "does not know that character set; correct charset"},
	1129: {text: "has blocked this host after too many failed connections; run there: FLUSH HOSTS"},
	1130: {text: "does not let this host connect; create the user for this host, or for '%'"},
	1158: ended, 1159: ended, 1160: ended, 1161: ended, // ER_NET_…
	1698: {text: "lets this user in by the operating system's user only; connect by the socket as that user, or give the database's user a password"},
	3159: {text: "lets nobody connect without TLS; set tls: true"},
	1251: {text: "wants a way of signing in that the driver does not know; use mysql_native_password, caching_sha2_password or ed25519 for this user"},

	1142: noRight, 1143: noRight, 1227: noRight, 1370: noRight, 1410: noRight,
	1146: noTable, 1054: {text: "has lost a column; create it anew, and restart"},

	1290: readOnly, 1792: readOnly, 1836: readOnly,
	1047: {text: "is on a node that is not part of its cluster now; connect to another, or wait", sentinel: session.ErrBusy},

	1053: ended, 1317: ended, 1927: ended, 4031: ended,

	deadlock:        {text: "was in a deadlock, twice", sentinel: session.ErrBusy},
	lockWaitTimeout: outOfTime,
	1969:            outOfTime, // MariaDB's max_statement_time
	3024:            outOfTime, // MySQL's max_execution_time

	1153: tooMuch,

	// Whether a commit that failed stands is known after a restart only.
	duringCommit: {text: "failed while it was committed; look into the server's error log", sentinel: session.ErrOutcomeUnknown},
}
