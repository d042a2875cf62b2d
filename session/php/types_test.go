package php_test

import (
	"errors"
	"math"
	"math/big"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"gyrfalcon/session"
	"gyrfalcon/session/php"
)

type (
	id     int64
	colour string
	point  = Point
	Point  struct {
		X int `php:"x"`
		Y int `php:"y,omitempty"`
	}
	base struct {
		ID int `php:"id"`
	}
	page struct {
		base
		*Point

		Title string
		Tags  []string       `php:"tags"`
		More  map[string]any `php:"more,omitempty"`
		Skip  int            `php:"-"`
	}
	user struct {
		_     struct{} `php:"class=App\\User"`
		Name  string   `php:"name"`
		Email *string  `php:"email,protected"`
		Hash  []byte   `php:"hash,private"`
	}
)

// Each value is written as given, and read back as it was.
func TestGoValuesAreWrittenAsPHPWouldAndReadBack(t *testing.T) {
	t.Parallel()
	kyiv, err := time.LoadLocation("Europe/Kyiv")
	must(t, "LoadLocation", err)
	for _, c := range []struct {
		value any
		want  string
	}{
		{true, `b:1;`},
		{int8(-5), `i:-5;`},
		{id(7), `i:7;`},
		{uint64(math.MaxInt64), `i:9223372036854775807;`},
		{int64(math.MinInt64), `i:-9223372036854775808;`},
		{float32(1.5), `d:1.5;`},
		{0.1, `d:0.1;`},
		{1e17, `d:1.0E+17;`},
		{math.Inf(-1), `d:-INF;`},
		{colour("red"), `s:3:"red";`},
		{"\x00\xff|\"", `s:4:"` + "\x00\xff" + `|"";`},
		{[]byte{1, 2}, `s:2:"` + "\x01\x02" + `";`},
		{[2]byte{1, 2}, `s:2:"` + "\x01\x02" + `";`},
		{[]int{}, `a:0:{}`},
		{[]string{"a", "b"}, `a:2:{i:0;s:1:"a";i:1;s:1:"b";}`},
		{[2]bool{true, false}, `a:2:{i:0;b:1;i:1;b:0;}`},
		{[][]int{{1}, {}}, `a:2:{i:0;a:1:{i:0;i:1;}i:1;a:0:{}}`},
		{map[string]int{"b": 1, "a": 2, "5": 3, "05": 4}, `a:4:{i:5;i:3;s:2:"05";i:4;s:1:"a";i:2;s:1:"b";i:1;}`},
		{map[id]string{3: "c", -1: "a"}, `a:2:{i:-1;s:1:"a";i:3;s:1:"c";}`},
		{map[uint8]any{3: nil}, `a:1:{i:3;N;}`},
		{map[any]any{"x": 1, 2: "y"}, `a:2:{i:2;s:1:"y";s:1:"x";i:1;}`},
		{point{1, 0}, `a:1:{s:1:"x";i:1;}`},
		{&point{1, 2}, `a:2:{s:1:"x";i:1;s:1:"y";i:2;}`},
		{[]*point{nil, {X: 1}}, `a:2:{i:0;N;i:1;a:1:{s:1:"x";i:1;}}`},
		{new(new(5)), `i:5;`},
		{page{base: base{9}, Title: "T", Tags: []string{}}, `a:3:{s:5:"Title";s:1:"T";s:4:"tags";a:0:{}s:2:"id";i:9;}`},
		{page{Point: &Point{X: 1}, Tags: []string{"a"}}, `a:4:{s:5:"Title";s:0:"";s:4:"tags";a:1:{i:0;s:1:"a";}s:2:"id";i:0;s:1:"x";i:1;}`},
		{user{Name: "Ann", Hash: []byte("h")}, "O:8:\"App\\User\":3:{s:4:\"name\";s:3:\"Ann\";s:8:\"\x00*\x00email\";N;s:14:\"\x00App\\User\x00hash\";s:1:\"h\";}"},
		{netip.MustParseAddr("::1"), `s:3:"::1";`},
		{*big.NewInt(1 << 62), `s:19:"4611686018427387904";`},
		{time.Minute, `i:60000000000;`},
		{time.Date(2026, 1, 2, 3, 4, 5, 678901000, time.UTC), date("2026-01-02 03:04:05.678901", 3, "UTC")},
		{time.Date(2026, 7, 2, 3, 4, 5, 0, kyiv), date("2026-07-02 03:04:05.000000", 3, "Europe/Kyiv")},
		{time.Date(2026, 10, 25, 1, 30, 0, 0, time.UTC).In(kyiv), date("2026-10-25 03:30:00.000000", 1, "+02:00")}, // the clock says so twice
		{php.Array{{Key: "b", Value: 1}, {Key: 2, Value: nil}, {Key: "a", Value: php.Array{}}}, `a:3:{s:1:"b";i:1;i:2;N;s:1:"a";a:0:{}}`},
		{php.List(1, "a"), `a:2:{i:0;i:1;i:1;s:1:"a";}`},
		{&php.Object{Class: "A", Props: php.Array{{Key: "5", Value: 1}, {Key: 5, Value: 2}}}, `O:1:"A":2:{s:1:"5";i:1;i:5;i:2;}`},
		{&php.Object{Class: "STDCLASS", Props: php.Array{{Key: "\x00x", Value: 1}}}, "O:8:\"STDCLASS\":1:{s:2:\"\x00x\";i:1;}"},
		{&php.Object{Class: "A", Props: php.Array{{Key: "\x00B\x00\x00x", Value: 1}}}, "O:1:\"A\":1:{s:5:\"\x00B\x00\x00x\";i:1;}"},
		{php.Enum{Class: `App\Suit`, Case: "Hearts"}, `E:15:"App\Suit:Hearts";`},
		{&php.Serializable{Class: "L", Payload: "a}b"}, `C:1:"L":3:{a}b}`},
	} {
		d := php.Native().New()
		must(t, "Set", d.Set("v", c.value))
		wantBytes(t, d, "v|"+c.want)
		back := reflect.New(reflect.TypeOf(c.value))
		must(t, "Decode", parsed(t, php.Native(), "v|"+c.want).Decode("v", back.Interface()))
		got := back.Elem().Interface()
		if want, ok := c.value.(time.Time); ok {
			if got, _ := got.(time.Time); !want.Equal(got) {
				t.Errorf("%v was read back as %v", want, got)
			}
			continue
		}
		if !reflect.DeepEqual(got, c.value) {
			t.Errorf("%#v was read back as %#v", c.value, got)
		}
	}
}

func date(clock string, kind int, zone string) string {
	d := php.Native().New()
	_ = d.Set("", &php.Object{Class: "DateTimeImmutable", Props: php.Array{{Key: "date", Value: clock}, {Key: "timezone_type", Value: kind}, {Key: "timezone", Value: zone}}})
	b, _ := d.Bytes()
	return string(b[1:])
}

func TestPHPValuesAreReadIntoWhatCanHoldThem(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		php  string
		want any
	}{
		{`i:3;`, 3.0},
		{`d:3;`, 3},
		{`d:-0;`, int8(0)},
		{`i:200;`, uint8(200)},
		{`N;`, ""},
		{`N;`, []int(nil)},
		{`N;`, (*int)(nil)},
		{`N;`, map[string]int(nil)},
		{`s:2:"ab";`, []byte("ab")},
		{`S:2:"\61b";`, "ab"},
		{`s:3:"::1";`, netip.MustParseAddr("::1")},
		{`a:2:{i:5;s:1:"a";s:1:"k";s:1:"b";}`, map[string]string{"5": "a", "k": "b"}},
		{`a:2:{i:5;s:1:"a";s:1:"k";s:1:"b";}`, map[any]any{5: "a", "k": "b"}},
		{`a:3:{s:1:"z";i:1;s:1:"x";i:2;s:1:"x";i:3;}`, point{X: 3}},
		{"O:1:\"P\":3:{s:4:\"\x00*\x00x\";i:1;s:4:\"\x00P\x00y\";i:2;s:1:\"u\";O:1:\"U\":0:{}}", point{1, 2}},
		{"O:1:\"P\":2:{s:4:\"\x00*\x00x\";i:1;s:4:\"\x00P\x00y\";i:2;}", map[string]int{"x": 1, "y": 2}},
		{"O:8:\"app\\USER\":1:{s:4:\"name\";s:1:\"a\";}", user{Name: "a"}},
		{`E:6:"Suit:H";`, colour("H")},
		{`a:1:{i:0;i:1;}`, php.List(1)},
		{`a:1:{i:0;i:1;}`, new(php.List(1))},
		{`O:1:"P":1:{s:1:"x";i:1;}`, php.Object{Class: "P", Props: php.Array{{Key: "x", Value: 1}}}},
		{`i:1700000000;`, time.Unix(1700000000, 0)},
		{`i:16777216;`, float32(1 << 24)},
		{`i:-9223372036854775808;`, float32(math.MinInt64)},
		{`i:-9223372036854775808;`, float64(math.MinInt64)},
		{`d:0.1;`, float32(0.1)},
		{`d:1.0E-300;`, float32(0)},
		{`d:16777217;`, float32(1 << 24)},
		{`d:3.4028234663852886E+38;`, float32(math.MaxFloat32)},
		{`d:-INF;`, float32(math.Inf(-1))},
	} {
		back := reflect.New(reflect.TypeOf(c.want))
		if err := parsed(t, php.Native(), "v|"+c.php).Decode("v", back.Interface()); err != nil {
			t.Errorf("%s into %T: %v", c.php, c.want, err)
			continue
		}
		if got := back.Elem().Interface(); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: got %#v, want %#v", c.php, got, c.want)
		}
	}
}

func TestDateTimesOfAllKindsAreRead(t *testing.T) {
	t.Parallel()
	want := time.Date(2026, 1, 2, 3, 4, 5, 678901000, time.UTC)
	for _, c := range []string{
		date("2026-01-02 03:04:05.678901", 3, "UTC"),
		date("2026-01-02 05:04:05.678901", 1, "+02:00"),
		date("2026-01-02 05:04:05.678901", 3, "Europe/Kyiv"),
		date("2026-01-01 22:04:05.678901", 2, "EST"),
		strings.Replace(strings.Replace(date("2026-01-02 03:04:05.678901", 3, "UTC"), `O:17:"DateTimeImmutable":3:{`, `O:13:"Carbon\Carbon":4:{`, 1), `}`, `s:4:"more";N;}`, 1),
	} {
		if got := decodeAs[time.Time](t, parsed(t, php.Native(), "t|"+c), "t"); !got.Equal(want) {
			t.Errorf("%s: got %v, want %v", c, got, want)
		}
	}
	for _, c := range []string{
		date("2026-01-02 03:04:05.678901", 2, "XYZ"),
		date("2026-01-02 03:04:05.678901", 3, "Nowhere/Else"),
		date("2026-01-02 03:04:05.678901", 3, "../../etc/passwd"),
		date("tomorrow", 3, "UTC"),
		date("2026-01-02 03:04:05.678901", 4, "UTC"),
		`O:8:"DateTime":0:{}`,
		`s:10:"2026-01-02";`,
	} {
		var got time.Time
		if _, ok := errors.AsType[*session.DecodeError](parsed(t, php.Native(), "t|"+c).Decode("t", &got)); !ok {
			t.Errorf("%s: got %v, want a *DecodeError", c, got)
		}
	}
}

func TestWhatATargetCannotHoldIsADecodeErrorThatNamesBoth(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		php  string
		into any
		want string
	}{
		{`s:6:"secret";`, new(int), "int: it is stored as a PHP string"},
		{`i:300;`, new(uint8), "uint8: it is stored as a PHP int"},
		{`i:-1;`, new(uint), "uint: it is stored as a PHP int"},
		{`d:1.5;`, new(int), "int: it is stored as a PHP float"},
		{`i:9007199254740993;`, new(float64), "float64: it is stored as a PHP int"},
		{`i:9223372036854775807;`, new(float64), "float64: it is stored as a PHP int"},
		{`i:9223372036854775807;`, new(float32), "float32: it is stored as a PHP int"},
		{`i:16777217;`, new(float32), "float32: it is stored as a PHP int"},
		{`d:1.0E+300;`, new(float32), "float32: it is stored as a PHP float"},
		{`d:-3.5E+38;`, new(float32), "float32: it is stored as a PHP float"},
		{`d:9.2233720368547758E+18;`, new(int64), "int64: it is stored as a PHP float"},
		{`b:1;`, new(string), "string: it is stored as a PHP bool"},
		{`a:0:{}`, new(string), "string: it is stored as a PHP array"},
		{`a:1:{i:1;i:5;}`, new([]int), "[]int: it is stored as a PHP array, with a PHP array with other keys than 0, 1, 2, …"},
		{`a:1:{i:0;i:5;}`, new([2]int), "[2]int: it is stored as a PHP array, with a shorter PHP array"},
		{`a:3:{i:0;i:5;i:1;i:5;i:2;i:5;}`, new([2]int), "[2]int: it is stored as a PHP array, with a longer PHP array"},
		{`a:1:{s:1:"k";i:5;}`, new(map[int]int), "map[int]int: it is stored as a PHP array, with a PHP array with a key of another kind"},
		{`a:1:{s:1:"x";s:6:"secret";}`, new(point), "php_test.Point: it is stored as a PHP array, with a PHP string in x"},
		{`O:5:"Other":0:{}`, new(user), `php_test.user: it is stored as a PHP object of class "Other"`},
		{`a:0:{}`, new(user), "php_test.user: it is stored as a PHP array"},
		{`E:6:"Suit:H";`, new(int), "int: it is stored as a case of a PHP enum"},
		{`C:1:"L":1:{x}`, new(point), `php_test.Point: it is stored as a PHP object of class "L"`},
		{`a:2:{i:0;i:1;}`, new([]int), "[]int: it is stored as malformed serialized data"},
		{`i:1;`, new(chan int), "chan int: it is stored as a PHP int"},
		{`i:1;`, new(php.Object), "php.Object: it is stored as a PHP int"},
		{`R:9;`, new(int), "int: it is stored as a reference that leads nowhere"},
		{`O:7:"Closure":0:{}`, new(any), "interface {}: it is stored as an object of a class that PHP does not unserialize"},
		{`i:1;`, 5, "int: it is stored as a PHP int"},
		{`i:1;`, nil, "nil: it is stored as a PHP int"},
	} {
		err := parsed(t, php.Native(), "v|"+c.php).Decode("v", c.into)
		if _, ok := errors.AsType[*session.DecodeError](err); !ok {
			t.Errorf("%s into %T: got %v, want a *DecodeError", c.php, c.into, err)
			continue
		}
		if want := `session: variable "v" does not decode into ` + c.want; err.Error() != want {
			t.Errorf("%s into %T:\n got %s\nwant %s", c.php, c.into, err, want)
		}
	}
}

type selfish struct{ Self *selfish }

func TestWhatPHPHasNoFormForIsAnEncodeErrorAndChangesNothing(t *testing.T) {
	t.Parallel()
	circle := &selfish{}
	circle.Self = circle
	array := php.Array{{Key: 1, Value: nil}}
	array[0].Value = array
	loop := &php.Ref{}
	loop.Value = loop
	for _, c := range []struct {
		value any
		why   string
	}{
		{make(chan int), "no form for a chan int"},
		{func() {}, "no form for a func()"},
		{1i, "no form for a complex128"},
		{uint64(math.MaxInt64) + 1, "end at 9223372036854775807"},
		{map[string]any{"a": []any{func() {}}}, "no form"},
		{map[float64]int{1: 1}, "no key"},
		{map[uint64]int{math.MaxUint64: 1}, "no key"},
		{map[any]int{5: 1, "5": 2}, "one for PHP"},
		{php.Array{{Key: "5", Value: 1}, {Key: 5, Value: 2}}, "one for PHP"},
		{php.Array{{Key: 1.5, Value: 1}}, "no key"},
		{circle, "does it hold itself"},
		{array, "does it hold itself"},
		{loop, "a reference to itself"},
		{&php.Object{Class: "a b"}, "name of a class"},
		{&php.Object{Class: "Closure"}, "name of a class"},
		{&php.Object{Class: "ReflectionClass"}, "name of a class"},
		{&php.Object{Class: "splFileInfo"}, "name of a class"},
		{&php.Object{Class: "Traversable"}, "name of a class"},
		{php.List(&php.Serializable{Class: "PDO"}), "name of a class"},
		{&php.Object{Class: "Kept", Props: php.Array{{Key: "\x00x", Value: 1}}}, "no property with the key"},
		{php.List(&php.Object{Class: "Kept", Props: php.Array{{Key: colour("\x00*\x00"), Value: 1}}}), "no property with the key"},
		{&php.Object{Class: "Kept", Props: php.Array{{Key: "a", Value: 1}, {Key: "\x00\x00x", Value: 1}}}, "no property with the key"},
		{struct {
			_ struct{} `php:"class=A"`
			X int      `php:"\x00x"`
		}{}, "no name for a property"},
		{struct {
			_ struct{} `php:"class=Reflector"`
		}{}, "name of a class"},
		{&php.Enum{Class: "A"}, "a case"},
		{&php.Serializable{Class: "L", Payload: "r:1;"}, "references of its own"},
		{struct{ a int }{1}, "no exported fields"},
		{struct {
			A int `php:"x"`
			B int `php:"x"`
		}{}, "two fields are named"},
		{struct {
			A int `php:"x,private"`
		}{}, "name the class"},
		{struct {
			A int `php:"x,inline"`
		}{}, "there are omitempty, protected and private"},
		{struct {
			_ struct{} `php:"class=a b"`
		}{}, "name of a class"},
		{struct{ *selfish }{}, "which is not exported"},
		{time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), "the year 10000"},
		{big.NewFloat(1).SetInf(true), ""},
	} {
		d := parsed(t, php.Native(), `a|i:1;`)
		err := d.Set("v", c.value)
		if c.why == "" {
			must(t, "Set", err)
			continue
		}
		if ee, ok := errors.AsType[*session.EncodeError](err); !ok || ee.Name != "v" || ee.Type != reflect.TypeOf(c.value).String() || !strings.Contains(ee.Why, c.why) {
			t.Errorf("Set(%T): got %v, want an *EncodeError for v with %q", c.value, err, c.why)
		}
		wantBytes(t, d, `a|i:1;`)
		if _, err := php.Native().Freeze(c.value); err == nil {
			t.Errorf("Freeze(%T): got no error", c.value)
		}
	}
}

func TestPropertiesAreFoundByNameWhateverTheirVisibility(t *testing.T) {
	t.Parallel()
	o := &php.Object{Class: "A"}
	for _, v := range []php.Visibility{php.Public, php.Protected, php.Private} {
		key := php.PropertyKey("p", v, "A")
		if name, got, class := php.Property(key); name != "p" || got != v || (class == "A") != (v == php.Private) {
			t.Errorf("Property(%q): got %q, %v, %q", key, name, got, class)
		}
		o.Props = php.Array{{Key: 7, Value: 0}, {Key: key, Value: 1}}
		o.Set("p", 2)
		if got, ok := o.Get("p"); !ok || got != 2 || len(o.Props) != 2 {
			t.Errorf("Get: got %v, %v in %v", got, ok, o.Props)
		}
	}
	o.Set("new", 3)
	if _, ok := o.Get("none"); ok || o.Props[2].Key != "new" {
		t.Errorf("got %v", o.Props)
	}
	if name, v, _ := php.Property("\x00broken"); name != "\x00broken" || v != php.Public {
		t.Errorf("a key with one NUL: got %q, %v", name, v)
	}
	a := php.List("x", "y")
	a.Set("1", "z")
	a.Set("k", "w")
	if got, ok := a.Get(uint8(1)); !ok || got != "z" || len(a) != 3 {
		t.Errorf("Get(1): got %v in %v", got, a)
	}
	if _, ok := a.Get(1.5); ok {
		t.Error("Get(1.5): found something")
	}
}

// serialize_precision=-1: the shortest digits that read back, and an exponent below
// 1e-4 and from 1e17 on.
func TestFloatsAreWrittenAsPHPWritesThem(t *testing.T) {
	t.Parallel()
	for f, want := range map[float64]string{
		0: "0", math.Copysign(0, -1): "-0", 3: "3", -2.25: "-2.25", 0.30000000000000004: "0.30000000000000004", 1e15: "1000000000000000",
		1e16: "10000000000000000", 123456789012345678: "1.2345678901234568E+17", 1e17: "1.0E+17", -1e25: "-1.0E+25", 1.5e300: "1.5E+300",
		1e-4: "0.0001", 1e-5: "1.0E-5", -1.25e-7: "-1.25E-7", 5e-324: "5.0E-324", math.MaxFloat64: "1.7976931348623157E+308", math.Inf(1): "INF",
	} {
		d := php.Native().New()
		must(t, "Set", d.Set("f", f))
		wantBytes(t, d, "f|d:"+want+";")
	}
	d := php.Native().New()
	must(t, "Set", d.Set("f", math.NaN()))
	wantBytes(t, d, "f|d:NAN;")
	if f := decodeAs[float64](t, d, "f"); !math.IsNaN(f) {
		t.Errorf("NAN: got %v", f)
	}
}

func TestNumbersAreReadInAllWaysThatPHPTakesAndNoOthers(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]any{
		"d:5.;": 5.0, "d:.5;": 0.5, "d:1e3;": 1000.0, "d:1E+5;": 100000.0, "d:+1.5;": 1.5, "d:-.5e-1;": -0.05, "d:1e999;": math.Inf(1), "d:-INF;": math.Inf(-1),
		"d:4.9E-325;": 0.0, "i:+5;": 5, "i:007;": 7, "i:99999999999999999999;": math.MaxInt, "i:-99999999999999999999;": math.MinInt,
	} {
		if got := decodeAs[any](t, parsed(t, php.Native(), "v|"+text), "v"); got != want {
			t.Errorf("%s: got %v, want %v", text, got, want)
		}
	}
	for _, text := range []string{
		"d:.;", "d:;", "d:e5;", "d:1e;", "d:1e+;", "d:+;", "d:inf;", "d:+INF;", "d:-NAN;", "d:0x1p3;", "d:1.5.5;", "d:--1;", "i:;", "i:-;", "i:1.0;", "i:1e3;", "b:;", "b:2;", "b:01;",
	} {
		for _, into := range []any{new(any), new(float64), new(int), new(bool)} {
			if err := parsed(t, php.Native(), "v|"+text).Decode("v", into); err == nil {
				t.Errorf("%s was decoded into %T", text, into)
			}
		}
	}
}
