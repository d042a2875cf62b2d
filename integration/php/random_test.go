package php_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"gyrfalcon/session"
	"gyrfalcon/session/php"
)

// rounds is how many random sessions each test makes in each format.
const rounds = 700

func inEachFormat(t *testing.T, test func(t *testing.T, p *peer, format string, codec session.Codec)) {
	t.Helper()
	t.Parallel()
	for format, codec := range formats {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			test(t, startPeer(t), format, codec)
		})
	}
}

func parse(t testing.TB, codec session.Codec, data []byte) session.Document {
	t.Helper()
	doc, err := codec.Parse(data)
	if err != nil {
		t.Fatalf("Parse of %q: %v", data, err)
	}
	return doc
}

func encoded(t testing.TB, doc session.Document) []byte {
	t.Helper()
	b, err := doc.Bytes()
	if err != nil {
		t.Fatalf("Bytes: %v", err)
	}
	return b
}

// made is a random session that PHP has written.
func made(t testing.TB, p *peer, c command) []byte {
	t.Helper()
	c.Op = "make"
	r := p.ask(t, c)
	if !r.OK {
		t.Fatalf("%+v: php did not write a session: %s", c, r.Exception)
	}
	return r.Data
}

func TestWhatPHPWritesIsReadAsPHPReadsItAndWrittenAgainAsItWas(t *testing.T) {
	inEachFormat(t, func(t *testing.T, p *peer, format string, codec session.Codec) {
		for seed := range rounds {
			data := made(t, p, command{Format: format, Seed: seed, Linked: seed%3 > 0})
			found := p.ask(t, command{Op: "read", Format: format, Data: data})
			doc, again := parse(t, codec, data), codec.New()
			var got []described
			for name := range doc.Names() {
				var v any
				if err := doc.Decode(name, &v); err != nil {
					t.Fatalf("seed %d, %q: %v in %q", seed, name, err, data)
				}
				got = append(got, described{name, describe(t, v)})
				if err := again.Set(name, v); err != nil {
					t.Fatalf("seed %d, %q: %v", seed, name, err)
				}
			}
			if !slices.Equal(got, found.Vars) {
				t.Fatalf("seed %d: %q\n is read as %q\nPHP reads %q", seed, data, got, found.Vars)
			}
			if b := encoded(t, again); string(b) != string(data) && len(got) > 0 {
				t.Fatalf("seed %d: decoded and encoded again:\n got %q\nwant %q", seed, b, data)
			}
		}
	})
}

func TestWhatGoWritesIsReadByPHPAsItWas(t *testing.T) {
	inEachFormat(t, func(t *testing.T, p *peer, format string, codec session.Codec) {
		for seed := range rounds {
			m := &maker{Rand: rand.New(rand.NewPCG(uint64(seed), 8)), plain: seed%2 == 0}
			doc := codec.New()
			var want []described
			for i := range m.IntN(7) {
				name := fmt.Sprintf("%sv%d", m.text(), i)
				v := m.value(3)
				if err := doc.Set(name, v); err != nil {
					continue // a name that this format has no room for
				}
				want = append(want, described{name, describeMade(t, v)})
			}
			data := encoded(t, doc)
			found := p.ask(t, command{Op: "read", Format: format, Data: data})
			if !found.OK || !slices.Equal(found.Vars, want) {
				t.Fatalf("seed %d: %q\n was made of %q\nPHP reads %q", seed, data, want, found.Vars)
			}
			if m.plain && len(want) > 0 && string(found.Data) != string(data) {
				t.Fatalf("seed %d: PHP writes it differently:\n got %q\nPHP %q", seed, data, found.Data)
			}
		}
	})
}

// Variables are removed and replaced at random, in sessions whose values refer to each
// other across variables. PHP does the same, and must write the same bytes.
func TestAChangeBesideReferencesIsWhatPHPMakesOfIt(t *testing.T) {
	inEachFormat(t, func(t *testing.T, p *peer, format string, codec session.Codec) {
		changed := 0
		for seed := range rounds {
			data := made(t, p, command{Format: format, Seed: seed, Linked: true, Plain: true})
			rng := rand.New(rand.NewPCG(uint64(seed), 9))
			doc := parse(t, codec, data)
			names := slices.Collect(doc.Names())
			var edits [][2]any
			for _, name := range append(names, "a new one") {
				switch rng.IntN(4) {
				case 0:
					doc.Remove(name)
					edits = append(edits, [2]any{[]byte(name), nil})
				case 1:
					v := (&maker{Rand: rng, plain: true}).value(2)
					if err := doc.Set(name, v); err != nil {
						t.Fatalf("seed %d: Set: %v", seed, err)
					}
					edits = append(edits, [2]any{[]byte(name), serialized(t, v)})
				}
			}
			want := p.ask(t, command{Op: "edit", Format: format, Data: data, Edits: edits})
			got := encoded(t, doc)
			if len(edits) == 0 || len(slices.Collect(doc.Names())) == 0 {
				continue
			}
			changed++
			if !want.OK || string(got) != string(want.Data) {
				t.Fatalf("seed %d: %q after %q:\n got %q\nwant %q (%s)", seed, data, edits, got, want.Data, want.Exception)
			}
			if again := p.ask(t, command{Op: "read", Format: format, Data: got}); !again.OK || string(again.Data) != string(got) {
				t.Fatalf("seed %d: PHP does not read what was written: %q", seed, got)
			}
		}
		if changed < rounds/2 {
			t.Errorf("only %d of %d sessions were changed", changed, rounds)
		}
	})
}

// Another variable, which stands before them, is changed a hundred times, so that every
// number changes. PHP must find its objects as they were, and one (===) where they were.
func TestPHPsObjectsOutliveAHundredChangesBesideThem(t *testing.T) {
	inEachFormat(t, func(t *testing.T, p *peer, format string, codec session.Codec) {
		for seed := range 20 {
			data := made(t, p, command{Format: format, Seed: seed, Linked: true, Counter: true})
			before := p.ask(t, command{Op: "read", Format: format, Data: data})
			for i := range 100 {
				doc := parse(t, codec, data)
				var v any = i
				if i%3 == 1 {
					v = make([]int, i)
				}
				if err := doc.Set("n", v); err != nil {
					t.Fatalf("Set: %v", err)
				}
				data = encoded(t, doc)
			}
			after := p.ask(t, command{Op: "read", Format: format, Data: data})
			want := strings.Replace(before.Whole, "=i0", "=i99", 1)
			if !after.OK || after.Whole != want || string(after.Data) != string(data) {
				t.Fatalf("seed %d: %q\nPHP finds %s\n    want %s", seed, data, after.Whole, want)
			}
		}
	})
}

// serialized is v as PHP's serialize writes it.
func serialized(t testing.TB, v any) []byte {
	t.Helper()
	doc := php.Native().New()
	if err := doc.Set("", v); err != nil {
		t.Fatalf("Set: %v", err)
	}
	return encoded(t, doc)[1:]
}

// maker makes random values of what any decodes to, with objects and references that
// stand in several places of one value.
type maker struct {
	*rand.Rand

	valid   bool // strings are valid UTF-8
	plain   bool // no case of an enumeration, of which PHP would write only the first
	objects []any
	refs    []*php.Ref
}

func (m *maker) text() string {
	const special = "|;:\"{}\\aisOCRr0\x00\xff\x80é"
	b := make([]byte, m.IntN(12))
	for i := range b {
		b[i] = special[m.IntN(len(special))]
	}
	switch m.IntN(6) {
	case 0:
		return fmt.Sprint(m.IntN(50) - 20)
	case 1:
		return []string{"07", "-0", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "", "plain"}[m.IntN(7)]
	}
	if m.valid {
		return strings.ToValidUTF8(string(b), "Ω🧀")
	}
	return string(b)
}

func (m *maker) float() float64 {
	switch m.IntN(4) {
	case 0:
		return []float64{0, math.Copysign(0, -1), math.Inf(1), math.Inf(-1), math.NaN(), 1e15, 1e16, 1e17, 1e-4, 1e-5, 5e-324, math.MaxFloat64}[m.IntN(12)]
	case 1:
		return float64(m.IntN(2000)-1000) / 100
	case 2:
		return math.Pow(10, float64(m.IntN(40)-20))
	}
	return math.Float64frombits(m.Uint64())
}

func (m *maker) value(depth int) any {
	most := 6
	if depth > 0 {
		most = 12
	}
	switch m.IntN(most) {
	case 0:
		return nil
	case 1:
		return m.IntN(2) == 0
	case 2:
		return m.IntN(2000) - 1000
	case 3:
		return int(m.Uint64())
	case 4:
		return m.float()
	case 5:
		return m.text()
	case 6, 7:
		return m.array(depth)
	case 8:
		o := &php.Object{Class: "stdClass"}
		m.objects = append(m.objects, o)
		for i := range m.IntN(4) {
			o.Set(fmt.Sprintf("p%d", i), m.place(depth-1))
		}
		return o
	case 9:
		o := &php.Object{Class: "Kept"}
		m.objects = append(m.objects, o)
		o.Props = php.Array{
			{Key: "a", Value: m.place(depth - 1)},
			{Key: php.PropertyKey("b", php.Protected, ""), Value: m.place(depth - 1)},
			{Key: php.PropertyKey("c", php.Private, "Kept"), Value: m.value(depth - 1)},
		}
		return o
	case 10:
		if m.plain {
			return nil
		}
		e := &php.Enum{Class: "Suit", Case: "Hearts"}
		for _, o := range m.objects { // PHP has one object for each case
			if _, ok := o.(*php.Enum); ok {
				return o
			}
		}
		m.objects = append(m.objects, e)
		return e
	}
	if len(m.objects) == 0 {
		return nil
	}
	return m.objects[m.IntN(len(m.objects))]
}

func (m *maker) array(depth int) php.Array {
	a := php.Array{}
	list := m.IntN(2) == 0
	for i := range m.IntN(5) {
		var k any = i
		if !list {
			k = m.text()
		}
		a.Set(keyAsDecoded(k), m.place(depth-1))
	}
	return a
}

// keyAsDecoded is the key as decoding gives it.
func keyAsDecoded(k any) any {
	var n int
	text, ok := k.(string)
	if _, err := fmt.Sscanf(text, "%d", &n); ok && err == nil && fmt.Sprint(n) == text {
		return n
	}
	return k
}

// place is a value, or one that several places share by reference.
func (m *maker) place(depth int) any {
	if m.IntN(6) > 0 {
		return m.value(depth)
	}
	if len(m.refs) > 0 && m.IntN(2) == 0 {
		return m.refs[m.IntN(len(m.refs))]
	}
	r := &php.Ref{Value: m.value(depth)}
	switch r.Value.(type) {
	case *php.Object, *php.Enum:
		return r.Value // PHP itself does not tell such a reference from the object
	}
	m.refs = append(m.refs, r)
	return r
}
