package session

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"
)

// queues lets the requests of this process that have met a conflict on one
// session change it one after the other. Nobody joins before a first conflict,
// so a session that is not fought for costs nothing here.
type queues struct {
	mu sync.Mutex
	of map[string]*queue
}

type queue struct {
	turn chan struct{} // holds one token while somebody has the turn
	n    int           // who has it or waits for it; 0 removes the queue
}

// join waits for the turn on id, or until ctx ends.
func (q *queues) join(ctx context.Context, id string) error {
	q.mu.Lock()
	if q.of == nil {
		q.of = make(map[string]*queue)
	}
	l := q.of[id]
	if l == nil {
		l = &queue{turn: make(chan struct{}, 1)}
		q.of[id] = l
	}
	l.n++
	q.mu.Unlock()
	select {
	case l.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		q.drop(id, l)
		return ctx.Err()
	}
}

// leave gives the turn on id to the next.
func (q *queues) leave(id string) {
	q.mu.Lock()
	l := q.of[id]
	q.mu.Unlock()
	<-l.turn
	q.drop(id, l)
}

func (q *queues) drop(id string, l *queue) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if l.n--; l.n == 0 {
		delete(q.of, id)
	}
}

// contention is one commit's part in a fight for a session.
type contention struct {
	queues *queues
	id     string // the stored ID
	lost   int    // conflicts so far
	joined bool
}

// again is called after each conflict. It returns when it is time to read the
// session again, or with an error when ctx ends first.
func (c *contention) again(ctx context.Context) error {
	c.lost++
	if c.lost >= 3 {
		// Who wins now is another process, or a request that has not met its
		// first conflict. A pause breaks the step; the turn is not held over it.
		c.done()
		pause := time.Duration(rand.Int64N(int64(time.Millisecond) << min(c.lost-2, 5))) //nolint:gosec // jitter is no secret
		if err := sleep(ctx, pause); err != nil {
			return err
		}
	}
	if c.joined {
		return nil
	}
	if err := c.queues.join(ctx, c.id); err != nil {
		return err
	}
	c.joined = true
	return nil
}

// done leaves the queue.
func (c *contention) done() {
	if c.joined {
		c.queues.leave(c.id)
		c.joined = false
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
