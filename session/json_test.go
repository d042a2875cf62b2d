package session_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"gyrfalcon/session"
)

func parseJSON(t *testing.T, payload string) session.Document {
	t.Helper()
	d, err := session.JSON().Parse([]byte(payload))
	if err != nil {
		t.Fatalf("Parse(%s): %v", payload, err)
	}
	return d
}

func wantBytes(t *testing.T, d session.Document, want string) {
	t.Helper()
	got, err := d.Bytes()
	if err != nil || string(got) != want {
		t.Errorf("Bytes: got %s, %v; want %s", got, err, want)
	}
}

func TestJSONWhatIsNotSetGoesBackByteForByte(t *testing.T) {
	t.Parallel()
	payload := " { \"a\" :\t1.50e+00 , \"b\\u0041\" : [ 1, {\"}\": \"]\\\"\"} ],\n\"broken\": [}, \"c\":null } "
	d := parseJSON(t, payload)
	wantBytes(t, d, payload)
	if got, want := slices.Collect(d.Names()), []string{"a", "bA", "broken", "c"}; !slices.Equal(got, want) {
		t.Errorf("Names: got %q, want %q", got, want)
	}
	if err := d.Set("new", "x"); err != nil {
		t.Fatal(err)
	}
	wantBytes(t, d, `{"a":1.50e+00,"b\u0041":[ 1, {"}": "]\""} ],"broken":[},"c":null,"new":"x"}`)
	d.Remove("broken")
	d.Remove("bA")
	wantBytes(t, d, `{"a":1.50e+00,"c":null,"new":"x"}`)
}

func TestJSONSettingWhatIsThereChangesNothing(t *testing.T) {
	t.Parallel()
	payload := `{ "a": 1 , "b":"x"}`
	d := parseJSON(t, payload)
	if err := errors.Join(d.Set("a", 1), d.Set("b", "x")); err != nil {
		t.Fatal(err)
	}
	d.Remove("none")
	wantBytes(t, d, payload)
}

func TestJSONRefusesAPayloadWithoutStructure(t *testing.T) {
	t.Parallel()
	for _, payload := range []string{
		" ", "null", "[]", `"a"`, "{", "}", `{"a"`, `{"a":`, `{"a":}`, `{"a":1`, `{"a":1,`, `{"a":1,}`, `{a:1}`, `{"a":1}x`, `{"a":"`, `{"a":"\`,
		`{"a":[1,2}`, `{"a":{"b":1}`, `{"a" 1}`, `{"\ud8":1}`, `{"a":1 "b":2}`, "{\"a\":1}\x00", "a|i:1;", "{,}", `{:1}`,
	} {
		d, err := session.JSON().Parse([]byte(payload))
		if err == nil {
			b, _ := d.Bytes()
			t.Errorf("Parse(%q): got %s, want an error", payload, b)
			continue
		}
		if !strings.Contains(err.Error(), "byte") {
			t.Errorf("Parse(%q): got %q, want the place named", payload, err)
		}
	}
}

func TestJSONAnEmptyPayloadIsAnEmptySession(t *testing.T) {
	t.Parallel()
	for _, payload := range []string{"", "{}", " {\n} "} {
		d := parseJSON(t, payload)
		if names := slices.Collect(d.Names()); len(names) != 0 {
			t.Errorf("%q: got names %q", payload, names)
		}
		if err := d.Set("a", 1); err != nil {
			t.Fatal(err)
		}
		wantBytes(t, d, `{"a":1}`)
	}
	wantBytes(t, session.JSON().New(), "{}")
}

func TestJSONOfOneNameTheLastValueCounts(t *testing.T) {
	t.Parallel()
	d := parseJSON(t, `{"a":1,"b":2,"\u0061":3}`)
	var a int
	if err := d.Decode("a", &a); err != nil || a != 3 {
		t.Errorf("a: got %d, %v; want 3", a, err)
	}
	d.Remove("a")
	wantBytes(t, d, `{"b":2}`)

	var many strings.Builder
	for i := range 500 {
		fmt.Fprintf(&many, `"v%d":%d,`, i%300, i)
	}
	d = parseJSON(t, "{"+many.String()+`"end":0}`)
	if names := slices.Collect(d.Names()); len(names) != 301 {
		t.Errorf("names: got %d, want 301", len(names))
	}
	if err := d.Decode("v7", &a); err != nil || a != 307 {
		t.Errorf("v7: got %d, %v; want 307", a, err)
	}
}

func TestJSONDecodesAsEncodingJSONDoes(t *testing.T) {
	t.Parallel()
	raws := []string{
		"0", "-0", "1", "-1", "00", "01", "-", "+1", "1.0", "1e3", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "127", "128",
		`""`, `"a"`, `"\u00e9\n"`, `"ä"`, "\"\xff\"", "\"a\nb\"", `"a`, "true", "false", "null", "tru", "truefalse", "[]", "[1]", "{}", `{"A":1}`, `{"A":"x"}`, "nope", `1"2"`,
	}
	for _, raw := range raws {
		d, err := session.JSON().Parse([]byte(`{"v":` + raw + `}`))
		if err != nil {
			continue
		}
		sameDecode[string](t, d, raw)
		sameDecode[int](t, d, raw)
		sameDecode[int8](t, d, raw)
		sameDecode[int64](t, d, raw)
		sameDecode[uint](t, d, raw)
		sameDecode[float64](t, d, raw)
		sameDecode[bool](t, d, raw)
		sameDecode[struct{ A int }](t, d, raw)
		sameDecode[*int](t, d, raw)
	}
}

func sameDecode[T any](t *testing.T, d session.Document, raw string) {
	t.Helper()
	var got, want T
	wantErr := json.Unmarshal([]byte(raw), &want)
	err := d.Decode("v", &got)
	if (err == nil) != (wantErr == nil) {
		t.Errorf("%s into %T: got error %v, encoding/json has %v", raw, got, err, wantErr)
		return
	}
	if err != nil {
		if _, ok := errors.AsType[*session.DecodeError](err); !ok {
			t.Errorf("%s into %T: got %T, want *DecodeError", raw, got, err)
		}
		return
	}
	g, _ := json.Marshal(got)
	w, _ := json.Marshal(want)
	if string(g) != string(w) {
		t.Errorf("%s into %T: got %s, encoding/json has %s", raw, got, g, w)
	}
}

func TestJSONErrorsNameTheVariableAndNeverItsContent(t *testing.T) {
	t.Parallel()
	type user struct{ Age int8 }
	d := parseJSON(t, `{"s":"hush","n":98765,"o":{"age":98765},"o2":{"age":"hush"},"a":["hush"],"b":true,"x":[hush},"z":null,"t":"hush"}`)
	for _, c := range []struct {
		name string
		into any
		want string
	}{
		{"s", new(int), `variable "s" does not decode into int: it is stored as a JSON string`},
		{"n", new(string), `variable "n" does not decode into string: it is stored as a JSON number` + "\n"},
		{"n", new(int8), `variable "n" does not decode into int8: it is stored as a JSON number that does not fit`},
		{"o", new([]int), `variable "o" does not decode into []int: it is stored as a JSON object`},
		{"o", new(user), `into session_test.user: it is stored as a JSON object in which Age is a number, not a int8`},
		{"o2", new(user), `into session_test.user: it is stored as a JSON object in which Age is a string, not a int8`},
		{"a", new(string), `variable "a" does not decode into string: it is stored as a JSON array`},
		{"b", new(int), `variable "b" does not decode into int: it is stored as a JSON boolean`},
		{"x", new(string), `variable "x" does not decode into string: it is stored as malformed JSON`},
		{"t", new(time.Time), `variable "t" does not decode into time.Time: it is stored as a JSON string`},
	} {
		err := d.Decode(c.name, c.into)
		if err == nil || !strings.Contains(err.Error()+"\n", c.want) {
			t.Errorf("%s into %T: got error %v, want it to contain %s", c.name, c.into, err, c.want)
			continue
		}
		if strings.Contains(err.Error(), "hush") || strings.Contains(err.Error(), "98765") {
			t.Errorf("%s: the error quotes the content: %v", c.name, err)
		}
	}
}

func TestJSONMembersAreACopyUntilTheyAreSet(t *testing.T) {
	t.Parallel()
	d := parseJSON(t, `{"bag":{"big":9007199254740993,"x":1},"list":[1]}`)
	m, err := d.Members("bag")
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Set("y", 2); err != nil {
		t.Fatal(err)
	}
	wantBytes(t, d, `{"bag":{"big":9007199254740993,"x":1},"list":[1]}`)
	if err := d.Set("bag", m); err != nil {
		t.Fatal(err)
	}
	wantBytes(t, d, `{"bag":{"big":9007199254740993,"x":1,"y":2},"list":[1]}`)
	if _, err := d.Members("none"); !errors.Is(err, session.ErrNoVariable) {
		t.Errorf("Members of nothing: got %v, want ErrNoVariable", err)
	}
	if _, err := d.Members("list"); err == nil || !strings.Contains(err.Error(), "a map of members: it is stored as a JSON array") {
		t.Errorf("Members of a list: got %v", err)
	}
}

func TestJSONWhatWasFrozenCanBeSetManyTimes(t *testing.T) {
	t.Parallel()
	list := []int{1}
	frozen, err := session.JSON().Freeze(list)
	if err != nil {
		t.Fatal(err)
	}
	list[0] = 2
	for range 2 {
		d := session.JSON().New()
		if err := d.Set("a", frozen); err != nil {
			t.Fatal(err)
		}
		wantBytes(t, d, `{"a":[1]}`)
	}
}

func TestJSONTextWithTheReplacementCharacterItselfIsStored(t *testing.T) {
	t.Parallel()
	for _, v := range []any{"\ufffd", `\ufffd`, json.RawMessage(`"\ufffd"`), []string{"<&>\u2028\ufffd"}} {
		d := session.JSON().New()
		if err := d.Set("v", v); err != nil {
			t.Errorf("Set(%q): %v", v, err)
		}
	}
}

func TestAVariablesNameIsBlamedForItselfAndNotItsValue(t *testing.T) {
	t.Parallel()
	const want = `session: variable "\xff" cannot be stored: its name is not valid UTF-8; choose one that is`
	frozen, err := session.JSON().Freeze(1)
	must(t, "Freeze", err)
	for what, v := range map[string]any{"a value": 1, "a frozen value": frozen} {
		if err := session.JSON().New().Set("\xff", v); err == nil || err.Error() != want {
			t.Errorf("%s: got error %v, want %s", what, err, want)
		}
	}
	newVisitor(t, started(t, session.Options{})).with(func(s *session.Session) {
		if err := s.Set("\xff", 1); err == nil || err.Error() != want {
			t.Errorf("a session's: got error %v, want %s", err, want)
		}
	})
}

func FuzzJSON(f *testing.F) {
	for _, seed := range []string{"", "{}", `{"a":1,"b":"x","c":[1,{"d":null}],"e\u0041":true}`, `{"a":[}`, " { \"a\" : \"\\\"\" } ", `{"a":1,"a":2}`} {
		f.Add([]byte(seed), "a", "text")
	}
	f.Fuzz(func(t *testing.T, payload []byte, name, text string) {
		d, err := session.JSON().Parse(payload)
		if valid := json.Valid(payload); err != nil {
			if valid && len(payload) > 0 && strings.HasPrefix(strings.TrimLeft(string(payload), " \t\r\n"), "{") {
				t.Fatalf("a JSON object is refused: %v", err)
			}
			return
		}
		same, err := d.Bytes()
		if err != nil || len(payload) > 0 && string(same) != string(payload) {
			t.Fatalf("unchanged: got %q, %v; want %q", same, err, payload)
		}
		before := map[string]string{}
		for n := range d.Names() {
			var v any
			if d.Decode(n, &v) == nil && n != name {
				before[n] = fmt.Sprint(v)
			}
		}
		if d.Set(name, text) != nil {
			return
		}
		b, err := d.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		again, err := session.JSON().Parse(b)
		if err != nil {
			t.Fatalf("what Bytes returned does not parse: %v: %q", err, b)
		}
		var got string
		if err := again.Decode(name, &got); err != nil || got != text {
			t.Fatalf("variable %q: got %q, %v; want %q", name, got, err, text)
		}
		for n, want := range before {
			var v any
			if err := again.Decode(n, &v); err != nil || fmt.Sprint(v) != want {
				t.Fatalf("variable %q: got %v, %v; want %s", n, v, err, want)
			}
		}
	})
}
