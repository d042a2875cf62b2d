package sqlite_test

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gyrfalcon/session"
	"gyrfalcon/session/database/sqlite"
)

func TestOpenDoesNothingToTheFile(t *testing.T) {
	t.Parallel()
	path := newFile(t)
	db := open(t, path, sqlite.Options{})
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("after Open the file's Stat = %v, want it to be missing still", err)
	}
	if err := db.PingContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Errorf("after Ping the file's Stat = %v, want nil", err)
	}
}

func TestConnectionsAreSetForSessions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		options           sqlite.Options
		synchronous, busy string
	}{
		{sqlite.Options{}, "2", "5000"},
		{sqlite.Options{Synchronous: sqlite.Normal, BusyTimeout: 1500 * time.Millisecond}, "1", "1500"},
		{sqlite.Options{Synchronous: sqlite.Full, BusyTimeout: time.Millisecond}, "2", "1"},
	} {
		db := open(t, newFile(t), c.options)
		for pragma, want := range map[string]string{
			"journal_mode": "wal", "synchronous": c.synchronous, "busy_timeout": c.busy,
		} {
			if got := value(t, db, "PRAGMA "+pragma); got != want {
				t.Errorf("with %+v PRAGMA %s is %s, want %s", c.options, pragma, got, want)
			}
		}
	}
}

func TestAnyPathWillDo(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"what?mode=memory&cache=shared", "100%25", "%41%zz", "a b+c", "file:x.db", "#1", "a&b=c;d", "žluťoučký", "\n", "'\"`", "\\", "\xff", ":memory:.db",
	} {
		dir := t.TempDir()
		path := filepath.Join(dir, name)
		run(t, open(t, path, sqlite.Options{}), "CREATE TABLE t (x)")
		if info, err := os.Stat(path); err != nil || info.Size() == 0 {
			t.Errorf("%q: Stat = %v, want the database to be in a file of that name", name, err)
		}
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if !strings.HasPrefix(e.Name(), name) {
				t.Errorf("%q: there is a file %q beside it", name, e.Name())
			}
		}
	}
}

func TestARelativePathStaysWhereItWas(t *testing.T) { // not parallel: it changes folders
	dir := t.TempDir()
	t.Chdir(dir)
	db := open(t, "sessions.db", sqlite.Options{})
	t.Chdir(t.TempDir())
	if err := db.PingContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "sessions.db")); err != nil {
		t.Errorf("Stat = %v, want the file in the folder of Open", err)
	}
}

func TestMemoryLastsAsLongAsThePool(t *testing.T) {
	t.Parallel()
	one, two := open(t, sqlite.Memory, sqlite.Options{}), open(t, sqlite.Memory, sqlite.Options{})
	run(t, one, "CREATE TABLE t AS SELECT 'x' AS x")
	for range 10 {
		if got := value(t, one, "SELECT x FROM t"); got != "x" {
			t.Errorf("the pool reads %q, want what it wrote", got)
		}
	}
	if got := one.Stats().MaxOpenConnections; got != 1 {
		t.Errorf("the pool may have %d connections, each of which would be a database; want 1", got)
	}
	if got := value(t, two, "SELECT COUNT(*) FROM sqlite_schema"); got != "0" {
		t.Errorf("another pool sees %s tables, want 0", got)
	}
}

func TestPathsAndOptionsThatCannotStandAreRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		path    string
		options sqlite.Options
		option  string
		part    string
	}{
		{"", sqlite.Options{}, "path", "empty"},
		{"a\x00b", sqlite.Options{}, "path", "NUL"},
		{"x", sqlite.Options{Synchronous: "off"}, "synchronous", `"normal"`},
		{"x", sqlite.Options{BusyTimeout: -1}, "busy_timeout", "1ms"},
		{"x", sqlite.Options{BusyTimeout: time.Microsecond}, "busy_timeout", "1ms"},
	} {
		db, err := sqlite.Open(c.path, c.options)
		var refused *session.OptionError
		if db != nil || !errors.As(err, &refused) || refused.Option != c.option || !strings.Contains(refused.Why, c.part) {
			t.Errorf("Open(%q, %+v) = %v, want an *OptionError for %s that says %q", c.path, c.options, err, c.option, c.part)
		}
	}
}

func TestFilesThatCannotBeOpenedAreExplained(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink(filepath.Join(dir, "nowhere"), link); err != nil {
		t.Fatal(err)
	}
	letter := file("letter", strings.Repeat("no database ", 500))
	damaged := file("damaged", "SQLite format 3\x00"+strings.Repeat("\x00", 5000))
	for path, parts := range map[string][]string{
		filepath.Join(dir, "missing", "x.db"): {"folder " + filepath.Join(dir, "missing") + " does not exist", "create it"},
		filepath.Join(letter, "x.db"):         {letter, "cannot be created"},
		dir:                                   {dir + " is a folder", "set path"},
		link:                                  {link + " is a symbolic link", "remove it"},
		"/dev/null":                           {"/dev/null is no regular file"},
		letter:                                {letter + " is not an SQLite database", "set path"},
		damaged:                               {damaged, "not an SQLite database"},
	} {
		err := open(t, path, sqlite.Options{}).PingContext(t.Context())
		if err == nil {
			t.Errorf("Ping of %s = nil, want an error that says %q", path, parts)
			continue
		}
		for _, part := range parts {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("Ping = %q\nwant it to say %q", err, part)
			}
		}
	}
}

func TestAContextEndsTheWaitForALock(t *testing.T) {
	t.Parallel()
	path := newFile(t)
	// A file that is not yet in write-ahead logging, exclusively locked.
	other, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close() }()
	other.SetMaxOpenConns(1)
	run(t, other, "CREATE TABLE t (x)")
	run(t, other, "BEGIN EXCLUSIVE")

	db := open(t, path, sqlite.Options{BusyTimeout: time.Hour})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := db.PingContext(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Ping of a locked file = %v, want %v", err, context.DeadlineExceeded)
	}
	brief := open(t, path, sqlite.Options{BusyTimeout: 10 * time.Millisecond})
	if err := brief.PingContext(t.Context()); !errors.Is(err, session.ErrBusy) || !strings.Contains(err.Error(), path+" is locked") {
		t.Errorf("Ping of a locked file = %v, want ErrBusy and the file", err)
	}
	run(t, other, "COMMIT")
	if err := db.PingContext(t.Context()); err != nil {
		t.Errorf("Ping of a file that is no longer locked = %v, want nil", err)
	}
}
