package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"gyrfalcon/session"
	"gyrfalcon/session/database/internal/sqlitefault"
)

// sqliteWriter is the connection over which an adapter writes, one statement at
// a time. SQLite has one writer at a time anyway; here they queue in order and
// obey their contexts, instead of polling for each other's locks.
//
// Only waiting obeys a context. A statement, once begun, is finished whatever
// becomes of its context: a driver that interrupts it cannot say whether it was
// done, and it takes less time than the answer is worth.
type sqliteWriter struct {
	// conn is kept, or nil where the pool has no other for whoever else uses
	// it: then it is borrowed from db for each statement.
	conn *sqliteConn
	db   *sql.DB
	gate chan struct{} // holds one token while somebody writes
}

func newSQLiteWriter(db *sql.DB, conn *sql.Conn) *sqliteWriter {
	return &sqliteWriter{db: db, conn: &sqliteConn{Conn: conn, wait: sqliteBusyWait}, gate: make(chan struct{}, 1)}
}

// borrow returns the connection to write over, and what gives it back. The gate is
// held.
func (w *sqliteWriter) borrow(ctx context.Context) (*sqliteConn, func() error, error) {
	if w.conn != nil {
		return w.conn, func() error { return nil }, nil
	}
	conn, err := w.db.Conn(ctx)
	if err != nil {
		return nil, nil, err
	}
	c := &sqliteConn{Conn: conn, wait: sqliteBusyWait}
	if err := c.takeOver(ctx); err != nil {
		return nil, nil, errors.Join(err, c.giveBack())
	}
	return c, c.giveBack, nil
}

// lend gives the kept connection back to the pool.
func (w *sqliteWriter) lend() error {
	if w.conn == nil {
		return nil
	}
	conn := w.conn
	w.conn = nil
	return conn.giveBack()
}

// sqliteConn is a connection whose waiting is ours.
type sqliteConn struct {
	*sql.Conn

	wait time.Duration // the longest wait for another process's lock
	mine bool          // busy_timeout has been switched off
}

// takeOver switches off SQLite's own waiting, which knows no context.
func (c *sqliteConn) takeOver(ctx context.Context) error {
	var ms int64
	if err := c.QueryRowContext(ctx, "PRAGMA busy_timeout").Scan(&ms); err != nil {
		return err
	}
	if ms > 0 {
		c.wait = time.Duration(ms) * time.Millisecond
		if _, err := c.ExecContext(ctx, "PRAGMA busy_timeout = 0"); err != nil {
			return err
		}
		c.mine = true
	}
	return nil
}

// giveBack returns the connection to its pool as it was.
func (c *sqliteConn) giveBack() error {
	var err error
	if c.mine {
		_, err = c.ExecContext(context.Background(), fmt.Sprintf("PRAGMA busy_timeout = %d", c.wait.Milliseconds()))
	}
	return errors.Join(err, c.Close())
}

func (w *sqliteWriter) acquire(ctx context.Context) error {
	select {
	case w.gate <- struct{}{}:
		return nil
	default:
	}
	select {
	case w.gate <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (w *sqliteWriter) release() { <-w.gate }

// do runs one statement and returns how many rows it changed.
func (w *sqliteWriter) do(ctx context.Context, place string, exec func(context.Context, *sqliteConn) (sql.Result, error)) (rows int64, err error) {
	if err := w.acquire(ctx); err != nil {
		return 0, waited(place, err)
	}
	defer w.release()
	conn, giveBack, err := w.borrow(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return 0, waited(place, err)
		}
		return 0, sqlitefault.Explain(err, place, true)
	}
	err = patiently(ctx, conn.wait, func() error {
		result, err := exec(context.WithoutCancel(ctx), conn)
		if err == nil {
			rows, err = result.RowsAffected()
		}
		return err
	})
	_ = giveBack() // what was written stands; a connection that is broken is told at its next use
	return rows, sqlitefault.Explain(err, place, true)
}

func waited(place string, err error) error {
	return fmt.Errorf("waited for others who write to %s: %w: %w", place, session.ErrBusy, err)
}

// patiently runs a statement again for as long as another connection's lock
// keeps it from doing anything, at most for wait.
func patiently(ctx context.Context, wait time.Duration, statement func() error) error {
	var giveUp time.Time
	for pause := 100 * time.Microsecond; ; pause = min(2*pause, 10*time.Millisecond) {
		err := statement()
		if !sqlitefault.Busy(err) {
			return err
		}
		now := time.Now()
		if giveUp.IsZero() {
			giveUp = now.Add(wait)
		}
		if now.After(giveUp) {
			return err
		}
		select {
		case <-time.After(pause/2 + rand.N(pause)): //nolint:gosec // G404: not a secret
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", ctx.Err(), err)
		}
	}
}
