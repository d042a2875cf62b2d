package load_test

import (
	"context"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"gyrfalcon/integration/load"
	"gyrfalcon/session"
	"gyrfalcon/session/database"
	"gyrfalcon/session/database/sqlite"
	"gyrfalcon/session/sessiontest"
)

// second says that this is a second process, in which Count has served.
func second() bool { return os.Getenv("GYRFALCON_LOAD_STORE") != "" }

// onSQLite keeps sessions in a file, which several processes can open.
func onSQLite(change func(a session.Adapter) session.Adapter) sessiontest.Harness {
	return sessiontest.Harness{
		NewStore: func(t testing.TB) string { return filepath.Join(t.TempDir(), "sessions.db") },
		Open: func(_ context.Context, store string, now func() time.Time) (session.Adapter, error) {
			db, err := sqlite.Open(store, sqlite.Options{Synchronous: sqlite.Normal})
			if err != nil {
				return nil, err
			}
			return change(database.New(db, database.Options{OwnDB: true, Now: now})), nil
		},
		Resolution: time.Second,
	}
}

func TestTwoProcessesCountTogether(t *testing.T) {
	t.Parallel()
	r := load.Count(t, onSQLite(func(a session.Adapter) session.Adapter { return a }), load.Counting{Clients: 8, Updates: 20})
	if r.Acknowledged != 8*20 && !second() {
		t.Errorf("%d requests were acknowledged, want 160", r.Acknowledged)
	}
}

func TestACountThatGetsLostIsFound(t *testing.T) {
	t.Parallel()
	v := &verdict{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		load.Count(v, onSQLite(func(a session.Adapter) session.Adapter {
			f := sessiontest.Faulty(a)
			var calls atomic.Int64
			f.On(sessiontest.Swap, func(_ context.Context, call func() error) error {
				switch calls.Add(1) {
				case 10:
					return nil // as if it had been written
				case 20:
					return context.DeadlineExceeded
				}
				return call()
			})
			return f
		}), load.Counting{Clients: 4, Updates: 20})
	}()
	<-done
	if second() {
		return
	}
	wantSaid(t, v.said, "are lost")
	wantSaid(t, v.said, "of 80 requests were answered 2xx, want all")
}
