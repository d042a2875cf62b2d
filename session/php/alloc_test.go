package php_test

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"runtime"
	"strings"
	"testing"

	"gyrfalcon/session"
	"gyrfalcon/session/php"
)

// basket is a part of what tenVariables holds.
type basket struct {
	SKU   string  `json:"sku"   php:"sku"`
	Qty   int     `json:"qty"   php:"qty"`
	Price float64 `json:"price" php:"price"`
}

// tenVariables is a session of ten variables and about a kilobyte.
func tenVariables(t testing.TB, codec session.Codec) []byte {
	t.Helper()
	d := codec.New()
	for _, v := range []struct {
		name  string
		value any
	}{
		{"user_id", 1001},
		{"name", "Ann Example"},
		{"email", "ann@example.com"},
		{"visits", 42},
		{"logged_in", true},
		{"last", 1767322445},
		{"csrf", strings.Repeat("f16d05ec", 8)},
		{"cart", []basket{{"T-100", 2, 9.99}, {"M-7", 1, 19.5}, {"X-3000", 10, 0.25}}},
		{"prefs", map[string]any{"lang": "uk", "tz": "Europe/Kyiv", "page": 25}},
		{"note", strings.Repeat("0123456789", 50)},
	} {
		must(t, "Set", d.Set(v.name, v.value))
	}
	b, err := d.Bytes()
	must(t, "Bytes", err)
	return b
}

// read2change1 is what a request does to its session: split it, read two variables,
// change one, and put it together.
func read2change1(t testing.TB, codec session.Codec, payload []byte) {
	d, err := codec.Parse(payload)
	if err != nil {
		t.Fatalf("Parse: %v", err)
	}
	var name string
	var visits int
	if d.Decode("name", &name) != nil || d.Decode("visits", &visits) != nil || visits != 42 || name == "" {
		t.Fatalf("got %q, %d", name, visits)
	}
	if err := d.Set("visits", visits+1); err != nil {
		t.Fatalf("Set: %v", err)
	}
	if _, err := d.Bytes(); err != nil {
		t.Fatalf("Bytes: %v", err)
	}
}

// Not parallel: AllocsPerRun counts what every goroutine allocates.
func TestAllocationsOfReadingTwoVariablesAndChangingOne(t *testing.T) {
	const most = 15
	for name, codec := range map[string]session.Codec{
		"php": php.Native(), "php_serialize": php.Serialize(), "php_binary": php.Binary(), "json": session.JSON(),
	} {
		payload := tenVariables(t, codec)
		got := testing.AllocsPerRun(1000, func() { read2change1(t, codec, payload) })
		t.Logf("%s: %v allocations for %d bytes", name, got, len(payload))
		if got > most {
			t.Errorf("%s: got %v allocations, want at most %d", name, got, most)
		}
	}
}

// Not parallel either. No length or count that is only claimed is believed: a payload of a few bytes must
// not make anybody allocate what it says.
func TestNothingIsAllocatedForWhatIsOnlyClaimed(t *testing.T) {
	const most = 16 << 10
	for _, payload := range []string{
		`a|a:2147483647:{i:0;i:1;}`, `a|a:20:{i:0;i:1;}`, `a|O:8:"stdClass":999999999:{}`, `a|s:4294967295:"x";`,
		`a|C:1:"L":2147483647:{x}`, `a|O:2147483647:"x":0:{}`, `a|S:99999999:"x";`, `a|E:99999999:"x";`,
	} {
		const runs = 100
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range runs {
			d, err := php.Native().Parse([]byte(payload))
			if err != nil {
				continue
			}
			var v any
			var list []int
			var m map[string]any
			if d.Decode("a", &v) == nil || d.Decode("a", &list) == nil || d.Decode("a", &m) == nil {
				t.Errorf("%s was decoded", payload)
			}
		}
		runtime.ReadMemStats(&after)
		if got := (after.TotalAlloc - before.TotalAlloc) / runs; got > most {
			t.Errorf("%s: got %d bytes allocated, want at most %d", payload, got, most)
		}
	}
}

func BenchmarkRead2Change1(b *testing.B) {
	for _, c := range []struct {
		name  string
		codec session.Codec
	}{{"php", php.Native()}, {"php_serialize", php.Serialize()}, {"php_binary", php.Binary()}, {"json", session.JSON()}} {
		payload := tenVariables(b, c.codec)
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(payload)))
			for b.Loop() {
				read2change1(b, c.codec, payload)
			}
		})
	}
	b.Run("whole-encoding-json", func(b *testing.B) {
		payload := tenVariables(b, session.JSON())
		b.ReportAllocs()
		b.SetBytes(int64(len(payload)))
		for b.Loop() {
			var all map[string]any
			must(b, "Unmarshal", json.Unmarshal(payload, &all))
			visits, _ := all["visits"].(float64)
			all["visits"] = visits + 1
			_, err := json.Marshal(all)
			must(b, "Marshal", err)
		}
	})
	b.Run("whole-encoding-gob", func(b *testing.B) {
		all := wholeSession(b)
		var payload bytes.Buffer
		must(b, "Encode", gob.NewEncoder(&payload).Encode(all))
		b.ReportAllocs()
		b.SetBytes(int64(payload.Len()))
		for b.Loop() {
			var all map[string]any
			must(b, "Decode", gob.NewDecoder(bytes.NewReader(payload.Bytes())).Decode(&all))
			visits, _ := all["visits"].(int)
			all["visits"] = visits + 1
			var out bytes.Buffer
			must(b, "Encode", gob.NewEncoder(&out).Encode(all))
		}
	})
}

// wholeSession is tenVariables as one map, which other session stores keep by gob.
func wholeSession(b *testing.B) map[string]any {
	b.Helper()
	gob.Register([]basket{})
	gob.Register(map[string]any{})
	all := map[string]any{}
	d, err := php.Native().Parse(tenVariables(b, php.Native()))
	must(b, "Parse", err)
	for name := range d.Names() {
		switch name {
		case "cart":
			all[name] = decodeAs[[]basket](b, d, name)
		case "prefs":
			all[name] = decodeAs[map[string]any](b, d, name)
		default:
			all[name] = decodeAs[any](b, d, name)
		}
	}
	return all
}

// A variable decoded into structs and set again, in each of the ways.
func BenchmarkStructs(b *testing.B) {
	for _, c := range []struct {
		name  string
		codec session.Codec
	}{{"php", php.Native()}, {"json", session.JSON()}} {
		payload := tenVariables(b, c.codec)
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				d, err := c.codec.Parse(payload)
				must(b, "Parse", err)
				var cart []basket
				must(b, "Decode", d.Decode("cart", &cart))
				cart[0].Qty++
				must(b, "Set", d.Set("cart", cart))
				_, err = d.Bytes()
				must(b, "Bytes", err)
			}
		})
	}
	b.Run("gob", func(b *testing.B) {
		var payload bytes.Buffer
		must(b, "Encode", gob.NewEncoder(&payload).Encode([]basket{{"T-100", 2, 9.99}, {"M-7", 1, 19.5}, {"X-3000", 10, 0.25}}))
		b.ReportAllocs()
		for b.Loop() {
			var cart []basket
			must(b, "Decode", gob.NewDecoder(bytes.NewReader(payload.Bytes())).Decode(&cart))
			cart[0].Qty++
			var out bytes.Buffer
			must(b, "Encode", gob.NewEncoder(&out).Encode(cart))
		}
	})
}
