package php_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"gyrfalcon/session"
	"gyrfalcon/session/php"
)

// seeds are payloads in php's format that reach every corner of it.
var seeds = []string{
	``, `a|i:1;`, `a|N;b|b:1;c|d:0.1;d|s:3:"a|b";e|S:2:"\41b";`, `|i:1;a|a:2:{i:0;i:1;s:1:"k";a:0:{}}`,
	`a|s:1:"x";b|R:1;c|R:1;`, `a|O:8:"stdClass":1:{s:1:"v";r:1;}b|r:1;c|a:1:{i:0;R:1;}`, `a|a:1:{s:4:"self";R:1;}`,
	`l|C:1:"L":14:{a:1:{i:0;i:1;}}o|O:1:"A":0:{}p|r:5;q|E:3:"S:A";r|C:1:"L":4:{r:5;}`, `n|a:1:{i:0;N;}a|a:2:{i:0;O:1:"A":0:{}i:1;r:4;}b|R:5;c|R:3;`,
	"\x010C:1:\"0\":14:{a:0:{b:0;b:0;}}\x010C:1:\"0\":4:{r:1;}",
	"\x01ca:2:{i:0;C:1:\"0\":0:{}i:0;r:2;}\x01ci:1;\x01dR:1;",
	`a|i:1;a|i:2;b|R:1;`, `a|b:7;b|R:99;c|a:3:{i:0;i:1;}`, `a|C:1:"L":21:{x:i:0;a:0:{};m:a:0:{}}b|O:1:"B":0:{}c|r:5;`,
}

// FuzzDecodeEncode decodes what a payload holds, sets it in another document, and
// decodes that: it must be the same. Untouched payloads go back as they are.
func FuzzDecodeEncode(f *testing.F) {
	codecs := []session.Codec{php.Native(), php.Serialize(), php.Binary()}
	for _, seed := range seeds {
		f.Add(uint8(0), []byte(seed))
		d, err := php.Native().Parse([]byte(seed))
		if err != nil {
			f.Add(uint8(2), []byte(seed))
			continue
		}
		for i, codec := range codecs {
			other := codec.New()
			for name := range d.Names() {
				var v any
				if d.Decode(name, &v) == nil {
					must(f, "Set", other.Set(name, v))
				}
			}
			b, err := other.Bytes()
			must(f, "Bytes", err)
			f.Add(uint8(i), b)
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, payload []byte) {
		codec := codecs[int(which)%len(codecs)]
		d, err := codec.Parse(payload)
		if err != nil {
			return
		}
		wantBytes(t, d, string(payload))
		once := again(t, codec, d)
		if once == nil {
			return
		}
		back, err := codec.Parse(once)
		if err != nil {
			t.Fatalf("what was written does not parse: %v\n%q\nfrom %q", err, once, payload)
		}
		for name := range back.Names() {
			if got, want := told(back, name), told(d, name); got != want {
				t.Fatalf("%q is read as %s, and was %s\nin %q\nfrom %q", name, got, want, once, payload)
			}
		}
		twice := again(t, codec, back)
		if back, err = codec.Parse(twice); err != nil {
			t.Fatalf("what was written twice does not parse: %v\n%q", err, twice)
		}
		if thrice := again(t, codec, back); string(thrice) != string(twice) {
			t.Fatalf("written twice  %q\nwritten thrice %q\nfrom %q", twice, thrice, payload)
		}
	})
}

// told says what a variable is, with the objects in it numbered.
func told(d session.Document, name string) string {
	var v any
	if err := d.Decode(name, &v); err != nil {
		return err.Error()
	}
	numbers, shared := map[any]int{}, map[*php.Ref]bool{}
	var tell func(v any) string
	elements := func(a php.Array) string {
		var b strings.Builder
		for _, e := range a {
			fmt.Fprintf(&b, "%#v: %s, ", e.Key, tell(e.Value))
		}
		return b.String()
	}
	tell = func(v any) string {
		switch v := v.(type) {
		case php.Array:
			return "[" + elements(v) + "]"
		case *php.Ref: // one that stands in one place is no different from its value
			if shared[v] {
				return "&"
			}
			shared[v] = true
			return tell(v.Value)
		case *php.Object, *php.Enum, *php.Serializable:
			if n, met := numbers[v]; met {
				return fmt.Sprintf("%T %d", v, n)
			}
			numbers[v] = len(numbers)
		}
		switch v := v.(type) {
		case *php.Object:
			return v.Class + "{" + elements(v.Props) + "}"
		case *php.Enum:
			return v.Class + ":" + v.Case
		case *php.Serializable:
			return v.Class + "()" // what is in it has numbers of its own place
		}
		return fmt.Sprintf("%#v", v)
	}
	return tell(v)
}

// again decodes all that decodes, sets it in a new document, and returns its bytes; nil
// if nothing can be set.
func again(t *testing.T, codec session.Codec, d session.Document) []byte {
	t.Helper()
	fresh := codec.New()
	for name := range d.Names() {
		var v any
		if err := d.Decode(name, &v); err != nil {
			continue
		}
		if err := fresh.Set(name, v); err != nil {
			return nil // a payload that is no array; a C: whose text refers to what is gone
		}
	}
	b, err := fresh.Bytes()
	if err != nil {
		return nil // nested too deep by what was pulled in
	}
	return b
}

// FuzzChange removes and sets variables, and puts members back, in sessions with
// references: every variable that decoded before and was left alone still decodes, to a
// session that parses.
func FuzzChange(f *testing.F) {
	for _, seed := range seeds {
		f.Add([]byte(seed), uint16(0x1234), "a")
	}
	f.Fuzz(func(t *testing.T, payload []byte, edits uint16, name string) {
		d, err := php.Native().Parse(payload)
		if err != nil {
			return
		}
		sound := map[string]bool{}
		for name := range d.Names() {
			var v any
			sound[name] = d.Decode(name, &v) == nil
		}
		for i, name := range append(slices.Collect(d.Names()), name) {
			switch edits >> (i % 8 * 2) & 3 {
			case 1:
				d.Remove(name)
			case 2:
				if d.Set(name, []any{i, "x"}) == nil {
					sound[name] = true
				}
			case 3:
				if m, err := d.Members(name); err == nil {
					must(t, "Set of a member", m.Set("k", i))
					if err := d.Set(name, m); err != nil {
						return
					}
				}
			}
		}
		b, err := d.Bytes()
		if err != nil {
			return
		}
		back, err := php.Native().Parse(b)
		if err != nil {
			t.Fatalf("what was written does not parse: %v\n%q\nfrom %q", err, b, payload)
		}
		if got, want := slices.Collect(back.Names()), slices.Collect(d.Names()); !slices.Equal(got, want) {
			t.Fatalf("got names %q, want %q", got, want)
		}
		for name := range back.Names() {
			var v any
			if err := back.Decode(name, &v); err != nil && sound[name] {
				t.Fatalf("%q does not decode any more: %v\n%q\nfrom %q", name, err, b, payload)
			}
		}
	})
}

// FuzzTypes decodes into all kinds of targets: nothing panics, and nothing takes for
// ever.
func FuzzTypes(f *testing.F) {
	for _, seed := range seeds {
		f.Add([]byte(seed))
	}
	type tree struct {
		V    *tree            `php:"v"`
		Self []tree           `php:"self"`
		K    map[string]*tree `php:"k"`
	}
	type bush []bush
	f.Fuzz(func(_ *testing.T, payload []byte) {
		d, err := php.Native().Parse(payload)
		if err != nil {
			return
		}
		for name := range d.Names() {
			for _, into := range []any{
				new(int8), new(float32), new(string), new([]byte), new([]any), new(map[string]any), new(map[int]string), new(tree), new(*tree),
				new(bush), new(php.Array), new(*php.Object), new(php.Ref), new([2]int), new(user), new(page),
			} {
				_ = d.Decode(name, into)
			}
		}
	})
}
