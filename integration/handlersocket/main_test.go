package handlersocket_test

import (
	"context"
	"database/sql"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"gyrfalcon/integration/servers"
	"gyrfalcon/session"
	"gyrfalcon/session/handlersocket"
)

func TestMain(m *testing.M) { servers.Main(m) }

// database is where all tables of these tests are. It is not dropped: that would wait for
// every connection of HandlerSocket's, whatever table it has open. The server goes with
// the tests.
const database = "hs"

// phalcons is Phalcon's table, in a character set that holds all text.
const phalcons = "CREATE TABLE `%s` (" +
	"`id` VARCHAR(32) NOT NULL DEFAULT '', " +
	"`modified` DATETIME NOT NULL DEFAULT '0000-00-00 00:00:00', " +
	"`data` TEXT, " +
	"PRIMARY KEY (`id`), KEY `modified` (`modified`)) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4"

var tables atomic.Int64

// place is where a table is, in a form that a second process understands too.
type place struct {
	reads, writes string // HandlerSocket's addresses
	table         string
}

func (p place) String() string { return p.reads + "|" + p.writes + "|" + p.table }

func parsePlace(text string) place {
	parts := strings.Split(text, "|")
	return place{parts[0], parts[1], parts[2]}
}

// newTable makes a table by a statement that has %s for its name.
func newTable(t testing.TB, srv *servers.SQL, create string) place {
	t.Helper()
	name := fmt.Sprintf("sessions_%d", tables.Add(1))
	srv.Exec(t, "CREATE DATABASE IF NOT EXISTS "+database, "USE "+database, fmt.Sprintf(create, name))
	reads, writes := srv.HandlerSocket(t)
	return place{reads, writes, name}
}

// options are those of an adapter on the table.
func (p place) options() handlersocket.Options {
	host, read, err := net.SplitHostPort(p.reads)
	if err != nil {
		panic(err)
	}
	_, write, _ := net.SplitHostPort(p.writes)
	var o handlersocket.Options
	o.Server = handlersocket.Server{Host: host, DBName: database, DBTable: p.table}
	o.Server.Port, _ = strconv.Atoi(read)
	o.PortWr, _ = strconv.Atoi(write)
	return o
}

// text and binary are the options for what phalcons and handlersocket.Schema hold.
func (p place) text() handlersocket.Options {
	o := p.options()
	o.Charset = "utf8mb4"
	return o
}

func (p place) binary() handlersocket.Options {
	o := p.options()
	o.Charset, o.DataBytes = "binary", 1<<24-1
	return o
}

// open returns an open adapter, closed with the test.
func open(t testing.TB, o handlersocket.Options) *handlersocket.Adapter {
	t.Helper()
	a := handlersocket.New(o)
	t.Cleanup(func() { _ = a.Close(context.Background()) })
	if err := a.Open(t.Context()); err != nil {
		t.Fatalf("Open = %v, want nil", err)
	}
	return a
}

// db is a pool on the database, closed with the test.
func db(t testing.TB, srv *servers.SQL) *sql.DB {
	t.Helper()
	srv.Exec(t, "CREATE DATABASE IF NOT EXISTS "+database)
	return srv.Open(t, database)
}

// lock keeps everybody from writing to the table until resume.
func lock(t testing.TB, store string) (resume func()) {
	t.Helper()
	srv := servers.SharedMariaDB(t)
	conn, err := db(t, srv).Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{"BEGIN", "SELECT * FROM `" + parsePlace(store).table + "` FOR UPDATE"} {
		if _, err := conn.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	return func() {
		if _, err := conn.ExecContext(context.Background(), "ROLLBACK"); err != nil {
			t.Errorf("ROLLBACK: %v", err)
		}
		_ = conn.Close()
	}
}

const life = time.Hour

var _ session.Adapter = (*handlersocket.Adapter)(nil)
