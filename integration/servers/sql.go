package servers

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"gyrfalcon/integration/internal/ports"
)

// SQL is a MariaDB or MySQL server. The Node is nil, and its methods stop the test,
// where the server was started by another process.
type SQL struct {
	*Node

	place sqlPlace
	alone bool // it serves one test, with which it ends
}

// sqlPlace is where an SQL server is.
type sqlPlace struct {
	DSN       string   // root's, without a database
	Socket    string   // "" for one that is not ours
	Handlers  []string // HandlerSocket's addresses: reading, writing
	IsMariaDB bool
}

// Config returns how the go-sql-driver connects as root, over TCP, to a database, or to
// none with "". It is the caller's to change.
func (s *SQL) Config(database string) *mysql.Config {
	c, err := mysql.ParseDSN(s.place.DSN)
	if err != nil {
		panic("servers: " + err.Error()) // it was parsed before
	}
	c.DBName = database
	return c
}

// Addr is the server's TCP address, host:port.
func (s *SQL) Addr() string { return s.Config("").Addr }

// Socket is the path of the server's Unix socket. It is "" for a server that MYSQL_DSN
// names.
func (s *SQL) Socket() string { return s.place.Socket }

// IsMariaDB says whether the server is MariaDB, not MySQL.
func (s *SQL) IsMariaDB() bool { return s.place.IsMariaDB }

// HandlerSocket returns the addresses of MariaDB's HandlerSocket plugin, which takes
// requests there without a secret unless the server was started with one
// (--handlersocket-plain-secret=…, for writing --handlersocket-plain-secret-wr=…).
func (s *SQL) HandlerSocket(t testing.TB) (read, write string) {
	t.Helper()
	if len(s.place.Handlers) != 2 {
		t.Fatal("this server has no HandlerSocket: only MariaDB has")
	}
	return s.place.Handlers[0], s.place.Handlers[1]
}

// Open returns a pool that connects as root, with the driver's defaults. It is closed
// with the test.
func (s *SQL) Open(t testing.TB, database string) *sql.DB {
	t.Helper()
	db, err := openSQL(s.Config(database))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func openSQL(c *mysql.Config) (*sql.DB, error) {
	connector, err := mysql.NewConnector(c)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(connector), nil
}

// Exec executes statements as root, on one connection that it makes for them.
func (s *SQL) Exec(t testing.TB, statements ...string) {
	t.Helper()
	if err := s.exec(statements...); err != nil {
		t.Fatal(err)
	}
}

func (s *SQL) exec(statements ...string) error {
	db, err := openSQL(s.Config(""))
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	db.SetMaxOpenConns(1)
	ctx, cancel := context.WithTimeout(context.Background(), patience) // a test's end uses it too
	defer cancel()
	for _, statement := range statements {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	return nil
}

// NewDatabase makes a database with a name of its own and returns the name. options
// follow the name in CREATE DATABASE, such as "CHARACTER SET latin1"; with "" they are
// the server's (utf8mb4). The database is dropped with the test, for which everybody
// must have closed his tables by then: HandlerSocket's connections keep them open.
func (s *SQL) NewDatabase(t testing.TB, options string) string {
	t.Helper()
	random := make([]byte, 8)
	_, _ = rand.Read(random) // never fails
	name := "test_" + hex.EncodeToString(random)
	s.Exec(t, strings.TrimSpace("CREATE DATABASE "+name+" "+options))
	if !s.alone { // else it goes with the server
		t.Cleanup(func() {
			if err := s.exec("SET lock_wait_timeout = 20", "DROP DATABASE "+name); err != nil {
				t.Errorf("%v; does a connection still have a table open?", err)
			}
		})
	}
	return name
}

// smallSQL are the settings of servers that have little to do and shall start at once.
// Their pages are written twice as on any other server: without that a SIGKILL in the
// midst of a page may cost the whole table.
var smallSQL = []string{
	"--character-set-server=utf8mb4",
	"--innodb-buffer-pool-size=64M",
	"--innodb-flush-log-at-trx-commit=2", // in the hands of the system at each commit
	"--max-connections=1000",
}

// sqlFlavor is what differs between the SQL servers.
type sqlFlavor struct {
	mariaDB bool
	path    string
	ports   int
	install func(data string) error
	args    func(addrs []ports.Port) []string
}

// newSQL starts a server on new data, with args after its own.
func newSQL(f sqlFlavor, args []string) (*SQL, error) {
	me, err := user.Current()
	if err != nil {
		return nil, err
	}
	dir, err := theWatchdog.folder(filepath.Base(f.path))
	if err != nil {
		return nil, err
	}
	s := &SQL{place: sqlPlace{Socket: filepath.Join(dir, "sock"), IsMariaDB: f.mariaDB}}
	data := filepath.Join(dir, "data")
	if err := f.install(data); err != nil {
		return nil, err
	}
	s.Node, err = startNode(program{
		name:  filepath.Base(f.path),
		path:  f.path,
		dir:   dir,
		ports: f.ports,
		args: func(addrs []ports.Port) ([]string, error) {
			a := []string{
				"--no-defaults", "--user=" + me.Username,
				"--datadir=" + data, "--tmpdir=" + dir, "--socket=" + s.place.Socket, "--pid-file=" + filepath.Join(dir, "pid"),
				"--bind-address=" + ports.Host, fmt.Sprintf("--port=%d", addrs[0].Number),
			}
			a = append(a, smallSQL...)
			a = append(a, f.args(addrs)...)
			return append(a, args...), nil
		},
		ready: func(ctx context.Context, addrs []ports.Port) error { return s.answers(ctx, addrs[1:]) },
	})
	if err != nil {
		return nil, err
	}
	s.place.DSN = rootConfig("tcp", s.ports[0].Addr()).FormatDSN()
	for _, p := range s.ports[1:] {
		s.place.Handlers = append(s.place.Handlers, p.Addr())
	}
	return s, nil
}

func rootConfig(network, addr string) *mysql.Config {
	c := mysql.NewConfig()
	c.Net, c.Addr, c.User = network, addr, "root"
	return c
}

// answers returns nil once the server answers on its Unix socket, which is in its own
// folder, and listens on the further ports.
func (s *SQL) answers(ctx context.Context, further []ports.Port) error {
	c := rootConfig("unix", s.place.Socket)
	c.Logger = &mysql.NopLogger{} // it fails until it does not
	c.Timeout, c.ReadTimeout, c.WriteTimeout = time.Second, time.Second, time.Second
	db, err := openSQL(c)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	if err := db.PingContext(ctx); err != nil {
		return err
	}
	for _, p := range further {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", p.Addr())
		if err != nil {
			return err
		}
		_ = conn.Close()
	}
	return nil
}

// once says what a program that runs once and fails has said.
func once(path string, args ...string) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if out, err := exec.CommandContext(ctx, path, args...).CombinedOutput(); err != nil { //nolint:gosec // a program of the system's
		return fmt.Errorf("%s: %w; it said:\n%s", path, err, tail(string(out)))
	}
	return nil
}

// copyOf returns an install that copies what another one has made.
func copyOf(template func() (string, error)) func(data string) error {
	return func(data string) error {
		from, err := template()
		if err != nil {
			return err
		}
		return os.CopyFS(data, os.DirFS(from))
	}
}
