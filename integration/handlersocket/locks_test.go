package handlersocket_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"gyrfalcon/integration/servers"
	"gyrfalcon/session/handlersocket"
	"gyrfalcon/session/handlersocket/hs"
)

// locked begins a transaction that holds rows of the table, until it is rolled back.
func locked(t testing.TB, d *sql.DB, statements ...string) *sql.Tx {
	t.Helper()
	tx, err := d.BeginTx(context.WithoutCancel(t.Context()), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tx.Rollback() })
	for _, s := range statements {
		if _, err := tx.ExecContext(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
	return tx
}

// much is a statement that gives a transaction so much to undo that InnoDB ends a deadlock
// at the other's cost.
func much(table string) string {
	var filler []string
	for i := range 200 {
		filler = append(filler, fmt.Sprintf("('f%d', 1, NULL, '')", i))
	}
	return "INSERT INTO " + table + " VALUES " + strings.Join(filler, ",")
}

// until waits for a condition.
func until(t testing.TB, what string, happened func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !happened(); {
		if time.Now().After(end) {
			t.Fatalf("it never happened that %s", what)
		}
		time.Sleep(2 * time.Millisecond) //nolint:forbidigo // polls for a condition
	}
}

// untilLocked waits until somebody waits for a row. (information_schema.innodb_trx would not
// do: whoever asks it all the time is told the same all the time.)
func untilLocked(t testing.TB, d *sql.DB) {
	t.Helper()
	until(t, "somebody waits for a row", func() bool {
		var name string
		var n int
		err := d.QueryRowContext(t.Context(), "SHOW GLOBAL STATUS LIKE 'Innodb_row_lock_current_waits'").Scan(&name, &n)
		return err == nil && n == 1
	})
}

// A server with secrets and impatient locks.
func TestLocksAndSecretsOnTheRealPlugin(t *testing.T) {
	t.Parallel()
	srv := servers.NewMariaDB(t, "--innodb-lock-wait-timeout=1", "--handlersocket-plain-secret=read me", "--handlersocket-plain-secret-wr=write me")
	p := newTable(t, srv, things)
	d := db(t, srv)
	ctx := t.Context()
	c := client(t, hs.Options{Address: p.writes, Secret: "write me"})
	x := index(t, c, p.table, "", "k", "n")
	for _, k := range []string{"a", "b"} {
		if _, err := x.Insert(ctx, str(k, "1")...); err != nil {
			t.Fatal(err)
		}
	}
	for _, wrong := range []hs.Options{
		{Address: p.writes}, {Address: p.writes, Secret: "read me"}, {Address: p.writes, Secret: "write"},
		{Address: p.reads}, {Address: p.reads, Secret: "write me"},
	} {
		_, err := index(t, client(t, wrong), p.table, "", "k", "n").Delete(ctx, hs.Query{Key: str("a")})
		if !errors.Is(err, hs.ErrUnauthorized) || hs.OutcomeUnknown(err) {
			t.Errorf("with the secret %q: %v, want ErrUnauthorized", wrong.Secret, err)
		}
	}
	if got := shown(t, index(t, client(t, hs.Options{Address: p.reads, Secret: "read me"}), p.table, "", "k", "n"), 2, hs.Query{Key: str("a")}); got != "a:1" {
		t.Errorf("with its own secret the port for reads finds %q, want a:1", got)
	}

	ours := newTable(t, srv, phalcons).text() // an adapter gives each port its own
	ours.Secret, ours.SecretWr = "read me", "write me"
	a := open(t, ours)
	if _, err := a.Create(ctx, "abc", nil, life); err != nil {
		t.Errorf("Create with a secret for each port = %v, want nil", err)
	}
	if _, err := a.Read(ctx, "abc", life); err != nil {
		t.Errorf("Read with a secret for each port = %v, want nil", err)
	}
	_ = a.Close(ctx)

	tx := locked(t, d, "UPDATE "+p.table+" SET n = 5 WHERE k = 'b'")
	b := c.NewBatch()
	b.Update(x, hs.Query{Key: str("a")}, str("a", "2")...)
	b.Update(x, hs.Query{Key: str("b")}, str("b", "2")...)
	if err := b.Do(ctx); !hs.OutcomeUnknown(b.Err(0)) || !errors.Is(b.Err(1), hs.ErrLockWait) || hs.OutcomeUnknown(b.Err(1)) {
		t.Errorf("a batch whose second row is locked = %v: %v, %v; want ErrLockWait, and the first not to be trusted", err, b.Err(0), b.Err(1))
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}

	tx = locked(t, d, much(p.table), "UPDATE "+p.table+" SET n = 5 WHERE k = 'b'")
	b.Reset()
	b.Update(x, hs.Query{Key: str("a")}, str("a", "77")...)
	b.Update(x, hs.Query{Key: str("b")}, str("b", "77")...)
	done := make(chan error, 1)
	go func() { done <- b.Do(ctx) }()
	untilLocked(t, d)
	if _, err := tx.ExecContext(ctx, "UPDATE "+p.table+" SET n = 6 WHERE k = 'a'"); err != nil {
		t.Fatalf("the transaction lost the deadlock: %v", err)
	}
	err := <-done
	if _, undone := errors.AsType[*hs.UndoneError](b.Err(0)); !undone || !errors.Is(b.Err(1), hs.ErrDeadlock) {
		t.Errorf("a batch with a deadlock = %v: %v, %v; want an *UndoneError and ErrDeadlock", err, b.Err(0), b.Err(1))
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	if got := shown(t, x, 2, hs.Query{Key: str("a")}); got == "a:77" {
		t.Errorf("after the deadlock the row is %q: the server kept what it answered as done", got)
	}

	c.Close() // else the next statement waits for it
	srv.Exec(t, "SET GLOBAL read_only = 1")
	x = index(t, client(t, hs.Options{Address: p.writes, Secret: "write me"}), p.table, "", "k", "n")
	if _, err := x.Delete(ctx, hs.Query{Key: str("a")}); !errors.Is(err, hs.ErrLockTables) {
		t.Errorf("a delete on a server that is read_only = %v, want ErrLockTables", err)
	}
	a = handlersocket.New(ours)
	if err := a.Open(ctx); err == nil || !strings.Contains(err.Error(), "see that the server is not read_only") {
		t.Errorf("Open on it = %v, want it to say what to see to", err)
	}
	_ = a.Close(ctx)
	srv.Exec(t, "SET GLOBAL read_only = 0")
	if n, err := x.Delete(ctx, hs.Query{Key: str("a")}); n != 1 || err != nil {
		t.Errorf("a delete when it no longer is = %d, %v; want 1", n, err)
	}
}

// telling is a connection that tells when a request has gone out.
type telling struct {
	net.Conn
	sent chan<- struct{}
}

func (c telling) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.sent <- struct{}{}
	return n, err
}

// A thread of the plugin takes what several connections have asked for meanwhile into one
// transaction, and answers when it is over. So a deadlock of one's write undoes
// the other's, which is answered as done. It takes an SQL transaction that locks several
// rows; and where the server does not look for deadlocks, so that a lock's time-out
// ends them, nothing that was answered as done is undone.
func TestADeadlockUndoesWhatAnotherConnectionWasToldIsDone(t *testing.T) {
	t.Parallel()
	srv := servers.NewMariaDB(t, "--handlersocket-threads-wr=1", "--innodb-lock-wait-timeout=4")
	p := newTable(t, srv, things)
	d := db(t, srv)
	ctx := t.Context()
	sent := make(chan struct{}, 1)
	rows := map[string]*hs.Index{} // each by a connection of its own
	for _, k := range []string{"busy", "a", "b"} {
		rows[k] = index(t, client(t, hs.Options{Address: p.writes, Timeout: time.Minute, Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			nc, err := new(net.Dialer).DialContext(ctx, network, address)
			return telling{nc, sent}, err
		}}), p.table, "", "k", "n")
		if _, err := rows[k].Insert(ctx, str(k, "1")...); err != nil {
			t.Fatal(err)
		}
		<-sent
	}
	found := index(t, client(t, hs.Options{Address: p.reads}), p.table, "", "k", "n")
	write := func(k, n string) <-chan error {
		done := make(chan error, 1)
		go func() {
			_, err := rows[k].Update(ctx, hs.Query{Key: str(k)}, str(k, n)...)
			done <- err
		}()
		<-sent
		return done
	}
	// deadlock lets two connections ask while the plugin's thread is busy, so that it
	// takes them together; then the second one's row is another's, who asks for the first.
	deadlock := func(n string) (first, second error) {
		keeps := locked(t, d, "UPDATE "+p.table+" SET n = 5 WHERE k = 'busy'")
		busy := write("busy", n)
		untilLocked(t, d)
		tx := locked(t, d, much(p.table), "UPDATE "+p.table+" SET n = 5 WHERE k = 'b'", "SET innodb_lock_wait_timeout = 60")
		a, b := write("a", n), write("b", n)
		if err := keeps.Rollback(); err != nil {
			t.Fatal(err)
		}
		if err := <-busy; err != nil {
			t.Fatalf("the write before = %v, want nil", err)
		}
		untilLocked(t, d)
		if _, err := tx.ExecContext(ctx, "UPDATE "+p.table+" SET s = 'x' WHERE k = 'a'"); err != nil {
			t.Fatalf("the transaction lost the deadlock: %v", err)
		}
		if err := tx.Rollback(); err != nil {
			t.Fatal(err)
		}
		return <-a, <-b
	}

	if first, second := deadlock("7"); first != nil || !errors.Is(second, hs.ErrDeadlock) {
		t.Errorf("the writes of two connections = %v and %v, want the first done and the second ErrDeadlock", first, second)
	}
	if got := shown(t, found, 2, hs.Query{Key: str("a")}); got != "a:1" {
		t.Errorf("after that the first one's row is %q; the server no longer undoes what it has answered: say so in the documentation", got)
	}

	srv.Exec(t, "SET GLOBAL innodb_deadlock_detect = OFF")
	if first, second := deadlock("8"); first != nil || !errors.Is(second, hs.ErrLockWait) {
		t.Errorf("without a look for deadlocks = %v and %v, want the first done and the second ErrLockWait", first, second)
	}
	if got := shown(t, found, 2, hs.Query{Key: str("a")}); got != "a:8" {
		t.Errorf("after that the first one's row is %q, want a:8, which was answered as done", got)
	}
}
