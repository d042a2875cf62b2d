package database_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gyrfalcon/session"
	"gyrfalcon/session/database"
	"gyrfalcon/session/database/sqlite"
)

// wantOpenError opens an adapter that cannot be opened, and looks for what its
// error must say. Close must work after it.
func wantOpenError(t *testing.T, db *sql.DB, o database.Options, parts ...string) {
	t.Helper()
	a := database.New(db, o)
	err := a.Open(t.Context())
	if closing := a.Close(t.Context()); closing != nil {
		t.Errorf("Close after the failed Open = %v, want nil", closing)
	}
	if err == nil {
		t.Fatalf("Open = nil, want an error that says %q", parts)
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("Open = %q\nwant it to say %q", err, part)
		}
	}
}

func TestOpenNamesTheMend(t *testing.T) {
	t.Parallel()
	yes, no := true, false
	for _, c := range []struct {
		name    string
		before  []string // statements
		options database.Options
		parts   []string
	}{
		{"table missing", nil, database.Options{Create: &no},
			[]string{`no table "session_data"`, "create: true", "CREATE TABLE `session_data` (", "`session_id` VARCHAR(35) NOT NULL", "CREATE INDEX"}},
		{"view in its place", []string{"CREATE VIEW session_data AS SELECT 1"}, database.Options{Create: &yes},
			[]string{`"session_data"`, "is a view", "set table"}},
		{"column missing", []string{seedTable}, database.Options{ColumnData: "dta"},
			[]string{`no column "dta"`, "column_data", "(session_id, data, created_at, modified_at)"}},
		{"column for text in place of seconds", []string{"CREATE TABLE session_data (session_id TEXT PRIMARY KEY, data TEXT, created_at TIMESTAMP, modified_at TIMESTAMP)"}, database.Options{},
			[]string{`"created_at"`, "TIMESTAMP", "whole Unix seconds"}},
		{"no key", []string{"CREATE TABLE session_data (session_id TEXT, data TEXT, created_at INT, modified_at INT)"}, database.Options{},
			[]string{`"session_id"`, "not unique", "CREATE UNIQUE INDEX `session_data_id` ON `session_data` (`session_id`)"}},
		{"no key of its own", []string{"CREATE TABLE session_data (session_id TEXT, data TEXT, created_at INT, modified_at INT, PRIMARY KEY (session_id, data))"}, database.Options{},
			[]string{`"session_id"`, "not unique"}},
		{"a column that must be filled", []string{"CREATE TABLE session_data (session_id TEXT PRIMARY KEY, data TEXT, created_at INT, modified_at INT, owner TEXT NOT NULL)"}, database.Options{},
			[]string{`"owner"`, "default"}},
		{"newer schema", []string{seedTable, "PRAGMA user_version = 2"}, database.Options{},
			[]string{"newer version", "schema is 2", "knows 1"}},
		{"newer schema without a table", []string{"PRAGMA user_version = 99"}, database.Options{},
			[]string{"newer version", "schema is 99"}},
		{"newer schema among others of ours", []string{"PRAGMA application_id = 0x47595246", "CREATE TABLE new_in_2 (x)", "PRAGMA user_version = 2"}, database.Options{},
			[]string{"newer version"}},
		{"other encoding", []string{"PRAGMA encoding = 'UTF-16le'", seedTable}, database.Options{},
			[]string{"UTF-16le", "UTF-8"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			path := newFile(t)
			// Not through this package: it would make the file its own.
			db, err := sql.Open("sqlite", path)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = db.Close() }()
			db.SetMaxOpenConns(1)
			run(t, db, c.before...)
			wantOpenError(t, db, c.options, append(c.parts, "session/database: ")...)
		})
	}
}

func TestOpenRefusesOptions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		options database.Options
		option  string
		part    string
	}{
		{database.Options{Table: "shop.session_data"}, "table", "dot"},
		{database.Options{Table: " x"}, "table", "space"},
		{database.Options{Table: "a\nb"}, "table", "printed"},
		{database.Options{Table: "a\xff"}, "table", "UTF-8"},
		{database.Options{Table: strings.Repeat("é", 65)}, "table", "64"},
		{database.Options{ColumnSessionID: "a\x00"}, "column_session_id", "printed"},
		{database.Options{ColumnData: "Created_AT"}, "column_created_at", "column_data"},
		{database.Options{ColumnModifiedAt: "data"}, "column_modified_at", "column_data"},
	} {
		err := c.options.Validate()
		var refused *session.OptionError
		if !errors.As(err, &refused) || refused.Option != c.option || !strings.Contains(refused.Why, c.part) {
			t.Errorf("Validate of %+v = %v, want an *OptionError for %s that says %q", c.options, err, c.option, c.part)
			continue
		}
		wantOpenError(t, openDB(t, newFile(t)), c.options, c.option, c.part)
	}
	if err := (database.Options{Table: strings.Repeat("é", 64)}).Validate(); err != nil {
		t.Errorf("Validate of a name of 64 characters = %v, want nil", err)
	}
}

func TestOpenWithoutADatabaseFails(t *testing.T) {
	t.Parallel()
	wantOpenError(t, nil, database.Options{OwnDB: true}, "no *sql.DB")
}

func TestOpenTellsWhatIsWrongWithTheFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	letter := filepath.Join(dir, "letter.txt")
	if err := os.WriteFile(letter, []byte(strings.Repeat("Dear Sir or Madam, this is not a database. ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, parts := range map[string][]string{
		letter: {letter, "not an SQLite database", "path"},
		filepath.Join(dir, "missing", "sessions.db"): {filepath.Join(dir, "missing"), "does not exist", "create it"},
		dir: {dir, "is a folder"},
	} {
		wantOpenError(t, openDB(t, path), database.Options{}, parts...)
	}
}

func TestMethodsBeforeOpenFail(t *testing.T) {
	t.Parallel()
	a := database.New(openDB(t, newFile(t)), database.Options{})
	if _, err := a.Read(t.Context(), "id", life); err == nil || !strings.Contains(err.Error(), "call Open first") {
		t.Errorf("Read before Open = %v, want an error that says so", err)
	}
}

func TestOpenTwiceIsOnce(t *testing.T) {
	t.Parallel()
	a := openAdapter(t, openDB(t, newFile(t)), database.Options{})
	if err := a.Open(t.Context()); err != nil {
		t.Errorf("a second Open = %v, want nil", err)
	}
}

func TestOpenWaitsForALockAsLongAsItsContext(t *testing.T) {
	t.Parallel()
	path := prepared(t, seedTable)
	unlock := lock(t, path)
	a := database.New(openDB(t, path), database.Options{})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := a.Open(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Open of a locked file = %v, want %v", err, context.DeadlineExceeded)
	}
	unlock()
	if err := a.Open(t.Context()); err != nil {
		t.Errorf("Open after that = %v, want nil", err)
	}
	if err := a.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestManyProcessesMayCreateAtOnce(t *testing.T) {
	t.Parallel()
	path := newFile(t)
	errs := make(chan error)
	const many = 8
	for range many {
		go func() {
			db, err := sqlite.Open(path, sqlite.Options{})
			if err != nil {
				errs <- err
				return
			}
			a := database.New(db, database.Options{OwnDB: true})
			err = a.Open(t.Context())
			errs <- errors.Join(err, a.Close(context.WithoutCancel(t.Context())))
		}()
	}
	for range many {
		if err := <-errs; err != nil {
			t.Errorf("one of %d who open a new file at once: %v, want nil", many, err)
		}
	}
}

func TestAPoolOfOneConnectionIsSharedWithTheApplication(t *testing.T) {
	t.Parallel()
	db := openDB(t, newFile(t))
	db.SetMaxOpenConns(1)
	a := openAdapter(t, db, database.Options{})
	if _, err := a.Create(t.Context(), "id", []byte("{}"), time.Hour); err != nil {
		t.Fatal(err)
	}
	if n := value[int](t, db, "SELECT COUNT(*) FROM session_data"); n != 1 {
		t.Errorf("the application counts %d sessions on its only connection, want 1", n)
	}

	conn, err := db.Conn(t.Context()) // the application is using it
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := a.Read(ctx, "id", time.Hour); !errors.Is(err, context.Canceled) {
		t.Errorf("Read while the application uses the connection: got %v, want its context's end", err)
	}
	ctx, cancel = context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := a.Touch(ctx, "id", time.Hour); !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, session.ErrBusy) {
		t.Errorf("Touch while the application uses the connection: got %v, want ErrBusy and its context's end", err)
	}
	var ms int
	if err := conn.QueryRowContext(t.Context(), "PRAGMA busy_timeout").Scan(&ms); err != nil || ms == 0 {
		t.Errorf("busy_timeout of the application's connection: got %d, %v; want it as it was", ms, err)
	}
	if err := conn.Close(); err != nil {
		t.Error(err)
	}
	if err := a.Touch(t.Context(), "id", time.Hour); err != nil {
		t.Errorf("Touch afterwards: %v", err)
	}
}
