package session

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// deadline is context.WithTimeout for work that seldom waits: it sets a timer
// only once somebody asks for Done. An adapter that answers from memory, or a
// driver that sets the deadline on its socket, never does; then this costs one
// allocation in place of six.
type deadline struct {
	context.Context

	at       time.Time
	once     sync.Once
	armed    context.Context
	stop     context.CancelFunc
	released atomic.Bool
}

func withDeadline(parent context.Context, d time.Duration) *deadline {
	at := time.Now().Add(d)
	if sooner, ok := parent.Deadline(); ok && sooner.Before(at) {
		at = sooner
	}
	return &deadline{Context: parent, at: at}
}

func (d *deadline) arm() context.Context {
	d.once.Do(func() { d.armed, d.stop = context.WithDeadline(d.Context, d.at) })
	return d.armed
}

func (d *deadline) Deadline() (time.Time, bool) { return d.at, true }

func (d *deadline) Done() <-chan struct{} { return d.arm().Done() }

func (d *deadline) Err() error {
	if d.released.Load() || d.Context.Err() != nil || !time.Now().Before(d.at) {
		return d.arm().Err() // so that Done and Err agree
	}
	return nil
}

// release ends the context and frees its timer, if there is one.
func (d *deadline) release() {
	d.released.Store(true)
	d.once.Do(func() { d.armed, d.stop = ended, func() {} })
	d.stop()
}

// ended is what a deadline comes to that ended before anybody waited for it.
var ended = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()
