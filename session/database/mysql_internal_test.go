package database

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"gyrfalcon/session"
)

func TestAColumnTakesWhatItsCharacterSetHolds(t *testing.T) {
	t.Parallel()
	hex := make([]string, 256) // Latin-1 proper, but for one byte that stands for nothing
	for i := range hex {
		hex[i] = fmt.Sprintf("%X", string(rune(i)))
	}
	hex[0x81] = "3F"
	latin1, err := mysqlSingle(strings.Join(hex, ","))
	if err != nil {
		t.Fatal(err)
	}
	bytes := mysqlText{name: "data", maxBytes: 5}
	column := func(name string, size func(r rune) int) mysqlText {
		return mysqlText{name: "data", charset: "utf8mb4", column: name, wide: 4, size: size, maxBytes: 5}
	}
	four, three, single := column("utf8mb4", mysqlSizes["utf8mb4"]), column("utf8mb3", mysqlSizes["utf8mb3"]), column("latin1", sizeIn(latin1))
	wide := column("utf16", mysqlSizes["utf16"])
	short := four
	short.maxBytes, short.maxChars = 0, 2
	ofThree := four
	ofThree.charset, ofThree.wide = "utf8mb3", 3
	ofLatin := four
	ofLatin.charset, ofLatin.from = "latin1", latin1
	for _, c := range []struct {
		column mysqlText
		what   string
		value  string
		want   string // in the error; "" for none
	}{
		{bytes, "bytes", "\x00\xff\xfe", ""},
		{bytes, "bytes", "123456", "6 bytes are too many"},
		{four, "utf8mb4", "a\U0001f9c0", ""},
		{four, "utf8mb4", "ab\U0001f9c0", "6 bytes are too many"},
		{four, "utf8mb4", "ab\xff", "byte 2 is no text"},
		{three, "utf8mb3", "\u4f60", ""},
		{three, "utf8mb3", "a\U0001f9c0", "the character at byte 1"},
		{single, "latin1", "\u00e9\u00e9\u00e9\u00e9\u00e9", ""},
		{single, "latin1", "\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9", "6 bytes are too many"},
		{single, "latin1", "ab\u4f60", "the character at byte 2"},
		{single, "latin1", "\u0081", "the character at byte 0"},
		{wide, "utf16", "\U0001f9c0", ""},
		{wide, "utf16", "\U0001f9c0a", "6 bytes are too many"},
		{short, "two characters", "\u4f60\U0001f9c0", ""},
		{short, "two characters", "abc", "3 characters are too many"},
		{ofThree, "of utf8mb3", "\U0001f9c0", "byte 0 is no text in utf8mb3"},
		{ofLatin, "of latin1", "\xe9\xe9", ""},
		{ofLatin, "of latin1", "\xe9\xe9\xe9", "6 bytes are too many"},
		{ofLatin, "of latin1", "a\x81", "the character at byte 1"},
	} {
		err := c.column.check([]byte(c.value))
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("a column of %s, given %q: got %v, want %q", c.what, c.value, err, c.want)
		}
		if got, want := errors.Is(err, session.ErrTooLarge), strings.Contains(c.want, "too many"); got != want {
			t.Errorf("a column of %s, given %q: is ErrTooLarge: %v, want %v", c.what, c.value, got, want)
		}
	}
}

func TestOfTwoSecondsWithOneNameItIsTheLaterThatHasBeen(t *testing.T) {
	t.Parallel()
	zone, err := time.LoadLocation("Europe/Kyiv")
	if err != nil {
		t.Fatal(err)
	}
	m := mysqlTimes{zone: zone}
	// On 31 October 2027, 04:00 is 03:00 again.
	first := time.Date(2027, time.October, 31, 0, 30, 0, 0, time.UTC).Unix()
	second := first + 3600
	for _, c := range []struct {
		what      string
		now, want int64
	}{
		{"in the first of the two hours", first + 60, first},
		{"in the second", second + 60, second},
		{"a day later", second + 86400, second},
		{"before both, by a clock that is late", first - 60, first},
	} {
		wall := "2027-10-31 03:30:00"
		if got, err := m.parse(0, &wall, c.now); got != c.want || err != nil {
			t.Errorf("%s: got %d, %v; want %d", c.what, got, err, c.want)
		}
	}
	if got, want := m.wall(first), m.wall(second); got != want || got != "TIMESTAMP'2027-10-31 03:30:00'" {
		t.Errorf("got %s and %s, want both TIMESTAMP'2027-10-31 03:30:00'", got, want)
	}
	wall := "2027-07-01 12:00:00.987654"
	if got, err := m.parse(0, &wall, 0); got != time.Date(2027, time.July, 1, 9, 0, 0, 0, time.UTC).Unix() || err != nil {
		t.Errorf("a time with a fraction: got %d, %v; want its second", got, err)
	}
}

// A value can be anything, and must not be taken for a part of the statement.
func TestNothingInAValueIsPartOfTheStatement(t *testing.T) {
	t.Parallel()
	table := mysqlTable{opts: Options{}.withDefaults(), id: mysqlText{charset: "utf8mb4"}, data: mysqlText{charset: "latin1"}}
	for _, id := range []string{"it's", "a`b", `back\slash`, "{table}", "?", "\xff", "ünder", "a b", "-- "} {
		if got, want := table.key1(id), fmt.Sprintf("_utf8mb4 X'%x'", id); got != want {
			t.Errorf("the ID %q stands as %s in a statement, want it in hexadecimal", id, got)
		}
	}
	if got := table.key1("0aZ,-"); got != "'0aZ,-'" {
		t.Errorf("an ID as PHP makes it stands as %s in a statement, want it as it is, for who reads a log", got)
	}
	if got := table.data.literal([]byte("a'\x00")); got != "_latin1 X'612700'" {
		t.Errorf("got %s, want the bytes in hexadecimal and their character set", got)
	}
}

func TestTheServersHintsStandWhereTheyCount(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	maria, mysql := mysqlTable{mariadb: true}, mysqlTable{}
	maria.times.utc, mysql.times.utc = true, true
	for got, want := range map[string]string{
		maria.bounded(ctx, "DELETE FROM t"):      "SET STATEMENT time_zone='+00:00' FOR DELETE FROM t",
		mysql.bounded(ctx, "DELETE FROM t"):      "DELETE /*+ SET_VAR(time_zone='+00:00') */ FROM t",
		(&mysqlTable{}).bounded(ctx, "SELECT 1"): "SELECT 1",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
