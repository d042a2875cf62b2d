package mysql_test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gyrfalcon/integration/load"
	"gyrfalcon/integration/servers"
	"gyrfalcon/session"
	"gyrfalcon/session/database"
	own "gyrfalcon/session/database/mysql"
	"gyrfalcon/session/sessiontest"
)

// 64 clients in two processes count to 6,400 in one session, while GC runs.
func TestTwoProcessesLoseNoCount(t *testing.T) {
	t.Parallel()
	var srv *servers.SQL // whose deadlocks are of this test alone; the second process has none
	load.Count(t, sessiontest.Harness{
		NewStore: func(t testing.TB) string {
			srv = servers.NewMariaDB(t)
			return dsn(srv, makeDatabase(t, srv, "", seedTable)).DSN
		},
		Open: func(_ context.Context, store string, now func() time.Time) (session.Adapter, error) {
			db, err := own.Open(own.Options{DSN: store})
			if err != nil {
				return nil, err
			}
			return database.New(db, database.Options{OwnDB: true, Now: now}), nil
		},
		Resolution: time.Second,
	}, load.Counting{Options: session.Options{GCInterval: 20 * time.Millisecond, Timeout: patience}})
	if srv != nil {
		wantNoDeadlock(t, srv)
	}
}

// createdTable is the statement that the error shows where the table is missing.
func createdTable(t *testing.T, srv *servers.SQL) string {
	t.Helper()
	db, err := ours(srv, srv.NewDatabase(t, ""))
	if err != nil {
		t.Fatal(err)
	}
	a := database.New(db, database.Options{OwnDB: true})
	defer func() { _ = a.Close(t.Context()) }()
	err = a.Open(t.Context())
	statement := regexp.MustCompile(`(?s)CREATE TABLE .*;`).FindString(fmt.Sprint(err))
	if statement == "" {
		t.Fatalf("Open where there is no table = %v, want it to show how to create it", err)
	}
	return statement
}

func wantNoDeadlock(t *testing.T, srv *servers.SQL) {
	t.Helper()
	var name string
	var n int
	if err := srv.Open(t, "").QueryRowContext(t.Context(), "SHOW GLOBAL STATUS LIKE 'Innodb_deadlocks'").Scan(&name, &n); err != nil || n != 0 {
		t.Errorf("the server has met %d deadlocks, %v; want none", n, err)
	}
}

// Sessions are written and destroyed while two adapters clear what has expired around
// them.
func TestGCBesideWritersMeetsNoDeadlock(t *testing.T) {
	t.Parallel()
	srv := servers.NewMariaDB(t)
	for _, c := range []struct{ what, table string }{
		{"on Phalcon's table", seedTable},
		{"on a table that it created", createdTable(t, srv)},
	} {
		const expired, writers, rounds = 5_000, 24, 20
		name := makeDatabase(t, srv, "", c.table, fill("e", expired, "1"))
		open := func() *database.Adapter {
			db, err := ours(srv, name)
			if err != nil {
				t.Fatal(err)
			}
			return openAdapter(t, db, database.Options{})
		}
		adapters := []*database.Adapter{open(), open()}
		var removed atomic.Int64
		stop := make(chan struct{})
		var clearing, writing sync.WaitGroup
		for _, a := range adapters {
			clearing.Go(func() {
				for ended := false; !ended; {
					n, _, err := a.GC(t.Context(), life, 500)
					if err != nil {
						t.Errorf("%s: GC = %v, want nil", c.what, err)
						return
					}
					removed.Add(int64(n))
					select {
					case <-stop:
						ended = removed.Load() >= expired
					default:
					}
				}
			})
		}
		for i := range writers {
			a := adapters[i%2]
			writing.Go(func() {
				for round := range rounds {
					id := fmt.Sprintf("%032x", i*rounds*7919+round*104729)
					if err := lead(t.Context(), a, id); err != nil {
						t.Errorf("%s: a write beside GC = %v, want nil", c.what, err)
						return
					}
				}
			})
		}
		writing.Wait()
		close(stop)
		clearing.Wait()
		if n := removed.Load(); n != expired {
			t.Errorf("%s: GC has removed %d sessions, want the %d that had expired", c.what, n, expired)
		}
	}
	wantNoDeadlock(t, srv)
}

// lead is a session's life.
func lead(ctx context.Context, a *database.Adapter, id string) error {
	r, err := a.Create(ctx, id, []byte("1"), life)
	if err != nil {
		return err
	}
	for _, next := range []string{"2", "3"} {
		if r, err = a.Swap(ctx, id, r, []byte(next), life); err != nil {
			return err
		}
	}
	return errors.Join(a.Touch(ctx, id, life), a.Destroy(ctx, id))
}
