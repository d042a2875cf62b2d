package servers_test

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"net"
	"os"
	"testing"
	"time"

	"gyrfalcon/integration/servers"
)

// listens says whether somebody accepts connections there.
func listens(t *testing.T, addr string) bool {
	t.Helper()
	c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", addr)
	if err != nil {
		return false
	}
	_ = c.Close()
	return true
}

func count(t *testing.T, db *sql.DB, query string) int {
	t.Helper()
	var n int
	if err := db.QueryRowContext(t.Context(), query).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

func TestAllTestsShareOneMariaDB(t *testing.T) {
	t.Parallel()
	a, b := servers.SharedMariaDB(t), servers.SharedMariaDB(t)
	if a.Addr() != b.Addr() || a.Socket() != b.Socket() {
		t.Errorf("the shared server is at %s and at %s, want one", a.Addr(), b.Addr())
	}
	if !a.IsMariaDB() {
		t.Error("MariaDB calls itself MySQL")
	}
}

func TestADatabaseIsDroppedWithItsTest(t *testing.T) { //nolint:tparallel // its end looks at what the subtest leaves
	t.Parallel()
	srv := servers.SharedMariaDB(t)
	var name string
	t.Run("the test", func(t *testing.T) {
		name = srv.NewDatabase(t, "CHARACTER SET latin1")
		var charset string
		if err := srv.Open(t, name).QueryRowContext(t.Context(), "SELECT @@character_set_database").Scan(&charset); err != nil || charset != "latin1" {
			t.Errorf("the database's character set is %q, %v; want latin1", charset, err)
		}
	})
	db := srv.Open(t, "")
	if n := count(t, db, "SELECT COUNT(*) FROM information_schema.schemata WHERE schema_name = '"+name+"'"); n != 0 {
		t.Errorf("the database %s is still there after its test", name)
	}
}

func TestHandlerSocketAnswersWithoutASecret(t *testing.T) {
	t.Parallel()
	srv := servers.SharedMariaDB(t)
	name := srv.NewDatabase(t, "")
	srv.Exec(t, "CREATE TABLE "+name+".t (id INT PRIMARY KEY)")
	read, write := srv.HandlerSocket(t)
	for _, c := range []struct{ addr, request, want string }{
		{write, "P\t0\t" + name + "\tt\tPRIMARY\tid\n0\t+\t1\t7\n", "0\t1\n0\t1\n"},
		{read, "P\t0\t" + name + "\tt\tPRIMARY\tid\n0\t=\t1\t7\n", "0\t1\n0\t1\t7\n"},
	} {
		if got := converse(t, c.addr, c.request, 2); got != c.want {
			t.Errorf("HandlerSocket at %s answered %q to %q, want %q", c.addr, got, c.request, c.want)
		}
	}
}

func TestHandlerSocketTakesASecret(t *testing.T) {
	t.Parallel()
	srv := servers.NewMariaDB(t, "--handlersocket-plain-secret=guess")
	read, _ := srv.HandlerSocket(t)
	if got := converse(t, read, "P\t0\tmysql\tuser\tPRIMARY\tHost\n", 1); got != "3\t1\tunauth\n" {
		t.Errorf("without the secret HandlerSocket answered %q, want unauth", got)
	}
}

// converse sends requests and returns so many lines.
func converse(t *testing.T, addr, request string, lines int) string {
	t.Helper()
	c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprint(c, request); err != nil {
		t.Fatal(err)
	}
	var got string
	for r := bufio.NewReader(c); lines > 0; lines-- {
		line, err := r.ReadString('\n')
		if err != nil {
			t.Fatalf("after %q: %v", got, err)
		}
		got += line
	}
	return got
}

func TestAServerThatIsKilledComesBackWithItsDataOnItsPorts(t *testing.T) {
	t.Parallel()
	srv := servers.NewMariaDB(t)
	name := srv.NewDatabase(t, "")
	db := srv.Open(t, name)
	if _, err := db.ExecContext(t.Context(), "CREATE TABLE t (n INT)"); err != nil {
		t.Fatal(err)
	}
	for round := range 3 {
		if _, err := db.ExecContext(t.Context(), "INSERT INTO t VALUES (1)"); err != nil {
			t.Fatal(err)
		}
		if round < 2 {
			srv.Kill(t)
		} else {
			srv.Stop(t)
		}
		if listens(t, srv.Addr()) || srv.Running() {
			t.Fatal("the server was killed and still runs")
		}
		addr := srv.Addr()
		srv.Start(t)
		if srv.Addr() != addr {
			t.Fatalf("the server came back at %s, want %s", srv.Addr(), addr)
		}
		if n := count(t, srv.Open(t, name), "SELECT COUNT(*) FROM t"); n != round+1 {
			t.Fatalf("after the server has come back it has %d rows, want %d", n, round+1)
		}
	}
}

func TestAPausedServerAnswersNobodyUntilItIsResumed(t *testing.T) {
	t.Parallel()
	srv := servers.NewMariaDB(t)
	db := srv.Open(t, "")
	count(t, db, "SELECT 1")
	srv.Pause(t)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := db.PingContext(ctx); err == nil {
		t.Error("a paused server answers")
	}
	if !srv.Running() {
		t.Error("a paused server does not count as running")
	}
	srv.Resume(t)
	count(t, db, "SELECT 1")
}

func TestMySQLIsTheOneThatTheEnvironmentNames(t *testing.T) {
	if isChild() {
		srv, found := servers.MySQL(t)
		if !found {
			t.Fatal("no MySQL was found, want the one that MYSQL_DSN names")
		}
		name := srv.NewDatabase(t, "")
		count(t, srv.Open(t, name), "SELECT 1")
		_, _ = os.Stdout.WriteString("\naddr " + srv.Addr() + "\n")
		return
	}
	t.Parallel()
	srv := servers.SharedMariaDB(t) // it stands in for a MySQL
	dsn := srv.Config("test").FormatDSN()
	out, err := again(t, t.Name(), "MYSQL_DSN="+dsn, "GYRFALCON_TEST_SERVERS=").CombinedOutput()
	if err != nil {
		t.Fatalf("the second process: %v; it said:\n%s", err, out)
	}
	if got := said(t, string(out), "addr"); got != srv.Addr() {
		t.Errorf("MySQL is at %s, want %s", got, srv.Addr())
	}
}

func TestMySQLIsNotMariaDBUnderItsOldName(t *testing.T) {
	t.Parallel()
	srv, found := servers.MySQL(t)
	if !found {
		t.Log("there is no MySQL here, only what was to be told apart from it")
		return
	}
	var version string
	if err := srv.Open(t, "").QueryRowContext(t.Context(), "SELECT VERSION()").Scan(&version); err != nil {
		t.Fatal(err)
	}
	t.Logf("MySQL %s at %s", version, srv.Addr())
	if srv.IsMariaDB() {
		t.Error("MySQL calls itself MariaDB")
	}
}
