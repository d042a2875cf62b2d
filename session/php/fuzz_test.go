package php_test

import (
	"fmt"
	"regexp"
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
	`o|O:1:"A":0:{}l|C:1:"L":39:{i:1;C:1:"L":22:{O:1:"B":1:{s:1:"x";r:1;}}}p|r:5;q|R:2;`, `a|s:1:"x";b|R:1;`,
	`a|O:1:"A":0:{}b|r:1;c|R:2;d|a:2:{i:0;R:2;i:1;r:1;}`, `n|N;a|a:2:{i:0;s:1:"x";i:1;C:1:"L":4:{R:3;}}b|R:3;`,
	`|O:1:"A":1:{s:1:"v";r:1;}|R:2;`, `a|O:1:"A":1:{s:1:"v";r:1;}b|R:2;`, `z|N;n|i:1;b|a:2:{i:0;O:1:"H":1:{s:1:"l";C:1:"L":4:{i:1;}}i:1;O:1:"A":0:{}}c|r:7;a|r:4;`, `n|N;a|a:3:{i:0;C:1:"L":4:{i:1;}i:1;O:1:"A":0:{}i:2;N;}b|r:5;c|R:6;`, `a|a:2:{i:0;O:1:"A":0:{}i:1;r:2;}b|R:3;`, `a|i:1;a|i:2;b|R:1;`, `a|b:7;b|R:99;c|a:3:{i:0;i:1;}`, `a|C:1:"L":21:{x:i:0;a:0:{};m:a:0:{}}b|O:1:"B":0:{}c|r:5;`,
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
		once, complete := again(t, codec, d)
		if once == nil {
			return
		}
		back := sameAgain(t, codec, d, payload, once, complete)
		twice, complete := again(t, codec, back)
		if twice == nil {
			return
		}
		back = sameAgain(t, codec, back, once, twice, complete)
		if thrice, _ := again(t, codec, back); string(thrice) != string(twice) {
			t.Fatalf("written twice  %q\nwritten thrice %q\nfrom %q", twice, thrice, payload)
		}
	})
}

// sameAgain says whether after, which was written of what d, read from before, holds, is
// read as the same, and returns it. It may be written in another way: what is shared and
// unchanged is copied as it was written, and other values are written as PHP does.
func sameAgain(t *testing.T, codec session.Codec, d session.Document, before, after []byte, complete bool) session.Document {
	t.Helper()
	// Where a variable stands twice, or does not decode, the text of a C: may get what it referred to.
	texts := false
	if codec == php.Native() && complete {
		sameGraph(t, string(before), string(after), true, slices.Collect(d.Names()))
		texts = graphOf(string(before)).sound
	}
	back, err := codec.Parse(after)
	if err != nil {
		t.Fatalf("what was written does not parse: %v\n%q\nfrom %q", err, after, before)
	}
	for name := range back.Names() {
		if got, want := told(back, name, texts), told(d, name, texts); got != want {
			t.Fatalf("%q is read as %s, and was %s\nin %q\nfrom %q", name, got, want, after, before)
		}
	}
	return back
}

// sameGraph says whether the variables are the same in both payloads, with all that is
// the same object or the same reference within them and between them, and in the texts
// of C:. Where before has references that lead nowhere there is nothing to be said. shape
// leaves out what can be written in several ways.
func sameGraph(t *testing.T, before, after string, shape bool, names []string) {
	t.Helper()
	was := graphOf(before)
	if !was.sound || slices.ContainsFunc(names, func(name string) bool { return was.vars[name] == nil }) {
		return
	}
	is := graphOf(after)
	if !is.sound {
		t.Fatalf("references lead nowhere that led to something\nin %q\nfrom %q", after, before)
	}
	if got, want := is.tell(names, shape), was.tell(names, shape); got != want {
		t.Fatalf("got  %s\nwant %s\nin %q\nfrom %q", got, want, after, before)
	}
}

// numbers are those of references within a text, and the lengths that depend on theirs.
var numbers = regexp.MustCompile(`([rR]:)[0-9]+;|(C:[0-9]+:"[^"]*":)[0-9]+:`)

// told says what a variable is, with the texts of C: or without. The objects in it are
// numbered, and so is what several of its places share by reference.
func told(d session.Document, name string, texts bool) string {
	var v any
	if err := d.Decode(name, &v); err != nil {
		return err.Error()
	}
	// What stands in one place is no different from its value, so it has no number
	// either: the first telling finds what stands in several.
	first := telling{texts: texts, all: true, several: map[*php.Ref]bool{}}
	first.begin(v)
	second := telling{texts: texts, several: first.several}
	return second.begin(v)
}

// telling is a variable as it is being told.
type telling struct {
	texts   bool
	all     bool              // what stands in one place is numbered too
	several map[*php.Ref]bool // stand in several
	shared  map[*php.Ref]int
	objects map[any]int
}

func (t *telling) begin(v any) string {
	t.shared, t.objects = map[*php.Ref]int{}, map[any]int{}
	return t.value(v)
}

func (t *telling) value(v any) string {
	switch v := v.(type) {
	case php.Array:
		return "[" + t.elements(v) + "]"
	case *php.Ref:
		return t.ref(v)
	case *php.Object, *php.Enum, *php.Serializable:
		if n, met := t.objects[v]; met {
			return fmt.Sprintf("%T %d", v, n)
		}
		t.objects[v] = len(t.objects)
	}
	switch v := v.(type) {
	case *php.Object:
		return v.Class + "{" + t.elements(v.Props) + "}"
	case *php.Enum:
		return v.Class + ":" + v.Case
	case *php.Serializable:
		if !t.texts {
			return v.Class + "()"
		}
		return v.Class + "(" + numbers.ReplaceAllString(v.Payload, "$1$2") + ")"
	}
	return fmt.Sprintf("%#v", v)
}

func (t *telling) elements(a php.Array) string {
	var b strings.Builder
	for _, e := range a {
		fmt.Fprintf(&b, "%#v: %s, ", e.Key, t.value(e.Value))
	}
	return b.String()
}

func (t *telling) ref(r *php.Ref) string {
	if n, met := t.shared[r]; met {
		t.several[r] = true
		return fmt.Sprintf("&%d", n)
	}
	if !t.all && !t.several[r] {
		return t.value(r.Value)
	}
	n := len(t.shared)
	t.shared[r] = n
	return fmt.Sprintf("&%d=%s", n, t.value(r.Value))
}

// again decodes all that decodes, sets it in a new document, and returns its bytes; nil
// if nothing can be set. complete says that all has been decoded.
func again(t *testing.T, codec session.Codec, d session.Document) (b []byte, complete bool) {
	t.Helper()
	fresh := codec.New()
	complete = true
	for name := range d.Names() {
		var v any
		if err := d.Decode(name, &v); err != nil {
			complete = false
			continue
		}
		if err := fresh.Set(name, v); err != nil {
			return nil, false // a payload that is no array; a C: whose text refers to what is gone
		}
	}
	b, err := fresh.Bytes()
	if err != nil {
		return nil, false // nested too deep by what was pulled in
	}
	return b, complete
}

// FuzzChange removes and sets variables, to new values and to what others hold, and puts
// members back, in sessions with references: every variable that decoded before and was left alone still decodes, to a
// session that parses.
func FuzzChange(f *testing.F) {
	for _, seed := range seeds {
		for _, edits := range []uint16{1, 2, 0x24, 0x1234} {
			f.Add([]byte(seed), edits, "a")
		}
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
		untouched, members := slices.Collect(d.Names()), false
		touch := func(name string) {
			untouched = slices.DeleteFunc(untouched, func(other string) bool { return other == name })
		}
		for i, name := range append(slices.Collect(d.Names()), name) {
			switch edits >> (i % 8 * 2) & 3 {
			case 1:
				d.Remove(name)
				touch(name)
			case 2:
				touch(name)
				if i%2 == 0 { // what another holds
					var v any
					if names := slices.Collect(d.Names()); len(names) > 0 && d.Decode(names[len(names)-1], &v) == nil {
						sound[name] = false
						_ = d.Set(name, v) // which may be what nothing can be set in
						continue
					}
				}
				if d.Set(name, []any{i, "x"}) == nil {
					sound[name] = true
				}
			case 3:
				if m, err := d.Members(name); err == nil {
					members = true // which others may share
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
		if !members {
			sameGraph(t, string(payload), string(b), false, untouched)
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
