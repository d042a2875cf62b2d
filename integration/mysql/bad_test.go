package mysql_test

import (
	"context"
	"database/sql"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"gyrfalcon/integration/proxy"
	"gyrfalcon/integration/servers"
	"gyrfalcon/session"
	"gyrfalcon/session/database"
	own "gyrfalcon/session/database/mysql"
)

const secret = "hunter2-of-the-test"

// wantOpenError opens an adapter that cannot be opened, and looks for what its error
// must say, and must not. Close must work after it.
func wantOpenError(t *testing.T, db *sql.DB, o database.Options, parts ...string) {
	t.Helper()
	o.OwnDB = true
	a := database.New(db, o)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	err := a.Open(ctx)
	if closing := a.Close(t.Context()); closing != nil {
		t.Errorf("Close after the failed Open = %v, want nil", closing)
	}
	if err == nil {
		t.Errorf("Open = nil, want an error that says %q", parts)
		return
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("Open = %q\nwant it to say %q", err, part)
		}
	}
	if strings.Contains(err.Error(), secret) {
		t.Errorf("Open tells the password: %q", err)
	}
}

func TestOpenNamesTheMendOfATable(t *testing.T) {
	t.Parallel()
	no := false
	created := []string{"CREATE TABLE `session_data`", "MEDIUMBLOB", "KEY `last_use` (`modified_at`, `created_at`)"}
	onServers(t, func(t *testing.T, srv *servers.SQL) {
		for _, c := range []struct {
			name    string
			before  []string
			options database.Options
			parts   []string
		}{
			{"table missing", nil, database.Options{}, append(created, `table "session_data" of database`, "does not exist", "correct the option table", "create: true")},
			{"table missing, and create: false", nil, database.Options{Create: &no}, created},
			{"a view in its place", []string{"CREATE VIEW session_data AS SELECT 1 AS session_id"}, database.Options{Create: &yes}, []string{"is a view", "set table"}},
			{"column missing", []string{seedTable}, database.Options{ColumnData: "dta"}, []string{`no column "dta"`, "column_data", "(session_id, data, created_at, modified_at)"}},
			{"two columns missing", []string{seedTable}, database.Options{ColumnData: "dta", ColumnModifiedAt: "changed"}, []string{`"dta"`, `"changed"`, "column_modified_at"}},
			{"IDs' column too narrow", []string{vary(seedTable, "VARCHAR(35)", "VARCHAR(31)")}, database.Options{},
				[]string{"too narrow (varchar(31))", "32 characters", "ALTER TABLE `session_data` MODIFY `session_id` VARCHAR(128)"}},
			{"data's column too narrow", []string{vary(seedTable, "text NOT NULL", "TINYTEXT NOT NULL")}, database.Options{},
				[]string{"too narrow", "255 bytes", "ALTER TABLE `session_data` MODIFY `data` MEDIUMBLOB"}},
			{"data's column another type", []string{vary(seedTable, "text NOT NULL", "CHAR(255) NOT NULL")}, database.Options{}, []string{"char(255)", "MEDIUMBLOB"}},
			{"IDs' column a number", []string{vary(seedTable, "VARCHAR(35)", "BIGINT")}, database.Options{}, []string{"bigint", "VARCHAR(128)"}},
			{"a column that must be filled", []string{vary(seedTable, "PRIMARY KEY", "owner INT NOT NULL, PRIMARY KEY")}, database.Options{}, []string{`"owner"`, "default"}},
			{"no key", []string{vary(seedTable, ", PRIMARY KEY (`session_id`)", "")}, database.Options{}, []string{"not unique", "ADD PRIMARY KEY (`session_id`)"}},
			{"a key on a part", []string{vary(seedTable, "PRIMARY KEY (`session_id`)", "UNIQUE KEY (`session_id`(8))")}, database.Options{}, []string{"not unique"}},
			{"times as text", []string{vary(seedTable, "INT unsigned", "VARCHAR(20)")}, database.Options{}, []string{"varchar(20)", "INT UNSIGNED"}},
			{"times too small", []string{vary(seedTable, "INT unsigned", "MEDIUMINT")}, database.Options{}, []string{"mediumint", "INT UNSIGNED"}},
			{"times of two kinds", []string{vary(seedTable, "INT unsigned DEFAULT NULL", "TIMESTAMP NULL")}, database.Options{}, []string{`"created_at" and "modified_at"`, "both"}},
			{"times without a zone", []string{vary(seedTable, "INT unsigned NOT NULL", "DATETIME NOT NULL", "INT unsigned DEFAULT NULL", "DATETIME NULL")}, database.Options{},
				[]string{"datetime", "no time zone", "set timezone to PHP's date.timezone"}},
			{"a character set that nobody knows", []string{seedTable}, database.Options{Charset: "utf9"}, []string{"charset utf9", "utf8mb4", "does not know"}},
			{"a character set that cannot be checked", []string{seedTable}, database.Options{Charset: "gbk"}, []string{"charset gbk", "up to 2 bytes"}},
			{"a column that cannot be checked", []string{vary(seedTable, "text NOT NULL", "text CHARACTER SET gbk NOT NULL")}, database.Options{}, []string{"text in gbk", "MEDIUMBLOB"}},
		} {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				db, err := ours(srv, makeDatabase(t, srv, "", c.before...))
				if err != nil {
					t.Fatal(err)
				}
				wantOpenError(t, db, c.options, append(c.parts, "session/database: ")...)
			})
		}
	})
}

func TestOpenNamesTheMendOfAConnection(t *testing.T) {
	t.Parallel()
	onServers(t, func(t *testing.T, srv *servers.SQL) {
		name := makeDatabase(t, srv, "", seedTable)
		silent := proxy.New(t, srv.Addr())
		silent.PauseAccept()
		for _, c := range []struct {
			name  string
			set   func(c *mysql.Config)
			parts []string
		}{
			{"a server that never greets", func(c *mysql.Config) { c.Addr, c.Timeout = silent.Addr(), 200*time.Millisecond },
				[]string{"the server at " + silent.Addr(), "no connection within 200ms", "the port of MySQL's protocol"}},
			{"a server that greets too late", func(c *mysql.Config) { c.Addr, c.ReadTimeout = silent.Addr(), 200*time.Millisecond },
				[]string{"the server at " + silent.Addr(), "is that its MySQL port"}},
			{"refused", func(c *mysql.Config) { c.Addr = closedPort(t) }, []string{"connection refused", "is the server running", "host and port"}},
			{"a socket that is not there", func(c *mysql.Config) { c.Net, c.Addr = "unix", "/nowhere/mysqld.sock" }, []string{"/nowhere/mysqld.sock", "no such file", "socket"}},
			{"a host that is not there", func(c *mysql.Config) { c.Addr = "nowhere.invalid:3306" }, []string{"nowhere.invalid", "host and port"}},
			{"wrong password", func(c *mysql.Config) { c.User, c.Passwd = "nobody", secret }, []string{"refuses the user or the password", "correct username and password"}},
			{"no such database", func(c *mysql.Config) { c.DBName = "no_such_database" }, []string{"no database of that name", "correct dbname", "CREATE DATABASE"}},
			{"no database", func(c *mysql.Config) { c.DBName = "" }, []string{"no database", "set dbname"}},
			{"no autocommit", func(c *mysql.Config) { c.Params = map[string]string{"autocommit": "0"} }, []string{"autocommit", "remove autocommit"}},
		} {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				db, err := own.Open(dsn(srv, name, c.set))
				if err != nil {
					t.Fatal(err)
				}
				wantOpenError(t, db, database.Options{}, c.parts...)
			})
		}
		t.Run("a pool that the application has made", func(t *testing.T) {
			t.Parallel()
			db, err := handedIn(srv, name, func(c *mysql.Config) { c.DBName = "no_such_database" })
			if err != nil {
				t.Fatal(err)
			}
			wantOpenError(t, db, database.Options{}, "correct dbname")
		})
		t.Run("a context that ends", func(t *testing.T) {
			t.Parallel()
			db, err := own.Open(dsn(srv, name, func(c *mysql.Config) { c.Addr = silent.Addr() }))
			if err != nil {
				t.Fatal(err)
			}
			a := database.New(db, database.Options{OwnDB: true})
			defer func() { _ = a.Close(t.Context()) }()
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			if err := a.Open(ctx); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), silent.Addr()) {
				t.Errorf("Open = %v, want its context's end and the address", err)
			}
		})
	})
}

// closedPort is an address where nobody listens.
func closedPort(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

func TestOpenNamesTheMendOfAUsersRights(t *testing.T) {
	t.Parallel()
	onServers(t, func(t *testing.T, srv *servers.SQL) {
		for _, c := range []struct {
			name, grant string
			parts       []string
		}{
			{"none", "", []string{"is not open to this user", "GRANT"}},
			{"to read only", "SELECT", []string{"cannot be used by this user", "GRANT SELECT, INSERT, UPDATE, DELETE", "INSERT command denied"}},
			{"to all but delete", "SELECT, INSERT, UPDATE", []string{"GRANT SELECT, INSERT, UPDATE, DELETE", "DELETE command denied"}},
		} {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				name := makeDatabase(t, srv, "", seedTable)
				wantOpenError(t, asUser(t, srv, name, c.grant), database.Options{}, c.parts...)
			})
		}
		t.Run("all but to create", func(t *testing.T) {
			t.Parallel()
			name := makeDatabase(t, srv, "")
			wantOpenError(t, asUser(t, srv, name, "SELECT, INSERT, UPDATE, DELETE"), database.Options{Create: &yes}, "cannot be created", "CREATE TABLE `session_data`")
		})
		t.Run("enough", func(t *testing.T) {
			t.Parallel()
			name := makeDatabase(t, srv, "", seedTable)
			a := openAdapter(t, asUser(t, srv, name, "SELECT, INSERT, UPDATE, DELETE"), database.Options{})
			if _, err := a.Create(t.Context(), "id", nil, life); err != nil {
				t.Errorf("Create = %v, want nil", err)
			}
		})
	})
}

// asUser is a pool of a new user with those rights on the database.
func asUser(t *testing.T, srv *servers.SQL, name, grant string) *sql.DB {
	t.Helper()
	user := "'" + name + "'@'%'" // a name as good as any, and nobody else's
	srv.Exec(t, "CREATE USER "+user+" IDENTIFIED BY '"+secret+"'")
	t.Cleanup(func() { srv.Exec(t, "DROP USER "+user) })
	if grant != "" {
		srv.Exec(t, "GRANT "+grant+" ON "+name+".* TO "+user)
	}
	db, err := own.Open(dsn(srv, name, func(c *mysql.Config) { c.User, c.Passwd = name, secret }))
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// What a whole server is set to wants a server of its own.
func TestOpenNamesTheMendOfAServersSettings(t *testing.T) {
	t.Parallel()
	srv := servers.NewMariaDB(t)
	name := makeDatabase(t, srv, "", seedTable)
	over := func(set ...func(c *mysql.Config)) *sql.DB {
		t.Helper()
		db, err := own.Open(dsn(srv, name, set...))
		if err != nil {
			t.Fatal(err)
		}
		return db
	}
	wantOpenError(t, over(func(c *mysql.Config) { c.TLSConfig = "true" }), database.Options{}, "has no TLS", "tls: false")

	user := asUser(t, srv, name, "SELECT, INSERT, UPDATE, DELETE")
	a := openAdapter(t, user, database.Options{})
	r, err := a.Create(t.Context(), "id", []byte("before"), life)
	if err != nil {
		t.Fatal(err)
	}
	srv.Exec(t, "SET GLOBAL read_only = 1")
	db, err := own.Open(dsn(srv, name, func(c *mysql.Config) { c.User, c.Passwd = name, secret }))
	if err != nil {
		t.Fatal(err)
	}
	wantOpenError(t, db, database.Options{}, "read-only mode", "SET GLOBAL read_only = OFF")
	if _, err := a.Swap(t.Context(), "id", r, []byte("after"), life); err == nil || errors.Is(err, session.ErrOutcomeUnknown) || !strings.Contains(err.Error(), "read-only mode") {
		t.Errorf("Swap on a server that has become read-only = %v, want the mend, and no doubt", err)
	}
	if r, err := a.Read(t.Context(), "id", life); err != nil || string(r.Data) != "before" {
		t.Errorf("Read on a read-only server = %q, %v; want the session", r.Data, err)
	}
	srv.Exec(t, "SET GLOBAL read_only = 0", "SET GLOBAL max_allowed_packet = 1048576")
	big := openAdapter(t, over(), database.Options{Create: &yes, Table: "big"})
	if _, err := big.Create(t.Context(), "id", make([]byte, 600_000), life); !errors.Is(err, session.ErrTooLarge) || !strings.Contains(err.Error(), "max_allowed_packet (1048576)") {
		t.Errorf("Create of more than a packet takes = %v, want ErrTooLarge and the mend", err)
	}

	local := dsn(srv, name, func(c *mysql.Config) { c.Net, c.Addr = "unix", srv.Socket() })
	srv.Exec(t, "SET GLOBAL require_secure_transport = 1")
	wantOpenError(t, over(), database.Options{}, "wants TLS", "set tls: true")
	db, err = own.Open(local)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.PingContext(t.Context()); err != nil { // by the socket it is still let in
		t.Error(err)
	}
	run(t, db, "SET GLOBAL require_secure_transport = 0")
	_ = db.Close()
}
