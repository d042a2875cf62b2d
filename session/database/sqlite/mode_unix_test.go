//go:build unix

package sqlite_test

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"gyrfalcon/session/database/sqlite"
)

// modes are the modes of the files in a folder, while a database is open there.
func modes(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	m := make(map[string]string)
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		m[e.Name()] = info.Mode().String()
	}
	return m
}

func TestANewFileBelongsToItsUserAloneWhateverTheUmask(t *testing.T) { // not parallel: the umask is the process's
	for _, umask := range []int{0, 0o022, 0o277} {
		t.Run(fmt.Sprintf("%03o", umask), func(t *testing.T) {
			path := newFile(t)
			defer syscall.Umask(syscall.Umask(umask))
			run(t, open(t, path, sqlite.Options{}), "CREATE TABLE t (x)")
			want := map[string]string{"sessions.db": "-rw-------", "sessions.db-wal": "-rw-------", "sessions.db-shm": "-rw-------"}
			if got := modes(t, filepath.Dir(path)); fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("the files' modes are %v, want %v", got, want)
			}
		})
	}
}

func TestAFileThatExistsKeepsItsMode(t *testing.T) {
	t.Parallel()
	path := newFile(t)
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o660); err != nil {
		t.Fatal(err)
	}
	run(t, open(t, path, sqlite.Options{}), "CREATE TABLE t (x)")
	want := map[string]string{"sessions.db": "-rw-rw----", "sessions.db-wal": "-rw-rw----", "sessions.db-shm": "-rw-rw----"}
	if got := modes(t, filepath.Dir(path)); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("the files' modes are %v, want %v", got, want)
	}
}
