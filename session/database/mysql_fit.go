package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"gyrfalcon/session/database/internal/mysqlfault"
)

// mysqlTableText is the table of Phalcon's adapter with what it lacks: an index for GC,
// room for large sessions and for any bytes, and IDs that are compared byte by byte.
// The index serves both of GC's searches: for modified_at, and for created_at where
// modified_at is NULL.
const mysqlTableText = `CREATE TABLE {table} (
  {id} VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  {data} MEDIUMBLOB NOT NULL,
  {created} INT UNSIGNED NOT NULL,
  {modified} INT UNSIGNED DEFAULT NULL,
  PRIMARY KEY ({id}),
  KEY {index} ({modified}, {created})
) ENGINE=InnoDB`

const (
	// mysqlMinID is the shortest ID column that will do: our stored IDs have 32 characters.
	mysqlMinID = 32
	// mysqlMinData is the smallest data column that will do, in bytes.
	mysqlMinData = 1024
)

func mysqlCreateText(o Options) string {
	return o.expand(strings.Replace(mysqlTableText, "{index}", quote("last_use"), 1))
}

// openMySQL makes sure that the table can be used.
func openMySQL(ctx context.Context, db *sql.DB, o Options, mariadb bool) (table, error) {
	t := &mysqlTable{opts: o, db: db, mariadb: mariadb, place: fmt.Sprintf("table %q", o.Table)}
	if err := t.open(ctx); err != nil {
		if ctx.Err() != nil && !errors.Is(err, ctx.Err()) {
			err = fmt.Errorf("%w: %w", ctx.Err(), err)
		}
		return nil, mysqlfault.Opening(err, t.place)
	}
	return t, nil
}

func (t *mysqlTable) open(ctx context.Context) error {
	if err := t.checkConnection(ctx); err != nil {
		return err
	}
	if err := t.ensure(ctx); err != nil {
		return err
	}
	columns, err := t.columns(ctx)
	if err != nil {
		return err
	}
	if err := t.checkColumns(ctx, columns); err != nil {
		return err
	}
	if err := t.checkKeys(ctx); err != nil {
		return err
	}
	return t.checkRights(ctx)
}

// checkConnection looks at what the connections of the pool are set to.
func (t *mysqlTable) checkConnection(ctx context.Context) error {
	var database sql.NullString
	var autocommit bool
	var client string
	err := t.db.QueryRowContext(ctx, "SELECT DATABASE(), @@autocommit, @@character_set_client, @@max_allowed_packet").
		Scan(&database, &autocommit, &client, &t.packet)
	switch {
	case err != nil:
		return err
	case !database.Valid:
		return errors.New("the connection has selected no database; set dbname, or name the database in the DSN")
	case !autocommit:
		return errors.New("the connection has autocommit switched off, so that nothing would ever be stored; remove autocommit from the DSN, or from the server's init_connect")
	}
	t.place = fmt.Sprintf("table %q of database %q", t.opts.Table, database.String)
	for _, name := range []string{t.opts.Table, t.opts.ColumnSessionID, t.opts.ColumnData, t.opts.ColumnCreatedAt, t.opts.ColumnModifiedAt} {
		ascii := strings.IndexFunc(name, func(r rune) bool { return r > '~' }) < 0
		if !ascii && !strings.HasPrefix(client, "utf8") {
			return fmt.Errorf("%q cannot be named on a connection in %s; give the connection charset=utf8mb4", name, client)
		}
	}
	return nil
}

// ensure finds the table, or creates it.
func (t *mysqlTable) ensure(ctx context.Context) error {
	var kind string
	var engine, transactions sql.NullString
	err := t.db.QueryRowContext(ctx, t.about("SELECT t.TABLE_TYPE, t.ENGINE, e.TRANSACTIONS FROM information_schema.TABLES t"+
		" LEFT JOIN information_schema.ENGINES e ON e.ENGINE = t.ENGINE WHERE t.TABLE_SCHEMA = DATABASE() AND t.TABLE_NAME = {name}")).
		Scan(&kind, &engine, &transactions)
	switch {
	case errors.Is(err, sql.ErrNoRows):
	case err != nil:
		return err
	case strings.Contains(kind, "VIEW") || kind == "SEQUENCE":
		return fmt.Errorf("%s is a %s; set table to a table's name", t.place, strings.ToLower(kind))
	default:
		if transactions.String == "NO" {
			t.engine = engine.String
		}
		return nil
	}
	text := mysqlCreateText(t.opts)
	if t.opts.Create == nil || !*t.opts.Create {
		return fmt.Errorf("%s does not exist, or this user has no right to it; correct the option table, or set create: true, or run:\n\n%s;", t.place, text)
	}
	// Of several processes that start at once one creates it.
	if _, err := t.db.ExecContext(ctx, strings.Replace(text, "CREATE TABLE", "CREATE TABLE IF NOT EXISTS", 1)); err != nil {
		return fmt.Errorf("%s cannot be created; let somebody who may run:\n\n%s;\n\n%w", t.place, text, err)
	}
	return nil
}

// about asks the server about the table.
func (t *mysqlTable) about(question string) string {
	return strings.ReplaceAll(question, "{name}", mysqlName(t.opts.Table))
}

// mysqlName is a name as a value.
func mysqlName(name string) string { return fmt.Sprintf("_utf8mb4 X'%x'", name) }

// mysqlColumn is a column as the server describes it.
type mysqlColumn struct {
	name, kind, full string // kind: varchar; full: varchar(35)
	chars, bytes     int64  // 0 for what is not text
	charset, collate string
	needed           bool // an INSERT must give it a value
}

const mysqlColumns = "SELECT COLUMN_NAME, LOWER(DATA_TYPE), LOWER(COLUMN_TYPE), COALESCE(CHARACTER_MAXIMUM_LENGTH, 0), COALESCE(CHARACTER_OCTET_LENGTH, 0)," +
	" COALESCE(CHARACTER_SET_NAME, ''), COALESCE(COLLATION_NAME, '')," +
	" IS_NULLABLE = 'NO' AND COLUMN_DEFAULT IS NULL AND EXTRA NOT LIKE '%auto_increment%' AND EXTRA NOT LIKE '%GENERATED%'" +
	" FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = {name} ORDER BY ORDINAL_POSITION"

func (t *mysqlTable) columns(ctx context.Context) (columns []mysqlColumn, err error) {
	rows, err := t.db.QueryContext(ctx, t.about(mysqlColumns))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var c mysqlColumn
		if err := rows.Scan(&c.name, &c.kind, &c.full, &c.chars, &c.bytes, &c.charset, &c.collate, &c.needed); err != nil {
			return nil, err
		}
		c.charset = charsetName(c.charset)
		columns = append(columns, c)
	}
	return columns, rows.Err()
}

// checkColumns finds the four columns, and what they hold.
func (t *mysqlTable) checkColumns(ctx context.Context, columns []mysqlColumn) error {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.name
	}
	find := func(option, name string) (mysqlColumn, error) {
		at := slices.IndexFunc(columns, func(c mysqlColumn) bool { return strings.EqualFold(c.name, name) })
		if at < 0 {
			return mysqlColumn{}, fmt.Errorf("%s has no column %q; set %s to the right one of its columns (%s)", t.place, name, option, strings.Join(names, ", "))
		}
		columns[at].needed = false
		return columns[at], nil
	}
	id, err1 := find("column_session_id", t.opts.ColumnSessionID)
	data, err2 := find("column_data", t.opts.ColumnData)
	created, err3 := find("column_created_at", t.opts.ColumnCreatedAt)
	modified, err4 := find("column_modified_at", t.opts.ColumnModifiedAt)
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		return err
	}
	for _, c := range columns {
		if c.needed {
			return fmt.Errorf("column %q of %s needs a value that a session has not; give it a default, or let it be NULL", c.name, t.place)
		}
	}
	if err := t.checkID(ctx, id); err != nil {
		return err
	}
	if err := t.checkData(ctx, data); err != nil {
		return err
	}
	return t.checkTimes(created, modified)
}

// modify is a statement that changes a column.
func (t *mysqlTable) modify(column, to string) string {
	return fmt.Sprintf("run: ALTER TABLE %s MODIFY %s %s", quote(t.opts.Table), quote(column), to)
}

func (t *mysqlTable) checkID(ctx context.Context, c mysqlColumn) (err error) {
	mend := t.modify(c.name, "VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL")
	switch {
	case !slices.Contains([]string{"char", "varchar", "varbinary"}, c.kind):
		return fmt.Errorf("column %q of %s is %s and cannot be the key of sessions; %s", c.name, t.place, c.full, mend)
	case c.chars < mysqlMinID:
		return fmt.Errorf("column %q of %s is too narrow (%s): IDs have %d characters; %s", c.name, t.place, c.full, mysqlMinID, mend)
	}
	t.id, err = t.column(ctx, c, DefaultCharset, mend)
	t.folds = c.charset != "" && !strings.HasSuffix(c.collate, "_bin")
	return err
}

func (t *mysqlTable) checkData(ctx context.Context, c mysqlColumn) (err error) {
	mend := t.modify(c.name, "MEDIUMBLOB NOT NULL")
	switch {
	case !slices.Contains([]string{"varchar", "tinytext", "text", "mediumtext", "longtext", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"}, c.kind):
		return fmt.Errorf("column %q of %s is %s, which does not keep the bytes of a session as they are; %s", c.name, t.place, c.full, mend)
	case c.bytes < mysqlMinData:
		return fmt.Errorf("column %q of %s is too narrow for sessions (%s, %d bytes); %s", c.name, t.place, c.full, c.bytes, mend)
	}
	t.data, err = t.column(ctx, c, t.opts.Charset, mend)
	return err
}

// column finds out what a column of text or bytes takes.
func (t *mysqlTable) column(ctx context.Context, c mysqlColumn, charset, mend string) (mysqlText, error) {
	text := mysqlText{name: c.name, column: c.charset, change: mend, maxBytes: c.bytes, wide: 4}
	if strings.HasPrefix(c.kind, "var") || c.kind == "char" {
		text.maxBytes, text.maxChars = 0, c.chars
	}
	if c.charset == "" || c.charset == "binary" {
		return text, nil
	}
	text.charset = charset
	var err error
	switch charset {
	case "utf8mb4":
	case "utf8mb3":
		text.wide = 3
	default:
		if text.from, err = t.single(ctx, charset); err != nil {
			return text, fmt.Errorf("charset %s is not among those that column %q of %s can be written in (utf8mb4, utf8mb3, and those of one byte a character, such as latin1): %w", charset, c.name, t.place, err)
		}
	}
	if text.size = mysqlSizes[c.charset]; text.size == nil {
		from, err := t.single(ctx, c.charset)
		if err != nil {
			return text, fmt.Errorf("column %q of %s is text in %s, of which this adapter cannot tell what it holds; %s", c.name, t.place, c.charset, mend)
		}
		text.size = sizeIn(from)
	}
	return text, nil
}

// single asks the server for the characters of a character set of one byte each.
func (t *mysqlTable) single(ctx context.Context, charset string) (*[256]rune, error) {
	var width int
	err := t.db.QueryRowContext(ctx, "SELECT MAXLEN FROM information_schema.CHARACTER_SETS WHERE CHARACTER_SET_NAME = "+mysqlName(charset)).Scan(&width)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, errors.New("the server does not know it")
	case err != nil:
		return nil, err
	case width != 1:
		return nil, fmt.Errorf("its characters have up to %d bytes", width)
	}
	// One by one: MySQL takes a text with one byte in it that stands for nothing
	// for no text at all.
	var text strings.Builder
	text.WriteString("SELECT CONCAT_WS(','")
	for i := range 256 {
		fmt.Fprintf(&text, ", COALESCE(HEX(CONVERT(CONVERT(X'%02x' USING %s) USING utf8mb4)), '')", i, charset)
	}
	var mapped string
	if err := t.db.QueryRowContext(ctx, text.String()+")").Scan(&mapped); err != nil {
		return nil, err
	}
	return mysqlSingle(mapped)
}

func (t *mysqlTable) checkTimes(created, modified mysqlColumn) error {
	t.times.most = math.MaxInt64
	numbers := 0
	for _, c := range []mysqlColumn{created, modified} {
		most := int64(math.MaxInt32) // of FROM_UNIXTIME, too
		switch c.kind {
		case "int":
			numbers++
			if strings.Contains(c.full, "unsigned") {
				most = math.MaxUint32
			}
		case "bigint":
			numbers++
			most = math.MaxInt64
		case "timestamp":
		case "datetime":
			if t.opts.Timezone == "" {
				return fmt.Errorf("column %q of %s is %s, which has no time zone; set timezone to PHP's date.timezone, or make the column INT UNSIGNED or TIMESTAMP", c.name, t.place, c.full)
			}
		default:
			return fmt.Errorf("column %q of %s is %s; times are whole Unix seconds in INT UNSIGNED, or TIMESTAMP", c.name, t.place, c.full)
		}
		t.times.most = min(t.times.most, most)
	}
	if numbers == 2 {
		return nil
	}
	if numbers == 1 {
		return fmt.Errorf("columns %q and %q of %s are %s and %s; make both INT UNSIGNED, or both TIMESTAMP", created.name, modified.name, t.place, created.full, modified.full)
	}
	zone, err := t.opts.location()
	if zone == nil {
		zone, t.times.utc = time.UTC, true
	}
	t.times.zone = zone
	return err
}

const mysqlKeys = "SELECT INDEX_NAME, NON_UNIQUE, COUNT(SUB_PART), INDEX_TYPE, GROUP_CONCAT(LOWER(COLUMN_NAME) ORDER BY SEQ_IN_INDEX)" +
	" FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = {name}" +
	" GROUP BY INDEX_NAME, NON_UNIQUE, INDEX_TYPE ORDER BY INDEX_NAME <> 'PRIMARY'"

// checkKeys finds the key that Create needs, so that two sessions never have one ID,
// and the index that GC would like.
func (t *mysqlTable) checkKeys(ctx context.Context) (err error) {
	rows, err := t.db.QueryContext(ctx, t.about(mysqlKeys))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	id, times := strings.ToLower(t.opts.ColumnSessionID), strings.ToLower(t.opts.ColumnModifiedAt+","+t.opts.ColumnCreatedAt)
	for rows.Next() {
		var name, kind, columns string
		var repeats, prefixes int
		if err := rows.Scan(&name, &repeats, &prefixes, &kind, &columns); err != nil {
			return err
		}
		switch {
		case kind != "BTREE" || prefixes > 0:
		case t.key == "" && repeats == 0 && columns == id:
			t.key = name
		case t.index == "" && (columns == times || strings.HasPrefix(columns, times+",")):
			t.index = name
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if t.key == "" {
		return fmt.Errorf("column %q of %s is not unique; make it the key: ALTER TABLE %s ADD PRIMARY KEY (%s)",
			t.opts.ColumnSessionID, t.place, quote(t.opts.Table), quote(t.opts.ColumnSessionID))
	}
	return nil
}

// checkRights runs what Create, Swap, Destroy and GC run, on no row. An index that the
// server does not use, such as an invisible one, is found out too.
func (t *mysqlTable) checkRights(ctx context.Context) error {
	for _, text := range []string{
		"INSERT INTO {table} ({id}, {data}, {created}, {modified}) SELECT {id}, {data}, {created}, {modified} FROM {table} WHERE FALSE",
		"UPDATE {table} SET {data} = {data}, {created} = {created}, {modified} = {modified} WHERE FALSE",
		"DELETE FROM {table} WHERE FALSE",
	} {
		if _, err := t.db.ExecContext(ctx, t.bounded(ctx, t.opts.expand(text))); err != nil {
			return err
		}
	}
	if t.index != "" {
		if _, err := t.ids(ctx, t.text(mysqlExpired, "{idbytes}", t.id.bytes("{id}"), "{index}", quote(t.index), "{expired}", "FALSE", "{limit}", "1"), nil); err != nil {
			t.index = ""
		}
	}
	return nil
}
