package hs

import (
	"context"
	"errors"
	"fmt"
	"strconv"
)

// Batch is operations that go to the server in one write, on one connection, and
// whose answers come back in the same order: one trip for all. The server runs them
// one after the other; each succeeds or fails by itself, and others may see some
// done before others are. It is no transaction.
//
// A Batch can be used again after Reset, and keeps its memory. It is not safe for
// concurrent use.
type Batch struct {
	client *Client
	req    []byte // the requests, one a line
	ops    []op
	bad    error // the first request that is not sound
	writes bool
	opens  []*Index // what the connection at hand has yet to open
}

// op is one operation of a batch, and what became of it.
type op struct {
	index   *Index
	verb    verb
	end     int // of its request in Batch.req
	rows    Rows
	count   int64
	settled bool // answered, or given up
	err     error
}

type verb uint8

const (
	find verb = iota
	insert
	update
	updateReturning
	remove
	removeReturning
)

func (v verb) String() string {
	return [...]string{"find", "insert", "update", "update", "delete", "delete"}[v]
}

// counts says whether the answer is a number, not rows.
func (v verb) counts() bool { return v == insert || v == update || v == remove }

// NewBatch returns an empty batch.
func (c *Client) NewBatch() *Batch { return &Batch{client: c} }

// Reset empties the batch. What Rows returned is no longer valid.
func (b *Batch) Reset() {
	for i := range b.ops {
		b.ops[i].rows.forget()
	}
	if cap(b.req) > keepAtMost {
		b.req = nil
	}
	b.req, b.ops, b.bad, b.writes = b.req[:0], b.ops[:0], nil, false
}

// Find adds a find.
func (b *Batch) Find(x *Index, q Query) { b.query(x, find, &q, nil, "") }

// Insert adds an insert of a row with these values.
func (b *Batch) Insert(x *Index, values ...Value) {
	if !b.begin(x, insert, x.badValues(len(values))) {
		return
	}
	b.req = strconv.AppendInt(b.req, int64(x.id), 10)
	b.req = append(b.req, "\t+"...)
	b.req = appendValues(b.req, values)
	b.end()
}

// Update adds an update.
func (b *Batch) Update(x *Index, q Query, values ...Value) { b.query(x, update, &q, values, "\tU") }

// UpdateReturning adds an update that returns the rows as they were before.
func (b *Batch) UpdateReturning(x *Index, q Query, values ...Value) {
	b.query(x, updateReturning, &q, values, "\tU?")
}

// Delete adds a delete.
func (b *Batch) Delete(x *Index, q Query) { b.query(x, remove, &q, nil, "\tD") }

// DeleteReturning adds a delete that returns the rows as they were.
func (b *Batch) DeleteReturning(x *Index, q Query) { b.query(x, removeReturning, &q, nil, "\tD?") }

func (b *Batch) query(x *Index, v verb, q *Query, values []Value, mod string) {
	want := -1
	if v == update || v == updateReturning {
		want = len(values)
	}
	if !b.begin(x, v, x.badRequest(q, want)) {
		return
	}
	b.req = x.appendQuery(b.req, q)
	b.req = append(b.req, mod...)
	b.req = appendEach(b.req, values)
	b.end()
}

// begin adds an operation, unless something is wrong with it.
func (b *Batch) begin(x *Index, v verb, bad error) bool {
	switch {
	case x.client != b.client:
		bad = fmt.Errorf("%w: the Index is another Client's", ErrBadRequest)
	case bad == nil && !v.counts() && x.columns == 0:
		bad = fmt.Errorf("%w: the definition has no Columns to return", ErrBadRequest)
	}
	if bad != nil && b.bad == nil {
		b.bad = fmt.Errorf("%w (%s %s)", bad, v, x.def.Table)
	}
	if len(b.ops) < cap(b.ops) {
		b.ops = b.ops[:len(b.ops)+1] // with the memory of its rows
	} else {
		b.ops = append(b.ops, op{})
	}
	o := &b.ops[len(b.ops)-1]
	o.index, o.verb, o.end, o.count, o.settled, o.err = x, v, len(b.req), 0, false, nil
	o.rows.reset()
	b.writes = b.writes || v != find
	return bad == nil
}

func (b *Batch) end() {
	b.req = append(b.req, '\n')
	b.ops[len(b.ops)-1].end = len(b.req)
}

// Do sends the batch and waits for all answers, no longer than ctx and the client's
// Timeout allow. It returns the error of the first operation that has one; Err has
// those of the others. A batch is done once; Reset it before it is filled again.
func (b *Batch) Do(ctx context.Context) error {
	if b.bad != nil {
		for i := range b.ops {
			b.ops[i].err = b.bad
		}
		return b.bad
	}
	if len(b.ops) == 0 {
		return nil
	}
	b.client.do(ctx, b)
	b.distrust()
	for i := range b.ops {
		if err := b.ops[i].err; err != nil {
			return err
		}
	}
	return nil
}

// distrust takes back what was answered as done before a deadlock, or a lost answer
// that may have been one. A lock wait's time-out rolls back as much on a server with
// innodb_rollback_on_timeout.
func (b *Batch) distrust() {
	var cause error
	for i := len(b.ops) - 1; i >= 0; i-- {
		o := &b.ops[i]
		switch {
		case o.err == nil && cause != nil && o.verb != find:
			o.err = &UndoneError{o.verb.String(), o.index.def.Table, cause}
		case o.err == nil:
		case errors.Is(o.err, ErrDeadlock), errors.Is(o.err, ErrLockWait), OutcomeUnknown(o.err):
			cause = o.err
		}
	}
}

// Len is the number of operations.
func (b *Batch) Len() int { return len(b.ops) }

// Err is what became of an operation, counted from 0.
func (b *Batch) Err(i int) error { return b.ops[i].err }

// Rows is what a find, or a write that returns rows, brought; it is valid until
// Reset.
func (b *Batch) Rows(i int) *Rows { return &b.ops[i].rows }

// Count is how many rows an update or a delete met, or the number that an
// AUTO_INCREMENT column gave an inserted row.
func (b *Batch) Count(i int) int64 { return b.ops[i].count }

// borrow returns a batch for a single operation.
func (c *Client) borrow() *Batch {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n := len(c.spare); n > 0 {
		b := c.spare[n-1]
		c.spare = c.spare[:n-1]
		return b
	}
	return c.NewBatch()
}

// giveBack keeps it for the next, but no more than there can be at work.
func (c *Client) giveBack(b *Batch) {
	b.Reset()
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.spare) < c.opts.Conns {
		c.spare = append(c.spare, b)
	}
}

// yield gives it back, and its rows to the caller.
func (b *Batch) yield(into *Rows) {
	*into, b.ops[0].rows = b.ops[0].rows, *into
	b.client.giveBack(b)
}

func (b *Batch) doCount(ctx context.Context) (int64, error) {
	err := b.Do(ctx)
	n := b.ops[0].count
	b.client.giveBack(b)
	if err != nil {
		return 0, err
	}
	return n, nil
}
