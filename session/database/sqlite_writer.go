package database

import (
	"context"
	"database/sql"
	"database/sql/driver"
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
	db      *sql.DB
	conn    *sql.Conn     // the kept connection
	borrows bool          // conn is given back: the pool has no other for whoever else uses it
	quiet   bool          // connections come with a busy_timeout, which is switched off
	wait    time.Duration // the longest wait for another process's lock

	gate   chan struct{} // holds one token while somebody writes
	closed bool          // guarded by gate
}

func newSQLiteWriter(db *sql.DB, conn *sql.Conn) *sqliteWriter {
	return &sqliteWriter{db: db, conn: conn, wait: sqliteBusyWait, gate: make(chan struct{}, 1)}
}

// open takes over SQLite's own waiting, which knows no context.
func (w *sqliteWriter) open(ctx context.Context) error {
	var ms int64
	if err := w.conn.QueryRowContext(ctx, "PRAGMA busy_timeout").Scan(&ms); err != nil {
		return err
	}
	if ms > 0 {
		w.quiet, w.wait = true, time.Duration(ms)*time.Millisecond
	}
	return w.hush(w.conn)
}

// lend gives the connection back to the pool, to be borrowed for each statement.
func (w *sqliteWriter) lend() error {
	w.borrows = true
	return w.giveBack(w.conn)
}

// hush switches SQLite's own waiting off. It takes no time, and is not left half
// done.
func (w *sqliteWriter) hush(conn *sql.Conn) error {
	if !w.quiet {
		return nil
	}
	_, err := conn.ExecContext(context.Background(), "PRAGMA busy_timeout = 0")
	return err
}

// giveBack returns a connection to its pool as it was, or not at all.
func (w *sqliteWriter) giveBack(conn *sql.Conn) error {
	if w.quiet {
		if _, err := conn.ExecContext(context.Background(), fmt.Sprintf("PRAGMA busy_timeout = %d", w.wait.Milliseconds())); err != nil {
			_ = conn.Raw(func(any) error { return driver.ErrBadConn }) // which has the pool forget it
			return err
		}
	}
	return conn.Close()
}

// use runs do with the connection, once nobody else writes. The connection's own
// errors come as they are; waited says that none was to be had in time.
func (w *sqliteWriter) use(ctx context.Context, do func(conn *sql.Conn) error) (waited bool, err error) {
	if err := w.acquire(ctx); err != nil {
		return true, err
	}
	defer w.release()
	if w.closed {
		return false, errClosed
	}
	conn := w.conn
	if w.borrows {
		if conn, err = w.db.Conn(ctx); err != nil {
			return ctx.Err() != nil, err
		}
		// What was read or written stands; a broken connection is not given back.
		defer func() { _ = w.giveBack(conn) }()
		if err := w.hush(conn); err != nil {
			return false, err
		}
	}
	return false, do(conn)
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

// close runs first, and gives the kept connection back, once the write under way has
// ended. Where ctx does not wait for that, it is done afterwards all the same.
func (w *sqliteWriter) close(ctx context.Context, first func() error) error {
	if err := w.acquire(ctx); err != nil {
		go func() {
			w.gate <- struct{}{}
			_ = w.closeNow(first) // nobody waits to hear of it
		}()
		return fmt.Errorf("closed while a write was under way: %w", err)
	}
	return w.closeNow(first)
}

// closeNow is close with the gate held.
func (w *sqliteWriter) closeNow(first func() error) error {
	defer w.release()
	w.closed = true
	err := first()
	if w.borrows {
		return err
	}
	return errors.Join(err, w.giveBack(w.conn))
}

// do runs one statement and returns how many rows it changed.
func (w *sqliteWriter) do(ctx context.Context, place string, exec func(context.Context, *sql.Conn) (sql.Result, error)) (rows int64, err error) {
	waited, err := w.use(ctx, func(conn *sql.Conn) error {
		return patiently(ctx, w.wait, func() error {
			result, err := exec(context.WithoutCancel(ctx), conn)
			if err == nil {
				rows, err = result.RowsAffected()
			}
			return err
		})
	})
	if waited {
		return 0, fmt.Errorf("waited for others who write to %s: %w: %w", place, session.ErrBusy, err)
	}
	return rows, sqlitefault.Explain(err, place, true)
}

// patiently runs a statement again for as long as another connection's lock
// keeps it from doing anything, at most for wait.
func patiently(ctx context.Context, wait time.Duration, statement func() error) error {
	var giveUp time.Time
	var last error
	for pause := 100 * time.Microsecond; ; pause = min(2*pause, 10*time.Millisecond) {
		err := statement()
		if !sqlitefault.Busy(err) {
			if last != nil && ctx.Err() != nil && errors.Is(err, ctx.Err()) { // the end came in a statement, and not between two
				return fmt.Errorf("%w: %w", err, last)
			}
			return err
		}
		last = err
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
