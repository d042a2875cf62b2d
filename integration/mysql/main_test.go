package mysql_test

import (
	"context"
	"database/sql"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"gyrfalcon/integration/servers"
	"gyrfalcon/session/database"
	own "gyrfalcon/session/database/mysql"
)

func TestMain(m *testing.M) { servers.Main(m) }

const (
	life     = time.Hour
	patience = time.Minute // bounds what a test waits for
)

// onServers runs a test on MariaDB, and on MySQL where there is one.
func onServers(t *testing.T, test func(t *testing.T, srv *servers.SQL)) {
	t.Helper()
	t.Run("MariaDB", func(t *testing.T) {
		t.Parallel()
		test(t, servers.SharedMariaDB(t))
	})
	if srv, ok := servers.MySQL(t); ok {
		t.Run("MySQL", func(t *testing.T) {
			t.Parallel()
			test(t, srv)
		})
	}
}

// seedTable is the table as Phalcon's documentation shows it.
const seedTable = "CREATE TABLE `session_data` (" +
	" `session_id` VARCHAR(35) NOT NULL," +
	" `data` text NOT NULL," +
	" `created_at` INT unsigned NOT NULL," +
	" `modified_at` INT unsigned DEFAULT NULL," +
	" PRIMARY KEY (`session_id`)" +
	")"

// phalcon5 is what the adapter of Phalcon 5's incubator makes of the seed's times.
var phalcon5 = vary(seedTable,
	"`created_at` INT unsigned NOT NULL", "`created_at` TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP",
	"`modified_at` INT unsigned DEFAULT NULL", "`modified_at` TIMESTAMP NULL DEFAULT NULL")

// vary replaces parts of a statement.
func vary(statement string, oldNew ...string) string {
	return strings.NewReplacer(oldNew...).Replace(statement)
}

// makeDatabase makes a database, and executes statements in it.
func makeDatabase(t testing.TB, srv *servers.SQL, options string, statements ...string) string {
	t.Helper()
	name := srv.NewDatabase(t, options)
	db := srv.Open(t, name)
	run(t, db, statements...)
	_ = db.Close() // it may be the one that the test measures
	return name
}

func run(t testing.TB, db *sql.DB, statements ...string) {
	t.Helper()
	for _, s := range statements {
		if _, err := db.ExecContext(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

// value reads one value.
func value[T any](t testing.TB, db *sql.DB, query string, args ...any) T {
	t.Helper()
	var v T
	if err := db.QueryRowContext(t.Context(), query, args...).Scan(&v); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return v
}

// dsn is how package mysql is told to connect to a database of the server.
func dsn(srv *servers.SQL, database string, set ...func(*mysql.Config)) own.Options {
	c := srv.Config(database)
	for _, f := range set {
		f(c)
	}
	return own.Options{DSN: c.FormatDSN()}
}

// ours is a pool as package mysql makes it.
func ours(srv *servers.SQL, database string) (*sql.DB, error) { return own.Open(dsn(srv, database)) }

// handedIn is a pool as an application makes it, with the driver's defaults: neither
// clientFoundRows nor interpolateParams.
func handedIn(srv *servers.SQL, database string, set ...func(*mysql.Config)) (*sql.DB, error) {
	c := srv.Config(database)
	c.Logger = &mysql.NopLogger{}
	for _, f := range set {
		f(c)
	}
	connector, err := mysql.NewConnector(c)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(connector), nil
}

// openAdapter returns an open adapter that owns its pool, closed with the test.
func openAdapter(t testing.TB, db *sql.DB, o database.Options) *database.Adapter {
	t.Helper()
	o.OwnDB = true
	a := database.New(db, o)
	t.Cleanup(func() { _ = a.Close(context.Background()) })
	if err := a.Open(t.Context()); err != nil {
		t.Fatalf("Open = %v, want nil", err)
	}
	return a
}
