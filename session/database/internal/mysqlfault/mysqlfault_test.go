package mysqlfault_test

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"
	"go.uber.org/goleak"

	"gyrfalcon/session"
	"gyrfalcon/session/database/internal/mysqlfault"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var sentinels = []error{session.ErrBusy, session.ErrOutcomeUnknown, session.ErrTooLarge}

// wantSentinel wants err to be want and no other sentinel of package session.
func wantSentinel(t *testing.T, what string, err, want error) {
	t.Helper()
	for _, sentinel := range sentinels {
		if got, wanted := errors.Is(err, sentinel), errors.Is(want, sentinel); got != wanted {
			t.Errorf("%s: is %q: %v, want %v (it says %q)", what, sentinel, got, wanted, err)
		}
	}
}

func server(number uint16) error {
	return fmt.Errorf("wrapped: %w", errors.Join(errors.New("other"), &mysql.MySQLError{Number: number, Message: "near 'aSessionID'"}))
}

func TestNumberFindsTheDriversError(t *testing.T) {
	t.Parallel()
	if got, ok := mysqlfault.Number(server(1213)); got != 1213 || !ok {
		t.Errorf("Number of the driver's error = %d, %v; want 1213, true", got, ok)
	}
	for _, err := range []error{nil, errors.New("other"), mysql.ErrInvalidConn, context.Canceled} {
		if got, ok := mysqlfault.Number(err); ok {
			t.Errorf("Number(%v) = %d, want none", err, got)
		}
	}
}

func TestAWriteIsToldWithItsMendAndItsOutcome(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		number   uint16
		sentinel error
		mend     string
	}{
		{1205, session.ErrBusy, "PROCESSLIST"},
		{1213, session.ErrBusy, "deadlock"},
		{1969, session.ErrBusy, "locked"},
		{1927, session.ErrBusy, "KILL"},
		{1053, session.ErrBusy, "shutdown"},
		{1153, session.ErrTooLarge, "max_allowed_packet"},
		{1142, nil, "GRANT"},
		{1290, nil, "read-only"},
		{1114, nil, "free space"},
		{1021, nil, "free space"},
		{1146, nil, "gone"},
		{1180, session.ErrOutcomeUnknown, "error log"},
		{1062, nil, "1062"}, // nothing to say, and certain
	} {
		err := mysqlfault.Writing(server(c.number), "table x")
		what := fmt.Sprintf("error %d", c.number)
		wantSentinel(t, what, err, c.sentinel)
		if text := err.Error(); !strings.HasPrefix(text, "table x") || !strings.Contains(text, c.mend) || !strings.Contains(text, fmt.Sprint(c.number)) {
			t.Errorf("%s is explained as %q, want the place, %q and the number", what, text, c.mend)
		}
		if text := fmt.Sprintf("%+v", err); strings.Contains(text, "aSessionID") {
			t.Errorf("%s tells what the server quoted: %q", what, text)
		}
		if again := mysqlfault.Writing(fmt.Errorf("once more: %w", err), "elsewhere"); strings.Contains(again.Error(), "elsewhere") {
			t.Errorf("%s is explained twice: %q", what, again)
		}
		if got, want := mysqlfault.RolledBack(err), c.number == 1205 || c.number == 1213; got != want {
			t.Errorf("%s: RolledBack = %v, want %v", what, got, want)
		}
	}
}

func TestAnAnswerThatDoesNotComeLeavesAWriteUnknown(t *testing.T) {
	t.Parallel()
	for _, err := range []error{mysql.ErrInvalidConn, context.DeadlineExceeded, context.Canceled, errors.New("read tcp: connection reset by peer")} {
		writing := mysqlfault.Writing(err, "table x")
		wantSentinel(t, err.Error(), writing, session.ErrOutcomeUnknown)
		if !errors.Is(writing, err) {
			t.Errorf("Writing(%v) = %v, want the driver's error in it", err, writing)
		}
		wantSentinel(t, "reading: "+err.Error(), mysqlfault.Reading(err, "table x"), nil)
	}
	wantSentinel(t, "nothing was sent", mysqlfault.Writing(driver.ErrBadConn, "table x"), nil)
	if err := mysqlfault.Writing(nil, "table x"); err != nil {
		t.Errorf("Writing(nil) = %v, want nil", err)
	}
}

func TestNoConnectionIsNoDoubt(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err      error
		sentinel error
		part     string
	}{
		{server(1040), session.ErrBusy, "max_connections"},
		{server(1045), nil, "username and password"},
		{server(1049), nil, "dbname"},
		{server(3159), nil, "tls: true"},
		{server(4444), nil, "refused the connection"},
		{context.DeadlineExceeded, session.ErrBusy, "in time"},
		{errors.New("connection refused"), nil, "connection refused"},
	} {
		err := mysqlfault.Connecting(c.err, "the server at 127.0.0.1:3306")
		wantSentinel(t, c.err.Error(), err, c.sentinel)
		if text := err.Error(); !strings.HasPrefix(text, "the server at 127.0.0.1:3306") || !strings.Contains(text, c.part) {
			t.Errorf("%v is explained as %q, want the place and %q", c.err, text, c.part)
		}
	}
}
