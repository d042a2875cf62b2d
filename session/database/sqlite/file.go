package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// ensureFile makes the file with mode 0600 where there is none.
//
// It never opens a file that exists: POSIX drops all locks of a process on a
// file when any descriptor of it is closed, and SQLite's locks on it with them
// (https://www.sqlite.org/howtocorrupt.html, section 2.2).
func ensureFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // G304: the operator names the file
	switch {
	case err == nil:
		// A umask can only have taken from the mode.
		return errors.Join(f.Chmod(0o600), f.Close())
	case errors.Is(err, fs.ErrExist):
		return checkFile(path)
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("the folder %s does not exist; create it, or set path to a file in one that does: %w", filepath.Dir(path), err)
	}
	return fmt.Errorf("%s cannot be created; let this user write to its folder, or set path to a file in another: %w", path, err)
}

// checkFile tells what SQLite would put less clearly.
func checkFile(path string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s is a symbolic link to a file that does not exist; remove it, or create that file with mode 0600", path)
	case err != nil:
		return fmt.Errorf("%s cannot be examined: %w", path, err)
	case info.IsDir():
		return fmt.Errorf("%s is a folder; set path to a file in it", path)
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is no regular file; set path to one", path)
	}
	return nil
}
