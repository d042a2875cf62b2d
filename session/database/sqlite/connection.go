package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"time"

	"gyrfalcon/session/database/internal/sqlitefault"
)

// set applies what holds for a connection, and turns write-ahead logging on,
// which holds for the file.
func (c *connector) set(ctx context.Context, conn driver.Conn) error {
	if c.path != Memory {
		mode, err := c.logAhead(ctx, conn)
		if err != nil {
			return err
		}
		if mode != "wal" {
			return fmt.Errorf("%s cannot have a write-ahead log; put it on a local file system", c.path)
		}
	}
	for _, pragma := range []string{
		"PRAGMA synchronous = " + c.synchronous,
		"PRAGMA trusted_schema = OFF", // a file may come from anywhere
		// Last: SQLite's own waiting, unlike that for the log, obeys no context.
		fmt.Sprintf("PRAGMA busy_timeout = %d", c.busy.Milliseconds()),
	} {
		if _, err := pragmaValue(ctx, conn, pragma); err != nil {
			return err
		}
	}
	return nil
}

// logAhead turns write-ahead logging on. Of several processes that do so to a
// new file at once, some find that waiting for each other would never end, and
// are told SQLITE_BUSY without a wait; so it is tried again.
func (c *connector) logAhead(ctx context.Context, conn driver.Conn) (mode string, err error) {
	giveUp := time.NewTimer(c.busy)
	defer giveUp.Stop()
	for {
		mode, err = pragmaValue(ctx, conn, "PRAGMA journal_mode = WAL")
		if !sqlitefault.Busy(err) {
			return mode, err
		}
		select {
		case <-time.After(2 * time.Millisecond):
		case <-giveUp.C:
			return "", err
		case <-ctx.Done():
			return "", fmt.Errorf("%w: %w", ctx.Err(), err)
		}
	}
}

// pragmaValue runs a pragma and returns its answer, if it gives one.
func pragmaValue(ctx context.Context, conn driver.Conn, pragma string) (value string, err error) {
	queryer, ok := conn.(driver.QueryerContext)
	if !ok {
		return "", errors.New("the driver's connections take no queries with a context")
	}
	rows, err := queryer.QueryContext(ctx, pragma, nil)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	answer := make([]driver.Value, len(rows.Columns()))
	if len(answer) == 0 { // it only sets
		return "", nil
	}
	if err := rows.Next(answer); err != nil {
		return "", err
	}
	return fmt.Sprint(answer[0]), nil
}

func (c *connector) explain(err error) error {
	return sqlitefault.Explain(err, c.path, false)
}
