package php_test

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"gyrfalcon/session"
)

// fixture is a line of testdata/fixtures.jsonl, which fixtures.php writes: a session
// that PHP has written, or something odd and what PHP makes of it.
type fixture struct {
	Name string `json:"name"`
	Odd  string `json:"odd"`
	// What PHP refuses or takes for what it knows of the classes.
	Classes string      `json:"classes"`
	Format  string      `json:"format"`
	Data    []byte      `json:"data"`
	Vars    []described `json:"vars"`
	Again   bool        `json:"again"` // PHP writes the same bytes when it has read them
	OK      bool        `json:"ok"`    // PHP starts a session of it
	// PHP's serialize_precision when it was written, mostly -1, as Go writes floats.
	Precision int `json:"precision"`
}

const fixturesFile = "testdata/fixtures.jsonl"

// The kinds of fixtures.
func (f fixture) session() bool { return f.Name != "" }
func (f fixture) odd() bool     { return f.Odd != "" || f.Name == "" && f.Classes == "" }
func (f fixture) classes() bool { return f.Classes != "" }

// fixtures returns the fixtures of one kind that fixtures.php has written.
func fixtures(t *testing.T, kind func(fixture) bool) []fixture {
	t.Helper()
	file, err := os.Open(fixturesFile)
	if err != nil {
		t.Fatalf("open the fixtures: %v", err)
	}
	defer file.Close() //nolint:errcheck // it was read
	var all []fixture
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var f fixture
		if err := json.Unmarshal(lines.Bytes(), &f); err != nil {
			t.Fatalf("a fixture: %v", err)
		}
		if f.Format == "" || !kind(f) {
			continue
		}
		r, err := zlib.NewReader(bytes.NewReader(f.Data))
		if err == nil {
			f.Data, err = io.ReadAll(r)
		}
		if err != nil {
			t.Fatalf("the data of fixture %s%s: %v", f.Name, f.Odd, err)
		}
		all = append(all, f)
	}
	if err := lines.Err(); err != nil || len(all) < 10 {
		t.Fatalf("got %d fixtures, error %v", len(all), err)
	}
	return all
}

func TestTheFixturesAreWhatPHPWrites(t *testing.T) {
	t.Parallel()
	path, err := exec.LookPath("php")
	if err != nil {
		t.Fatalf("this test needs PHP 8.1 or later (`make deps` installs it): %v", err)
	}
	want, err := os.ReadFile(fixturesFile)
	if err != nil {
		t.Fatalf("read the fixtures: %v", err)
	}
	got, err := exec.CommandContext(t.Context(), path, "fixtures.php").Output()
	if err != nil {
		t.Fatalf("php fixtures.php: %v", err)
	}
	gotLines, wantLines := strings.Split(string(got), "\n"), strings.Split(string(want), "\n")
	if len(gotLines) != len(wantLines) {
		t.Fatalf("php fixtures.php writes %d lines, %s has %d; run it again", len(gotLines), fixturesFile, len(wantLines))
	}
	for i := 1; i < len(gotLines); i++ { // the first is PHP's version
		if gotLines[i] != wantLines[i] {
			t.Errorf("line %d: this PHP writes\n%.300s\n%s has\n%.300s", i+1, gotLines[i], fixturesFile, wantLines[i])
		}
	}
}

func TestEverySessionThatPHPWroteGoesBackByteForByte(t *testing.T) {
	t.Parallel()
	for _, f := range fixtures(t, fixture.session) {
		doc := parse(t, formats[f.Format], f.Data)
		if b := encoded(t, doc); !bytes.Equal(b, f.Data) {
			t.Errorf("%s, %s: untouched: got %.200q, want %.200q", f.Format, f.Name, b, f.Data)
		}
	}
}

func TestEverySessionThatPHPWroteIsDecodedAsPHPReadsIt(t *testing.T) {
	t.Parallel()
	for _, f := range fixtures(t, fixture.session) {
		if got := decoded(t, parse(t, formats[f.Format], f.Data)); !slices.Equal(got, f.Vars) {
			t.Errorf("%s, %s: %.200q: got %.300q, want %.300q", f.Format, f.Name, f.Data, got, f.Vars)
		}
	}
}

// decoded describes each variable.
func decoded(t *testing.T, doc session.Document) []described {
	t.Helper()
	got := []described{}
	for name := range doc.Names() {
		var v any
		if err := doc.Decode(name, &v); err != nil {
			t.Errorf("%q: %v", name, err)
		}
		got = append(got, described{name, describe(t, v)})
	}
	return got
}

func TestEverySessionThatPHPWroteIsTheSameWhenAllOfItIsSetAgain(t *testing.T) {
	t.Parallel()
	for _, f := range fixtures(t, fixture.session) {
		if !f.Again {
			t.Errorf("%s, %s: PHP itself writes it differently", f.Format, f.Name)
		}
		doc, fresh := parse(t, formats[f.Format], f.Data), formats[f.Format].New()
		for name := range doc.Names() {
			var v any
			if err := doc.Decode(name, &v); err != nil {
				t.Fatalf("%s, %s: %q: %v", f.Format, f.Name, name, err)
			}
			for _, d := range []session.Document{doc, fresh} {
				if err := d.Set(name, v); err != nil {
					t.Errorf("%s, %s: Set %q: %v", f.Format, f.Name, name, err)
				}
			}
		}
		written := []session.Document{doc, fresh}
		if f.Precision != -1 { // the same numbers, but not the same digits
			written = written[:1]
		}
		for _, d := range written {
			if b := encoded(t, d); !bytes.Equal(b, f.Data) {
				t.Errorf("%s, %s: got %.300q, want %.300q", f.Format, f.Name, b, f.Data)
			}
		}
	}
}

func TestEveryValueThatPHPWroteCanBeMovedToTheOtherFormats(t *testing.T) {
	t.Parallel()
	for _, f := range fixtures(t, fixture.session) {
		doc := parse(t, formats[f.Format], f.Data)
		for format, codec := range formats {
			moved := codec.New()
			var want []described
			for i, v := range decoded(t, doc) {
				var x any
				if err := doc.Decode(v.name, &x); err != nil {
					t.Fatalf("%s, %s: %q: %v", f.Format, f.Name, v.name, err)
				}
				if err := moved.Set(v.name, x); err == nil {
					want = append(want, f.Vars[i])
				}
			}
			if got := decoded(t, parse(t, codec, encoded(t, moved))); !slices.Equal(got, want) {
				t.Errorf("%s, %s in %s: got %.300q, want %.300q", f.Format, f.Name, format, got, want)
			}
		}
	}
}

func TestWhatIsOddIsTakenOrRefusedAsByPHPAndGoesBackByteForByte(t *testing.T) {
	t.Parallel()
	for _, f := range fixtures(t, fixture.odd) {
		doc, err := formats[f.Format].Parse(f.Data)
		var vars []described
		if err == nil {
			if b := encoded(t, doc); !bytes.Equal(b, f.Data) {
				t.Errorf("%s, %s: untouched: got %.200q", f.Format, f.Odd, b)
			}
			for name := range doc.Names() {
				var v any
				if why := doc.Decode(name, &v); why != nil {
					err = why
					continue
				}
				if len(f.Data) < 1000 {
					vars = append(vars, described{name, describe(t, v)})
				}
			}
		}
		if (err == nil) != f.OK {
			t.Errorf("%s, %s: got error %v, PHP takes it: %v", f.Format, f.Odd, err, f.OK)
		}
		if !strings.Contains(fmt.Sprint(f.Vars), "&") { // what others shared by reference has gone
			for i := range vars {
				vars[i].value = strings.TrimPrefix(vars[i].value, "&1:")
			}
		}
		if err == nil && !slices.Equal(vars, f.Vars) {
			t.Errorf("%s, %s: got %q, PHP reads %q", f.Format, f.Odd, vars, f.Vars)
		}
	}
}

// Go knows no classes, so it takes what PHP may refuse, and gives it back as it is.
func TestWhatPHPRefusesForItsClassesGoesBackByteForByte(t *testing.T) {
	t.Parallel()
	refused := 0
	for _, f := range fixtures(t, fixture.classes) {
		doc := parse(t, formats[f.Format], f.Data)
		if got := decoded(t, doc); len(got) != 1 {
			t.Errorf("%s: got %q, want one variable", f.Classes, got)
		}
		if err := doc.Set("z", 1); err != nil {
			t.Errorf("%s: Set of another variable: %v", f.Classes, err)
		}
		if got, want := string(encoded(t, doc)), string(f.Data)+"z|i:1;"; got != want {
			t.Errorf("%s: got %q, want %q", f.Classes, got, want)
		}
		if !f.OK {
			refused++
		}
	}
	if refused < 5 {
		t.Errorf("PHP refuses %d of these, want at least 5", refused)
	}
}
