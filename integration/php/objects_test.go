package php_test

import (
	"fmt"
	"testing"

	"gyrfalcon/session/php"
)

// verdict is what objects.php answers.
type verdict struct {
	Version int             `json:"version"` // 80200 for PHP 8.2.0
	Refused map[string]bool `json:"refused"` // PHP's own classes
	Refusal string          `json:"refusal"` // what it said to the data
}

// asked is what objects.php is asked: about the data, or about PHP's classes.
type asked struct {
	Data []byte `json:"data"`
}

// oneKey is an object with one property, as PHP writes it.
func oneKey(class, key string) string {
	return fmt.Sprintf(`O:%d:"%s":1:{s:%d:"%s";i:1;}`, len(class), class, len(key), key)
}

// An object of a class at which unserialize throws would take the session from PHP: every
// request that starts it ends in an exception.
func TestGoWritesNoObjectOfAClassThatPHPNeverUnserializes(t *testing.T) {
	t.Parallel()
	var v verdict
	startPHP(t, "objects.php").call(t, asked{}, &v)
	if len(v.Refused) < 100 {
		t.Fatalf("PHP told of %d classes of its own: %v", len(v.Refused), v.Refused)
	}
	const measured = 80300 // the list is that of PHP 8.2; those after it may refuse more
	for class, byPHP := range v.Refused {
		err := php.Native().New().Set("v", &php.Object{Class: class})
		if byGo := err != nil; byGo != byPHP && (byGo || v.Version < measured) {
			t.Errorf("%s: PHP %d refuses it: %v; Go: %v", class, v.Version, byPHP, err)
		}
	}
}

// Where PHP cannot take a property's key apart, it destroys the session.
func TestGoWritesThePropertiesThatPHPReadsAndNoOthers(t *testing.T) {
	t.Parallel()
	p := startPHP(t, "objects.php")
	for _, class := range []string{"Kept", "stdClass"} {
		for _, key := range []string{
			"", "x", "known", "x\x00y", "\x00", "\x00x", "\x00\x00", "\x00\x00x", "\x00*", "\x00*\x00", "\x00*\x00x", "\x00*\x00x\x00y", "\x00*\x00\x00",
			"\x00Class\x00", "\x00Class\x00x", "\x00Kept\x00x", "\x00Kept\x00\x00x", "\x00a\x00b\x00c", "\x00class@anonymous\x00/path\x00x",
		} {
			data := oneKey(class, key)
			var v verdict
			p.call(t, asked{[]byte(data)}, &v)
			d := php.Serialize().New()
			err := d.Set("v", &php.Object{Class: class, Props: php.Array{{Key: key, Value: 1}}})
			if (err == nil) != (v.Refusal == "") {
				t.Errorf("%q in %s: PHP says %q; Go: %v", key, class, v.Refusal, err)
			}
			if want := `a:1:{s:1:"v";` + data + `}`; err == nil && string(encoded(t, d)) != want {
				t.Errorf("%q in %s: written %q, want %q", key, class, encoded(t, d), want)
			}
		}
	}
}
