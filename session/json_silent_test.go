package session_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/big"
	"net/url"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"gyrfalcon/session"
)

type (
	hidden  struct{ secret int }
	embeds  struct{ hidden } //nolint:unused // as above
	derived struct{ *open }
	open    struct{ A int }
	ignored struct {
		A int `json:"-"`
	}
	optional struct {
		A int `json:",omitempty"`
	}
	within struct {
		Err  error
		Any  any
		Kept int
	}
)

func TestJSONAValueOfWhichNothingWouldBeStoredIsRefused(t *testing.T) {
	t.Parallel()
	lost := errors.New("x")
	for _, c := range []struct {
		v     any
		names string // the type that is at fault
	}{
		{lost, "errors.errorString"},
		{fmt.Errorf("y: %w", lost), "fmt.wrapError"},
		{hidden{1}, "session_test.hidden"},
		{&hidden{1}, "session_test.hidden"},
		{embeds{}, "session_test.embeds"},
		{ignored{1}, "session_test.ignored"},
		{&sync.Mutex{}, "sync.Mutex"},
		{*big.NewInt(7), "big.Int"},
		{[]error{nil, lost}, "errors.errorString"},
		{[1]hidden{}, "session_test.hidden"},
		{map[string]any{"a": 1, "b": []any{map[string]error{"c": lost}}}, "errors.errorString"},
		{within{Err: lost}, "errors.errorString"},
		{within{Any: &[]hidden{{1}}}, "session_test.hidden"},
		{struct{ *within }{&within{Err: lost}}, "errors.errorString"},
	} {
		d := session.JSON().New()
		err := d.Set("v", c.v)
		_, freezeErr := session.JSON().Freeze(c.v)
		ee, ok := errors.AsType[*session.EncodeError](err)
		if !ok || ee.Name != "v" || ee.Type != reflect.TypeOf(c.v).String() || !strings.Contains(ee.Why, "nothing of a "+c.names+" would be stored") {
			t.Errorf("Set(%T): got error %v, want an *EncodeError that names %s", c.v, err, c.names)
		}
		if freezeErr == nil {
			t.Errorf("Freeze(%T): got no error, want Set's", c.v)
		}
		wantBytes(t, d, "{}")
	}
}

func TestJSONAnEmptyValueIsNoLostOne(t *testing.T) {
	t.Parallel()
	for _, v := range []any{
		struct{}{}, &struct{}{}, map[string]any{}, map[string]struct{}{"a": {}}, optional{}, derived{}, derived{&open{}}, within{}, []hidden{}, (*hidden)(nil), []error{nil},
		"{}", []string{"{}"}, json.RawMessage("{}"), time.Time{}, []*big.Int{big.NewInt(7)}, &url.URL{}, []any{"{}", struct{}{}, nil},
		struct {
			A hidden `json:"-"`
			B struct{}
		}{},
		map[time.Time]struct{}{{}: {}},
		[]struct{ at pointerJSON }{}, &[]pointerJSON{{1}},
	} {
		if err := session.JSON().New().Set("v", v); err != nil {
			t.Errorf("Set(%T): %v", v, err)
		}
	}
}

// pointerJSON encodes itself where it can be pointed at.
type pointerJSON struct{ n int }

func (p *pointerJSON) MarshalJSON() ([]byte, error) {
	return fmt.Appendf(nil, `{"n":%d,"x":{}}`, p.n), nil
}

func TestJSONNumbersOfNoTypeKeepTheirDigits(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]any{
		"0": 0.0, "-0": math.Copysign(0, -1), "3": 3.0, "-3.5": -3.5, "1.50e+00": 1.5, "1e21": 1e21, "1e2": 100.0,
		"9007199254740992": 9007199254740992.0, "-9007199254740992": -9007199254740992.0,
		"9007199254740993": json.Number("9007199254740993"), "-9007199254740993": json.Number("-9007199254740993"),
		"9223372036854775807": json.Number("9223372036854775807"), "18446744073709551615": json.Number("18446744073709551615"),
		"123456789012345678901234567890": json.Number("123456789012345678901234567890"),
		"0.1":                            0.1, "0.10000000000000001": 0.1, "1.7976931348623157e308": math.MaxFloat64, "5e-324": math.SmallestNonzeroFloat64,
		"0.1234567890123456789": json.Number("0.1234567890123456789"), "1e400": json.Number("1e400"), "0.00000000000000000001": 1e-20,
	} {
		d := parseJSON(t, `{"v":`+raw+`,"l":[`+raw+`],"m":{"a":{"b":`+raw+`}},"s":{"Any":`+raw+`,"Kept":1}}`)
		same := func(where string, got any) {
			t.Helper()
			if g, w := fmt.Sprintf("%T %v", got, got), fmt.Sprintf("%T %v", want, want); g != w {
				t.Errorf("%s %s: got %s, want %s", raw, where, g, w)
			}
		}
		same("as any", decoded[any](t, d, "v"))
		same("in a list", decoded[[]any](t, d, "l")[0])
		same("in a list as any", inside(decoded[any](t, d, "l")))
		same("in a map in a map", inside(decoded[map[string]any](t, d, "m")["a"]))
		same("in a typed map", decoded[map[string]map[string]any](t, d, "m")["a"]["b"])
		same("in a pointer's map", inside((*decoded[*map[string]any](t, d, "m"))["a"]))
		same("in a field", decoded[within](t, d, "s").Any)
		same("in a slice of fields", decoded[[1]struct{ Any any }](t, parseJSON(t, `{"v":[{"Any":`+raw+`}]}`), "v")[0].Any)
		if n := decoded[json.Number](t, d, "v"); n.String() != raw {
			t.Errorf("%s as a json.Number: got %s, want it as it stands", raw, n)
		}
	}
	for _, raw := range []string{"nope", `1"2"`, "[1", "truefalse"} {
		d, err := session.JSON().Parse([]byte(`{"v":` + raw + `}`))
		if err != nil {
			continue
		}
		var v any
		if err := d.Decode("v", &v); err == nil || !strings.Contains(err.Error(), "malformed JSON") {
			t.Errorf("%s: got %v, %v; want it told as malformed", raw, v, err)
		}
	}
}

// inside returns the only element of a list or a map.
func inside(v any) any {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			return e
		}
	case map[string]any:
		for _, e := range v {
			return e
		}
	}
	return nil
}

func decoded[T any](t *testing.T, d session.Document, name string) T {
	t.Helper()
	var v T
	if err := d.Decode(name, &v); err != nil {
		t.Errorf("Decode(%s) into %T: %v", name, v, err)
	}
	return v
}

func TestJSONAnUpdateOfOneMemberLeavesTheOthersDigits(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, started(t, session.Options{}))
	v.with(func(s *session.Session) {
		must(t, "Set", s.Set("user", map[string]any{"id": int64(9007199254740993), "visits": 1}))
		_, err := session.Update(s, "user", func(u map[string]any) map[string]any {
			u["visits"] = u["visits"].(float64) + 1 //nolint:errcheck,forcetypeassert // what is tested
			return u
		})
		must(t, "Update", err)
	})
	v.with(func(s *session.Session) {
		u, err := session.Get[struct {
			ID     int64
			Visits int
		}](s, "user")
		if u.ID != 9007199254740993 || u.Visits != 2 || err != nil {
			t.Errorf("got %+v, %v; want the ID 9007199254740993, digit for digit, and 2 visits", u, err)
		}
	})
}
