package handlersocket_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"

	"gyrfalcon/integration/servers"
	"gyrfalcon/session/handlersocket/hs"
)

// things is a table for the protocol's tests: all kinds of columns.
const things = "CREATE TABLE `%s` (" +
	"k VARCHAR(32) NOT NULL, n INT NULL, b MEDIUMBLOB NULL, s TEXT NOT NULL, " +
	"PRIMARY KEY (k), KEY n (n)) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4"

// client is a client of one port, closed with the test.
func client(t testing.TB, o hs.Options) *hs.Client {
	t.Helper()
	c := hs.New(o)
	t.Cleanup(c.Close)
	return c
}

// index opens an index of the table on a client.
func index(t testing.TB, c *hs.Client, table, name string, columns ...string) *hs.Index {
	t.Helper()
	d := hs.Definition{Database: database, Table: table, Index: name, Columns: columns}
	if slices.Contains(columns, "n") {
		d.Filters = []string{"n"}
	}
	x, err := c.Index(d)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func str(values ...string) []hs.Value {
	var all []hs.Value
	for _, v := range values {
		all = append(all, hs.String(v))
	}
	return all
}

// shown is a find's rows, as text.
func shown(t testing.TB, x *hs.Index, columns int, q hs.Query) string {
	t.Helper()
	var rows hs.Rows
	if err := x.Find(t.Context(), &rows, q); err != nil {
		t.Fatalf("find = %v", err)
	}
	var lines []string
	for i := range rows.Len() {
		var fields []string
		for j := range columns {
			if f := rows.Field(i, j); f == nil {
				fields = append(fields, "NULL")
			} else {
				fields = append(fields, string(f))
			}
		}
		lines = append(lines, strings.Join(fields, ":"))
	}
	return strings.Join(lines, " ")
}

func TestProtocolOnTheRealPlugin(t *testing.T) {
	t.Parallel()
	p := newTable(t, servers.SharedMariaDB(t), things)
	c := client(t, hs.Options{Address: p.writes})
	x := index(t, c, p.table, "", "k", "n", "s")
	byN := index(t, c, p.table, "n", "k", "n")
	ctx := t.Context()
	row := func(k string) hs.Query { return hs.Query{Key: str(k)} }
	count := func(what string, n int64, err error, want int64) {
		t.Helper()
		if n != want || err != nil {
			t.Errorf("%s = %d, %v; want %d, nil", what, n, err, want)
		}
	}
	want := func(what, got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("%s: %q, want %q", what, got, want)
		}
	}
	want("a find that misses", shown(t, x, 3, row("none")), "")
	for i := range 6 {
		_, err := x.Insert(ctx, hs.String(fmt.Sprint("k", i)), hs.Int(int64(i)), hs.String(""))
		count("an insert", 0, err, 0)
	}
	if _, err := x.Insert(ctx, str("k0", "1", "")...); !errors.Is(err, hs.ErrDuplicateKey) {
		t.Errorf("an insert of a key that exists = %v, want ErrDuplicateKey", err)
	}
	_, err := x.Insert(ctx, hs.String("null"), hs.Null(), hs.String("\x00\t\n\x01\x0f"))
	count("an insert with NULL and what is escaped", 0, err, 0)
	want("NULL and what is escaped", shown(t, x, 3, row("null")), "null:NULL:\x00\t\n\x01\x0f")

	for op, keys := range map[hs.Op]string{hs.Equal: "k2", hs.Less: "k1", hs.LessEqual: "k2", hs.Greater: "k3", hs.GreaterEqual: "k2"} {
		want(fmt.Sprint("operator ", op), shown(t, byN, 1, hs.Query{Op: op, Key: []hs.Value{hs.Int(2)}}), keys)
	}
	want("limit and offset", shown(t, byN, 1, hs.Query{Op: hs.GreaterEqual, Key: []hs.Value{hs.Int(1)}, Limit: 3, Offset: 1}), "k2 k3 k4")
	want("IN", shown(t, x, 2, hs.Query{Key: str(""), Limit: 10, In: hs.In{Values: str("k1", "none", "k3")}}), "k1:1 k3:3")
	want("a filter passes over", shown(t, byN, 1, hs.Query{Op: hs.GreaterEqual, Key: []hs.Value{hs.Int(0)}, Limit: 10,
		Filters: []hs.Filter{{Op: hs.NotEqual, Value: hs.Int(2)}, {Op: hs.Less, Value: hs.Int(5)}}}), "k0 k1 k3 k4")
	want("a while ends", shown(t, byN, 1, hs.Query{Op: hs.GreaterEqual, Key: []hs.Value{hs.Int(0)}, Limit: 10,
		Filters: []hs.Filter{{Op: hs.NotEqual, Value: hs.Int(2), While: true}}}), "k0 k1")

	n, err := x.Update(ctx, row("k0"), str("k0", "0", "")...)
	count("an update that changes nothing", n, err, 1)
	n, err = x.Update(ctx, row("none"), str("none", "0", "")...)
	count("an update of no row", n, err, 0)
	n, err = x.Update(ctx, hs.Query{Key: str("k0"), Filters: []hs.Filter{{Op: hs.Equal, Value: hs.Int(7)}}}, str("k0", "8", "")...)
	count("an update that a filter keeps from it", n, err, 0)
	var old hs.Rows
	if err := x.UpdateReturning(ctx, &old, row("k1"), str("k1", "11", "new")...); err != nil || old.Len() != 1 || string(old.Field(0, 1)) != "1" {
		t.Errorf("an update that returns = %d rows, %v; want the row as it was", old.Len(), err)
	}
	want("what it wrote", shown(t, x, 3, row("k1")), "k1:11:new")
	if err := x.DeleteReturning(ctx, &old, row("k1")); err != nil || old.Len() != 1 || string(old.Field(0, 2)) != "new" {
		t.Errorf("a delete that returns = %d rows, %v; want the row as it was", old.Len(), err)
	}
	n, err = x.Delete(ctx, row("k1"))
	count("a delete of no row", n, err, 0)
	n, err = byN.Delete(ctx, hs.Query{Op: hs.Less, Key: []hs.Value{hs.Int(4)}, Limit: 1000})
	count("a delete of a range", n, err, 4) // k0, k2, k3, and NULL, which an index has before all else

	b := c.NewBatch() // an upsert in one trip, of a row that is there and of one that is not
	for _, k := range []string{"k4", "k9"} {
		b.Update(x, row(k), str(k, "99", "")...)
		b.Insert(x, str(k, "99", "")...)
	}
	if err := b.Do(ctx); !errors.Is(err, hs.ErrDuplicateKey) || b.Count(0) != 1 || !errors.Is(b.Err(1), hs.ErrDuplicateKey) || b.Count(2) != 0 || b.Err(3) != nil {
		t.Errorf("upserts = %v: %d %v %d %v", err, b.Count(0), b.Err(1), b.Count(2), b.Err(3))
	}
	want("what they wrote", shown(t, byN, 1, hs.Query{Key: []hs.Value{hs.Int(99)}, Limit: 5}), "k4 k9")

	numbered := newTable(t, servers.SharedMariaDB(t), "CREATE TABLE `%s` (id INT PRIMARY KEY AUTO_INCREMENT, n INT) ENGINE=InnoDB")
	auto := index(t, c, numbered.table, "", "id", "n")
	for i := range 3 {
		n, err := auto.Insert(ctx, hs.Int(0), hs.Int(5))
		count("an insert into a numbered table", n, err, int64(i+1))
	}
}

func TestAll256ByteValuesRoundTripOnABlob(t *testing.T) {
	t.Parallel()
	p := newTable(t, servers.SharedMariaDB(t), things)
	x := index(t, client(t, hs.Options{Address: p.writes}), p.table, "", "k", "b", "s")
	all := make([]byte, 0, 3*256)
	for i := range 256 {
		all = append(all, byte(i))
	}
	for i := range 256 {
		all = append(all, byte(i), 0x01, byte(255-i))
	}
	var rows hs.Rows
	for i := range 257 {
		value := all
		if i < 256 {
			value = []byte{byte(i)}
		}
		if _, err := x.Insert(t.Context(), hs.String(fmt.Sprint(i)), hs.Bytes(value), hs.String("")); err != nil {
			t.Fatal(err)
		}
		if err := x.Find(t.Context(), &rows, hs.Query{Key: str(fmt.Sprint(i))}); err != nil || rows.Len() != 1 || !bytes.Equal(rows.Field(0, 1), value) {
			t.Errorf("%q comes back as %d rows, %v", value, rows.Len(), err)
		}
	}
}

// instead is a connection that sends something else in place of each request, so that
// the server hears what this client has no way to say.
type instead struct {
	net.Conn
	line string
}

func (c instead) Write(p []byte) (int, error) {
	if !bytes.HasPrefix(p, []byte("P")) || bytes.Count(p, []byte("\n")) > 1 {
		lines := bytes.SplitAfter(p, []byte("\n"))
		lines[len(lines)-2] = []byte(c.line + "\n")
		if _, err := c.Conn.Write(slices.Concat(lines...)); err != nil {
			return 0, err
		}
		return len(p), nil
	}
	return c.Conn.Write(p)
}

func TestEveryErrorOfThePluginIsMetByItsSentinel(t *testing.T) {
	t.Parallel()
	srv := servers.SharedMariaDB(t)
	p := newTable(t, srv, things)
	define := func(d hs.Definition) func(c *hs.Client) (*hs.Index, error) {
		return func(c *hs.Client) (*hs.Index, error) { return c.Index(d) }
	}
	fit := hs.Definition{Database: database, Table: p.table, Columns: []string{"k", "n"}, Filters: []string{"n", "s"}}
	with := func(change func(d *hs.Definition)) func(c *hs.Client) (*hs.Index, error) {
		d := fit
		change(&d)
		return define(d)
	}
	find := func(x *hs.Index) error { return x.Find(t.Context(), new(hs.Rows), hs.Query{Key: str("k")}) }
	for name, c := range map[string]struct {
		port  string
		index func(c *hs.Client) (*hs.Index, error)
		do    func(x *hs.Index) error
		raw   string
		words string
		want  error
	}{
		"a missing table":    {index: with(func(d *hs.Definition) { d.Table = "none" }), words: "open_table", want: hs.ErrOpenTable},
		"a missing database": {index: with(func(d *hs.Definition) { d.Database = "none" }), words: "open_table", want: hs.ErrOpenTable},
		"a missing index":    {index: with(func(d *hs.Definition) { d.Index = "none" }), words: "idxnum", want: hs.ErrNoSuchIndex},
		"a missing column":   {index: with(func(d *hs.Definition) { d.Columns = []string{"none"} }), words: "fld", want: hs.ErrNoSuchColumn},
		"too long a key": {do: func(x *hs.Index) error {
			return x.Find(t.Context(), new(hs.Rows), hs.Query{Key: str("a", "b", "c")})
		}, words: "kpnum", want: hs.ErrMalformed},
		"a filter on TEXT": {do: func(x *hs.Index) error {
			return x.Find(t.Context(), new(hs.Rows), hs.Query{Key: str("k"), Filters: []hs.Filter{{Column: 1, Value: hs.String("")}}})
		}, words: "filterblob", want: hs.ErrFilter},
		"a write to the port for reads": {port: p.reads, do: func(x *hs.Index) error {
			_, err := x.Delete(t.Context(), hs.Query{Key: str("k")})
			return err
		}, words: "readonly", want: hs.ErrReadOnlyPort},
		"an insert at the port for reads": {port: p.reads, do: func(x *hs.Index) error {
			_, err := x.Insert(t.Context(), str("k", "1")...)
			return err
		}, words: "readonly", want: hs.ErrReadOnlyPort},

		"an index that is not open":  {raw: "99\t=\t1\tk\t1\t0", words: "stmtnum", want: hs.ErrNotOpen},
		"an unknown command":         {raw: "X", words: "cmd", want: hs.ErrMalformed},
		"an unknown operator":        {raw: "0\t?\t1\tk\t1\t0", words: "op", want: hs.ErrMalformed},
		"an unknown modification":    {raw: "0\t=\t1\tk\t1\t0\tX", words: "modop", want: hs.ErrMalformed},
		"an update without a limit":  {raw: "0\t=\t1\tk\tU\tk\t1", words: "modop", want: hs.ErrMalformed},
		"a key of no values":         {raw: "0\t=\t0\t1\t0", words: "klen", want: hs.ErrMalformed},
		"a filter on no column":      {raw: "0\t=\t1\tk\t1\t0\tF\t=\t9\t1", words: "filterfld", want: hs.ErrFilter},
		"a filter of no kind":        {raw: "0\t=\t1\tk\t1\t0\tFF\t=\t0\t1", words: "filtertype", want: hs.ErrMalformed},
		"IN with no values":          {raw: "0\t=\t1\tk\t1\t0\t@\t0\t0", words: "invalueslen", want: hs.ErrMalformed},
		"SQL, which is not there":    {raw: "0\tS\t1\tSELECT", words: "notimpl", want: hs.ErrMalformed},
		"an unknown kind of secret":  {raw: "A\t2\tx", words: "authtype", want: hs.ErrUnauthorized},
		"a secret where none is set": {raw: "A\t1\tx", words: "unauth", want: hs.ErrUnauthorized},
	} {
		o := hs.Options{Address: p.writes}
		if c.port != "" {
			o.Address = c.port
		}
		if c.raw != "" {
			o.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
				nc, err := new(net.Dialer).DialContext(ctx, network, address)
				return instead{nc, c.raw}, err
			}
		}
		if c.index == nil {
			c.index = define(fit)
		}
		if c.do == nil {
			c.do = find
		}
		x, err := c.index(client(t, o))
		if err != nil {
			t.Fatal(err)
		}
		err = c.do(x)
		se, ok := errors.AsType[*hs.ServerError](err)
		if !ok || se.Words != c.words || !errors.Is(err, c.want) || hs.OutcomeUnknown(err) {
			t.Errorf("%s: %v, want the words %s and %v", name, err, c.words, c.want)
		}
	}
}

func TestAViewIsNeverOpenedWhereSQLIsAtHand(t *testing.T) {
	t.Parallel()
	srv := servers.SharedMariaDB(t)
	p := newTable(t, srv, things)
	view := newTable(t, srv, "CREATE VIEW `%s` AS SELECT * FROM "+p.table)
	c := client(t, hs.Options{Address: p.reads, Check: hs.TablesOnly(db(t, srv))})
	for table, says := range map[string]string{view.table: "is a VIEW", "none": "no such table", p.table: ""} {
		err := index(t, c, table, "", "k").Find(t.Context(), new(hs.Rows), hs.Query{Key: str("k")})
		if says == "" && err != nil || says != "" && (err == nil || !strings.Contains(err.Error(), says)) {
			t.Errorf("find in %s = %v, want %q", table, err, says)
		}
	}
}
