package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"gyrfalcon/session"
	"gyrfalcon/session/database/internal/sqlitefault"
)

// sqliteTable is a table of an SQLite database.
type sqliteTable struct {
	opts    Options
	place   string        // the file's path, for errors
	writer  *sqliteWriter // the one connection that writes
	indexed bool          // an index serves GC

	readStmt, createStmt, swapStmt, touchStmt, destroyStmt, expiredStmt sqliteStatement

	// alone says that reads go over the writer's connection: the pool has no
	// other, or the database is in memory, where another connection would find
	// another database.
	alone bool
}

// sqliteStatement is kept prepared, unless its connection is borrowed.
type sqliteStatement struct {
	text string
	kept *sql.Stmt
}

func (s *sqliteStatement) exec(ctx context.Context, conn *sql.Conn, args ...any) (sql.Result, error) {
	if s.kept != nil {
		return s.kept.ExecContext(ctx, args...)
	}
	return conn.ExecContext(ctx, s.text, args...)
}

func (s *sqliteStatement) query(ctx context.Context, conn *sql.Conn, args ...any) (*sql.Rows, error) {
	if s.kept != nil {
		return s.kept.QueryContext(ctx, args...)
	}
	return conn.QueryContext(ctx, s.text, args...)
}

const (
	sqliteRead = "SELECT {data}, {used} FROM {table} WHERE {id} = ? AND {used} >= ?"

	sqliteCreate = "INSERT INTO {table} ({id}, {data}, {created}, {modified}) VALUES (?, ?, ?, NULL)" +
		" ON CONFLICT ({id}) DO UPDATE SET {data} = excluded.{data}, {created} = excluded.{created}, {modified} = NULL" +
		" WHERE {used} < ?"

	// A value has the type it was written with, text or blob; as blobs, equal
	// bytes are equal.
	sqliteSwap = "UPDATE {table} SET {data} = ?, {modified} = MAX({used}, ?)" +
		" WHERE {id} = ? AND {used} >= ? AND CAST({data} AS BLOB) = CAST(? AS BLOB)"

	sqliteTouch = "UPDATE {table} SET {modified} = MAX({used}, ?) WHERE {id} = ? AND {used} >= ?"

	sqliteDestroy = "DELETE FROM {table} WHERE {id} = ?"

	sqliteExpired = "SELECT {id} FROM {table} WHERE {used} < ? LIMIT ?"
	sqliteWalk    = "SELECT {id}, {used} < ? FROM {table} WHERE {id} > ? ORDER BY {id} LIMIT ?"

	sqliteClear = "DELETE FROM {table} WHERE {used} < ? AND {id} IN (?{more})"
)

// openSQLite makes the table fit for use. It owns conn.
func openSQLite(ctx context.Context, db *sql.DB, conn *sql.Conn, o Options) (table, error) {
	t := &sqliteTable{opts: o, place: "the database in memory", writer: newSQLiteWriter(db, conn)}
	if err := t.open(ctx, db); err != nil {
		// Only what this call began is undone, so its ctx, which may have
		// ended, does not matter.
		closing := t.close(context.WithoutCancel(ctx))
		return nil, errors.Join(sqlitefault.Explain(err, t.place, false), closing)
	}
	return t, nil
}

func (t *sqliteTable) open(ctx context.Context, db *sql.DB) error {
	conn := t.writer.conn
	var file string
	err := conn.QueryRowContext(ctx, "SELECT file FROM pragma_database_list WHERE name = 'main'").Scan(&file)
	if err != nil {
		return err
	}
	if file != "" {
		t.place = file
	}
	only := db.Stats().MaxOpenConnections == 1
	t.alone = file == "" || only
	if err := t.writer.open(ctx); err != nil {
		return err
	}
	err = patiently(ctx, t.writer.wait, func() error {
		if err := fitSQLite(ctx, conn, t.opts, t.place); err != nil {
			return err
		}
		t.indexed, err = sqliteIndexed(ctx, conn, t.opts)
		return err
	})
	if err != nil {
		return err
	}
	expired := sqliteWalk
	if t.indexed {
		expired = sqliteExpired
	}
	for s, text := range map[*sqliteStatement]string{
		&t.readStmt: sqliteRead, &t.createStmt: sqliteCreate, &t.swapStmt: sqliteSwap, &t.touchStmt: sqliteTouch,
		&t.destroyStmt: sqliteDestroy, &t.expiredStmt: expired,
	} {
		s.text = t.opts.expand(text)
	}
	if only {
		return t.writer.lend()
	}
	return patiently(ctx, t.writer.wait, func() error { return t.prepare(ctx, db) })
}

func (t *sqliteTable) warnings() []string {
	if t.indexed {
		return nil
	}
	return []string{walked(fmt.Sprintf("table %q in %s", t.opts.Table, t.place), sqliteIndex(t.opts))}
}

// prepare keeps the statements: those that write on the writer's connection, those
// that read on any.
func (t *sqliteTable) prepare(ctx context.Context, db *sql.DB) error {
	type preparer interface {
		PrepareContext(ctx context.Context, query string) (*sql.Stmt, error)
	}
	var writes, reads preparer = t.writer.conn, db
	if t.alone {
		reads = writes
	}
	for _, s := range []struct {
		on   preparer
		stmt *sqliteStatement
	}{
		{reads, &t.readStmt}, {reads, &t.expiredStmt},
		{writes, &t.createStmt}, {writes, &t.swapStmt}, {writes, &t.touchStmt}, {writes, &t.destroyStmt},
	} {
		if s.stmt.kept != nil {
			continue // from an attempt that met a lock later on
		}
		var err error
		if s.stmt.kept, err = s.on.PrepareContext(ctx, s.stmt.text); err != nil {
			return err
		}
	}
	return nil
}

func (t *sqliteTable) read(ctx context.Context, id string, oldest int64) (data []byte, used int64, err error) {
	err = t.reading(ctx, func(conn *sql.Conn) error {
		if t.readStmt.kept != nil {
			return t.readStmt.kept.QueryRowContext(ctx, id, oldest).Scan(&data, &used)
		}
		return conn.QueryRowContext(ctx, t.readStmt.text, id, oldest).Scan(&data, &used)
	})
	return data, used, err
}

func (t *sqliteTable) create(ctx context.Context, id string, data []byte, now, oldest int64) (bool, error) {
	return t.one(ctx, &t.createStmt, id, sqliteValue(data), now, oldest)
}

func (t *sqliteTable) swap(ctx context.Context, id string, prev session.Record, next []byte, now, oldest int64) (bool, error) {
	return t.one(ctx, &t.swapStmt, sqliteValue(next), now, id, oldest, sqliteValue(prev.Data))
}

func (t *sqliteTable) touch(ctx context.Context, id string, now, oldest int64) (bool, error) {
	return t.one(ctx, &t.touchStmt, now, id, oldest)
}

func (t *sqliteTable) destroy(ctx context.Context, id string) error {
	_, err := t.one(ctx, &t.destroyStmt, id)
	return err
}

func (t *sqliteTable) expired(ctx context.Context, after string, oldest int64, limit int) (ids []string, next string, more bool, err error) {
	err = t.reading(ctx, func(conn *sql.Conn) error {
		if t.indexed {
			ids, err = t.expiredByIndex(ctx, conn, oldest, limit)
			more = len(ids) == limit
		} else {
			ids, next, err = t.expiredByWalk(ctx, conn, after, oldest, limit)
			more = next != ""
		}
		return err
	})
	return ids, next, more, err
}

func (t *sqliteTable) expiredByIndex(ctx context.Context, conn *sql.Conn, oldest int64, limit int) (ids []string, err error) {
	rows, err := t.expiredStmt.query(ctx, conn, oldest, limit)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}

func (t *sqliteTable) expiredByWalk(ctx context.Context, conn *sql.Conn, after string, oldest int64, limit int) (ids []string, next string, err error) {
	rows, err := t.expiredStmt.query(ctx, conn, oldest, after, limit)
	if err != nil {
		return nil, "", err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	examined := 0
	for ; rows.Next(); examined++ {
		var expired bool
		if err := rows.Scan(&next, &expired); err != nil {
			return nil, "", err
		}
		if expired {
			ids = append(ids, next)
		}
	}
	if examined < limit {
		next = "" // at the end: the next walk begins anew
	}
	return ids, next, rows.Err()
}

func (t *sqliteTable) clear(ctx context.Context, ids []string, oldest int64) (int, error) {
	more := strings.Repeat(", ?", len(ids)-1)
	text := strings.Replace(t.opts.expand(sqliteClear), "{more}", more, 1)
	args := make([]any, 0, len(ids)+1)
	args = append(args, oldest)
	for _, id := range ids {
		args = append(args, id)
	}
	n, err := t.writer.do(ctx, t.place, func(ctx context.Context, conn *sql.Conn) (sql.Result, error) {
		return conn.ExecContext(ctx, text, args...)
	})
	return int(n), err
}

func (t *sqliteTable) close(ctx context.Context) error {
	return t.writer.close(ctx, func() error {
		var errs []error
		for _, s := range []*sqliteStatement{&t.readStmt, &t.createStmt, &t.swapStmt, &t.touchStmt, &t.destroyStmt, &t.expiredStmt} {
			if s.kept != nil {
				errs = append(errs, s.kept.Close())
			}
		}
		return errors.Join(errs...)
	})
}

// one runs a statement that writes to one session, and tells whether it did.
func (t *sqliteTable) one(ctx context.Context, s *sqliteStatement, args ...any) (bool, error) {
	n, err := t.writer.do(ctx, t.place, func(ctx context.Context, conn *sql.Conn) (sql.Result, error) {
		return s.exec(ctx, conn, args...)
	})
	return n > 0, err
}

func (t *sqliteTable) reading(ctx context.Context, query func(conn *sql.Conn) error) error {
	if !t.alone {
		return sqlitefault.Explain(patiently(ctx, t.writer.wait, func() error { return query(nil) }), t.place, false)
	}
	waited, err := t.writer.use(ctx, func(conn *sql.Conn) error {
		return patiently(ctx, t.writer.wait, func() error { return query(conn) })
	})
	if waited {
		return err
	}
	return sqlitefault.Explain(err, t.place, false)
}

// sqliteValue stores text as text, so that a person can read it with the
// sqlite3 shell, and anything else as a blob. A text that holds NUL would be
// shown, and cut by some functions, only as far as that.
func sqliteValue(data []byte) any {
	if !utf8.Valid(data) {
		return data
	}
	text := string(data)
	if strings.IndexByte(text, 0) >= 0 {
		return data
	}
	return text
}

// sqliteBusyWait is how long a write waits for other processes where the
// connection has no busy_timeout of its own.
const sqliteBusyWait = 5 * time.Second
