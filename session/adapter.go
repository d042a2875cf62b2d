package session

import (
	"context"
	"time"
)

// Record is a stored session as it was read.
//
// Data is immutable for both sides: an adapter never changes the bytes that it
// returned, and a caller never changes those that it passed or was given.
type Record struct {
	// Data is the encoded session, byte for byte as it is stored.
	Data []byte

	// Version is the adapter's own and opaque to everybody else. It differs
	// whenever the stored content does.
	Version string

	// Expires is the moment from which the session no longer exists, unless
	// it is read, swapped or touched before. It says when the session was
	// last kept alive: that was Expires minus the lifetime.
	Expires time.Time

	// Slid says that the Read which returned this record has moved the expiry
	// to a full lifetime from now, so that no Touch is due. Create and Swap
	// leave it false.
	Slid bool
}

// Adapter keeps encoded sessions under their stored IDs. It mirrors PHP's
// SessionHandlerInterface (open, close, read, write, destroy, gc) with
// SessionUpdateTimestampHandlerInterface (updateTimestamp), and splits PHP's
// write into Create and Swap, so that neither a lost update nor the
// resurrection of a destroyed session can be written down.
//
// All methods are safe for concurrent use and honour ctx. id is 32 characters of 0-9
// and a-v, or, under PHP, one of PHP's: 22 to 256 of 0-9, a-z, A-Z, comma and minus. To
// Read, Touch, Swap and Destroy one that the store has no room for is one that names
// no session; a store that would cut it must not be asked. life is the idle
// lifetime: at least one second, always the manager's. An adapter has no
// lifetime of its own, and where its store counts whole seconds it rounds up.
//
// Errors: the sentinels named with each method are matched with errors.Is. A
// write whose outcome is not known (the connection was lost, or ctx ended, after
// the request may have reached the store) is ErrOutcomeUnknown, and an adapter
// neither repeats such a write nor lets its driver do so. Any other error from
// Create, Swap, Touch or Destroy promises that nothing was written: ErrTooLarge
// for data that the store has no room for. No error holds a session ID, a
// session's content or a secret.
//
// Package sessiontest has the suite that every adapter must pass; it is the
// contract's specification.
type Adapter interface {
	// Open makes sure that the store can be reached and is fit (table, index,
	// privileges). Its error names the mend. After a failed Open, Close is
	// called.
	Open(ctx context.Context) error

	// Read returns the session, or ErrNotFound where there is none or it has
	// expired. Where that costs nothing it slides the expiry and says so in
	// Record.Slid.
	Read(ctx context.Context, id string, life time.Duration) (Record, error)

	// Create stores a new session, or returns ErrExists where a living one
	// has that ID. An expired one gives way.
	Create(ctx context.Context, id string, data []byte, life time.Duration) (Record, error)

	// Swap replaces prev by next if what is stored is still prev's content,
	// and slides the expiry. It returns ErrConflict if the content differs
	// and ErrNotFound if the session is gone or has expired (ErrConflict
	// where the backend cannot tell these apart; Read then tells). It never
	// creates a session.
	Swap(ctx context.Context, id string, prev Record, next []byte, life time.Duration) (Record, error)

	// Touch slides the expiry without reading or changing the content, or
	// returns ErrNotFound. It never moves the expiry backwards.
	Touch(ctx context.Context, id string, life time.Duration) error

	// Destroy removes the session. It returns nil if there was none.
	Destroy(ctx context.Context, id string) error

	// GC removes sessions that have expired, examining at most limit
	// sessions, and returns how many it removed. more says that it came to
	// its limit before it came to an end: the next call goes on from there.
	// A store that expires its entries by itself returns 0 and false. limit is
	// at least 1.
	GC(ctx context.Context, life time.Duration, limit int) (removed int, more bool, err error)

	// Close releases what the adapter owns, also after an Open that failed.
	// A connection that was handed in stays open unless the adapter's options
	// say that it owns it. Every method fails after Close.
	Close(ctx context.Context) error
}

// Warner is what an Adapter may be besides.
type Warner interface {
	// Warnings returns, after an Open that succeeded, what it found that works
	// but not as it was meant to, such as an index that the store's user may not
	// make. Each names the mend. The manager logs them once, when it starts.
	Warnings() []string
}
