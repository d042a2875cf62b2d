package database_test

import (
	"context"
	"database/sql"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"gyrfalcon/session"
	"gyrfalcon/session/database"
	"gyrfalcon/session/database/sqlite"
	"gyrfalcon/session/sessiontest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const life = time.Hour

// openDB returns a pool on the file, closed with the test.
func openDB(t testing.TB, path string) *sql.DB {
	t.Helper()
	db, err := sqlite.Open(path, sqlite.Options{Synchronous: sqlite.Normal})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// newFile names a file that does not exist yet.
func newFile(t testing.TB) string { return filepath.Join(t.TempDir(), "sessions.db") }

// openAdapter returns an open adapter, closed with the test.
func openAdapter(t testing.TB, db *sql.DB, o database.Options) *database.Adapter {
	t.Helper()
	a := database.New(db, o)
	t.Cleanup(func() { _ = a.Close(context.Background()) })
	if err := a.Open(t.Context()); err != nil {
		t.Fatalf("Open = %v, want nil", err)
	}
	return a
}

// run executes statements on the pool.
func run(t testing.TB, db *sql.DB, statements ...string) {
	t.Helper()
	for _, s := range statements {
		if _, err := db.ExecContext(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

// value reads one value.
func value[T any](t testing.TB, db *sql.DB, query string, args ...any) T {
	t.Helper()
	var v T
	if err := db.QueryRowContext(t.Context(), query, args...).Scan(&v); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return v
}

// lock keeps everybody else from writing to the file until unlock.
func lock(t testing.TB, path string) (unlock func()) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.ExecContext(t.Context(), "BEGIN IMMEDIATE"); err != nil {
		t.Fatalf("BEGIN IMMEDIATE: %v", err)
	}
	return func() {
		if _, err := conn.ExecContext(context.Background(), "ROLLBACK"); err != nil {
			t.Errorf("ROLLBACK: %v", err)
		}
		_ = conn.Close()
		_ = db.Close()
	}
}

// seedTable is the table as Phalcon's documentation shows it.
const seedTable = "CREATE TABLE `session_data` (" +
	" `session_id` VARCHAR(35) NOT NULL," +
	" `data` text NOT NULL," +
	" `created_at` INT unsigned NOT NULL," +
	" `modified_at` INT unsigned DEFAULT NULL," +
	" PRIMARY KEY (`session_id`)" +
	")"

func TestAdapterKeepsTheContract(t *testing.T) {
	t.Parallel()
	ours := func(store string) (*sql.DB, error) {
		return sqlite.Open(store, sqlite.Options{Synchronous: sqlite.Normal})
	}
	oneConnection := func(store string) (*sql.DB, error) {
		db, err := ours(store)
		if err == nil {
			db.SetMaxOpenConns(1)
		}
		return db, err
	}
	// As an application opens its own: no write-ahead log, no busy_timeout, as
	// many connections as it takes.
	plain := func(store string) (*sql.DB, error) {
		return sql.Open("sqlite", "file:"+store+"?_pragma=synchronous(OFF)")
	}
	for _, c := range []struct {
		name     string
		newStore func(t testing.TB) string
		open     func(store string) (*sql.DB, error)
	}{
		{"on a table that it created", newFile, ours},
		{"on Phalcon's table, which has no index", func(t testing.TB) string { return prepared(t, seedTable) }, ours},
		{"on a table without row IDs", func(t testing.TB) string { return prepared(t, seedTable+" WITHOUT ROWID") }, ours},
		{"on a pool of one connection", newFile, oneConnection},
		{"on a file without a write-ahead log", newFile, plain},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			sessiontest.TestAdapter(t, sessiontest.Harness{
				NewStore: c.newStore,
				Open: func(_ context.Context, store string, now func() time.Time) (session.Adapter, error) {
					db, err := c.open(store)
					if err != nil {
						return nil, err
					}
					return database.New(db, database.Options{OwnDB: true, Now: now}), nil
				},
				Resolution: time.Second,
				Stall:      lock,
			})
		})
	}
}

func prepared(t testing.TB, statements ...string) string {
	t.Helper()
	path := newFile(t)
	db := openDB(t, path)
	run(t, db, statements...)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAdapterInMemoryKeepsTheContract(t *testing.T) {
	t.Parallel()
	sessiontest.TestAdapter(t, sessiontest.Harness{
		NewStore: func(testing.TB) string { return sqlite.Memory },
		Open: func(_ context.Context, store string, now func() time.Time) (session.Adapter, error) {
			db, err := sqlite.Open(store, sqlite.Options{})
			if err != nil {
				return nil, err
			}
			return database.New(db, database.Options{OwnDB: true, Now: now}), nil
		},
		Private:    true,
		Resolution: time.Second,
	})
}
