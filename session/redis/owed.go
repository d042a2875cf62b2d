package redis

import (
	"context"
	"errors"
	"sync"
	"time"
)

// owed are the locks of one server that are to be given back and could not be: one
// goroutine tries them in turn until there are none. A server that goes on after a while
// would otherwise keep their visitors out until the locks expire.
type owed struct {
	mu   sync.Mutex
	debt []*debt
	busy bool // the goroutine is there
}

// debt is one of them.
type debt struct {
	lock  *held
	until time.Time // it has expired
	gone  int       // how often the server has said that it is not there
}

// The pauses between rounds.
const (
	shortPause = 50 * time.Millisecond
	longPause  = time.Second
)

// owedTry is how long a server has for each.
const owedTry = time.Second

// enough is how often the server must say that a lock is not there: the command that takes
// it may be under way to it on another connection.
const enough = 2

// owe has a lock given back in the background, unless the adapter is closed.
func (l *locks) owe(h *held, expire time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return
	}
	o := &h.node.owed
	o.mu.Lock()
	defer o.mu.Unlock()
	o.debt = append(o.debt, &debt{lock: h, until: time.Now().Add(expire)})
	if !o.busy {
		o.busy = true
		l.working.Go(func() { o.pay(l.open) })
	}
}

// pay goes on until nothing is owed, or ctx ends.
func (o *owed) pay(ctx context.Context) {
	pause := shortPause
	for {
		if o.round(ctx) {
			pause = shortPause
		}
		if o.done() {
			return
		}
		t := time.NewTimer(pause)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return
		}
		pause = min(2*pause, longPause)
	}
}

// done says whether nothing is owed; then the goroutine goes.
func (o *owed) done() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.busy = len(o.debt) > 0
	return !o.busy
}

// round tries each once, and says whether all is well with the server. One that does not
// answer is not asked for the others.
func (o *owed) round(ctx context.Context) bool {
	o.mu.Lock()
	due := o.debt
	o.debt = nil
	o.mu.Unlock()
	var left []*debt
	well := true
	for i, d := range due {
		err := d.pay(ctx)
		if well = well && err == nil; err != nil && !isReply(err) {
			left = append(left, due[i:]...)
			break
		}
		if d.gone < enough {
			left = append(left, d)
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, d := range left {
		if time.Now().Before(d.until) {
			o.debt = append(o.debt, d)
		}
	}
	return well
}

// pay tries it once. Its errors are those after which it is still owed.
func (d *debt) pay(ctx context.Context) error {
	once, cancel := context.WithTimeout(ctx, owedTry)
	defer cancel()
	err := d.lock.giveBack(attentive{once})
	switch {
	case err == nil:
		d.gone = enough
	case errors.Is(err, errLockLost):
		d.gone++
		err = nil
	}
	return err
}
