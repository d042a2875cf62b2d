package sessiontest

import (
	"context"
	"testing"
	"time"

	"gyrfalcon/session"
)

// Harness tells the suites how to make stores and adapters of one kind, and
// what the store cannot do. The zero value of each capability is the demanding
// one: a harness that says nothing is tested for everything.
type Harness struct {
	// NewStore makes an empty store, which lasts as long as t, and returns a
	// name for it (a path, a DSN) that Open takes, in this process and, unless
	// Private, in any other on this machine.
	NewStore func(t testing.TB) string

	// Open returns a new adapter on the store, on which Open has not been
	// called. Closing the adapter must release all that Open made for it. now
	// is the clock by which the adapter shall judge expiry; with ServerClock it
	// is nil.
	Open func(ctx context.Context, store string, now func() time.Time) (session.Adapter, error)

	// Interop is the Options.Interop of the services that TestHazards makes. A
	// test calls TestHazards once more with session.PHP where the adapter can keep what
	// PHP shares.
	Interop session.Interop

	// Private says that each adapter has a store of its own, which nobody else
	// can open: what takes two adapters on one store is not tested.
	Private bool

	// ServerClock says that the store's own clock judges expiry. The suite then
	// uses short lives and waits.
	ServerClock bool

	// Resolution is the unit in which the store counts time: one second for
	// PHP's tables. A session may outlive its lifetime by up to twice as much
	// (its lifetime is rounded up, and so is the moment of its last use), and
	// is never cut short. 0 stands for nothing worth mentioning.
	Resolution time.Duration

	// MaxData is the largest session in bytes that the store takes; 0 stands
	// for one MiB or more.
	MaxData int

	// TextOnly says that the store takes valid UTF-8 only.
	TextOnly bool

	// Holds tells whether the store takes a text, where that depends on more than
	// MaxData and TextOnly: a column's character set may lack some characters. nil
	// stands for all of Unicode.
	Holds func(text string) bool

	// FoldsCase says that to the store IDs which differ only in the case of
	// their letters are one ID.
	FoldsCase bool

	// ExpiresItself says that the store removes what has expired, so that GC
	// has nothing to do and returns 0.
	ExpiresItself bool

	// Stall makes every write to the store wait, as a lock held by somebody
	// else or a dead network does, until resume is called. nil where nothing
	// can: then only contexts that have ended before the call are tested.
	Stall func(t testing.TB, store string) (resume func())
}

// check stops a test whose harness cannot work.
func (h Harness) check(t testing.TB) {
	t.Helper()
	if h.NewStore == nil || h.Open == nil {
		t.Fatal("sessiontest: the Harness needs NewStore and Open")
	}
}

// clockStart is when the suites' fake clocks begin. It lies late in its second,
// so that an adapter that counts in seconds and rounds the wrong way is found
// out.
var clockStart = time.Date(2027, time.March, 4, 5, 6, 7, 890_000_000, time.UTC)
