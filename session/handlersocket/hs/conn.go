package hs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"
)

// conn is one connection. One exchange at a time has it.
type conn struct {
	client *Client
	nc     net.Conn
	out    []byte // what is to be sent
	in     []byte // what has come, from r to w
	r, w   int
	named  bool      // whether the secret has been given
	opened []bool    // by Index.id
	since  time.Time // when it was last used

	// interrupt ends an exchange whose context has ended.
	interrupt func()

	socket socket
}

func newConn(c *Client, nc net.Conn) *conn {
	cn := &conn{client: c, nc: nc}
	cn.interrupt = func() { _ = nc.SetDeadline(time.Unix(1, 0)) }
	cn.socket.watch(nc)
	return cn
}

func (cn *conn) close() { _ = cn.nc.Close() }

// inlineMost is how much is sent in one write before the first answer is read. It
// fits in the socket's buffers: of more, the server might read the rest only after
// its answers have been read.
const inlineMost = 16 << 10

// exchange sends the batch, preceded by the secret and by what has to be opened, and
// settles the operations that are answered. sent is how much of the batch itself may
// have been sent. With an error the connection is of no more use; without one every
// operation is settled.
func (cn *conn) exchange(ctx context.Context, b *Batch, due time.Time) (sent int, err error) {
	if err := cn.nc.SetDeadline(due); err != nil {
		return 0, err
	}
	if ctx.Done() != nil {
		stop := context.AfterFunc(ctx, cn.interrupt)
		defer func() {
			if !stop() && err == nil {
				err = errDiscard
			}
		}()
	}
	if err := cn.prepare(ctx, b, due); err != nil {
		return 0, err
	}
	before := len(cn.out)
	cn.out = append(cn.out, b.req...)
	var n int
	if len(cn.out) <= inlineMost {
		if n, err = cn.nc.Write(cn.out); err == nil {
			err = cn.receive(b)
		}
	} else {
		n, err = cn.sendBeside(b)
	}
	if cap(cn.out) > keepAtMost {
		cn.out = nil
	}
	return max(n-before, 0), err
}

// sendBeside sends while the answers are read.
func (cn *conn) sendBeside(b *Batch) (n int, err error) {
	wrote := make(chan error, 1)
	go func() {
		var err error
		n, err = cn.nc.Write(cn.out)
		wrote <- err
	}()
	err = cn.receive(b)
	if err != nil {
		cn.close() // which ends the write
	}
	if werr := <-wrote; err == nil {
		err = werr
	}
	return n, err
}

// prepare begins what is to be sent with the secret, and with requests that open
// what this connection has not opened yet.
func (cn *conn) prepare(ctx context.Context, b *Batch, due time.Time) error {
	cn.out, b.opens = cn.out[:0], b.opens[:0]
	if !cn.named && cn.client.opts.Secret != "" {
		cn.out = append(cn.out, "A\t1\t"...)
		cn.out = appendEscaped(cn.out, cn.client.opts.Secret)
		cn.out = append(cn.out, '\n')
	}
	for i := range b.ops {
		x := b.ops[i].index
		b.ops[i].err = nil // of an attempt before
		for len(cn.opened) <= x.id {
			cn.opened = append(cn.opened, false)
		}
		if cn.opened[x.id] {
			continue
		}
		if err := cn.client.check(ctx, x, due); err != nil {
			return err
		}
		cn.opened[x.id] = true
		b.opens = append(b.opens, x)
		cn.out = append(cn.out, x.open...)
	}
	return nil
}

// receive reads an answer to each request.
func (cn *conn) receive(b *Batch) error {
	var scratch *Rows // for answers that are no operation's
	if !cn.named && cn.client.opts.Secret != "" || len(b.opens) > 0 {
		scratch = new(Rows)
	}
	var refused error
	if !cn.named && cn.client.opts.Secret != "" {
		status, err := cn.answer(scratch)
		if err != nil {
			return err
		}
		if status != 0 {
			refused = &ServerError{"authenticate for", b.ops[0].index.def.Table, status, scratch.words()}
		}
		cn.named = true // also where a server without a secret refuses it: it serves all the same
	}
	if len(b.opens) > 0 {
		if err := cn.receiveOpens(b, scratch); err != nil {
			return err
		}
	}
	for i := range b.ops {
		if err := cn.settle(&b.ops[i]); err != nil {
			return err
		}
		if refused != nil && b.ops[i].err != nil {
			b.ops[i].err = refused
		}
	}
	if cn.r != cn.w {
		return &ProtocolError{errors.New("more has come than was asked for")}
	}
	return fit(b)
}

// receiveOpens notes which indexes could not be opened.
func (cn *conn) receiveOpens(b *Batch, scratch *Rows) error {
	for _, x := range b.opens {
		status, err := cn.answer(scratch)
		if err != nil {
			return err
		}
		if status == 0 {
			continue
		}
		cn.opened[x.id] = false
		refused := &ServerError{"open", x.def.Table, status, scratch.words()}
		for i := range b.ops {
			if b.ops[i].index == x {
				b.ops[i].err = refused // for what will be answered stmtnum
			}
		}
	}
	return nil
}

// settle reads one operation's answer.
func (cn *conn) settle(o *op) error {
	status, err := cn.answer(&o.rows)
	switch {
	case err != nil:
		return err
	case status != 0:
		if o.err == nil {
			o.err = &ServerError{o.verb.String(), o.index.def.Table, status, o.rows.words()}
		}
		o.rows.reset()
	case o.err != nil:
		return &ProtocolError{fmt.Errorf("an index that would not open was used: %w", o.err)}
	case !o.verb.counts():
		if o.rows.columns != o.index.columns {
			return &ProtocolError{fmt.Errorf("%d columns where %d were asked for", o.rows.columns, o.index.columns)}
		}
	case o.verb == insert && len(o.rows.fields) == 0: // no AUTO_INCREMENT column
	default:
		if o.count, err = o.rows.count(); err != nil {
			return &ProtocolError{err}
		}
	}
	o.settled = true
	return nil
}

// fit says whether the connection can be used again. A thread whose query was killed
// says so once, and then answers nobody any more; an unauthorized connection is of no
// use either.
func fit(b *Batch) error {
	for i := range b.ops {
		if err := b.ops[i].err; errors.Is(err, ErrLockTables) || errors.Is(err, ErrUnauthorized) {
			return errDiscard
		}
	}
	return nil
}

// errDiscard says that all operations are settled, but that the connection is not to
// be used again.
var errDiscard = errors.New("not to be used again")

// answer reads one line into r.
func (cn *conn) answer(r *Rows) (status int, err error) {
	line, err := cn.line()
	if err != nil {
		return 0, err
	}
	status, err = r.parse(line)
	if err != nil {
		return 0, &ProtocolError{err}
	}
	return status, nil
}

// line reads up to a line feed. The line is valid until the next call.
func (cn *conn) line() ([]byte, error) {
	seen := 0
	for {
		if i := bytes.IndexByte(cn.in[cn.r+seen:cn.w], '\n'); i >= 0 {
			line := cn.in[cn.r : cn.r+seen+i]
			cn.r += seen + i + 1
			return line, nil
		}
		seen = cn.w - cn.r
		if seen > cn.client.opts.MaxAnswer {
			return nil, &ProtocolError{fmt.Errorf("the answer is longer than Options.MaxAnswer, %d bytes", cn.client.opts.MaxAnswer)}
		}
		cn.makeRoom()
		n, err := cn.nc.Read(cn.in[cn.w:])
		cn.w += n
		if err != nil && n == 0 {
			if errors.Is(err, io.EOF) && seen > 0 {
				err = io.ErrUnexpectedEOF
			}
			return nil, err
		}
	}
}

// makeRoom makes room to read into.
func (cn *conn) makeRoom() {
	if cn.r == cn.w {
		cn.r, cn.w = 0, 0
		if cap(cn.in) > keepAtMost {
			cn.in = nil
		}
	}
	switch {
	case cn.in == nil:
		cn.in = make([]byte, 16<<10)
	case cn.w < len(cn.in):
	case cn.r > 0:
		cn.w = copy(cn.in, cn.in[cn.r:cn.w])
		cn.r = 0
	default:
		cn.in = append(cn.in, make([]byte, len(cn.in))...)
	}
}

// checkError is Options.Check's.
type checkError struct{ err error }

func (e *checkError) Error() string { return e.err.Error() }
func (e *checkError) Unwrap() error { return e.err }

func (c *Client) check(ctx context.Context, x *Index, due time.Time) error {
	if c.opts.Check == nil {
		return nil
	}
	ctx, cancel := context.WithDeadline(ctx, due)
	defer cancel()
	if err := c.opts.Check(ctx, x.def.Database, x.def.Table); err != nil {
		return &checkError{err}
	}
	return nil
}

// hungUp says whether an error is that of a connection whose other end has gone, and
// not that of one who was slow or spoke another language.
func hungUp(err error) bool {
	_, odd := errors.AsType[*ProtocolError](err)
	_, refused := errors.AsType[*checkError](err)
	return !odd && !refused && !errors.Is(err, os.ErrDeadlineExceeded)
}

func expired(ctx context.Context, due time.Time) bool {
	return ctx.Err() != nil || !time.Now().Before(due)
}

// explain says whose patience ended, where that is what happened.
func explain(ctx context.Context, err, late error) error {
	switch {
	case ctx.Err() != nil && !errors.Is(err, ctx.Err()):
		return fmt.Errorf("%w (%w)", ctx.Err(), err)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return late
	}
	return err
}

// fresh says whether no operation has been answered.
func (b *Batch) fresh() bool {
	for i := range b.ops {
		if b.ops[i].settled {
			return false
		}
	}
	return true
}

// giveUp settles what has no answer. sent is how much of the batch was sent.
func (b *Batch) giveUp(err error, sent int) {
	for i := range b.ops {
		o := &b.ops[i]
		if o.settled {
			continue
		}
		o.settled = true
		o.rows.reset()
		if refused, ok := errors.AsType[*checkError](err); ok {
			o.err = fmt.Errorf("handlersocket: %s %s: %w", o.verb, o.index.def.Table, refused.err)
			continue
		}
		o.err = &LostError{Verb: o.verb.String(), Table: o.index.def.Table, Sent: sent >= o.end, Err: err}
	}
}
