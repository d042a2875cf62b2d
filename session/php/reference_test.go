package php_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"gyrfalcon/session"
	"gyrfalcon/session/php"
)

const o = `O:8:"stdClass":1:{s:1:"v";i:1;}`

// In php and php_binary slots run on from variable to variable: R: takes none, r: takes
// one. What is expected here is what PHP 8.2 writes.
func TestReferencesAreNumberedAnewWhenAnEarlierVariableChanges(t *testing.T) {
	t.Parallel()
	set := func(name string, v any) func(*testing.T, session.Document) {
		return func(t *testing.T, d session.Document) { must(t, "Set", d.Set(name, v)) }
	}
	remove := func(name string) func(*testing.T, session.Document) {
		return func(_ *testing.T, d session.Document) { d.Remove(name) }
	}
	for _, c := range []struct {
		name, before string
		change       func(*testing.T, session.Document)
		after        string
	}{
		{"more slots before", `n|i:1;a|` + o + `b|r:2;c|R:2;`, set("n", []int{1, 2}), `n|a:2:{i:0;i:1;i:1;i:2;}a|` + o + `b|r:4;c|R:4;`},
		{"fewer slots before", `n|a:2:{i:0;i:1;i:1;i:2;}a|` + o + `b|r:4;c|R:4;`, set("n", "x"), `n|s:1:"x";a|` + o + `b|r:2;c|R:2;`},
		{"none before", `n|a:2:{i:0;i:1;i:1;i:2;}a|` + o + `b|r:4;`, remove("n"), `a|` + o + `b|r:1;`},
		{"one between", `a|` + o + `n|i:1;b|r:1;c|r:4;`, set("n", nil), `a|` + o + `n|N;b|r:1;c|r:1;`},
		{"one behind", `a|` + o + `b|r:1;`, set("z", 1), `a|` + o + `b|r:1;z|i:1;`},
		{"what they lead to is removed", `a|` + o + `b|r:1;c|r:1;d|R:1;`, remove("a"), `b|` + o + `c|r:1;d|r:1;`},
		{"what they lead to is replaced", `a|s:1:"x";b|R:1;c|R:1;`, set("a", 5), `a|i:5;b|s:1:"x";c|R:2;`},
		{"a part of what they lead to", `a|a:2:{i:0;` + o + `i:1;i:7;}b|R:4;c|r:2;`, remove("a"), `b|i:7;c|` + o},
		{"a circle is replaced", `a|O:1:"A":1:{s:1:"b";O:1:"B":1:{s:1:"a";r:1;}}b|r:2;`, set("a", 0), `a|i:0;b|O:1:"B":1:{s:1:"a";O:1:"A":1:{s:1:"b";r:2;}}`},
		{"a place in itself", `a|O:1:"A":1:{s:1:"v";r:1;}b|R:2;`, remove("a"), `b|O:1:"A":1:{s:1:"v";R:1;}`},
		{"an array in itself", `n|N;a|a:1:{s:4:"self";R:2;}`, remove("n"), `a|a:1:{s:4:"self";R:1;}`},
		{"a reference is replaced", `a|s:1:"x";b|R:1;c|R:1;`, set("b", 5), `a|s:1:"x";b|i:5;c|R:1;`},
		{"the text of a Serializable counts", `n|N;l|C:1:"L":14:{a:1:{i:0;i:1;}}o|` + o + `p|r:5;`, remove("n"), `l|C:1:"L":14:{a:1:{i:0;i:1;}}o|` + o + `p|r:4;`},
		{"and is renumbered", `n|a:9:{i:0;N;i:1;N;i:2;N;i:3;N;i:4;N;i:5;N;i:6;N;i:7;N;i:8;N;}o|` + o + `l|C:1:"L":5:{r:11;}`, remove("n"), `o|` + o + `l|C:1:"L":4:{r:1;}`},
		{"or does not, if that does not fit", `n|N;l|C:1:"L":4:{i:1;}o|` + o + `p|r:3;`, remove("n"), `l|C:1:"L":4:{i:1;}o|` + o + `p|r:2;`},
		{"what leads nowhere goes on doing so", `a|i:1;b|R:4;c|r:9;`, set("a", []int{1, 2, 3, 4}), `a|a:4:{i:0;i:1;i:1;i:2;i:2;i:3;i:3;i:4;}b|R:0;c|r:9;`},
		{"of two variables of one name", `a|i:1;b|R:1;a|i:2;`, set("z", 0), `a|i:2;b|i:1;z|i:0;`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := parsed(t, php.Native(), c.before)
			c.change(t, d)
			wantBytes(t, d, c.after)
			wantBytes(t, parsed(t, php.Native(), c.after), c.after)
		})
	}
}

func TestInASerializedArrayTheArrayItselfIsSlotOne(t *testing.T) {
	t.Parallel()
	d := parsed(t, php.Serialize(), `a:3:{s:1:"n";i:1;s:1:"a";`+o+`s:1:"b";r:3;}`)
	d.Remove("n")
	wantBytes(t, d, `a:2:{s:1:"a";`+o+`s:1:"b";r:2;}`)
	const self = `a:2:{s:1:"n";i:1;s:1:"a";R:1;}`
	d = parsed(t, php.Serialize(), self)
	wantBytes(t, d, self)
	d.Remove("n")
	wantBytes(t, d, `a:1:{s:1:"a";R:1;}`)
}

func TestAnObjectIsTheSameInAllPlacesOfOneValue(t *testing.T) {
	t.Parallel()
	d := parsed(t, php.Native(), `a|a:3:{i:0;`+o+`i:1;r:2;i:2;`+o+`}`)
	a := decodeAs[[]*php.Object](t, d, "a")
	if len(a) != 3 || a[0] != a[1] || a[0] == a[2] {
		t.Errorf("got %v, want the first two to be one object", a)
	}
	type node struct {
		Name string `php:"name"`
		Next *node  `php:"next"`
	}
	d = parsed(t, php.Native(), `n|O:4:"Node":2:{s:4:"name";s:1:"a";s:4:"next";O:4:"Node":2:{s:4:"name";s:1:"b";s:4:"next";r:1;}}`)
	n := decodeAs[*node](t, d, "n")
	if n.Next.Next != n || n.Next.Name != "b" {
		t.Errorf("got %+v, want a circle of two", n)
	}
	var flat node
	must(t, "Decode into a struct that cannot be pointed to", d.Decode("n", &flat))
	if again := flat.Next.Next; again.Name != "a" || again.Next != flat.Next {
		t.Errorf("got %+v, want the rest of the circle to be one", flat)
	}
}

func TestWhatIsHeldByReferenceIsOneRefInAllPlaces(t *testing.T) {
	t.Parallel()
	d := parsed(t, php.Native(), `a|a:2:{i:0;i:5;i:1;R:2;}b|R:2;c|s:1:"x";`)
	a := decodeAs[php.Array](t, d, "a")
	first, ok := a[0].Value.(*php.Ref)
	if !ok || a[1].Value != any(first) || first.Value != 5 {
		t.Fatalf("got %v, want one *Ref to 5 twice", a)
	}
	if got := decodeAs[int](t, d, "b"); got != 5 {
		t.Errorf("b as an int: got %d, want 5", got)
	}
	if got := decodeAs[[]int](t, d, "a"); !slices.Equal(got, []int{5, 5}) {
		t.Errorf("a as ints: got %v", got)
	}
	first.Value = 6
	must(t, "Set", d.Set("a", a))
	wantBytes(t, d, `a|a:2:{i:0;i:6;i:1;R:2;}b|R:2;c|s:1:"x";`)
}

func TestAnObjectThatWasNotChangedStaysTheSameAsTheOthers(t *testing.T) {
	t.Parallel()
	d := parsed(t, php.Native(), `a|`+o+`b|a:1:{i:0;r:1;}`)
	obj := decodeAs[*php.Object](t, d, "a")
	must(t, "Set", d.Set("z", php.List(obj, obj)))
	wantBytes(t, d, `a|`+o+`b|a:1:{i:0;r:1;}z|a:2:{i:0;r:1;i:1;r:1;}`)
	d.Remove("a")
	wantBytes(t, d, `b|a:1:{i:0;`+o+`}z|a:2:{i:0;r:2;i:1;r:2;}`)
	if got := decodeAs[[]map[string]int](t, d, "z"); len(got) != 2 || got[1]["v"] != 1 {
		t.Errorf("z: got %v", got)
	}
}

func TestAChangedObjectTakesThePlaceOfTheOneItWas(t *testing.T) {
	t.Parallel()
	const changed = `O:8:"stdClass":2:{s:1:"v";i:2;s:1:"w";a:2:{i:0;N;i:1;N;}}`
	d := parsed(t, php.Native(), `a|`+o+`b|r:1;c|i:1;d|r:1;`)
	obj := decodeAs[*php.Object](t, d, "a")
	obj.Set("v", 2)
	obj.Set("w", php.List(nil, nil))
	must(t, "Set", d.Set("a", obj))
	wantBytes(t, d, `a|`+changed+`b|r:1;c|i:1;d|r:1;`)
	if v, _ := decodeAs[*php.Object](t, parsed(t, php.Native(), string(all(t, d))), "b").Get("v"); v != 2 {
		t.Errorf("b, which is the same object: got v=%v, want 2", v)
	}
	// Where the one that it was still stands, it is an object of its own.
	d = parsed(t, php.Native(), `a|`+o+`b|r:1;`)
	obj = decodeAs[*php.Object](t, d, "b")
	obj.Set("v", 2)
	must(t, "Set", d.Set("b", obj))
	wantBytes(t, d, `a|`+o+`b|O:8:"stdClass":1:{s:1:"v";i:2;}`)
}

func all(t *testing.T, d session.Document) []byte {
	t.Helper()
	b, err := d.Bytes()
	must(t, "Bytes", err)
	return b
}

func TestMembersKeepTheirReferences(t *testing.T) {
	t.Parallel()
	const before = `n|i:1;bag|a:3:{s:1:"x";` + o + `s:1:"y";r:3;s:1:"k";i:1;}out|r:3;whole|R:2;`
	d := parsed(t, php.Native(), before)
	m, err := d.Members("bag")
	must(t, "Members", err)
	must(t, "Set", m.Set("k", 2))
	must(t, "Set", d.Set("bag", m))
	wantBytes(t, d, `n|i:1;bag|a:3:{s:1:"x";`+o+`s:1:"y";r:3;s:1:"k";i:2;}out|r:3;whole|R:2;`)
	if got := decodeAs[map[string]any](t, d, "bag"); got["k"] != 2 {
		t.Errorf("bag: got %v", got)
	}
	m, err = d.Members("bag")
	must(t, "Members again", err)
	m.Remove("x")
	must(t, "Set", d.Set("bag", m))
	must(t, "Set", d.Set("n", []int{1}))
	wantBytes(t, d, `n|a:1:{i:0;i:1;}bag|a:2:{s:1:"y";`+o+`s:1:"k";i:2;}out|r:4;whole|R:3;`)
}

func TestReferencesThatUnfoldToTooMuchAreADecodeErrorAndNoFlood(t *testing.T) {
	t.Parallel()
	payload := `v0|a:0:{}`
	for n := 1; n < 60; n++ { // each is one slot, for R: takes none
		payload += fmt.Sprintf(`v%d|a:2:{i:0;R:%d;i:1;R:%d;}`, n, n, n)
	}
	d := parsed(t, php.Native(), payload)
	type bush []bush
	names := slices.Collect(d.Names())
	var b bush
	if err := d.Decode(names[len(names)-1], &b); err == nil {
		t.Error("2^58 lists were decoded without an error")
	}
	var v any
	must(t, "Decode into any, where references stay references", d.Decode(names[len(names)-1], &v))
	must(t, "Set", d.Set("again", v))
}

// chain is a session of n objects, each of which refers to the one before it.
func chain(n int) string {
	b := []byte(`v0|O:1:"A":1:{s:1:"o";N;}`)
	for i := 1; i < n; i++ {
		b = fmt.Appendf(b, `v%d|O:1:"A":1:{s:1:"o";r:%d;}`, i, 2*i-1)
	}
	return string(b)
}

// Following references is recursion, which Go's stack has room for up to a point.
func TestAChainOfReferencesHasAnEnd(t *testing.T) {
	t.Parallel()
	for n, ok := range map[int]bool{20_000: true, 100_000: false} {
		d := parsed(t, php.Native(), chain(n))
		var v any
		if err := d.Decode(fmt.Sprintf("v%d", n-1), &v); (err == nil) != ok {
			t.Errorf("a chain of %d: got error %v, want one: %v", n, err, !ok)
		}
	}
}

func TestWhatReferencesPullInMustNotBeTooDeepForPHP(t *testing.T) {
	t.Parallel()
	for n, ok := range map[int]bool{4000: true, 4200: false} {
		d := parsed(t, php.Native(), chain(n))
		for i := range n - 1 {
			d.Remove(fmt.Sprintf("v%d", i))
		}
		_, err := d.Bytes()
		if _, is := errors.AsType[*session.EncodeError](err); is == ok || (err == nil) != ok {
			t.Errorf("a chain of %d in one variable: got error %v, want an *EncodeError: %v", n, err, !ok)
		}
	}
}

func TestAReferenceToItselfOrForwardsLeadsNowhere(t *testing.T) {
	t.Parallel()
	for _, payload := range []string{`a|R:1;`, `a|r:1;`, `a|a:1:{i:0;r:2;}`, `a|a:2:{i:0;R:2;i:1;i:5;}`, `a|a:2:{i:0;r:4;i:1;O:1:"A":0:{}}`, `a|R:0;`, `a|r:99999999999999999999;`} {
		for _, into := range []any{new(any), new([]any), new(php.Array), new(*php.Object), new(map[string]int)} {
			if err := parsed(t, php.Native(), payload).Decode("a", into); err == nil {
				t.Errorf("%s was decoded into %T", payload, into)
			}
		}
	}
}

func TestSettingWhatOthersShareEndsThatWhateverItIsSetTo(t *testing.T) {
	t.Parallel()
	d := parsed(t, php.Native(), `a|s:1:"x";b|R:1;`)
	must(t, "Set", d.Set("a", "x"))
	wantBytes(t, d, `a|s:1:"x";b|s:1:"x";`)
}

func TestAChangedCopyBeforeAnObjectIsNotTheObject(t *testing.T) {
	t.Parallel()
	d := parsed(t, php.Native(), `z|N;a|`+o+`b|r:2;`)
	obj := decodeAs[*php.Object](t, d, "a")
	obj.Set("v", 2)
	must(t, "Set", d.Set("z", obj))
	wantBytes(t, d, `z|O:8:"stdClass":1:{s:1:"v";i:2;}a|`+o+`b|r:3;`)
}

// What is expected here is what PHP 8.2 makes of it: a place that is written over shares
// nothing any more.
func TestWhatStandsInOnePlaceAfterAllIsNoReference(t *testing.T) {
	t.Parallel()
	const before, after = `a:3:{i:0;a:2:{i:0;i:7;i:1;R:3;}i:1;R:2;i:0;i:5;}`, `a:2:{i:0;i:5;i:1;a:2:{i:0;i:7;i:1;R:4;}}`
	d, fresh := parsed(t, php.Serialize(), before), php.Serialize().New()
	for name := range d.Names() {
		must(t, "Set", fresh.Set(name, decodeAs[any](t, d, name)))
	}
	wantBytes(t, fresh, after)
	// Those that share are numbered, and it is not among them, though a *Ref holds it.
	const want = "[0: &0=7, 1: &0, ]"
	for payload, d := range map[string]session.Document{before: d, after: parsed(t, php.Serialize(), after)} {
		if got := told(d, "1", true); got != want {
			t.Errorf("%s is told as %s, want %s", payload, got, want)
		}
	}
}

// PHP 8.2 takes both of what is written here, for the same number.
func TestWhatIsSharedIsCopiedAsItWasWrittenAndElseWrittenAsPHPDoes(t *testing.T) {
	t.Parallel()
	d := parsed(t, php.Native(), `a|i:00;z|R:1;a|b:0;`)
	for _, want := range []string{`a|b:0;z|i:00;`, `a|b:0;z|i:0;`} {
		fresh := php.Native().New()
		for name := range d.Names() {
			must(t, "Set", fresh.Set(name, decodeAs[any](t, d, name)))
		}
		wantBytes(t, fresh, want)
		d = parsed(t, php.Native(), want)
		if got := decodeAs[int](t, d, "z"); got != 0 {
			t.Errorf("z in %s: got %d, want 0", want, got)
		}
	}
}
