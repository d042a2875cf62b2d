package php_test

import (
	"fmt"
	"testing"

	"gyrfalcon/session"
	"gyrfalcon/session/php"
)

// train is a list of n objects, each of which holds the one before it.
func train(n int) string {
	b := fmt.Appendf(nil, `a|a:%d:{i:0;O:1:"A":2:{s:1:"n";i:0;s:1:"o";N;}`, n)
	for i := 1; i < n; i++ {
		b = fmt.Appendf(b, `i:%d;O:1:"A":2:{s:1:"n";i:%d;s:1:"o";r:%d;}`, i, i, 3*i-1)
	}
	return string(append(b, '}'))
}

// However many there are, and in whatever order they are met.
func TestThousandsOfUnchangedObjectsStayTheSame(t *testing.T) {
	t.Parallel()
	const n = 10_000
	payload := train(n) + fmt.Sprintf(`last|r:%d;`, 3*n-1)
	d := parsed(t, php.Native(), payload)
	list := decodeAs[php.Array](t, d, "a")
	must(t, "Set", d.Set("same", list))
	backwards := make(php.Array, 0, n)
	want := fmt.Appendf([]byte(payload), `same|a:%d:{`, n)
	for i := range n {
		want = fmt.Appendf(want, `i:%d;r:%d;`, i, 3*i+2)
	}
	want = fmt.Appendf(want, `}back|a:%d:{`, n)
	for i := range n {
		backwards = append(backwards, php.Entry{Key: i, Value: list[n-1-i].Value})
		want = fmt.Appendf(want, `i:%d;r:%d;`, i, 3*(n-1-i)+2)
	}
	must(t, "Set", d.Set("back", backwards))
	wantAll(t, d, string(append(want, '}')))
}

// wantAll is wantBytes for many.
func wantAll(t *testing.T, d session.Document, want string) {
	t.Helper()
	got := all(t, d)
	if string(got) == want {
		return
	}
	i := 0
	for i < min(len(got), len(want)) && got[i] == want[i] {
		i++
	}
	t.Errorf("from byte %d on: got %.100q\nwant %.100q", i, got[i:], want[i:])
}

// All of them lead to the one that is changed, so all are written anew, and take the
// places of those that they were.
func TestThousandsOfObjectsThatLeadToAChangedOneAreThoseThatOthersFind(t *testing.T) {
	t.Parallel()
	const n = 10_000
	d := parsed(t, php.Native(), train(n)+fmt.Sprintf(`last|r:%d;first|r:2;`, 3*n-1))
	list := decodeAs[php.Array](t, d, "a")
	first, ok := list[0].Value.(*php.Object)
	if !ok {
		t.Fatalf("got a %T, want an object", list[0].Value)
	}
	first.Set("n", -1)
	must(t, "Set", d.Set("a", list))
	want := train(n)
	want = want[:len("a|a:10000:{i:0;O:1:\"A\":2:{s:1:\"n\";")] + "i:-1" + want[len("a|a:10000:{i:0;O:1:\"A\":2:{s:1:\"n\";i:0"):]
	want += fmt.Sprintf(`last|r:%d;first|r:2;`, 3*n-1)
	wantAll(t, d, want)
}
