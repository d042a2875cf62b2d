package php_test

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"gyrfalcon/session"
	"gyrfalcon/session/php"
)

// many joins what piece makes of 0 to n-1, each with what stands before it.
func many(n int, piece func(i int) string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(piece(i))
	}
	return b.String()
}

// nested is n times what wrap makes of what is inside it.
func nested(n int, open, inside, closing string) string {
	return strings.Repeat(open, n) + inside + strings.Repeat(closing, n)
}

// hostile are payloads in PHP's own format that take the more work the larger they are,
// and more than they are larger where there is a way for that.
var hostile = map[string]func(n int) string{
	"variables":      func(n int) string { return many(n, func(i int) string { return fmt.Sprintf("v%d|i:1;", i) }) },
	"one name":       func(n int) string { return strings.Repeat("v|i:1;", n) },
	"no name":        func(n int) string { return strings.Repeat("v", n) },
	"digits":         func(n int) string { return "v|i:" + strings.Repeat("0", n) + ";w|i:1;" },
	"endless digits": func(n int) string { return "v|a:" + strings.Repeat("9", n) },
	"escapes":        func(n int) string { return fmt.Sprintf(`v|S:%d:"%s";`, n, strings.Repeat(`\41`, n)) },
	"one key":        func(n int) string { return fmt.Sprintf("v|a:%d:{%s}", n, strings.Repeat("s:1:\"k\";i:1;", n)) },
	"keys backwards": func(n int) string {
		return fmt.Sprintf("v|a:%d:{%s}", n, many(n, func(i int) string { return fmt.Sprintf("i:%d;N;", n-i) }))
	},
	"arrays in arrays":   func(n int) string { return "v|" + nested(n, "a:1:{i:0;", "i:1;", "}") },
	"unclosed arrays":    func(n int) string { return "v|" + strings.Repeat("a:1:{i:0;", n) },
	"objects in objects": func(n int) string { return "v|" + nested(n, `O:1:"A":1:{s:1:"o";`, "N;", "}") },
	"cases": func(n int) string {
		return fmt.Sprintf("v|a:%d:{%s}", n, many(n, func(i int) string { return fmt.Sprintf(`i:%d;E:3:"S:A";`, i) }))
	},
	"unclosed objects": func(n int) string { return "v|" + strings.Repeat(`O:1:"A":1:{s:1:"o";`, n) },
	"closing braces":   func(n int) string { return "v|a:0:{}" + strings.Repeat("}", n) },
	"texts in texts": func(n int) string {
		return "n|i:1;v|" + texts(n, "i:1;") + `o|O:1:"A":0:{}p|r:` + fmt.Sprint(n+3) + ";"
	},
	"references in texts": func(n int) string { return `o|O:1:"A":0:{}v|` + texts(n, "r:1;") + "w|R:2;" },
	"broken texts":        func(n int) string { return `o|O:1:"A":0:{}v|` + texts(n, "r:1;x") },
	"many texts in one":   func(n int) string { return `o|O:1:"A":0:{}v|` + custom(strings.Repeat(custom("r:1;"), n)) + "w|R:2;" },
	"references into texts": func(n int) string {
		return "v|" + texts(n, "i:1;") + many(n, func(i int) string { return fmt.Sprintf("w%d|r:%d;", i, i+1) }) +
			fmt.Sprintf("all|a:%d:{%s}", n, many(n, func(i int) string { return fmt.Sprintf("i:%d;r:%d;", i, i+1) }))
	},
	"texts that lead to texts": func(n int) string {
		return `o|O:1:"A":0:{}` + many(n, func(i int) string { return fmt.Sprintf("v%d|%s", i, custom(fmt.Sprintf("r:%d;", max(1, 2*i)))) })
	},
	"one object": func(n int) string {
		return `o|O:1:"A":0:{}` + many(n, func(i int) string { return fmt.Sprintf("v%d|r:1;", i) })
	},
	"a chain of objects": func(n int) string {
		return `o|O:1:"A":1:{s:1:"o";N;}` + many(n, func(i int) string { return fmt.Sprintf(`v%d|O:1:"A":1:{s:1:"o";r:%d;}`, i, 2*i+1) })
	},
	"a chain of objects in an array": train,
	"a tree of references": func(n int) string {
		return `o|a:0:{}` + many(n, func(i int) string { return fmt.Sprintf(`v%d|a:2:{i:0;R:%d;i:1;R:%d;}`, i, i+1, i+1) })
	},
	"a long text by references": func(n int) string {
		return fmt.Sprintf(`s|s:%d:"%s";v|a:%d:{%s}`, 5*n, strings.Repeat("a", 5*n), n, many(n, func(i int) string { return fmt.Sprintf("i:%d;R:1;", i) }))
	},
	"a large object by references": func(n int) string {
		return fmt.Sprintf(`s|O:1:"A":1:{s:1:"x";a:%d:{%s}}v|a:%d:{%s}`, n, many(n, func(i int) string { return fmt.Sprintf("i:%d;N;", i) }),
			n, many(n, func(i int) string { return fmt.Sprintf("i:%d;r:1;", i) }))
	},
	"from the innermost outwards": func(n int) string {
		const deep = 400
		return many(max(1, n/deep), func(j int) string {
			first := j * (2*deep + 1)
			return fmt.Sprintf("s%d|%s", j, nested(deep, `O:1:"A":1:{s:1:"o";`, "N;", "}")) +
				fmt.Sprintf("v%d|a:%d:{%s}", j, deep, many(deep, func(i int) string { return fmt.Sprintf("i:%d;r:%d;", i, first+deep-i) }))
		})
	},
	"references that lead nowhere": func(n int) string {
		return fmt.Sprintf("v|a:%d:{%s}", n, many(n, func(i int) string { return fmt.Sprintf("i:%d;R:%d;", i, 1<<30+i) }))
	},
}

// everything does what there is to do with a payload, except that it decodes two of its
// variables and not all: what references lead to is decoded anew each time.
func everything(codec session.Codec, payload []byte) {
	type leaf struct {
		V int `php:"v"`
	}
	type tree struct {
		O *tree            `php:"o"`
		X []any            `php:"x"`
		K map[string]*tree `php:"k"`
	}
	type bush []bush
	d, err := codec.Parse(payload)
	if err != nil {
		return
	}
	names := slices.Collect(d.Names())
	if len(names) == 0 {
		return
	}
	first, last := names[0], names[len(names)-1]
	for _, name := range []string{first, last} {
		for _, into := range []any{new(any), new(string), new([]string), new([]leaf), new(tree), new(bush), new(php.Array), new(time.Time)} {
			_ = d.Decode(name, into) // whatever it is
		}
		if m, err := d.Members(name); err == nil && m.Set("k", 1) == nil {
			_ = d.Set("members", m)
		}
	}
	var v any
	if d.Decode(last, &v) == nil && d.Set("again", v) == nil {
		if o, ok := v.(*php.Object); ok {
			o.Set("changed", true)
		}
		_ = d.Set("changed", v)
	}
	_, _ = d.Bytes()
	d.Remove(first)
	_, _ = d.Bytes()
	for _, name := range names[:len(names)/2] {
		d.Remove(name)
	}
	_, _ = d.Bytes()
	for _, name := range names[len(names)/2:] {
		_ = d.Set(name, 1)
	}
	_, _ = d.Bytes()
}

// cost is what everything takes: what the package counts, and the bytes it allocates.
func cost(codec session.Codec, payload []byte) (work, allocated int) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	work = php.CountWork(func() { everything(codec, payload) })
	runtime.ReadMemStats(&after)
	return work, int(after.TotalAlloc - before.TotalAlloc)
}

// Not parallel: only one test can be counted at a time.
func TestNothingIsWrittenBehindAnError(t *testing.T) {
	works := []int{}
	for _, tail := range []int{100, 10_000} {
		const deep = 5000
		payload := chain(deep) + many(tail, func(i int) string { return fmt.Sprintf(`w%d|a:1:{i:0;r:1;}`, i) })
		d := parsed(t, php.Native(), payload)
		for i := range deep - 1 {
			d.Remove(fmt.Sprintf("v%d", i))
		}
		if _, err := d.Bytes(); err == nil {
			t.Fatal("a chain of objects that is too deep for PHP: got no error")
		}
		works = append(works, php.CountWork(func() { _, _ = d.Bytes() }))
	}
	if works[0] != works[1] {
		t.Errorf("with much behind the error it takes %d steps to find it, with little %d", works[1], works[0])
	}
}

// Not parallel either.
func TestWorkGrowsAsTheSizeDoes(t *testing.T) {
	const size = 1_500
	for name, payload := range hostile {
		t.Run(name, func(t *testing.T) {
			half, whole := []byte(payload(size)), []byte(payload(2*size))
			work, allocated := cost(php.Native(), half)
			twice, twiceAllocated := cost(php.Native(), whole)
			grown := float64(len(whole)) / float64(len(half)) * 1.1
			if got := float64(twice) / float64(work); got > grown {
				t.Errorf("%d bytes take %d steps, %d take %d: got %.2f times as many, want at most %.2f", len(half), work, len(whole), twice, got, grown)
			}
			if got, most := twice/len(whole), 400; got > most {
				t.Errorf("got %d steps a byte, want at most %d", got, most)
			}
			if got, most := float64(twiceAllocated)/float64(allocated), grown*1.5; got > most { // slices grow by leaps
				t.Errorf("%d bytes allocate %d, %d allocate %d: got %.2f times as many, want at most %.2f", len(half), allocated, len(whole), twiceAllocated, got, most)
			}
			t.Logf("%d bytes: %d steps, %d bytes allocated", len(whole), twice, twiceAllocated)
		})
	}
}

// Not parallel either. Each time, what is set is a copy of the copy before.
func TestAMemberThatIsSetOftenTakesAsMuchWorkEachTime(t *testing.T) {
	set := func(times int) int {
		d := parsed(t, php.Native(), `bag|a:3:{s:1:"x";`+o+`s:1:"y";r:2;s:1:"k";i:0;}out|r:2;`)
		return php.CountWork(func() {
			for i := range times {
				m, err := d.Members("bag")
				must(t, "Members", err)
				must(t, "Set of a member", m.Set("k", i))
				must(t, "Set", d.Set("bag", m))
				_ = decodeAs[any](t, d, "bag")
			}
			wantBytes(t, d, fmt.Sprintf(`bag|a:3:{s:1:"x";%ss:1:"y";r:2;s:1:"k";i:%d;}out|r:2;`, o, times-1))
		})
	}
	const times = 200
	if half, whole := set(times), set(2*times); whole > half*21/10 {
		t.Errorf("%d times take %d steps, %d times %d", times, half, 2*times, whole)
	}
}

// odd are the payloads that are malformed, or odd, of those that PHP has been asked about.
func odd(t testing.TB) (formats []string, payloads [][]byte) {
	t.Helper()
	file, err := os.Open("../../integration/php/testdata/fixtures.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close() //nolint:errcheck // it was read
	for lines := json.NewDecoder(bufio.NewReader(file)); lines.More(); {
		var f struct {
			Odd    *string
			Format string
			Data   []byte
		}
		must(t, "a fixture", lines.Decode(&f))
		if f.Odd == nil {
			continue
		}
		r, err := zlib.NewReader(bytes.NewReader(f.Data))
		must(t, "its data", err)
		payload, err := io.ReadAll(r)
		must(t, "its data", err)
		formats, payloads = append(formats, f.Format), append(payloads, payload)
	}
	if len(payloads) < 100 {
		t.Fatalf("got %d payloads, want at least 100", len(payloads))
	}
	return formats, payloads
}

var codecs = map[string]session.Codec{"php": php.Native(), "php_serialize": php.Serialize(), "php_binary": php.Binary()}

// Not parallel either.
func TestAMalformedPayloadTakesNoMoreWorkThanItsSizeAllows(t *testing.T) {
	const base, perByte = 10_000, 300
	formats, payloads := odd(t)
	for i, payload := range payloads {
		work, allocated := cost(codecs[formats[i]], payload)
		if most := base + perByte*len(payload); work > most {
			t.Errorf("%s: %.80q (%d bytes): got %d steps, want at most %d", formats[i], payload, len(payload), work, most)
		}
		if most := 100*base + perByte*len(payload); allocated > most {
			t.Errorf("%s: %.80q (%d bytes): got %d bytes allocated, want at most %d", formats[i], payload, len(payload), allocated, most)
		}
	}
}

// BenchmarkMalformed is all that can be done with each of the malformed payloads. It
// reports the slowest of them.
func BenchmarkMalformed(b *testing.B) {
	formats, payloads := odd(b)
	least := make([]time.Duration, len(payloads)) // of several runs: others may have the processor meanwhile
	for i := range least {
		least[i] = time.Hour
	}
	for b.Loop() {
		for i, payload := range payloads {
			start := time.Now()
			everything(codecs[formats[i]], payload)
			least[i] = min(least[i], time.Since(start))
		}
	}
	b.ReportMetric(float64(slices.Max(least))/float64(time.Millisecond), "slowest-ms")
	b.ReportMetric(float64(len(payloads)), "payloads")
}
