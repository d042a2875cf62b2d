package sqlitefault_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"gyrfalcon/session"
	"gyrfalcon/session/database/internal/sqlitefault"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// coded is an error as a driver makes it.
type coded int

func (c coded) Error() string { return fmt.Sprintf("driver error %d", int(c)) }
func (c coded) Code() int     { return int(c) }

func TestExplainNamesTheMendAndWhatIsCertain(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		code     coded
		writing  bool
		sentinel error // of package session
		mend     string
	}{
		{"SQLITE_BUSY", 5, true, session.ErrBusy, "busy_timeout"},
		{"SQLITE_BUSY_SNAPSHOT", 5 | 2<<8, true, session.ErrBusy, "busy_timeout"},
		{"SQLITE_LOCKED", 6, false, session.ErrBusy, "busy_timeout"},
		{"SQLITE_READONLY_DIRECTORY", 8 | 6<<8, true, nil, "folder"},
		{"SQLITE_FULL", 13, true, nil, "free space"},
		{"SQLITE_IOERR_SHMSIZE", 10 | 19<<8, true, nil, "free space"},
		{"SQLITE_IOERR_FSYNC", 10 | 4<<8, true, session.ErrOutcomeUnknown, "system's log"},
		{"SQLITE_IOERR_READ", 10 | 1<<8, false, nil, "system's log"},
		{"SQLITE_CANTOPEN", 14, false, nil, "read and write"},
		{"SQLITE_NOTADB", 26, false, nil, "not an SQLite database"},
		{"SQLITE_CORRUPT", 11, false, nil, "backup"},
	} {
		err := sqlitefault.Explain(fmt.Errorf("wrapped: %w", c.code), "/srv/x.db", c.writing)
		text := err.Error()
		if !strings.HasPrefix(text, "/srv/x.db ") || !strings.Contains(text, c.mend) || !strings.Contains(text, c.code.Error()) {
			t.Errorf("%s is explained as %q, want the place, %q and the driver's error", c.name, text, c.mend)
		}
		if !errors.Is(err, c.code) {
			t.Errorf("%s: the driver's error is lost", c.name)
		}
		for _, sentinel := range []error{session.ErrBusy, session.ErrOutcomeUnknown} {
			if got, want := errors.Is(err, sentinel), errors.Is(c.sentinel, sentinel); got != want {
				t.Errorf("%s is %q: %v, want %v", c.name, sentinel, got, want)
			}
		}
		if again := sqlitefault.Explain(fmt.Errorf("once more: %w", err), "elsewhere", true); strings.Contains(again.Error(), "elsewhere") {
			t.Errorf("%s is explained twice: %q", c.name, again)
		}
	}
}

func TestExplainLeavesOtherErrors(t *testing.T) {
	t.Parallel()
	for _, err := range []error{nil, errors.New("other"), coded(1)} {
		if got := sqlitefault.Explain(err, "x", true); !errors.Is(got, err) || fmt.Sprint(got) != fmt.Sprint(err) {
			t.Errorf("Explain(%v) = %v, want it as it was", err, got)
		}
	}
}
