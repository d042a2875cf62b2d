package php_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"gyrfalcon/session"
	"gyrfalcon/session/php"
)

// texts is a C: in a C:, n deep, around inside.
func texts(n int, inside string) string {
	heads := make([]string, n)
	size := len(inside)
	for i := range heads {
		heads[i] = fmt.Sprintf(`C:1:"L":%d:{`, size)
		size += len(heads[i]) + 1
	}
	slices.Reverse(heads)
	return strings.Join(heads, "") + inside + strings.Repeat("}", n)
}

// custom is a C: with that text.
func custom(text string) string { return fmt.Sprintf(`C:1:"L":%d:{%s}`, len(text), text) }

// PHP's numbers run on through all of them, and the text of each is as long as those
// within it have become.
func TestTextsWithinTextsAreNumberedAndMeasuredHoweverDeepTheyStand(t *testing.T) {
	t.Parallel()
	for _, deep := range []int{1, 31, 32, 33, 100, 10_000} {
		d := parsed(t, php.Native(), `n|i:1;v|`+texts(deep, "i:1;")+fmt.Sprintf(`o|%sp|r:%d;`, o, deep+3))
		d.Remove("n")
		wantAll(t, d, `v|`+texts(deep, "i:1;")+fmt.Sprintf(`o|%sp|r:%d;`, o, deep+2))

		d = parsed(t, php.Native(), `n|a:9:{`+many(9, func(i int) string { return fmt.Sprintf("i:%d;N;", i) })+`}o|`+o+`v|`+texts(deep, "r:11;")+`w|r:13;`)
		must(t, "Set", d.Set("n", nil))
		wantAll(t, d, `n|N;o|`+o+`v|`+texts(deep, "r:2;")+`w|r:4;`)

		if deep > 4096 {
			continue // too deep for something to be pulled in there
		}
		d = parsed(t, php.Native(), `o|`+o+`v|`+texts(deep, "i:1;r:1;")+`w|r:3;`)
		d.Remove("o")
		wantAll(t, d, `v|`+texts(deep, "i:1;"+o)+`w|r:1;`)
	}
}

// PHP reads one within the other by recursion, as it does arrays.
func TestTextsThatReferencesPullInMustNotBeTooDeepForPHP(t *testing.T) {
	t.Parallel()
	for deep, ok := range map[int]bool{4000: true, 4200: false, 20_000: false} {
		d := parsed(t, php.Native(), `o|`+o+many(deep, func(i int) string {
			return fmt.Sprintf("v%d|%s", i, custom(fmt.Sprintf("r:%d;", 2*i+1)))
		}))
		for i := range deep - 1 {
			d.Remove(fmt.Sprintf("v%d", i))
		}
		_, err := d.Bytes()
		if _, is := errors.AsType[*session.EncodeError](err); is == ok || (err == nil) != ok {
			t.Errorf("a chain of %d texts: got error %v, want an *EncodeError: %v", deep, err, !ok)
		}
	}
}

// What stands behind an object that has been written before is still what it was.
func TestATextWithinAnObjectThatStandsElsewhereNowIsCounted(t *testing.T) {
	t.Parallel()
	const holder = `O:1:"H":1:{s:1:"l";C:1:"L":4:{i:1;}}`
	d := parsed(t, php.Native(), `z|N;a|a:2:{i:0;`+holder+`i:1;O:1:"A":0:{}}b|r:6;c|r:3;`)
	a := decodeAs[php.Array](t, d, "a")
	must(t, "Set", d.Set("z", a[0].Value))
	wantBytes(t, d, `z|`+holder+`a|a:2:{i:0;r:1;i:1;O:1:"A":0:{}}b|r:6;c|r:1;`)
}
