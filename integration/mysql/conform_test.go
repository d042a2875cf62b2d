package mysql_test

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"gyrfalcon/integration/servers"
	"gyrfalcon/session"
	"gyrfalcon/session/database"
	"gyrfalcon/session/sessiontest"
)

// kind is a kind of table, and of pool on it.
type kind struct {
	name       string
	database   string   // options of CREATE DATABASE
	statements []string // that make session_data
	options    database.Options
	pool       func(srv *servers.SQL, database string) (*sql.DB, error)

	maxData  int
	textOnly bool
	holds    func(text string) bool
	folds    bool // the IDs' column takes a for A
}

const text64k = 65535

func plain(srv *servers.SQL, name string) (*sql.DB, error) {
	db, err := handedIn(srv, name)
	if err == nil {
		db.SetMaxOpenConns(50) // a server has 151 unless told otherwise
	}
	return db, err
}

// tweaked is a handed-in pool on which the application has set all that could matter.
func tweaked(srv *servers.SQL, name string) (*sql.DB, error) {
	return handedIn(srv, name, func(c *mysql.Config) {
		c.ClientFoundRows, c.InterpolateParams, c.ParseTime = true, true, true
		c.Params = map[string]string{"sql_mode": "'NO_BACKSLASH_ESCAPES,ANSI_QUOTES'", "time_zone": "'+03:00'"}
	})
}

// latin is a handed-in pool whose connections are in latin1.
func latin(srv *servers.SQL, name string) (*sql.DB, error) {
	return handedIn(srv, name, func(c *mysql.Config) {
		if err := c.Apply(mysql.Charset("latin1", "")); err != nil {
			panic(err)
		}
	})
}

func below(most rune) func(text string) bool {
	return func(text string) bool {
		for _, r := range text {
			if r > most {
				return false
			}
		}
		return true
	}
}

var (
	inLatin1 = below(0xff)
	inPlane0 = below(0xffff)

	asBlob = []string{"text NOT NULL", "BLOB NOT NULL"}
	yes    = true
)

// kinds pair every character set of a column with every one of a session, of a
// connection, of a way to keep the time, and of a pool.
var kinds = []kind{
	{name: "a table that it created", pool: ours, options: database.Options{Create: &yes}},
	{name: "Phalcon's table in utf8mb4", statements: []string{seedTable}, pool: plain, maxData: text64k, textOnly: true, folds: true},
	{name: "Phalcon 5's table in utf8mb4, latin1 sessions, in New York", statements: []string{phalcon5}, pool: tweaked,
		options: database.Options{Charset: "latin1", Timezone: "America/New_York"}, maxData: text64k, folds: true},
	{name: "Phalcon's table in latin1", database: "CHARACTER SET latin1", statements: []string{seedTable}, pool: tweaked,
		maxData: text64k, textOnly: true, holds: inLatin1, folds: true},
	{name: "Phalcon 5's table in latin1, on a latin1 connection", database: "CHARACTER SET latin1", statements: []string{phalcon5}, pool: latin,
		options: database.Options{Charset: "latin1"}, maxData: text64k, folds: true},
	{name: "Phalcon 5's table in utf8mb3, in Kyiv", database: "CHARACTER SET utf8mb3", statements: []string{phalcon5}, pool: plain,
		options: database.Options{Timezone: "Europe/Kyiv"}, maxData: text64k, textOnly: true, holds: inPlane0, folds: true},
	{name: "Phalcon's table in utf8mb3, latin1 sessions, on a latin1 connection", database: "CHARACTER SET utf8mb3 COLLATE utf8mb3_bin", statements: []string{seedTable}, pool: latin,
		options: database.Options{Charset: "latin1"}, maxData: text64k},
	{name: "Phalcon's table with a BLOB, on a latin1 connection", statements: []string{vary(seedTable, asBlob...)}, pool: latin, maxData: text64k, folds: true},
	{name: "Phalcon 5's table with a BLOB", statements: []string{vary(phalcon5, asBlob...)}, pool: ours, maxData: text64k, folds: true},
	{name: "times without a zone, IDs of bytes, text in UCS-2", statements: []string{vary(seedTable,
		"VARCHAR(35)", "VARBINARY(64)", "text NOT NULL", "MEDIUMTEXT CHARACTER SET ucs2 NOT NULL",
		"`created_at` INT unsigned NOT NULL", "`created_at` DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP",
		"`modified_at` INT unsigned DEFAULT NULL", "`modified_at` DATETIME(6), KEY (modified_at, created_at)")},
		pool: plain, options: database.Options{Timezone: "Asia/Kolkata"}, textOnly: true, holds: inPlane0},
}

// harness is the suites' view of a kind of table. A store is a table, in a database that
// all stores of the kind have in common: a database takes longer to make. It is made by
// the first process, as its stores are.
func (k kind) harness(srv *servers.SQL, in func() string) sessiontest.Harness {
	var made atomic.Int64
	return sessiontest.Harness{
		NewStore: func(t testing.TB) string {
			table := fmt.Sprintf("sessions_%d", made.Add(1))
			statements := make([]string, len(k.statements))
			for i, s := range k.statements {
				statements[i] = strings.ReplaceAll(s, "session_data", table)
			}
			db := srv.Open(t, in())
			run(t, db, statements...)
			_ = db.Close()
			return in() + "." + table
		},
		Open: func(_ context.Context, store string, now func() time.Time) (session.Adapter, error) {
			name, table, _ := strings.Cut(store, ".")
			db, err := k.pool(srv, name)
			if err != nil {
				return nil, err
			}
			o := k.options
			o.Table, o.OwnDB, o.Now = table, true, now
			return database.New(db, o), nil
		},
		Resolution: time.Second,
		MaxData:    k.maxData,
		TextOnly:   k.textOnly,
		Holds:      k.holds,
		FoldsCase:  k.folds,
		Stall:      func(t testing.TB, store string) func() { return lock(t, srv, store) },
	}
}

// lock keeps everybody else from writing to a table's rows, until unlock.
func lock(t testing.TB, srv *servers.SQL, table string) (unlock func()) {
	t.Helper()
	db := srv.Open(t, "")
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	// An UPDATE that changes nothing locks every row it looks at, and the room behind.
	if _, err := tx.ExecContext(t.Context(), "UPDATE "+table+" SET created_at = created_at"); err != nil {
		t.Fatal(err)
	}
	return func() {
		_ = tx.Rollback() // the test's end may have been quicker
		_ = db.Close()
	}
}

func TestAdapterKeepsTheContract(t *testing.T) {
	t.Parallel()
	onServers(t, func(t *testing.T, srv *servers.SQL) {
		for _, k := range kinds {
			t.Run("on "+k.name, func(t *testing.T) {
				t.Parallel()
				name := srv.NewDatabase(t, k.database)
				sessiontest.TestAdapter(t, k.harness(srv, func() string { return name }))
			})
		}
	})
}
