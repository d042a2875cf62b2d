package handlersocket_test

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"testing"

	"gyrfalcon/integration/servers"
	"gyrfalcon/session"
	"gyrfalcon/session/handlersocket"
	"gyrfalcon/session/handlersocket/hs"
)

// What cannot be opened is told at Open, with what to do about it.
func TestOpenNamesTheMend(t *testing.T) {
	t.Parallel()
	srv := servers.SharedMariaDB(t)
	p := newTable(t, srv, phalcons)
	table := func(create string) string { return newTable(t, srv, create).table }
	d := db(t, srv)
	sqlPort := func(address string) int {
		_, port, _ := net.SplitHostPort(address)
		n, _ := strconv.Atoi(port)
		return n
	}
	withDB := func(o *handlersocket.Options) { o.SQL = d }
	for name, c := range map[string]struct {
		change func(o *handlersocket.Options)
		says   string
	}{
		"a missing table":    {func(o *handlersocket.Options) { o.Server.DBTable = "none" }, "CREATE TABLE `none`"},
		"a missing database": {func(o *handlersocket.Options) { o.Server.DBName = "none" }, "create the table in `none`"},
		"a missing column": {func(o *handlersocket.Options) {
			o.Server.DBTable = table("CREATE TABLE `%s` (id VARCHAR(32) PRIMARY KEY, modified DATETIME NOT NULL, KEY modified (modified))")
		}, "`id`, `modified` and `data`"},
		"a missing index": {func(o *handlersocket.Options) {
			o.Server.DBTable = table("CREATE TABLE `%s` (id VARCHAR(32) PRIMARY KEY, modified DATETIME NOT NULL, data TEXT)")
		}, "ADD KEY `modified`"},
		"writes at the port for reads": {func(o *handlersocket.Options) { o.PortWr = o.Server.Port }, "set port_wr"},
		"SQL's port":                   {func(o *handlersocket.Options) { o.Server.Port = sqlPort(srv.Addr()) }, "not that of SQL"},
		"a port where nobody listens":  {func(o *handlersocket.Options) { o.Server.Port = 1 }, "plugin-load-add=handlersocket"},
		"a missing table, with SQL":    {func(o *handlersocket.Options) { withDB(o); o.Server.DBTable = "none" }, "CREATE TABLE `none`"},
		"a view, which crashes the server": {func(o *handlersocket.Options) {
			withDB(o)
			o.Server.DBTable = table("CREATE VIEW `%s` AS SELECT * FROM " + p.table)
		}, "is a VIEW"},
		"a TIMESTAMP": {func(o *handlersocket.Options) {
			withDB(o)
			o.Server.DBTable = table("CREATE TABLE `%s` (id VARCHAR(32) PRIMARY KEY, modified TIMESTAMP NOT NULL, data TEXT, KEY modified (modified))")
		}, "make it DATETIME(6)"},
		"a character set that is not checked": {func(o *handlersocket.Options) {
			withDB(o)
			o.Server.DBTable = table("CREATE TABLE `%s` (id VARCHAR(32) PRIMARY KEY, modified DATETIME NOT NULL, data TEXT CHARACTER SET ucs2, KEY modified (modified))")
		}, "MEDIUMBLOB"},
	} {
		o := p.text()
		c.change(&o)
		a := handlersocket.New(o)
		err := a.Open(t.Context())
		if err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: Open = %v, want it to say %q", name, err, c.says)
		}
		if err := a.Close(t.Context()); err != nil {
			t.Errorf("%s: Close = %v", name, err)
		}
	}
	open(t, p.text()) // the server is alive

	secret := servers.NewMariaDB(t, "--handlersocket-plain-secret=s3cret")
	o := newTable(t, secret, phalcons).text()
	for _, wrong := range []string{"", "hunter2"} {
		o.Secret = wrong
		a := handlersocket.New(o)
		if err := a.Open(t.Context()); err == nil || !strings.Contains(err.Error(), "SHOW VARIABLES LIKE 'handlersocket_plain%'") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("with a wrong secret: Open = %v, want it to say where the right one stands", err)
		}
	}
	o.Secret = "s3cret"
	open(t, o)
}

// What the table cannot hold is refused before anything is sent, and nothing is altered:
// where the options say what it holds, and where that is looked up.
func TestWhatTheTableCannotHoldIsRefused(t *testing.T) {
	t.Parallel()
	srv := servers.SharedMariaDB(t)
	d := db(t, srv)
	const id = "0123456789abcdefghijklmnopqrstuv"
	for name, c := range map[string]struct {
		columns string // of data
		option  string // Options.Charset
		fits    []string
		refused []string
	}{
		"utf8mb3": {"TEXT CHARACTER SET utf8mb3", "", []string{"\u00e9\u4f60", strings.Repeat("x", 65535)}, []string{"\U0001f9c0", "\xff", "\xf0\x9f", "\xe4\xbd", strings.Repeat("x", 65536)}},
		"utf8mb4": {"TEXT CHARACTER SET utf8mb4", "utf8mb4", []string{"\U0001f9c0"}, []string{"\xff", strings.Repeat("\u4f60", 21846)}},
		"ascii":   {"TEXT CHARACTER SET ascii", "ascii", []string{"a\x00\x7f"}, []string{"\u00e9"}},
		"latin1":  {"TEXT CHARACTER SET latin1", "latin1", []string{"\xff\x80\x81\x00"}, []string{strings.Repeat("\xff", 65536)}},
		"BLOB":    {"BLOB", "binary", []string{"\xff\x00"}, []string{strings.Repeat("\xff", 65536)}},
	} {
		p := newTable(t, srv, "CREATE TABLE `%s` (id VARCHAR(32) NOT NULL, modified DATETIME(6) NOT NULL, data "+c.columns+", PRIMARY KEY (id), KEY modified (modified)) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb3")
		said, lookedUp := p.options(), p.options()
		said.Charset = c.option
		lookedUp.SQL = d
		lookedUp.Charset = "ascii" // which does not count then
		for how, o := range map[string]handlersocket.Options{"as the options say": said, "as SQL tells": lookedUp} {
			a := open(t, o)
			r, err := a.Create(t.Context(), id, []byte("kept"), life)
			if err != nil {
				t.Fatalf("%s, %s: %v", name, how, err)
			}
			for _, data := range c.fits {
				if r, err = a.Swap(t.Context(), id, r, []byte(data), life); err != nil {
					t.Fatalf("%s, %s: Swap to %.20q = %v, want nil", name, how, data, err)
				}
				if got, err := a.Read(t.Context(), id, life); err != nil || string(got.Data) != data {
					t.Errorf("%s, %s: %.20q comes back as %.20q, %v", name, how, data, got.Data, err)
				}
			}
			last := string(r.Data)
			for _, data := range c.refused {
				_, err := a.Swap(t.Context(), id, r, []byte(data), life)
				if err == nil || !strings.Contains(err.Error(), "nothing was stored") || errors.Is(err, session.ErrOutcomeUnknown) {
					t.Errorf("%s, %s: Swap to %.20q = %v, want it refused", name, how, data, err)
				}
				if _, err := a.Create(t.Context(), "another", []byte(data), life); err == nil {
					t.Errorf("%s, %s: Create of %.20q = nil, want it refused", name, how, data)
				}
			}
			if got, err := a.Read(t.Context(), id, life); err != nil || string(got.Data) != last {
				t.Errorf("%s, %s: afterwards the session is %.20q, %v; want no change", name, how, got.Data, err)
			}
			if _, err := a.Read(t.Context(), "another", life); !errors.Is(err, session.ErrNotFound) {
				t.Errorf("%s, %s: a session was stored that was refused: %v", name, how, err)
			}
			if err := a.Destroy(t.Context(), id); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// The plugin cuts an ID that is too long, and by Phalcon's collation takes "A" for "a":
// neither brings anybody to somebody else's session.
func TestAnotherIDsRowIsNotTheSession(t *testing.T) {
	t.Parallel()
	srv := servers.SharedMariaDB(t)
	p := newTable(t, srv, phalcons)
	a := open(t, p.text())
	const id = "0123456789abcdefghijklmnopqrstuv"
	ctx := t.Context()
	r, err := a.Create(ctx, id, []byte("mine"), life)
	if err != nil {
		t.Fatal(err)
	}
	for name, other := range map[string]string{
		"longer": id + "wxyz", "in capitals": strings.ToUpper(id), "with a space": id[:31] + " ", "empty": "", "no text": "\xff\xfe", "a NUL": id[:31] + "\x00",
	} {
		if _, err := a.Read(ctx, other, life); !errors.Is(err, session.ErrNotFound) {
			t.Errorf("%s: Read = %v, want ErrNotFound", name, err)
		}
		if _, err := a.Swap(ctx, other, r, []byte("theirs"), life); !errors.Is(err, session.ErrNotFound) {
			t.Errorf("%s: Swap = %v, want ErrNotFound", name, err)
		}
		if err := a.Touch(ctx, other, life); !errors.Is(err, session.ErrNotFound) {
			t.Errorf("%s: Touch = %v, want ErrNotFound", name, err)
		}
		if err := a.Destroy(ctx, other); err != nil {
			t.Errorf("%s: Destroy = %v, want nil", name, err)
		}
		if _, err := a.Create(ctx, other, []byte("theirs"), life); err == nil {
			t.Errorf("%s: Create = nil, want an error", name)
		}
		got, err := a.Read(ctx, id, life)
		if err != nil || string(got.Data) != "mine" {
			t.Fatalf("%s: then the session is %q, %v; want it unharmed", name, got.Data, err)
		}
		if name != "in capitals" && got.Version != r.Version {
			t.Errorf("%s: the session's version has changed", name)
		}
		r = got
	}
}

// PHP's rows: no data, and a time that is none.
func TestRowsOfOthersAreReadAsTheyAre(t *testing.T) {
	t.Parallel()
	srv := servers.SharedMariaDB(t)
	p := newTable(t, srv, phalcons)
	a := open(t, p.text())
	srv.Exec(t, "USE "+database, fmt.Sprintf("INSERT INTO `%s` VALUES ('null', UTC_TIMESTAMP(), NULL), ('zero', '0000-00-00 00:00:00', 'x')", p.table))
	r, err := a.Read(t.Context(), "null", life)
	if err != nil || len(r.Data) != 0 {
		t.Fatalf("a session without data = %q, %v; want it empty", r.Data, err)
	}
	if _, err := a.Swap(t.Context(), "null", r, []byte("y"), life); err != nil {
		t.Errorf("Swap of it = %v, want nil", err)
	}
	if _, err := a.Read(t.Context(), "zero", life); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("a session that was never used = %v, want it to have expired", err)
	}
	if n, more, err := a.GC(t.Context(), life, 10); n != 1 || more || err != nil {
		t.Errorf("GC = %d, %v, %v; want it to remove that one", n, more, err)
	}
}

// GC begins with those that were last used the longest ago.
func TestGCRemovesTheOldestFirst(t *testing.T) {
	t.Parallel()
	srv := servers.SharedMariaDB(t)
	p := newTable(t, srv, phalcons)
	a := open(t, p.text())
	for i := range 5 {
		srv.Exec(t, "USE "+database, fmt.Sprintf("INSERT INTO `%s` VALUES ('s%d', UTC_TIMESTAMP() - INTERVAL %d DAY, '')", p.table, i, i+1))
	}
	left := index(t, client(t, hs.Options{Address: p.reads}), p.table, "modified", "id")
	for _, want := range []struct {
		n    int
		more bool
		left string
	}{{2, true, "s2 s1 s0"}, {2, true, "s0"}, {1, false, ""}} {
		n, more, err := a.GC(t.Context(), life, 2)
		if n != want.n || more != want.more || err != nil {
			t.Fatalf("GC with a limit of 2 = %d, %v, %v; want %d, %v", n, more, err, want.n, want.more)
		}
		if got := shown(t, left, 1, hs.Query{Op: hs.GreaterEqual, Key: str("0000-00-00 00:00:00"), Limit: 9}); got != want.left {
			t.Errorf("after GC there are %q, want %q", got, want.left)
		}
	}
}
