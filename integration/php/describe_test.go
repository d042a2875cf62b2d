package php_test

import (
	"encoding/hex"
	"fmt"
	"math"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"gyrfalcon/session/php"
)

// describer says what a value is in the words of peer.php's Describer: equal values are
// equal texts, down to the bits of floats, the order of elements, and what is the same
// object or the same reference.
type describer struct {
	t       testing.TB
	objects map[any]int
	refs    map[*php.Ref]int
	alone   map[*php.Ref]bool // references that stand in one place only, which PHP does not tell from the value
}

func describe(t testing.TB, v any) string {
	t.Helper()
	d := &describer{t: t, objects: map[any]int{}, refs: map[*php.Ref]int{}}
	return d.place(v)
}

// describeMade describes a value that Go has made, as PHP must find it.
func describeMade(t testing.TB, v any) string {
	t.Helper()
	first := &describer{t: t, objects: map[any]int{}, refs: map[*php.Ref]int{}}
	text := first.place(v)
	d := &describer{t: t, objects: map[any]int{}, refs: map[*php.Ref]int{}, alone: map[*php.Ref]bool{}}
	for ref, n := range first.refs {
		again := regexp.MustCompile(fmt.Sprintf(`&%d(,|\)|$)`, n))
		d.alone[ref] = !again.MatchString(text)
	}
	return d.place(v)
}

// place describes what stands in a place that may be held by reference.
func (d *describer) place(v any) string {
	ref, ok := v.(*php.Ref)
	if !ok {
		return d.value(v)
	}
	if d.alone[ref] {
		return d.value(ref.Value)
	}
	if n, met := d.refs[ref]; met {
		return fmt.Sprintf("&%d", n)
	}
	n := len(d.refs) + 1
	d.refs[ref] = n
	return fmt.Sprintf("&%d:%s", n, d.value(ref.Value))
}

func (d *describer) value(v any) string {
	switch v := v.(type) {
	case nil:
		return "N"
	case bool:
		if v {
			return "b1"
		}
		return "b0"
	case int:
		return fmt.Sprintf("i%d", v)
	case float64:
		if math.IsNaN(v) {
			return "dnan"
		}
		return fmt.Sprintf("d%016x", math.Float64bits(v))
	case string:
		return "s" + hex.EncodeToString([]byte(v))
	case php.Array:
		return "a(" + d.elements(v) + ")"
	}
	if n, met := d.objects[v]; met {
		return fmt.Sprintf("#%d", n)
	}
	n := len(d.objects) + 1
	d.objects[v] = n
	switch v := v.(type) {
	case *php.Object:
		return fmt.Sprintf("#%d:O%s(%s)", n, v.Class, d.elements(v.Props))
	case *php.Enum:
		return fmt.Sprintf("#%d:E%s:%s", n, v.Class, v.Case)
	case *php.Serializable:
		return fmt.Sprintf("#%d:C%s", n, v.Class)
	}
	d.t.Errorf("a value of type %s, which is none that any decodes to", reflect.TypeOf(v))
	return "?"
}

func (d *describer) elements(a php.Array) string {
	out := make([]string, len(a))
	for i, e := range a {
		key := "s" + hex.EncodeToString(fmt.Append(nil, e.Key))
		if n, ok := e.Key.(int); ok {
			key = fmt.Sprintf("i%d", n)
		}
		out[i] = key + "=" + d.place(e.Value)
	}
	return strings.Join(out, ",")
}
