package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
)

const (
	// sqliteApplicationID marks a file that holds nothing but our tables: "GYRF".
	sqliteApplicationID = 0x47595246
	// sqliteSchema is the user_version of such a file.
	sqliteSchema = 1
)

// sqliteTableText and sqliteIndexText are the table of Phalcon's adapter, and an index by which GC
// finds what has expired.
const sqliteTableText = `CREATE TABLE {table} (
  {id} VARCHAR(35) NOT NULL,
  {data} TEXT NOT NULL,
  {created} INT UNSIGNED NOT NULL,
  {modified} INT UNSIGNED DEFAULT NULL,
  PRIMARY KEY ({id})
)`

const sqliteIndexText = `CREATE INDEX {index} ON {table} ({used})`

func sqliteCreateTexts(o Options) []string {
	return []string{o.expand(sqliteTableText), sqliteIndex(o)}
}

func sqliteIndex(o Options) string {
	return o.expand(strings.Replace(sqliteIndexText, "{index}", quote(o.Table+"_last_use"), 1))
}

// fitSQLite makes sure that the table can be used, and that the database can be
// written.
func fitSQLite(ctx context.Context, conn *sql.Conn, o Options, place string) (err error) {
	if err := checkSQLiteFile(ctx, conn, o, place); err != nil {
		return err
	}
	// Immediate: to have the right to write is the proof of it, and of several
	// processes that start at once one creates the table.
	if _, err := conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	end := "ROLLBACK"
	defer func() {
		if _, ending := conn.ExecContext(context.WithoutCancel(ctx), end); err == nil {
			err = ending
		}
	}()
	kind, err := sqliteKind(ctx, conn, o.Table)
	switch {
	case err != nil:
		return err
	case kind == "table":
		return checkSQLiteColumns(ctx, conn, o, place)
	case kind != "":
		return fmt.Errorf("%q in %s is a %s; set table to a table's name", o.Table, place, kind)
	case o.Create != nil && !*o.Create:
		return fmt.Errorf("%s has no table %q; correct the option table, or set create: true, or run:\n\n%s;",
			place, o.Table, strings.Join(sqliteCreateTexts(o), ";\n"))
	}
	if err := createSQLite(ctx, conn, o); err != nil {
		return err
	}
	end = "COMMIT"
	return nil
}

// checkSQLiteFile refuses a file of a newer version than this one, and text that
// is not stored as UTF-8.
func checkSQLiteFile(ctx context.Context, conn *sql.Conn, o Options, place string) error {
	var application, version int64
	var encoding string
	if err := conn.QueryRowContext(ctx, "SELECT application_id, user_version, encoding FROM"+
		" pragma_application_id, pragma_user_version, pragma_encoding").Scan(&application, &version, &encoding); err != nil {
		return err
	}
	if encoding != "UTF-8" {
		return fmt.Errorf("%s stores text as %s; sessions are bytes and need a database whose encoding is UTF-8: set path to another file", place, encoding)
	}
	// An application that keeps sessions among its own tables has the
	// user_version for itself.
	others, err := sqliteOthers(ctx, conn, o)
	if err != nil {
		return err
	}
	if version > sqliteSchema && (application == sqliteApplicationID || !others) {
		return fmt.Errorf("%s was made by a newer version of this program (its schema is %d, and this one knows %d);"+
			" run that version, or set path to another file", place, version, sqliteSchema)
	}
	return nil
}

// sqliteOthers tells whether there are tables besides ours.
func sqliteOthers(ctx context.Context, conn *sql.Conn, o Options) (bool, error) {
	var n int
	err := conn.QueryRowContext(ctx, "SELECT COUNT(*) FROM sqlite_schema"+
		" WHERE type = 'table' AND name NOT LIKE 'sqlite~_%' ESCAPE '~' AND name <> ? COLLATE NOCASE", o.Table).Scan(&n)
	return n > 0, err
}

func sqliteKind(ctx context.Context, conn *sql.Conn, name string) (string, error) {
	var kind string
	err := conn.QueryRowContext(ctx, "SELECT type FROM sqlite_schema"+
		" WHERE type IN ('table', 'view') AND name = ? COLLATE NOCASE", name).Scan(&kind)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return kind, err
}

func createSQLite(ctx context.Context, conn *sql.Conn, o Options) error {
	others, err := sqliteOthers(ctx, conn, o)
	if err != nil {
		return err
	}
	texts := sqliteCreateTexts(o)
	if !others { // the file is ours
		texts = append(texts,
			fmt.Sprintf("PRAGMA application_id = %d", sqliteApplicationID),
			fmt.Sprintf("PRAGMA user_version = %d", sqliteSchema))
	}
	for _, text := range texts {
		if _, err := conn.ExecContext(ctx, text); err != nil {
			return err
		}
	}
	return nil
}

// sqliteColumn is a column as the database describes it.
type sqliteColumn struct {
	name, kind string
	needed     bool // an INSERT must give it a value
}

func checkSQLiteColumns(ctx context.Context, conn *sql.Conn, o Options, place string) error {
	columns, err := sqliteColumns(ctx, conn, o.Table)
	if err != nil {
		return err
	}
	ours := []struct{ option, name string }{
		{"column_session_id", o.ColumnSessionID},
		{"column_data", o.ColumnData},
		{"column_created_at", o.ColumnCreatedAt},
		{"column_modified_at", o.ColumnModifiedAt},
	}
	for i, our := range ours {
		at := slices.IndexFunc(columns, func(c sqliteColumn) bool { return strings.EqualFold(c.name, our.name) })
		if at < 0 {
			return fmt.Errorf("table %q in %s has no column %q; set %s to the right one of its columns (%s)",
				o.Table, place, our.name, our.option, sqliteNames(columns))
		}
		c := columns[at]
		// Text would compare as later than any number: no session would ever expire.
		if i >= 2 && !strings.Contains(strings.ToUpper(c.kind), "INT") {
			return fmt.Errorf("column %q of table %q in %s is declared as %q; times are whole Unix seconds, in a column of INT",
				c.name, o.Table, place, c.kind)
		}
		columns[at].needed = false
	}
	for _, c := range columns {
		if c.needed {
			return fmt.Errorf("column %q of table %q in %s needs a value that a session has not; give it a default, or let it be NULL",
				c.name, o.Table, place)
		}
	}
	return checkSQLiteKey(ctx, conn, o, place)
}

// checkSQLiteKey finds the key that Create needs, so that two sessions never
// have one ID.
func checkSQLiteKey(ctx context.Context, conn *sql.Conn, o Options, place string) error {
	var n int
	err := conn.QueryRowContext(ctx, "SELECT COUNT(*) FROM pragma_index_list(?1) AS i"+
		" WHERE i.\"unique\" AND NOT i.partial"+
		" AND (SELECT COUNT(*) FROM pragma_index_info(i.name)) = 1"+
		" AND EXISTS (SELECT 1 FROM pragma_index_info(i.name) WHERE name = ?2 COLLATE NOCASE)",
		o.Table, o.ColumnSessionID).Scan(&n)
	if err != nil {
		return err
	}
	if n == 0 {
		return fmt.Errorf("column %q of table %q in %s is not unique; make it the primary key, or run: %s", o.ColumnSessionID, o.Table, place,
			strings.Replace(o.expand("CREATE UNIQUE INDEX {index} ON {table} ({id})"), "{index}", quote(o.Table+"_id"), 1))
	}
	return nil
}

func sqliteColumns(ctx context.Context, conn *sql.Conn, table string) (columns []sqliteColumn, err error) {
	rows, err := conn.QueryContext(ctx, "SELECT name, type, \"notnull\" AND dflt_value IS NULL FROM pragma_table_info(?)", table)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var c sqliteColumn
		if err := rows.Scan(&c.name, &c.kind, &c.needed); err != nil {
			return nil, err
		}
		columns = append(columns, c)
	}
	return columns, rows.Err()
}

func sqliteNames(columns []sqliteColumn) string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.name
	}
	return strings.Join(names, ", ")
}

// sqliteIndexed asks the planner whether an index serves GC.
func sqliteIndexed(ctx context.Context, conn *sql.Conn, o Options) (bool, error) {
	var id, parent, unused int
	var detail string
	err := conn.QueryRowContext(ctx, "EXPLAIN QUERY PLAN "+o.expand(sqliteExpired), 0, 1).Scan(&id, &parent, &unused, &detail)
	return strings.HasPrefix(detail, "SEARCH "), err
}
