package mysql_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gyrfalcon/integration/servers"
	"gyrfalcon/session"
	"gyrfalcon/session/database"
	own "gyrfalcon/session/database/mysql"
	"gyrfalcon/session/sessiontest"
)

// The second process is told by its environment where the sessions are, and whose
// session it is about.
const (
	childDSN    = "GYRFALCON_MYSQL_TEST_DSN"
	childCookie = "GYRFALCON_MYSQL_TEST_COOKIE"
)

// again starts this test binary a second time, for one test.
func again(t *testing.T, test string, env ...string) (wait func()) {
	t.Helper()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	cmd := exec.CommandContext(ctx, binary, "-test.run=^"+regexp.QuoteMeta(test)+"$", "-test.count=1")
	cmd.Env = append(os.Environ(), env...)
	out := make(chan string, 1)
	go func() {
		defer cancel()
		text, err := cmd.CombinedOutput()
		if err == nil {
			text = nil
		} else {
			text = append(text, err.Error()...)
		}
		out <- string(text)
	}()
	return func() {
		t.Helper()
		if text := <-out; text != "" {
			t.Errorf("the second process failed; it said:\n%s", text)
		}
	}
}

const (
	counting = 32 // clients in each of two processes
	each     = 100
)

// countUp has this process's clients count in one session.
func countUp(t *testing.T, dsn string, cookie *http.Cookie) {
	t.Helper()
	db, err := own.Open(own.Options{DSN: dsn})
	if err != nil {
		t.Fatal(err)
	}
	m := session.New(database.New(db, database.Options{OwnDB: true}), session.Options{GCInterval: 20 * time.Millisecond, Timeout: patience})
	if err := m.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := m.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	}()
	s := service{m}
	var clients sync.WaitGroup
	for range counting {
		clients.Go(func() {
			for range each {
				// Which is an error of the test unless it is answered 200.
				if got := s.answer(t, cookie, s.with(count)); got != http.StatusOK {
					t.Errorf("a change was answered %d, want 200", got)
					return
				}
			}
		})
	}
	clients.Wait()
}

func TestTwoProcessesLoseNoCount(t *testing.T) {
	if dsn := os.Getenv(childDSN); dsn != "" {
		countUp(t, dsn, &http.Cookie{Name: "__Host-session", Value: os.Getenv(childCookie)}) //nolint:gosec // attributes are for answers
		return
	}
	t.Parallel()
	srv := servers.NewMariaDB(t) // whose deadlocks are of this test alone
	name := makeDatabase(t, srv, "", seedTable)
	dsn := dsn(srv, name).DSN
	db, err := own.Open(own.Options{DSN: dsn})
	if err != nil {
		t.Fatal(err)
	}
	s := startService(t, db, sessiontest.NewClock(time.Now()))
	cookie := s.request(t, nil, s.with(func(s *session.Session) error { return s.Set("n", 0) }))
	wait := again(t, t.Name(), childDSN+"="+dsn, childCookie+"="+cookie.Value)
	countUp(t, dsn, cookie)
	wait()
	s.request(t, cookie, s.with(func(s *session.Session) error {
		if n, err := session.Get[int](s, "n"); n != 2*counting*each || err != nil {
			t.Errorf("after %d changes from two processes the counter is %d, %v", 2*counting*each, n, err)
		}
		return nil
	}))
	wantNoDeadlock(t, srv)
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
