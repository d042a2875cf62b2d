package database_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"gyrfalcon/session/database"
	"gyrfalcon/session/database/sqlite"
)

// A file system of one MiB takes the right to mount one. Where the tests have it
// not, TestAFullQuotaIsHarmless stands for this one: to SQLite both are the same
// error.
func TestAFullFileSystemIsHarmless(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=1m"); err != nil {
		t.Logf("no right to mount a file system (%v): see TestAFullQuotaIsHarmless", err)
		return
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Errorf("unmount: %v", err)
		}
	})
	db, err := sqlite.Open(filepath.Join(dir, "sessions.db"), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	a := database.New(db, database.Options{OwnDB: true})
	if err := a.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantFullHarmless(t, a)
	if err := a.Close(t.Context()); err != nil {
		t.Errorf("Close without room = %v, want nil", err)
	}
}

func TestNothingStaysOpenAfterClose(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "sessions.db")
	db, err := sqlite.Open(path, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	a := database.New(db, database.Options{OwnDB: true})
	if err := a.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Create(t.Context(), "id", nil, life); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Read(t.Context(), "id", life); err != nil {
		t.Fatal(err)
	}
	if got := openFiles(t, dir); len(got) == 0 {
		t.Fatal("no file is open while the adapter is: this test sees nothing")
	}
	if err := a.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := openFiles(t, dir); len(got) > 0 {
		t.Errorf("open after Close: %q, want nothing", got)
	}
	if left, _ := filepath.Glob(path + "-*"); len(left) > 0 {
		t.Errorf("after Close %q are left, want the database alone", left)
	}

	// And when Open has failed half-way.
	no := false
	db, err = sqlite.Open(path, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	a = database.New(db, database.Options{OwnDB: true, Table: "other", Create: &no})
	if err := a.Open(t.Context()); err == nil {
		t.Fatal("Open of a missing table = nil, want an error")
	}
	if err := a.Close(t.Context()); err != nil {
		t.Errorf("Close after a failed Open = %v, want nil", err)
	}
	if got := openFiles(t, dir); len(got) > 0 {
		t.Errorf("open after a failed Open and Close: %q, want nothing", got)
	}
}

// openFiles are the files below dir that this process has open.
func openFiles(t *testing.T, dir string) (files []string) {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		// One that was closed meanwhile does not matter.
		if target, err := os.Readlink("/proc/self/fd/" + e.Name()); err == nil && strings.HasPrefix(target, dir) {
			files = append(files, target)
		}
	}
	return files
}
