package redis

import "testing"

func TestPhalcon5WrapsASessionInASerializedString(t *testing.T) {
	t.Parallel()
	o := Options{Flavor: Phalcon5}
	for data, want := range map[string]string{
		"":                `s:0:"";`,
		"a|i:1;":          `s:6:"a|i:1;";`,
		`quote "; inside`: `s:15:"quote "; inside";`,
		"é":               `s:2:"é";`,
		// What PHP takes for a number is left bare.
		"1": "1", "-1.5e3": "-1.5e3", " 7 ": " 7 ", ".5": ".5", "5.": "5.", "+1": "+1",
		// And this is none.
		"1x": `s:2:"1x";`, ".": `s:1:".";`, "1e": `s:2:"1e";`, "-": `s:1:"-";`, "0x1A": `s:4:"0x1A";`, " ": `s:1:" ";`,
	} {
		got := string(o.wrap([]byte(data)))
		if got != want {
			t.Errorf("wrap(%q) = %q, want %q", data, got, want)
		}
		if back := string(o.unwrap([]byte(got))); back != data {
			t.Errorf("unwrap(%q) = %q, want %q", got, back, data)
		}
	}
}

func TestWhatIsNoSerializedStringIsReadAsItIs(t *testing.T) {
	t.Parallel()
	o := Options{Flavor: Phalcon5}
	for _, stored := range []string{
		"a|i:1;", `s:6:"a|i:1;"`, `s:7:"a|i:1;";`, `s:-1:"";`, `s::"";`, `s:x:"";`, "s:", "", `s:2:"a";`, `a:0:{}`, `s:1:"a";x`,
	} {
		if got := string(o.unwrap([]byte(stored))); got != stored {
			t.Errorf("unwrap(%q) = %q, want it as it is", stored, got)
		}
	}
}

func TestTheReleaseScriptIsPhpredis(t *testing.T) {
	t.Parallel()
	if got := newScript(release.text).sha; got != release.sha {
		t.Errorf("the text of the release script has the SHA-1 %s, want %s, by which phpredis calls it", got, release.sha)
	}
}
