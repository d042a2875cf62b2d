package hs

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"
)

// Options says how to reach one port of the plugin. Address is all that must be set.
type Options struct {
	// Address is "host:port": the plugin's own port, for reads
	// (handlersocket_port, by default 9998) or for reads and writes
	// (handlersocket_port_wr, by default 9999).
	Address string

	// Secret is the port's handlersocket_plain_secret; "" is for servers that have
	// none, which serve those who give one too. One that holds control characters
	// never matches: the plugin compares its length as it stands on the wire.
	Secret string

	// Conns is the most connections, by default 8. Who finds all of them in use
	// waits for one.
	Conns int

	// Timeout bounds each exchange, from waiting for a connection to the last
	// answer, whatever the context allows; by default 5 s. Without it a thread of
	// the plugin that hangs would hang its client.
	Timeout time.Duration

	// IdleTimeout closes a connection that nobody has used for that long: by
	// default 25 s, less than the least handlersocket_timeout (30 s), by which
	// the server itself does it. Open connections hold up ALTER TABLE and its
	// like, so that a shorter one lets these through sooner.
	IdleTimeout time.Duration

	// MaxAnswer is the longest answer in bytes that is read, by default 64 MiB.
	MaxAnswer int

	// Check, where it is set, is asked on each new connection before a table is
	// opened there; with an error the table is not opened. Opening a view crashes
	// the server: TablesOnly keeps that from happening.
	Check func(ctx context.Context, database, table string) error

	// Dial makes a connection, by default a net.Dialer over TCP.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

func (o Options) withDefaults() Options {
	if o.Conns <= 0 {
		o.Conns = 8
	}
	if o.Timeout <= 0 {
		o.Timeout = 5 * time.Second
	}
	if o.IdleTimeout <= 0 {
		o.IdleTimeout = 25 * time.Second
	}
	if o.MaxAnswer <= 0 {
		o.MaxAnswer = 64 << 20
	}
	if o.Dial == nil {
		o.Dial = new(net.Dialer).DialContext
	}
	return o
}

// Client is a pool of connections to one port. It is safe for concurrent use.
type Client struct {
	opts  Options
	slots chan struct{} // one token for each connection in use

	mu      sync.Mutex
	indexes map[string]*Index // by the request that opens them, without the number
	spare   []*Batch          // for single operations
	idle    []*conn           // the last used at the end
	sweeper *time.Timer       // closes those that have been idle for too long
	closed  bool
}

// New returns a client. It does no I/O: connections are made when they are needed.
func New(o Options) *Client {
	o = o.withDefaults()
	return &Client{opts: o, slots: make(chan struct{}, o.Conns), indexes: make(map[string]*Index)}
}

// Close closes the connections; one that is in use when its exchange ends. A second
// Close does nothing.
func (c *Client) Close() {
	c.mu.Lock()
	c.closed = true
	if c.sweeper != nil {
		c.sweeper.Stop()
	}
	c.mu.Unlock()
	c.drop(time.Time{})
}

// do runs a batch on a connection of its own, and settles each of its operations.
func (c *Client) do(ctx context.Context, b *Batch) {
	due := time.Now().Add(c.opts.Timeout)
	late := errTimeout
	if d, ok := ctx.Deadline(); ok && d.Before(due) {
		due, late = d, context.DeadlineExceeded
	}
	if err := c.enter(ctx, due, late); err != nil {
		b.giveUp(err, 0)
		return
	}
	defer func() { <-c.slots }()
	for {
		cn, used, err := c.conn(ctx, due)
		if err != nil {
			b.giveUp(explain(ctx, err, late), 0)
			return
		}
		sent, err := cn.exchange(ctx, b, due)
		if err == nil {
			c.keep(cn)
			return
		}
		cn.close()
		if used && b.fresh() && !expired(ctx, due) && (sent == 0 || !b.writes) && hungUp(err) {
			// The server has gone, or closed what was idle. Nothing can have come
			// of it, so it is tried once more; connections as old are no better.
			c.drop(time.Time{})
			continue
		}
		b.giveUp(explain(ctx, err, late), sent)
		return
	}
}

// errTimeout is the cause where Options.Timeout ended the wait.
var errTimeout = errors.New("the server took longer than Options.Timeout")

// enter waits until the pool has a connection to spare.
func (c *Client) enter(ctx context.Context, due time.Time, late error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case c.slots <- struct{}{}:
		return nil
	default:
	}
	t := time.NewTimer(time.Until(due))
	defer t.Stop()
	select {
	case c.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return late
	}
}

// conn returns a connection, and whether it has been used before.
func (c *Client) conn(ctx context.Context, due time.Time) (cn *conn, used bool, err error) {
	for {
		c.mu.Lock()
		if c.closed {
			c.mu.Unlock()
			return nil, false, ErrClosed
		}
		if n := len(c.idle); n > 0 {
			cn, c.idle = c.idle[n-1], c.idle[:n-1]
		}
		c.mu.Unlock()
		switch {
		case cn == nil:
			cn, err = c.dial(ctx, due)
			return cn, false, err
		case time.Since(cn.since) < c.opts.IdleTimeout && cn.socket.quiet():
			return cn, true, nil
		}
		cn.close()
		cn = nil
	}
}

func (c *Client) dial(ctx context.Context, due time.Time) (*conn, error) {
	ctx, cancel := context.WithDeadline(ctx, due)
	defer cancel()
	nc, err := c.opts.Dial(ctx, "tcp", c.opts.Address)
	if err != nil {
		return nil, err
	}
	return newConn(c, nc), nil
}

// keep gives a connection back to the pool.
func (c *Client) keep(cn *conn) {
	cn.since = time.Now()
	c.mu.Lock()
	keep := !c.closed
	if keep {
		c.idle = append(c.idle, cn)
		if c.sweeper == nil {
			c.sweeper = time.AfterFunc(c.opts.IdleTimeout, c.sweep)
		}
	}
	c.mu.Unlock()
	if !keep {
		cn.close()
	}
}

// sweep closes what has been idle for too long, and comes again while there are
// connections.
func (c *Client) sweep() {
	c.drop(time.Now().Add(-c.opts.IdleTimeout))
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sweeper = nil
	if len(c.idle) > 0 && !c.closed {
		next := time.Until(c.idle[0].since.Add(c.opts.IdleTimeout))
		c.sweeper = time.AfterFunc(max(next, time.Millisecond), c.sweep)
	}
}

// drop closes the idle connections that were last used before then; all of them
// where then is zero.
func (c *Client) drop(then time.Time) {
	c.mu.Lock()
	n := 0
	for n < len(c.idle) && (then.IsZero() || !c.idle[n].since.After(then)) {
		n++
	}
	old := append([]*conn(nil), c.idle[:n]...)
	c.idle = append(c.idle[:0], c.idle[n:]...)
	c.mu.Unlock()
	for _, cn := range old {
		cn.close()
	}
}
