package hs_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"gyrfalcon/session/handlersocket/hs"
)

func TestRequestsStandOnTheWireAsThePluginReadsThem(t *testing.T) {
	t.Parallel()
	vs := []hs.Value{hs.String("a"), hs.Bytes([]byte("b"))}
	var rows hs.Rows
	for _, c := range []struct {
		name string
		do   func(x *hs.Index) error
		want string
	}{
		{"a find", func(x *hs.Index) error { return x.Find(t.Context(), &rows, key("k")) }, "0\t=\t1\tk\t1\t0"},
		{"a find with everything", func(x *hs.Index) error {
			return x.Find(t.Context(), &rows, hs.Query{
				Op: hs.GreaterEqual, Key: []hs.Value{hs.Int(-7), hs.Null()}, Limit: 10, Offset: 3,
				In: hs.In{Column: 1, Values: []hs.Value{hs.String("x"), hs.String("")}},
				Filters: []hs.Filter{
					{Op: hs.NotEqual, Column: 0, Value: hs.Null()},
					{Op: hs.Less, Column: 0, Value: hs.Int(90), While: true},
				},
			})
		}, "0\t>=\t2\t-7\t\x00\t10\t3\t@\t1\t2\tx\t\tF\t!=\t0\t\x00\tW\t<\t0\t90"},
		{"an insert", func(x *hs.Index) error { _, err := x.Insert(t.Context(), vs...); return err }, "0\t+\t2\ta\tb"},
		{"an update", func(x *hs.Index) error { _, err := x.Update(t.Context(), key("k"), vs...); return err }, "0\t=\t1\tk\t1\t0\tU\ta\tb"},
		{"an update that returns", func(x *hs.Index) error {
			return x.UpdateReturning(t.Context(), &rows, key("k"), vs...)
		}, "0\t=\t1\tk\t1\t0\tU?\ta\tb"},
		{"a delete", func(x *hs.Index) error { _, err := x.Delete(t.Context(), key("k")); return err }, "0\t=\t1\tk\t1\t0\tD"},
		{"a delete that returns", func(x *hs.Index) error { return x.DeleteReturning(t.Context(), &rows, key("k")) }, "0\t=\t1\tk\t1\t0\tD?"},
		{"bytes below 0x10, and a mark", func(x *hs.Index) error {
			return x.Find(t.Context(), &rows, key("\x00\x01\t\n\x0f\x10A\xff"))
		}, "0\t=\t1\t\x01\x40\x01\x41\x01\x49\x01\x4a\x01\x4f\x10A\xff\t1\t0"},
	} {
		s := serve(t, func(request string) string {
			if strings.HasSuffix(request, "U?\ta\tb") || strings.HasSuffix(request, "D?") {
				return "0\t2"
			}
			if strings.Contains(request, "\tU\t") || strings.HasSuffix(request, "\tD") || strings.Contains(request, "\t+\t") {
				return "0\t1\t1"
			}
			return ordinary(request)
		})
		x := s.open(t, hs.Options{Secret: "s\tcret"})
		if err := c.do(x); err != nil {
			t.Errorf("%s: %v, want nil", c.name, err)
		}
		want := []string{"A\t1\ts\x01\x49cret", "P\t0\tdb\tthings\tPRIMARY\tid,v\tn", c.want}
		if got := s.requests(); !slices.Equal(got, want) {
			t.Errorf("%s: the server heard %q, want %q", c.name, got, want)
		}
	}
}

func TestARequestThatIsNotSoundIsRefusedAndNeverSent(t *testing.T) {
	t.Parallel()
	s := serve(t, ordinary)
	other := s.open(t, hs.Options{})
	c := hs.New(hs.Options{Address: s.address})
	t.Cleanup(c.Close)
	x := define(t, c)
	one := []hs.Value{hs.Int(1)}
	for name, do := range map[string]func(b *hs.Batch){
		"too long a key":      func(b *hs.Batch) { b.Find(x, hs.Query{Key: make([]hs.Value, 33)}) },
		"no key":              func(b *hs.Batch) { b.Find(x, hs.Query{}) },
		"an unknown operator": func(b *hs.Batch) { b.Find(x, hs.Query{Op: 77, Key: one}) },
		"!= on the key":       func(b *hs.Batch) { b.Find(x, hs.Query{Op: hs.NotEqual, Key: one}) },
		"a negative limit":    func(b *hs.Batch) { b.Delete(x, hs.Query{Key: one, Limit: -1}) },
		"a negative offset":   func(b *hs.Batch) { b.Delete(x, hs.Query{Key: one, Offset: -1}) },
		"IN on no column":     func(b *hs.Batch) { b.Find(x, hs.Query{Key: one, In: hs.In{Column: 1, Values: one}}) },
		"a filter on none":    func(b *hs.Batch) { b.Find(x, hs.Query{Key: one, Filters: []hs.Filter{{Column: 1}}}) },
		"a filter's operator": func(b *hs.Batch) { b.Find(x, hs.Query{Key: one, Filters: []hs.Filter{{Op: 9}}}) },
		"too few values":      func(b *hs.Batch) { b.Insert(x, one...) },
		"too many values":     func(b *hs.Batch) { b.Update(x, key("k"), hs.Int(1), hs.Int(2), hs.Int(3)) },
		"no values":           func(b *hs.Batch) { b.UpdateReturning(x, key("k")) },
		"another's index":     func(b *hs.Batch) { b.Find(other, key("k")) },
	} {
		b := c.NewBatch()
		b.Find(x, key("sound"))
		do(b)
		if err := b.Do(t.Context()); !errors.Is(err, hs.ErrBadRequest) || !errors.Is(b.Err(0), hs.ErrBadRequest) {
			t.Errorf("%s: %v, and %v for the rest; want ErrBadRequest for all", name, err, b.Err(0))
		}
	}
	for _, d := range []hs.Definition{
		{}, {Database: "d"}, {Table: "t"},
		{Database: "d", Table: "t", Columns: []string{"a,b"}},
		{Database: "d", Table: "t", Filters: []string{""}},
		{Database: "\nQ", Table: "t"}, {Database: "d", Table: "t\n"}, {Database: "d", Table: "t", Index: "a\tb"},
		{Database: "d", Table: "t", Columns: []string{"a\x00"}}, {Database: "d", Table: "t", Columns: make([]string, 5000)},
	} {
		if _, err := c.Index(d); !errors.Is(err, hs.ErrBadRequest) {
			t.Errorf("Index(%+v) = %v, want ErrBadRequest", d, err)
		}
	}
	none, err := c.Index(hs.Definition{Database: "d", Table: "t"})
	if err != nil {
		t.Fatal(err)
	}
	if err := none.Find(t.Context(), new(hs.Rows), key("k")); !errors.Is(err, hs.ErrBadRequest) {
		t.Errorf("Find with no columns = %v, want ErrBadRequest: nobody could tell how many rows there are", err)
	}
	if got := s.requests(); len(got) != 0 {
		t.Errorf("the server heard %q, want nothing", got)
	}
}

// No key, value or secret makes a line that begins with anything but what this
// protocol's requests begin with: a Q would stop the server.
func TestNoValueBeginsALine(t *testing.T) {
	t.Parallel()
	s := serve(t, ordinary)
	c := hs.New(hs.Options{Address: s.address, Secret: "\nQ"})
	t.Cleanup(c.Close)
	x := define(t, c)
	bad := hs.String("\nQ\n/\nQ")
	b := c.NewBatch()
	b.Find(x, hs.Query{Key: []hs.Value{bad}, In: hs.In{Values: []hs.Value{bad}}, Filters: []hs.Filter{{Value: bad}}})
	b.Insert(x, bad, bad)
	b.Update(x, hs.Query{Key: []hs.Value{bad}}, bad, bad)
	_ = b.Do(t.Context()) // what this server answers to a write is not the matter
	got := s.requests()
	if len(got) < 3 {
		t.Errorf("the server heard %q, want all that was sent", got)
	}
	for _, line := range got {
		if !strings.ContainsAny(line[:1], "AP0123456789") {
			t.Errorf("a request begins with %q", line[:1])
		}
	}
}

func TestRowsTellNullFromEmpty(t *testing.T) {
	t.Parallel()
	s := serve(t, func(request string) string {
		if request[0] == 'P' {
			return "0\t1"
		}
		return "0\t2\ta\t\x00\t\t\x01\x40\x01\x41\x01\x4f\x10"
	})
	rows, err := find(t.Context(), s.open(t, hs.Options{}), "k")
	if err != nil {
		t.Fatal(err)
	}
	if rows.Len() != 2 {
		t.Fatalf("Len = %d, want 2", rows.Len())
	}
	for _, c := range []struct {
		row, column int
		want        string
		null        bool
	}{{0, 0, "a", false}, {0, 1, "", true}, {1, 0, "", false}, {1, 1, "\x00\x01\x0f\x10", false}} {
		got := rows.Field(c.row, c.column)
		if string(got) != c.want || (got == nil) != c.null {
			t.Errorf("Field(%d, %d) = %q (nil: %v), want %q (nil: %v)", c.row, c.column, got, got == nil, c.want, c.null)
		}
	}
}

func TestEveryAnswerThatIsAnErrorHasItsSentinel(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]error{
		"1\t1\t121":         hs.ErrDuplicateKey,
		"1\t1\t146":         hs.ErrLockWait,
		"1\t1\t149":         hs.ErrDeadlock,
		"1\t1\tlock_tables": hs.ErrLockTables,
		"1\t1\topen_table":  hs.ErrOpenTable,
		"2\t1\tidxnum":      hs.ErrNoSuchIndex,
		"2\t1\tfld":         hs.ErrNoSuchColumn,
		"2\t1\tstmtnum":     hs.ErrNotOpen,
		"2\t1\treadonly":    hs.ErrReadOnlyPort,
		"2\t1\tfilterblob":  hs.ErrFilter,
		"2\t1\tfilterfld":   hs.ErrFilter,
		"2\t1\tcmd":         hs.ErrMalformed,
		"2\t1\top":          hs.ErrMalformed,
		"2\t1\tmodop":       hs.ErrMalformed,
		"2\t1\tklen":        hs.ErrMalformed,
		"2\t1\tkpnum":       hs.ErrMalformed,
		"2\t1\tinvalueslen": hs.ErrMalformed,
		"2\t1\tnotimpl":     hs.ErrMalformed,
		"2\t1\tsyntax":      hs.ErrMalformed,
		"2\t1\tfiltertype":  hs.ErrMalformed,
		"3\t1\tunauth":      hs.ErrUnauthorized,
		"3\t1\tauthtype":    hs.ErrUnauthorized,
		"1\t1\t135":         nil,
		"1\t0":              nil,
	} {
		s := serve(t, func(request string) string {
			if request[0] == 'P' {
				return "0\t1"
			}
			return answer
		})
		_, err := find(t.Context(), s.open(t, hs.Options{}), "secret")
		se, ok := errors.AsType[*hs.ServerError](err)
		if !ok {
			t.Errorf("%q: %v, want a *ServerError", answer, err)
			continue
		}
		if want != nil && !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", answer, err, want)
		}
		if words := strings.Split(answer, "\t")[2:]; len(words) > 0 && (se.Words != words[0] || !strings.Contains(err.Error(), words[0])) {
			t.Errorf("%q: %v has the words %q, want the server's own", answer, err, se.Words)
		}
		if hs.OutcomeUnknown(err) {
			t.Errorf("%q: OutcomeUnknown, want an answer to be one", answer)
		}
	}
}

// What an error says is bounded, whoever answers.
func TestAnErrorKeepsNoMoreThanTheBeginningOfLongWords(t *testing.T) {
	t.Parallel()
	s := serve(t, func(request string) string {
		if request[0] == 'P' {
			return "0\t1"
		}
		return "1\t1\t" + strings.Repeat("x", 1000)
	})
	_, err := find(t.Context(), s.open(t, hs.Options{}), "k")
	if se, ok := errors.AsType[*hs.ServerError](err); !ok || se.Words != strings.Repeat("x", 64) {
		t.Errorf("find = %v, want a *ServerError with the first 64 bytes", err)
	}
}

func TestWhatIsNoAnswerIsToldWithWhereToLook(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]string{
		"an HTTP server's":       "HTTP/1.1 400 Bad Request",
		"MySQL's greeting":       "J\x00\x00\x00",
		"a number too many":      "0\t99999999999\ta",
		"a count too large":      "0\t1\t9999999999999999999",
		"half a row":             "0\t2\ta\tb\tc",
		"fields of no row":       "0\t0\ta",
		"another column count":   "0\t3\ta\tb\tc",
		"a broken escape":        "0\t2\ta\t\x01Z",
		"an escape of 0x10":      "0\t2\ta\t\x01P", // the first byte that stands for itself
		"an escape's end":        "0\t2\ta\t\x01",
		"a byte that is escaped": "0\t2\ta\tx\x05",
		"nothing":                "",
		"a status by itself":     "0",
	} {
		s := serve(t, func(request string) string {
			if request[0] == 'P' {
				return "0\t1"
			}
			return answer
		})
		x := s.open(t, hs.Options{})
		_, err := find(t.Context(), x, "k")
		if _, ok := errors.AsType[*hs.ProtocolError](err); !ok || !strings.Contains(err.Error(), "handlersocket_port") {
			t.Errorf("%s: %v, want a *ProtocolError that says where to look", name, err)
		}
		if _, err := x.Delete(t.Context(), key("k")); !hs.OutcomeUnknown(err) {
			t.Errorf("%s to a write: %v, want its outcome to be unknown", name, err)
		}
		if n := s.accepted(); n != 2 {
			t.Errorf("%s: %d connections, want 2: the first is not to be used again", name, n)
		}
	}
}

// More than was asked for is not taken for the next one's answer.
func TestAnAnswerTooManyMeetsNobody(t *testing.T) {
	t.Parallel()
	s := serve(t, func(request string) string {
		if request[0] == 'P' {
			return "0\t1"
		}
		return "0\t2\tright\tv\n0\t2\twrong\tv"
	})
	x := s.open(t, hs.Options{})
	for range 3 {
		if rows, err := find(t.Context(), x, "k"); err != nil || string(rows.Field(0, 0)) != "right" {
			t.Fatalf("find = %d rows, %v; want its own answer", rows.Len(), err)
		}
	}
	if n := s.accepted(); n != 3 {
		t.Errorf("%d connections, want another for each find", n)
	}
}
