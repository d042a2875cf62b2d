package php_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"gyrfalcon/session"
	"gyrfalcon/session/php"
)

func TestVariablesAreSetChangedAndRemovedInEachFormat(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name         string
		codec        session.Codec
		empty        string
		three, after string
	}{
		{"php", php.Native(), "", `user|s:3:"ada";n|i:1;ok|b:1;`, `user|s:3:"ada";n|i:2;x|N;`},
		{"php_binary", php.Binary(), "", "\x04users:3:\"ada\";\x01ni:1;\x02okb:1;", "\x04users:3:\"ada\";\x01ni:2;\x01xN;"},
		{"php_serialize", php.Serialize(), "a:0:{}", `a:3:{s:4:"user";s:3:"ada";s:1:"n";i:1;s:2:"ok";b:1;}`, `a:3:{s:4:"user";s:3:"ada";s:1:"n";i:2;s:1:"x";N;}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := c.codec.New()
			wantBytes(t, d, c.empty)
			must(t, "Set", d.Set("user", "ada"))
			must(t, "Set", d.Set("n", 1))
			must(t, "Set", d.Set("ok", true))
			wantBytes(t, d, c.three)
			d = parsed(t, c.codec, c.three)
			if names := slices.Collect(d.Names()); !slices.Equal(names, []string{"user", "n", "ok"}) {
				t.Errorf("Names: got %q", names)
			}
			must(t, "Set", d.Set("n", decodeAs[int](t, d, "n")+1))
			must(t, "Set", d.Set("x", nil))
			d.Remove("ok")
			d.Remove("none")
			wantBytes(t, d, c.after)
			d.Remove("x")
			d.Remove("n")
			d.Remove("user")
			wantBytes(t, d, c.empty)
			var n int
			if err := d.Decode("n", &n); !errors.Is(err, session.ErrNoVariable) {
				t.Errorf("Decode of what is not there: got %v", err)
			}
			if _, err := d.Members("n"); !errors.Is(err, session.ErrNoVariable) {
				t.Errorf("Members of what is not there: got %v", err)
			}
		})
	}
}

func TestAnEmptyPayloadIsAnEmptyDocument(t *testing.T) {
	t.Parallel()
	for _, codec := range []session.Codec{php.Native(), php.Serialize(), php.Binary()} {
		d := parsed(t, codec, "")
		if names := slices.Collect(d.Names()); len(names) != 0 {
			t.Errorf("Names: got %q", names)
		}
		must(t, "Set", d.Set("a", 1))
		if got := decodeAs[int](t, d, "a"); got != 1 {
			t.Errorf("a: got %d", got)
		}
	}
}

func TestANameThatPHPWouldLoseTheSessionForIsRefused(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("n", 128)
	for _, c := range []struct {
		codec session.Codec
		name  string
		ok    bool
	}{
		{php.Native(), "a|b", false},
		{php.Native(), "|", false},
		{php.Native(), long, true},
		{php.Binary(), long, false},
		{php.Binary(), long[1:], true},
		{php.Binary(), "a|b", true},
		{php.Serialize(), "a|b" + long, true},
		{php.Native(), "", true},
	} {
		d := c.codec.New()
		must(t, "Set", d.Set("before", 1))
		before, _ := d.Bytes()
		err := d.Set(c.name, 2)
		if ee, is := errors.AsType[*session.EncodeError](err); is == c.ok || is && ee.Name != c.name {
			t.Errorf("Set(%.9q): got error %v, want one: %v", c.name, err, !c.ok)
		}
		if err != nil && strings.Contains(err.Error(), "a value of type") {
			t.Errorf("Set(%.9q): the error blames the value: %v", c.name, err)
		}
		if !c.ok {
			wantBytes(t, d, string(before))
		}
	}
}

func TestIntegerNamesAreIntegerKeysInASerializedArrayOnly(t *testing.T) {
	t.Parallel()
	d := parsed(t, php.Serialize(), `a:2:{i:5;s:4:"five";s:1:"a";i:1;}`)
	if got := decodeAs[string](t, d, "5"); got != "five" {
		t.Errorf("5: got %q", got)
	}
	must(t, "Set", d.Set("-7", 1))
	must(t, "Set", d.Set("05", 2))
	wantBytes(t, d, `a:4:{i:5;s:4:"five";s:1:"a";i:1;i:-7;i:1;s:2:"05";i:2;}`)
	n := php.Native().New()
	must(t, "Set", n.Set("5", 1))
	wantBytes(t, n, `5|i:1;`)
}

func TestOfSeveralVariablesWithOneNameTheLastCountsInThePlaceOfTheFirst(t *testing.T) {
	t.Parallel()
	const payload = `a|i:1;b|i:2;a|i:3;`
	d := parsed(t, php.Native(), payload)
	wantBytes(t, d, payload)
	if got := decodeAs[int](t, d, "a"); got != 3 {
		t.Errorf("a: got %d, want 3", got)
	}
	must(t, "Set", d.Set("b", 4))
	wantBytes(t, d, `a|i:3;b|i:4;`)
	var many strings.Builder
	for i := range 200 {
		many.WriteString(strings.Repeat("k", i%100) + "|i:" + string(rune('0'+i/100)) + ";")
	}
	d = parsed(t, php.Native(), many.String())
	if n := len(slices.Collect(d.Names())); n != 100 {
		t.Errorf("got %d names, want 100", n)
	}
	if got := decodeAs[int](t, d, "kkk"); got != 1 {
		t.Errorf("kkk: got %d, want the last one's 1", got)
	}
}

func TestAVariableThatDoesNotDecodeCostsItself(t *testing.T) {
	t.Parallel()
	const payload = `a|i:1;bad|b:7;deep|a:2:{i:0;i:1;}b|s:1:"x";ref|R:77;`
	d := parsed(t, php.Native(), payload)
	for _, name := range []string{"bad", "deep", "ref"} {
		var v any
		err := d.Decode(name, &v)
		if de, ok := errors.AsType[*session.DecodeError](err); !ok || de.Name != name {
			t.Errorf("%s: got %v, want a *DecodeError", name, err)
		}
	}
	must(t, "Set", d.Set("a", 2))
	wantBytes(t, d, `a|i:2;bad|b:7;deep|a:2:{i:0;i:1;}b|s:1:"x";ref|R:77;`)
	must(t, "Set", d.Set("bad", false))
	if decodeAs[bool](t, d, "bad") {
		t.Error("bad: got true after it was set to false")
	}
}

func TestTheErrorOfParseSaysWhereAndNotWhat(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		codec   session.Codec
		payload string
		at      string
	}{
		{php.Native(), `a|i:1;secret`, "byte 6:"},
		{php.Native(), `a|i:1;b|secret`, "byte 8:"},
		{php.Binary(), "\x01ai:1;\x09secret", "byte 6:"},
		{php.Serialize(), `a:2:{s:1:"a";i:1;}`, "byte 17:"},
		{php.Serialize(), `a:1:{s:1:"a";secret}`, "byte 13:"},
		{php.Serialize(), `secret`, "byte 0:"},
	} {
		_, err := c.codec.Parse([]byte(c.payload))
		if err == nil || !strings.Contains(err.Error(), c.at) || strings.Contains(err.Error(), "secret") {
			t.Errorf("Parse(%q): got %v, want an error at %s", c.payload, err, c.at)
		}
	}
}

// PHP starts a session of such a payload, but nothing can be set in it.
func TestTheErrorOfDecodeDoesNotQuoteWhatIsStored(t *testing.T) {
	t.Parallel()
	date := func(date, zone string) string {
		return fmt.Sprintf(`a|O:8:"DateTime":3:{s:4:"date";s:%d:"%s";s:13:"timezone_type";i:3;s:8:"timezone";s:%d:"%s";}`, len(date), date, len(zone), zone)
	}
	for _, payload := range []string{
		`a|s:6:"secret";`, `a|d:secret;`, date("secret", "UTC"), date("2026-01-02 03:04:05.000000", "secret"),
		date("2026-01-02 03:04:05.000000", "secret/../UTC"), date("2026-01-02 03:04:05.000000", "Europe//Kyiv"),
	} {
		var at time.Time
		err := parsed(t, php.Native(), payload).Decode("a", &at)
		if err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: got error %v, want one that does not say what is stored", payload, err)
		}
	}
	long := strings.Repeat("a", 10_000)
	if err := parsed(t, php.Native(), fmt.Sprintf(`a|O:%d:"%s":0:{}`, len(long), long)).Decode("a", new(int)); err == nil || len(err.Error()) > 1000 {
		t.Errorf("of a class with a long name: got %.100v…, want a short error", err)
	}
}

func TestAPayloadThatIsNoArrayIsLeftAlone(t *testing.T) {
	t.Parallel()
	for _, payload := range []string{`i:5;`, `b:1;`, `s:1:"a";`, `O:8:"stdClass":1:{s:1:"a";r:1;}`} {
		d := parsed(t, php.Serialize(), payload)
		if _, ok := errors.AsType[*session.EncodeError](d.Set("a", 1)); !ok {
			t.Errorf("%s: Set is no *EncodeError", payload)
		}
		wantBytes(t, d, payload)
	}
	for _, payload := range []string{`N;`, `b:0;`} {
		d := parsed(t, php.Serialize(), payload)
		wantBytes(t, d, payload)
		must(t, "Set", d.Set("a", 1))
		wantBytes(t, d, `a:1:{s:1:"a";i:1;}`)
	}
}

func TestWhatMeansTheSameIsNotWrittenAnew(t *testing.T) {
	t.Parallel()
	const payload = `f|d:0.10000000000000001;s|S:1:"\41";a|a:2:{i:0;d:1.0E+1;s:1:"k";i:007;}`
	d := parsed(t, php.Native(), payload)
	for name := range d.Names() {
		must(t, "Set", d.Set(name, decodeAs[any](t, d, name)))
	}
	wantBytes(t, d, payload)
	must(t, "Set", d.Set("a", php.List(10.0, 7)))
	must(t, "Set", d.Set("f", 0.2))
	wantBytes(t, d, `f|d:0.2;s|S:1:"\41";a|a:2:{i:0;d:10;i:1;i:7;}`)
}

func TestWhatFreezeEncodedIsBeyondTheReachOfLaterChanges(t *testing.T) {
	t.Parallel()
	codec := php.Native()
	list := []int{1, 2}
	frozen, err := codec.Freeze(list)
	must(t, "Freeze", err)
	list[0] = 9
	for range 2 {
		d := codec.New()
		must(t, "Set", d.Set("a", frozen))
		must(t, "Set", d.Set("b", frozen))
		wantBytes(t, d, `a|a:2:{i:0;i:1;i:1;i:2;}b|a:2:{i:0;i:1;i:1;i:2;}`)
	}
}

func TestTheBytesStayAsTheyAreWhenTheDocumentChanges(t *testing.T) {
	t.Parallel()
	d := parsed(t, php.Native(), `a|i:1;`)
	must(t, "Set", d.Set("a", 2))
	first, _ := d.Bytes()
	must(t, "Set", d.Set("a", 3))
	if _, err := d.Bytes(); err != nil || string(first) != `a|i:2;` {
		t.Errorf("the first bytes are now %q, error %v", first, err)
	}
}

func TestMembersOfAnArrayAreChangedAndPutBack(t *testing.T) {
	t.Parallel()
	for _, codec := range []session.Codec{php.Native(), php.Serialize(), php.Binary()} {
		d := codec.New()
		must(t, "Set", d.Set("cart", php.Array{{Key: "x", Value: 1}, {Key: 5, Value: "five"}, {Key: "y", Value: php.List(1, 2)}}))
		m, err := d.Members("cart")
		if err != nil {
			t.Fatalf("Members: %v", err)
		}
		if names := slices.Collect(m.Names()); !slices.Equal(names, []string{"x", "5", "y"}) {
			t.Errorf("Names: got %q", names)
		}
		must(t, "Set", m.Set("5", 55))
		must(t, "Set", m.Set("7", 77))
		must(t, "Set", m.Set("a|b", true))
		m.Remove("x")
		if x := decodeAs[map[string]any](t, d, "cart"); len(x) != 3 {
			t.Errorf("a change of the members has reached the document: %v", x)
		}
		must(t, "Set", d.Set("cart", m))
		v := decodeAs[php.Array](t, d, "cart")
		if len(v) != 4 || v[0].Key != 5 || v[0].Value != 55 || v[2].Key != 7 || v[3].Key != "a|b" {
			t.Errorf("got %v", v)
		}
	}
}

func TestOnlyAnArrayHasMembers(t *testing.T) {
	t.Parallel()
	d := parsed(t, php.Native(), `i|i:1;o|O:8:"stdClass":0:{}bad|a:2:{i:0;i:1;}worse|a:1:{d:1;i:1;}ref|R:88;`)
	for name := range d.Names() {
		_, err := d.Members(name)
		if de, ok := errors.AsType[*session.DecodeError](err); !ok || de.Name != name {
			t.Errorf("Members(%q): got %v, want a *DecodeError", name, err)
		}
	}
}

func TestTooDeepAValueIsRefusedWhereverItIsPut(t *testing.T) {
	t.Parallel()
	nested := func(n int) any {
		v := any(1)
		for range n {
			v = []any{v}
		}
		return v
	}
	for _, c := range []struct {
		codec session.Codec
		most  int
	}{{php.Native(), 4096}, {php.Binary(), 4096}, {php.Serialize(), 4095}} {
		d := c.codec.New()
		must(t, "Set at the limit", d.Set("a", nested(c.most)))
		var back any
		must(t, "Decode at the limit", d.Decode("a", &back))
		before, _ := d.Bytes()
		if _, ok := errors.AsType[*session.EncodeError](d.Set("b", nested(c.most+1))); !ok {
			t.Error("Set beyond the limit is no *EncodeError")
		}
		if _, err := c.codec.Freeze(nested(c.most + 1)); err == nil {
			t.Error("Freeze beyond the limit: got no error")
		}
		frozen, err := c.codec.Freeze(nested(c.most))
		must(t, "Freeze at the limit", err)
		must(t, "Set", d.Set("bag", map[string]int{"x": 1}))
		m, err := d.Members("bag")
		must(t, "Members", err)
		if err := m.Set("y", frozen); err == nil {
			t.Error("Set in a bag beyond the limit: got no error")
		}
		d.Remove("bag")
		wantBytes(t, d, string(before))
	}
}

// PHP counts arrays with something in them, and all objects.
func TestDepthIsCountedAsPHPCountsIt(t *testing.T) {
	t.Parallel()
	const most = 4096
	for _, c := range []struct {
		depth int
		leaf  string
		ok    bool
	}{
		{most, "i:1;", true}, {most + 1, "i:1;", false}, {most, "a:0:{}", true}, {most, `O:1:"A":0:{}`, false}, {most - 1, `O:1:"A":0:{}`, true},
	} {
		nested := strings.Repeat("a:1:{i:0;", c.depth) + c.leaf + strings.Repeat("}", c.depth)
		d := parsed(t, php.Native(), "v|"+nested)
		var v any
		err := d.Decode("v", &v)
		if (err == nil) != c.ok {
			t.Errorf("%d deep with %s: got error %v, want one: %v", c.depth, c.leaf, err, !c.ok)
		}
		if err == nil {
			fresh := php.Native().New()
			must(t, "Set", fresh.Set("v", v))
			wantBytes(t, fresh, "v|"+nested)
		}
	}
}

// What PHP has written it reads, by a class or an extension that is its own affair.
func TestWhatGoWouldNotWriteStaysWhereItWasRead(t *testing.T) {
	t.Parallel()
	const file, odd = `O:11:"SplFileInfo":0:{}`, "O:4:\"Kept\":1:{s:2:\"\x00x\";i:1;}"
	for _, more := range []string{``, `o|O:1:"A":0:{}p|r:6;`} {
		d := parsed(t, php.Native(), `f|`+file+`b|a:1:{s:1:"f";`+file+`}k|`+odd+more)
		members, err := d.Members("b")
		must(t, "Members", err)
		must(t, "Set of a member", members.Set("n", 1))
		must(t, "Set", d.Set("b", members))
		kept := decodeAs[any](t, d, "k")
		must(t, "Set again", d.Set("k", kept))
		must(t, "Set elsewhere", d.Set("l", []any{kept}))
		b, err := d.Bytes()
		must(t, "Bytes", err)
		if want := `f|` + file + `b|a:2:{s:1:"f";` + file + `s:1:"n";i:1;}k|` + odd; !strings.HasPrefix(string(b), want) {
			t.Errorf("got %q, want it to begin with %q", b, want)
		}
		kept.(*php.Object).Set("y", 2) //nolint:errcheck,forcetypeassert // it panics, and that is a failure
		must(t, "Set of what was changed", d.Set("k", kept))
	}
}
