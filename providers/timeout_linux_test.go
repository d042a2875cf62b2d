package providers_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/fx"

	"gyrfalcon/providers"
	"gyrfalcon/providers/all"
	"gyrfalcon/session"
	"gyrfalcon/session/database/sqlite"
)

// lenient is a context that has a deadline, and goes on: who has to be done before it may be late on a machine that is busy.
type lenient struct {
	context.Context

	deadline time.Time
}

func (l lenient) Deadline() (time.Time, bool) { return l.deadline, true }

// Another process writes to the file for longer than fx lets a start take.
func TestAStartThatTakesTooLongSaysWhatItWaitedForAndLeavesNothingOpen(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "locked.db")
	db, err := sqlite.Open(path, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.ExecContext(t.Context(), "BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	cfg := parse(t, fmt.Sprintf("session: {database: {path: %q, busy_timeout: 1h}}", path))
	app := fx.New(fx.NopLogger, providers.Module(cfg.Session, all.Backends...))
	err = app.Start(lenient{t.Context(), time.Now().Add(4 * time.Second)})
	if err == nil || !strings.Contains(err.Error(), path+" is locked by somebody else") {
		t.Errorf("Start: got %v, want it to name the file and what is the matter with it", err)
	}
	if err := conn.Close(); err != nil {
		t.Error(err)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
	if open := openFiles(t, path); len(open) > 0 {
		t.Errorf("still open: %q", open)
	}
}

// openFiles lists what this process has open below path's name.
func openFiles(t *testing.T, path string) []string {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	var open []string
	for _, e := range entries {
		target, err := os.Readlink(filepath.Join("/proc/self/fd", e.Name()))
		if err == nil && strings.HasPrefix(target, path) {
			open = append(open, target)
		}
	}
	return open
}

// Fx gives up, and runs no more hooks; the service closes what it opened.
func TestAConnectionThatComesTooLateIsClosed(t *testing.T) {
	t.Parallel()
	dialled, answered, closed := make(chan struct{}), make(chan struct{}), make(chan struct{})
	deaf := providers.NewBackend("deaf", func(providers.Setup) (providers.Recipe[int], error) {
		return providers.Recipe[int]{
			Connect: func(context.Context) (int, error) { close(dialled); <-answered; return 1, nil },
			Close:   func(context.Context, int) error { close(closed); return nil },
			Adapter: func(int) (session.Adapter, error) { return nil, fmt.Errorf("too late") },
		}, nil
	})
	app := fx.New(fx.NopLogger, providers.Module(parse(t, "session: {adapter: deaf}").Session, deaf))
	ctx, cancel := context.WithCancel(t.Context())
	started := make(chan error)
	go func() { started <- app.Start(ctx) }()
	<-dialled
	cancel()
	if err := <-started; err == nil {
		t.Error("Start: got nil though its context has ended")
	}
	close(answered)
	<-closed
}
