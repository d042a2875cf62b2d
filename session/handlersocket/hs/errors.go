package hs

import (
	"errors"
	"fmt"
	"strings"
)

// What the server answers, to be matched with errors.Is on the *ServerError that
// tells it. Nothing was done, unless the sentinel says otherwise.
var (
	// ErrDuplicateKey (1 121): a row with that unique key is there already.
	ErrDuplicateKey = errors.New("a row with that key exists")

	// ErrLockWait (1 146): somebody else's transaction kept the row locked for
	// longer than innodb_lock_wait_timeout, of the time when the server
	// started. Rows that the same operation came to before are changed.
	ErrLockWait = errors.New("the row stayed locked by somebody else's transaction")

	// ErrDeadlock (1 149): the server rolled a transaction back to end a
	// deadlock, and with it what else it had taken into the same transaction.
	ErrDeadlock = errors.New("rolled back to end a deadlock")

	// ErrLockTables (1 lock_tables): the server is read_only, or another
	// HandlerSocket write has waited for a lock longer than
	// handlersocket_wrlock_timeout, or the plugin's thread was killed. A
	// connection that heard this is not used again.
	ErrLockTables = errors.New("the server lets nobody write now: it is read_only, another write holds the plugin's lock, or its thread was killed")

	// ErrOpenTable (1 open_table): no such database or table, or it cannot be
	// opened.
	ErrOpenTable = errors.New("no such table, or it cannot be opened")

	// ErrNoSuchIndex (2 idxnum): the table has no index of that name.
	ErrNoSuchIndex = errors.New("the table has no such index")

	// ErrNoSuchColumn (2 fld): the table has no column of that name.
	ErrNoSuchColumn = errors.New("the table has no such column")

	// ErrNotOpen (2 stmtnum): the connection has not opened the index. The
	// client opens what it uses, so this follows an error of opening.
	ErrNotOpen = errors.New("the index is not open on this connection")

	// ErrReadOnlyPort (2 readonly): a write was sent to the port for reads.
	ErrReadOnlyPort = errors.New("this port is for reads only; writes go to the one of handlersocket_port_wr")

	// ErrFilter (2 filterblob, 2 filterfld): the filter is on a column that is
	// TEXT or BLOB, which the plugin cannot compare, or is not among the
	// filter columns.
	ErrFilter = errors.New("the plugin cannot filter on that column")

	// ErrMalformed (2 cmd, op, modop, klen, kpnum, invalueslen, notimpl, …): the
	// server does not understand the request. The key may have more values
	// than the index has columns.
	ErrMalformed = errors.New("the server does not understand the request")

	// ErrUnauthorized (3 unauth, 3 authtype): the port wants a secret, or another
	// one.
	ErrUnauthorized = errors.New("the secret is missing or wrong (handlersocket_plain_secret, handlersocket_plain_secret_wr)")
)

// sentinels is what the words of an answer mean.
var sentinels = map[string]error{
	"121":         ErrDuplicateKey,
	"146":         ErrLockWait,
	"149":         ErrDeadlock,
	"lock_tables": ErrLockTables,
	"open_table":  ErrOpenTable,
	"idxnum":      ErrNoSuchIndex,
	"fld":         ErrNoSuchColumn,
	"stmtnum":     ErrNotOpen,
	"readonly":    ErrReadOnlyPort,
	"filterblob":  ErrFilter,
	"filterfld":   ErrFilter,
	"cmd":         ErrMalformed,
	"op":          ErrMalformed,
	"modop":       ErrMalformed,
	"klen":        ErrMalformed,
	"kpnum":       ErrMalformed,
	"invalueslen": ErrMalformed,
	"notimpl":     ErrMalformed,
	"syntax":      ErrMalformed,
	"filtertype":  ErrMalformed,
	"unauth":      ErrUnauthorized,
	"authtype":    ErrUnauthorized,
}

// What never reaches a server.
var (
	// ErrClosed says that the client has been closed.
	ErrClosed = errors.New("handlersocket: the client is closed")

	// ErrBadRequest says that a request cannot be what its author meant: no key,
	// an unknown operator, too few values for the columns. Nothing was sent,
	// nor was anything else of its Batch.
	ErrBadRequest = errors.New("handlersocket: the request is not sound, nothing was sent")
)

// ServerError is an error that the server answered.
type ServerError struct {
	Verb   string // what was asked: "find", "insert", "open", …
	Table  string // the table's name
	Status int    // the answer's first number: 1 from the table, 2 the request, 3 the secret
	Words  string // the answer's own words: "121", "open_table", …
}

func (e *ServerError) Error() string {
	text := fmt.Sprintf("handlersocket: %s %s: the server answered %d %s", e.Verb, e.Table, e.Status, strings.ToValidUTF8(e.Words, "?"))
	if s := sentinels[e.Words]; s != nil {
		text += ": " + s.Error()
	}
	return text
}

// Unwrap returns the sentinel that the words stand for, or nil for words that
// this package does not know: those of a storage engine are the numbers of MySQL's
// my_base.h.
func (e *ServerError) Unwrap() error { return sentinels[e.Words] }

// LostError says that an operation ended without its answer: the server could not
// be reached, the connection was lost, the deadline passed, or what came was no
// answer of HandlerSocket's. The connection has been closed.
type LostError struct {
	Verb  string
	Table string

	// Sent says that the request may have reached the server: a write may have
	// been done, or may yet be. Without it, it has not and will not.
	Sent bool

	// Err is the cause. It wraps the context's error where that ended the wait.
	Err error
}

func (e *LostError) Error() string {
	outcome := "it was not sent"
	if e.Sent {
		outcome = "whether it was done is not known"
	}
	return fmt.Sprintf("handlersocket: %s %s: no answer, %s: %v", e.Verb, e.Table, outcome, e.Err)
}

func (e *LostError) Unwrap() error { return e.Err }

// UndoneError says that a write was answered as done, and that this is not to be
// trusted: a later operation of the same Batch ended in a deadlock or its answer was
// lost, and the server may have rolled both back together.
type UndoneError struct {
	Verb  string
	Table string
	Err   error // what became of the later operation
}

func (e *UndoneError) Error() string {
	return fmt.Sprintf("handlersocket: %s %s: done, but may have been rolled back with a later operation of its batch: %v", e.Verb, e.Table, e.Err)
}

func (e *UndoneError) Unwrap() error { return e.Err }

// OutcomeUnknown says of an error of a write that the write may have been done all
// the same. Every other error promises that it was not.
func OutcomeUnknown(err error) bool {
	if lost, ok := errors.AsType[*LostError](err); ok {
		return lost.Sent
	}
	_, undone := errors.AsType[*UndoneError](err)
	return undone
}

// ProtocolError says that what came was no answer of HandlerSocket's. It is the cause
// in a LostError.
type ProtocolError struct {
	Why error
}

func (e *ProtocolError) Error() string {
	return "what came is no answer of HandlerSocket's (" + e.Why.Error() + "); see that the port is one of handlersocket_port and handlersocket_port_wr, and not that of SQL"
}

func (e *ProtocolError) Unwrap() error { return e.Why }
