package database

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"gyrfalcon/session"
	"gyrfalcon/session/database/internal/mysqlfault"
)

// mysqlTable is a table of a MySQL or MariaDB server.
type mysqlTable struct {
	opts    Options
	db      *sql.DB
	place   string // which table it is, for errors
	mariadb bool
	times   mysqlTimes
	id      mysqlText
	data    mysqlText
	folds   bool  // the ID column takes different IDs for one
	packet  int64 // the longest statement in bytes that the server takes

	// key and index are the names of the key on the IDs and of the index on the
	// times, which serves GC; there may be none of the latter.
	key, index string

	// engine is the table's storage engine where that has no transactions.
	engine string
}

// Affected rows tell nothing here: an UPDATE that changes nothing, such as a second
// touch within a second, has found its row all the same, and whether the driver
// counts it is a setting of the application's (clientFoundRows). But LAST_INSERT_ID(n),
// where a statement evaluates it for a row, comes back with its answer.
const (
	mysqlFound = 0x67797266 // the row was there
	mysqlTaken = 0x67797267 // the row was there, and lives
)

const (
	mysqlRead = "SELECT {bytes}, {whole}, {columns} FROM {table} WHERE {match} AND {alive}"

	// The order matters: each assignment sees what those before it have changed.
	mysqlCreate = "INSERT INTO {table} ({id}, {data}, {created}, {modified}) VALUES ({key}, {value}, {born}, {first})" +
		" ON DUPLICATE KEY UPDATE {data} = IF({dead}, VALUES({data}), {data}), {id} = IF({dead}, VALUES({id}), {id})," +
		" {created} = IF({dead}, VALUES({created}), IF(LAST_INSERT_ID({taken}), {created}, NULL))," +
		" {modified} = IF({dead}, VALUES({modified}), {modified})"

	mysqlSwap    = "UPDATE {table} SET {data} = {value}, {modified} = IF(LAST_INSERT_ID({found}), {now}, NULL) WHERE {match} AND {alive} AND {digest} = '{prev}'"
	mysqlTouch   = "UPDATE {table} SET {modified} = IF(LAST_INSERT_ID({found}), {now}, NULL) WHERE {match} AND {alive}"
	mysqlDestroy = "DELETE FROM {table} WHERE {match}"

	mysqlExpired = "SELECT {idbytes} FROM {table} FORCE INDEX ({index}) WHERE {expired} LIMIT {limit}"
	mysqlWalk    = "SELECT {idbytes}, {dead} FROM {table} FORCE INDEX ({index}) WHERE {after} ORDER BY {id} LIMIT {limit}"
	mysqlClear   = "DELETE FROM {table} WHERE {dead} AND {id} IN ({ids})"
)

// text puts values into a statement, names last: a value holds no brace.
func (t *mysqlTable) text(statement string, values ...string) string {
	return t.opts.expand(strings.NewReplacer(values...).Replace(statement))
}

// match is the condition that finds one session. A key that folds case or accents
// finds others' too, which an ID must not.
func (t *mysqlTable) match(id string) string {
	if !t.folds {
		return "{id} = " + t.key1(id)
	}
	return "{id} = " + t.key1(id) + " AND " + t.id.bytes("{id}") + " = X'" + hex.EncodeToString([]byte(id)) + "'"
}

// key1 is an ID in a statement. Nearly all are text that needs no encoding.
func (t *mysqlTable) key1(id string) string {
	if t.id.charset != "" && strings.IndexFunc(id, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && r != '-' && r != ','
	}) < 0 {
		return "'" + id + "'"
	}
	return t.id.literal([]byte(id))
}

func (t *mysqlTable) read(ctx context.Context, id string, oldest int64) (data []byte, used int64, err error) {
	if !t.id.takes(id) {
		return nil, 0, sql.ErrNoRows
	}
	text := t.text(mysqlRead, "{bytes}", t.data.bytes("{data}"), "{whole}", t.data.whole("{data}"), "{columns}", t.times.columns(),
		"{match}", t.match(id), "{alive}", t.times.alive(oldest))
	var whole sql.NullBool // data that is NULL has nothing to lose
	var wall *string
	err = t.db.QueryRowContext(ctx, t.bounded(ctx, text)).Scan(&data, &whole, &used, &wall)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, 0, err
	case err == nil && whole.Valid && !whole.Bool:
		return nil, 0, fmt.Errorf("%s: a session holds characters that are none of %s; set charset to that of the application that wrote it, such as %s: it was left as it is",
			t.place, t.data.charset, DefaultCharset)
	case err == nil:
		used, err = t.times.parse(used, wall, t.opts.Now().Unix())
	}
	return data, used, mysqlfault.Reading(err, t.place)
}

func (t *mysqlTable) create(ctx context.Context, id string, data []byte, now, oldest int64) (bool, error) {
	if err := errors.Join(t.id.check([]byte(id)), t.takes(data, now)); err != nil {
		return false, err
	}
	born, first := t.times.born(now)
	text := t.text(mysqlCreate, "{key}", t.key1(id), "{value}", t.data.literal(data), "{born}", born, "{first}", first,
		"{dead}", t.times.dead(oldest), "{taken}", strconv.Itoa(mysqlTaken))
	mark, _, err := t.write(ctx, text)
	return err == nil && mark != mysqlTaken, err
}

func (t *mysqlTable) swap(ctx context.Context, id string, prev session.Record, next []byte, now, oldest int64) (bool, error) {
	if !t.id.takes(id) {
		return false, nil
	}
	if err := t.takes(next, now); err != nil {
		return false, err
	}
	digest := sha256.Sum256(prev.Data)
	return t.update(ctx, t.text(mysqlSwap, "{value}", t.data.literal(next), "{now}", t.times.used(now), "{found}", strconv.Itoa(mysqlFound),
		"{match}", t.match(id), "{alive}", t.times.alive(oldest), "{digest}", t.data.digest("{data}"), "{prev}", hex.EncodeToString(digest[:])))
}

func (t *mysqlTable) touch(ctx context.Context, id string, now, oldest int64) (bool, error) {
	if !t.id.takes(id) {
		return false, nil
	}
	if err := t.takes(nil, now); err != nil {
		return false, err
	}
	return t.update(ctx, t.text(mysqlTouch, "{now}", t.times.used(now), "{found}", strconv.Itoa(mysqlFound),
		"{match}", t.match(id), "{alive}", t.times.alive(oldest)))
}

func (t *mysqlTable) update(ctx context.Context, text string) (bool, error) {
	mark, _, err := t.write(ctx, text)
	return mark == mysqlFound, err
}

func (t *mysqlTable) destroy(ctx context.Context, id string) error {
	if !t.id.takes(id) {
		return nil
	}
	_, _, err := t.write(ctx, t.text(mysqlDestroy, "{match}", t.match(id)))
	return err
}

// takes says why the table cannot take the data at that time, before the server is asked.
func (t *mysqlTable) takes(data []byte, now int64) error {
	if !t.times.holds(now) {
		return fmt.Errorf("the time columns of %s end before now; make them BIGINT UNSIGNED", t.place)
	}
	if err := t.data.check(data); err != nil {
		return fmt.Errorf("%s: %w", t.place, err)
	}
	if most := t.packet - 4096; int64(hex.EncodedLen(len(data))) > most { // the rest of a statement is shorter than that
		return fmt.Errorf("%s: %w", t.place, &dataError{fmt.Sprintf("%d bytes are too many for a statement; raise the server's max_allowed_packet (%d), or lower max_data: nothing was stored", len(data), t.packet), session.ErrTooLarge})
	}
	return nil
}

func (t *mysqlTable) expired(ctx context.Context, after string, oldest int64, limit int) (ids []string, next string, more bool, err error) {
	if t.index == "" {
		return t.walk(ctx, after, oldest, limit)
	}
	for _, condition := range t.times.expired(oldest) {
		some, err := t.ids(ctx, t.text(mysqlExpired, "{idbytes}", t.id.bytes("{id}"), "{index}", quote(t.index),
			"{expired}", condition, "{limit}", strconv.Itoa(limit-len(ids))), nil)
		if err != nil {
			return nil, "", false, err
		}
		if ids = append(ids, some...); len(ids) == limit {
			return ids, "", true, nil
		}
	}
	return ids, "", false, nil
}

// walk goes along the key, where there is no index on the times.
func (t *mysqlTable) walk(ctx context.Context, after string, oldest int64, limit int) (ids []string, next string, more bool, err error) {
	condition := "TRUE"
	if after != "" {
		condition = "{id} > " + t.key1(after)
	}
	var dead []bool
	all, err := t.ids(ctx, t.text(mysqlWalk, "{idbytes}", t.id.bytes("{id}"), "{dead}", t.times.dead(oldest), "{index}", quote(t.key),
		"{after}", condition, "{limit}", strconv.Itoa(limit)), &dead)
	if err != nil {
		return nil, "", false, err
	}
	for i, id := range all {
		if dead[i] {
			ids = append(ids, id)
		}
	}
	if len(all) < limit {
		return ids, "", false, nil // the next walk begins anew
	}
	return ids, all[len(all)-1], true, nil
}

// ids reads IDs, and whether each is dead if the statement tells that too.
func (t *mysqlTable) ids(ctx context.Context, text string, dead *[]bool) (ids []string, err error) {
	defer func() { err = mysqlfault.Reading(err, t.place) }()
	rows, err := t.db.QueryContext(ctx, t.bounded(ctx, text))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var id string
	var isDead sql.NullBool // a row without any time is not
	into := []any{&id}
	if dead != nil {
		into = append(into, &isDead)
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		ids = append(ids, id)
		if dead != nil {
			*dead = append(*dead, isDead.Bool)
		}
	}
	return ids, rows.Err()
}

func (t *mysqlTable) clear(ctx context.Context, ids []string, oldest int64) (int, error) {
	keys := make([]string, len(ids))
	for i, id := range ids {
		keys[i] = t.key1(id)
	}
	_, n, err := t.write(ctx, t.text(mysqlClear, "{dead}", t.times.dead(oldest), "{ids}", strings.Join(keys, ", ")))
	return int(n), err
}

func (t *mysqlTable) warnings() (list []string) {
	if t.engine != "" {
		list = append(list, fmt.Sprintf("%s is of engine %s, where a server that is killed takes sessions with it and each write waits for all others; run: ALTER TABLE %s ENGINE=InnoDB",
			t.place, t.engine, quote(t.opts.Table)))
	}
	if t.index == "" {
		list = append(list, walked(t.place, t.opts.expand("ALTER TABLE {table} ADD KEY ({modified}, {created})")))
	}
	return list
}

// close has nothing to release: no statement is kept.
func (t *mysqlTable) close(context.Context) error { return nil }

// write runs a statement that writes, and returns what LAST_INSERT_ID was set to and
// how many rows it changed. It runs a second time only where the first has certainly
// done nothing: the server has undone it because of others' locks, or the driver has
// sent nothing.
func (t *mysqlTable) write(ctx context.Context, text string) (mark, rows int64, err error) {
	const unsent = 3 // connections in a row that turn out to be closed
	for undone, closed := 0, 0; ; {
		began := time.Now()
		mark, rows, err = t.writeOnce(ctx, text)
		switch {
		case err == nil:
			return mark, rows, nil
		case mysqlfault.RolledBack(err) && undone == 0 && timeFor(ctx, time.Since(began)):
			undone++
		case mysqlfault.Unsent(err) && closed < unsent && ctx.Err() == nil:
			closed++
		default:
			return 0, 0, err
		}
	}
}

// timeFor tells whether ctx gives as much time again.
func timeFor(ctx context.Context, d time.Duration) bool {
	deadline, ok := ctx.Deadline()
	return ctx.Err() == nil && (!ok || time.Until(deadline) > d)
}

// writeOnce takes a connection first, so that an error of getting one is known from
// an error of the statement.
func (t *mysqlTable) writeOnce(ctx context.Context, text string) (mark, rows int64, err error) {
	conn, err := t.db.Conn(ctx)
	if err != nil {
		return 0, 0, mysqlfault.Connecting(err, t.place)
	}
	if err := ctx.Err(); err != nil { // the driver would not say that it has sent nothing
		_ = conn.Close()
		return 0, 0, mysqlfault.Connecting(err, t.place)
	}
	result, err := conn.ExecContext(ctx, t.bounded(ctx, text))
	_ = conn.Close() // the pool has it back, or has dropped it
	if err != nil {
		return 0, 0, mysqlfault.Writing(err, t.place)
	}
	if mark, err = result.LastInsertId(); err == nil {
		rows, err = result.RowsAffected()
	}
	return mark, rows, err
}

// bounded has the server give up a statement before its context ends: then the outcome
// is known, and no statement waits for a lock whose caller has long gone.
//
// MariaDB bounds the whole statement. MySQL can bound the wait for a lock on the table;
// for one on a row it goes by innodb_lock_wait_timeout, which package mysql sets on its
// connections, and which no statement can.
func (t *mysqlTable) bounded(ctx context.Context, text string) string {
	var settings []string
	if deadline, ok := ctx.Deadline(); ok {
		left := max(time.Until(deadline)*9/10, time.Millisecond)
		if t.mariadb {
			settings = append(settings, fmt.Sprintf("max_statement_time=%.3f", left.Seconds()))
		} else {
			settings = append(settings, fmt.Sprintf("lock_wait_timeout=%d", max(1, int64(left.Seconds()))))
		}
	}
	if t.times.utc {
		settings = append(settings, "time_zone='+00:00'")
	}
	if len(settings) == 0 {
		return text
	}
	if t.mariadb {
		return "SET STATEMENT " + strings.Join(settings, ", ") + " FOR " + text
	}
	verb, rest, _ := strings.Cut(text, " ")
	return verb + " /*+ SET_VAR(" + strings.Join(settings, ") SET_VAR(") + ") */ " + rest
}
