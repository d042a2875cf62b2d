package database

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gyrfalcon/session"
	"gyrfalcon/session/database/internal/sqlitefault"
	"gyrfalcon/session/database/sqlite"
)

func TestAContextThatEndsWithinAStatementLeavesTheLockTold(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "locked.db")
	db, err := sqlite.Open(path, sqlite.Options{BusyTimeout: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	var conns [2]*sql.Conn
	for i := range conns {
		if conns[i], err = db.Conn(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := conns[0].ExecContext(t.Context(), "BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	tries := 0
	err = patiently(ctx, time.Hour, func() error {
		if tries++; tries > 1 {
			cancel()
			return ctx.Err()
		}
		_, err := conns[1].ExecContext(t.Context(), "BEGIN IMMEDIATE")
		return err
	})
	err = sqlitefault.Explain(err, path, false)
	if !errors.Is(err, context.Canceled) || !errors.Is(err, session.ErrBusy) || !strings.Contains(err.Error(), path+" is locked") {
		t.Errorf("got %v, want it to tell of the lock", err)
	}
	if err := errors.Join(conns[0].Close(), conns[1].Close(), db.Close()); err != nil {
		t.Error(err)
	}
}
