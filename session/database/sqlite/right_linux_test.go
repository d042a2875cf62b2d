package sqlite_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"gyrfalcon/session/database"
	"gyrfalcon/session/database/sqlite"
)

// nobody's user ID.
const nobody = 65534

// unprivileged calls do without root's right to write everywhere.
func unprivileged(do func() error) error {
	if os.Geteuid() != 0 {
		return do()
	}
	result := make(chan error)
	go func() {
		// The ID is the thread's alone, and the thread ends with the goroutine,
		// because it is never unlocked.
		runtime.LockOSThread()
		if err := syscall.Setfsuid(nobody); err != nil {
			result <- err
			return
		}
		result <- do()
	}()
	return <-result
}

func TestMissingRightsAreExplained(t *testing.T) {
	t.Parallel()
	ready := func(t *testing.T) string {
		t.Helper()
		path := newFile(t)
		db := open(t, path, sqlite.Options{})
		if err := database.New(db, database.Options{OwnDB: true}).Open(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		return path
	}
	plain := func(t *testing.T) string {
		t.Helper()
		path := newFile(t)
		db, err := sql.Open("sqlite", path)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = db.Close() }()
		run(t, db, "CREATE TABLE t (x)")
		return path
	}
	for _, c := range []struct {
		name      string
		path      func(t *testing.T) string
		dir, file os.FileMode
		parts     []string
	}{
		{"the folder of a new file", newFile, 0o555, 0, []string{"cannot be created", "let this user write to its folder"}},
		{"the file", ready, 0o777, 0o444, []string{"cannot be opened", "this user must be able to read and write"}},
		{"a file that has no write-ahead log", plain, 0o777, 0o444, []string{"cannot be written", "this user must be able to write"}},
		{"the file, which cannot be read either", ready, 0o777, 0, []string{"cannot be opened", "this user must be able to read and write"}},
		{"the folder", ready, 0o555, 0o666, []string{"its folder"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			path := c.path(t)
			dir := filepath.Dir(path)
			// The folder above is testing's, for its user alone.
			if err := errors.Join(os.Chmod(filepath.Dir(dir), 0o755), ignore(os.ErrNotExist, os.Chmod(path, c.file)), os.Chmod(dir, c.dir)); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = os.Chmod(dir, 0o700) })
			err := unprivileged(func() error {
				db, err := sqlite.Open(path, sqlite.Options{})
				if err != nil {
					return err
				}
				a := database.New(db, database.Options{OwnDB: true})
				return errors.Join(a.Open(t.Context()), a.Close(context.WithoutCancel(t.Context())))
			})
			if err == nil {
				t.Fatalf("Open without the right to write = nil, want an error that says %q", c.parts)
			}
			for _, part := range append(c.parts, path) {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("Open = %q\nwant it to say %q", err, part)
				}
			}
		})
	}
}

func ignore(ignored, err error) error {
	if errors.Is(err, ignored) {
		return nil
	}
	return err
}
