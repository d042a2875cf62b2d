package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"gyrfalcon/session"
	"gyrfalcon/session/database/internal/mysqlfault"
	"gyrfalcon/session/database/internal/sqlitefault"
)

// table is the sessions' table on one kind of server: the statements, and how
// that server's errors are to be read. Times are whole Unix seconds; used is
// when a session was last used, COALESCE(modified_at, created_at), and a session
// lives while used >= oldest. IDs and data never stand in its errors.
type table interface {
	// read returns sql.ErrNoRows where no living session has the ID.
	read(ctx context.Context, id string, oldest int64) (data []byte, used int64, err error)

	// create, swap and touch tell whether they found what they need: no living
	// session, one with prev's content, a living one.
	create(ctx context.Context, id string, data []byte, now, oldest int64) (done bool, err error)
	swap(ctx context.Context, id string, prev session.Record, next []byte, now, oldest int64) (done bool, err error)
	touch(ctx context.Context, id string, now, oldest int64) (done bool, err error)

	destroy(ctx context.Context, id string) error

	// expired examines up to limit sessions, by the index on the times where
	// there is one, else in the order of their IDs from after on; next is the
	// after to go on with, and more says that limit ended it.
	expired(ctx context.Context, after string, oldest int64, limit int) (ids []string, next string, more bool, err error)

	// clear deletes those of the sessions that have expired.
	clear(ctx context.Context, ids []string, oldest int64) (int, error)

	// warnings are session.Warner's.
	warnings() []string

	// close releases what open made, once writes under way have ended.
	close(ctx context.Context) error
}

// openTable asks the server what it is, and makes sure that the table is fit.
func openTable(ctx context.Context, db *sql.DB, o Options) (table, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, mysqlfault.Connecting(sqlitefault.Explain(err, "the database", false), "the database")
	}
	// SQLite has no version(), and nobody else sqlite_version(). The servers say who
	// they are: "10.11.6-MariaDB-1", "8.4.3", "PostgreSQL 16.3 on …".
	var version string
	err = conn.QueryRowContext(ctx, "SELECT VERSION()").Scan(&version)
	if err == nil {
		err = conn.Close()
		kind := mysqlVersion.FindString(version)
		if err == nil && kind == "" {
			err = fmt.Errorf("the server is of no kind that this adapter knows (SQLite, MySQL, MariaDB): it says that it is %q", version)
		}
		if err != nil {
			return nil, err
		}
		return openMySQL(ctx, db, o, strings.Contains(version, "MariaDB"))
	}
	if sqlite := conn.QueryRowContext(ctx, "SELECT sqlite_version()").Scan(&version); sqlite == nil {
		return openSQLite(ctx, db, conn, o) // which owns conn from here on
	}
	if closing := conn.Close(); closing != nil {
		err = errors.Join(err, closing)
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return nil, fmt.Errorf("the database does not say what it is: %w", err)
}

// mysqlVersion is how MySQL and MariaDB begin their version.
var mysqlVersion = regexp.MustCompile(`^[0-9]+\.[0-9]+\.[0-9]+`)

// walked is the warning about a table that lacks an index on the times.
func walked(place, mend string) string {
	return place + " has no index on the times that would serve clearing, which therefore walks through all sessions; run: " + mend
}

// quote makes an identifier of a name. SQLite takes MySQL's backticks too, and
// unlike "name" it never takes `name` for a string where no column is so called
// (https://www.sqlite.org/quirks.html, section 8).
func quote(name string) string {
	return "`" + strings.ReplaceAll(name, "`", "``") + "`"
}

// expand puts the table's and its columns' quoted names into a statement's
// {table}, {id}, {data}, {created}, {modified}, and the time of last use into
// {used}.
func (o Options) expand(statement string) string {
	created, modified := quote(o.ColumnCreatedAt), quote(o.ColumnModifiedAt)
	return strings.NewReplacer(
		"{table}", quote(o.Table),
		"{id}", quote(o.ColumnSessionID),
		"{data}", quote(o.ColumnData),
		"{created}", created,
		"{modified}", modified,
		"{used}", "COALESCE("+modified+", "+created+")",
	).Replace(statement)
}
