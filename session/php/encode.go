package php

import (
	"cmp"
	"encoding"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"time"

	"gyrfalcon/session"
)

// freeze encodes v by itself.
func freeze(v any) (frozen, error) {
	if raw, ok := encodeScalar(v); ok {
		return frozen{value: value{raw: raw}, typ: typeName(v)}, nil
	}
	e := encoder{}
	if err := e.value(reflect.ValueOf(v)); err != nil {
		ee := *err
		ee.Type = typeName(v)
		return frozen{}, &ee
	}
	f := frozen{value: value{raw: e.out}, depth: e.deepest, typ: typeName(v)}
	if e.linked {
		f.refs = true
		f.sp = &space{buf: e.out, ext: e.ext, aliases: e.aliases, refs: true}
	}
	return f, nil
}

// encodeScalar encodes what most variables are without reflection.
func encodeScalar(v any) (raw []byte, ok bool) {
	const overhead = len(`s:12345678:"";`)
	switch v := v.(type) {
	case string:
		return appendString(make([]byte, 0, len(v)+overhead), v), true
	case int:
		return appendInt(make([]byte, 0, 2*overhead), 'i', int64(v)), true
	case int64:
		return appendInt(make([]byte, 0, 2*overhead), 'i', v), true
	case bool:
		return appendBool(nil, v), true
	case float64:
		return append(appendFloat(append(make([]byte, 0, 2*overhead), "d:"...), v), ';'), true
	case nil:
		return []byte("N;"), true
	}
	return nil, false
}

func appendBool(b []byte, v bool) []byte {
	if v {
		return append(b, "b:1;"...)
	}
	return append(b, "b:0;"...)
}

// encoder encodes one value, and numbers its slots from 1.
type encoder struct {
	out     []byte
	slots   int
	depth   int         // of containers
	deepest int         // of those that PHP counts
	chain   int         // of pointers
	seen    map[any]int // the slot, or the number of one elsewhere, of what has been met

	linked  bool // there are references, or something that others refer to
	ext     []ident
	aliases []alias

	clean    *decoder        // what objects were decoded from, decoded anew
	cleaned  map[*space]bool // what that has the allowance for
	compared comparison      // with that
}

// refuse is the error for what PHP's format, or PHP, cannot carry.
func refuse(format string, args ...any) *session.EncodeError {
	return &session.EncodeError{Why: fmt.Sprintf(format, args...)}
}

func (e *encoder) value(v reflect.Value) *session.EncodeError {
	if !v.IsValid() {
		return e.null()
	}
	if handled, err := e.own(v); handled {
		return err
	}
	t := v.Type()
	if !nilPointer(v) && t.Implements(marshalers) {
		return e.marshaler(v)
	}
	if t.Kind() != reflect.Pointer && t.Kind() != reflect.Interface && reflect.PointerTo(t).Implements(marshalers) {
		p := reflect.New(t)
		p.Elem().Set(v)
		return e.marshaler(p)
	}
	switch v.Kind() {
	case reflect.Bool:
		e.slots++
		e.out = appendBool(e.out, v.Bool())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		e.slots++
		e.out = appendInt(e.out, 'i', v.Int())
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		if v.Uint() > math.MaxInt64 {
			return refuse("PHP's integers end at %d; store it as a string", int64(math.MaxInt64))
		}
		e.slots++
		e.out = appendInt(e.out, 'i', int64(v.Uint()))
	case reflect.Float32, reflect.Float64:
		e.slots++
		e.out = append(appendFloat(append(e.out, "d:"...), v.Float()), ';')
	case reflect.String:
		e.slots++
		e.out = appendString(e.out, v.String())
	case reflect.Interface, reflect.Pointer:
		return e.pointer(v)
	case reflect.Slice, reflect.Array:
		return e.list(v)
	case reflect.Map:
		return e.mapping(v)
	case reflect.Struct:
		return e.structure(v)
	default:
		return refuse("PHP has no form for a %s; store plain data (numbers, text, slices, maps, structs of exported fields)", t)
	}
	return nil
}

func nilPointer(v reflect.Value) bool {
	return (v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface) && v.IsNil()
}

func (e *encoder) null() *session.EncodeError {
	e.slots++
	e.out = append(e.out, "N;"...)
	return nil
}

// own encodes what is of this package's types, or is not what its kind says.
func (e *encoder) own(v reflect.Value) (handled bool, err *session.EncodeError) {
	if !v.CanInterface() {
		return false, nil
	}
	switch v.Type() {
	case timeType, arrayType, objectType, refType, enumType, serialType:
	case anyType:
		if v.IsNil() {
			return true, e.null()
		}
		return true, e.value(v.Elem())
	default:
		if v.Kind() != reflect.Pointer || v.IsNil() || !own(v.Type().Elem()) {
			return false, nil
		}
	}
	switch x := v.Interface().(type) {
	case time.Time:
		return true, e.time(x)
	case Array:
		return true, e.array(x)
	case *Array:
		return true, e.array(*x)
	case *Object:
		return true, e.object(x)
	case Object:
		return true, e.object(&x)
	case *Ref:
		return true, e.ref(x)
	case Ref:
		return true, e.ref(&x)
	case *Enum:
		return true, e.enum(x)
	case Enum:
		return true, e.enum(&x)
	case *Serializable:
		return true, e.serializable(x)
	case Serializable:
		return true, e.serializable(&x)
	}
	return false, nil
}

func (e *encoder) marshaler(v reflect.Value) *session.EncodeError {
	text, err := v.Interface().(encoding.TextMarshaler).MarshalText() //nolint:errcheck,forcetypeassert // Implements has said so
	if err != nil {
		return &session.EncodeError{Why: "its MarshalText failed", Err: err}
	}
	e.slots++
	e.out = appendString(e.out, text)
	return nil
}

// pointer encodes what v points to. A chain of pointers is no array, but must end.
func (e *encoder) pointer(v reflect.Value) *session.EncodeError {
	if v.IsNil() {
		return e.null()
	}
	if e.chain++; e.chain > 2*maxDepth {
		return errItself
	}
	defer func() { e.chain-- }()
	return e.value(v.Elem())
}

var errItself = refuse("it is nested more than %d deep; does it hold itself?", maxDepth)

// open begins a container of n elements.
func (e *encoder) open(n int, object bool) *session.EncodeError {
	e.depth++
	if e.depth > maxDepth+1 {
		return errItself
	}
	if n > 0 || object {
		e.deepest = max(e.deepest, e.depth)
	}
	return nil
}

// items encodes n elements between braces.
func (e *encoder) items(n int, object bool, each func(i int) *session.EncodeError) *session.EncodeError {
	if err := e.open(n, object); err != nil {
		return err
	}
	e.out = strconv.AppendInt(e.out, int64(n), 10)
	e.out = append(e.out, ':', '{')
	for i := range n {
		if err := each(i); err != nil {
			return err
		}
	}
	e.out = append(e.out, '}')
	e.depth--
	return nil
}

func (e *encoder) list(v reflect.Value) *session.EncodeError {
	e.slots++
	if v.Type().Elem().Kind() == reflect.Uint8 {
		e.out = appendString(e.out, bytesOf(v))
		return nil
	}
	e.out = append(e.out, 'a', ':')
	return e.items(v.Len(), false, func(i int) *session.EncodeError {
		e.out = appendInt(e.out, 'i', int64(i))
		return e.value(v.Index(i))
	})
}

func bytesOf(v reflect.Value) []byte {
	if v.Kind() == reflect.Slice {
		return v.Bytes()
	}
	b := make([]byte, v.Len())
	reflect.Copy(reflect.ValueOf(b), v)
	return b
}

// mapping encodes a map, in the order of its keys: integers first.
func (e *encoder) mapping(v reflect.Value) *session.EncodeError {
	type element struct {
		key
		v reflect.Value
	}
	elements := make([]element, 0, v.Len())
	for it := v.MapRange(); it.Next(); {
		k, ok := reflectKey(it.Key())
		if !ok {
			return refuse("a key of type %s is no key for PHP's arrays; use strings or integers that fit 64 bits", it.Key().Type())
		}
		elements = append(elements, element{k, it.Value()})
	}
	slices.SortFunc(elements, func(a, b element) int {
		if a.isInt != b.isInt {
			return cmp.Compare(rank(a.isInt), rank(b.isInt))
		}
		return cmp.Or(cmp.Compare(a.n, b.n), cmp.Compare(a.text, b.text))
	})
	e.slots++
	e.out = append(e.out, 'a', ':')
	return e.items(len(elements), false, func(i int) *session.EncodeError {
		if i > 0 && elements[i].key == elements[i-1].key {
			return errTwice
		}
		e.out = elements[i].append(e.out)
		return e.value(elements[i].v)
	})
}

func rank(first bool) int {
	if first {
		return 0
	}
	return 1
}

var errTwice = refuse("two of its keys are one for PHP, to which \"5\" and 5 are the same")

// array encodes an array.
func (e *encoder) array(a Array) *session.EncodeError {
	e.slots++
	e.out = append(e.out, 'a', ':')
	return e.entries(a, nil)
}

// entries encodes the elements of an array, or the properties of the object o.
func (e *encoder) entries(a Array, o *Object) *session.EncodeError {
	keys, err := keysOf(a, o)
	if err != nil {
		return err
	}
	object := o != nil
	return e.items(len(a), object, func(i int) *session.EncodeError {
		if object && !keys[i].isInt {
			e.out = appendString(e.out, keys[i].text)
		} else {
			e.out = keys[i].append(e.out)
		}
		return e.value(reflect.ValueOf(a[i].Value))
	})
}

// keysOf returns the keys of an array, or of the properties of the object o, which keep
// those that look like integers as they are.
func keysOf(a Array, o *Object) ([]key, *session.EncodeError) {
	keys := make([]key, len(a))
	list := true
	for i, entry := range a {
		k, ok := keyOf(entry.Key)
		if !ok {
			return nil, refuse("a key of type %T is no key for PHP's arrays; use strings or integers that fit 64 bits", entry.Key)
		}
		if text, ok := entry.Key.(string); ok && o != nil {
			k = key{text: text}
		}
		if o != nil && !o.anyKeys && !k.isInt && !isProperty(k.text, o.Class) {
			return nil, refuse("an object of class %s has no property with the key %q, at which PHP would destroy the session; "+
				"a key that begins with a NUL is one that PropertyKey makes of a name", o.Class, k.text)
		}
		keys[i] = k
		list = list && k.isInt && k.n == int64(i)
	}
	if list {
		return keys, nil
	}
	met := make(map[key]bool, len(keys))
	for _, k := range keys {
		if met[k] {
			return nil, errTwice
		}
		met[k] = true
	}
	return keys, nil
}

func (e *encoder) structure(v reflect.Value) *session.EncodeError {
	p := planOf(v.Type())
	if p.err != nil {
		return refuse("%v", p.err)
	}
	type present struct {
		f *field
		v reflect.Value
	}
	fields := make([]present, 0, len(p.fields))
	for i := range p.fields {
		f := &p.fields[i]
		fv, ok := fieldIfThere(v, f.index)
		if ok && (!f.omitEmpty || !isEmpty(fv)) {
			fields = append(fields, present{f, fv})
		}
	}
	e.slots++
	if p.class == "" {
		e.out = append(e.out, 'a', ':')
	} else {
		e.out = append(appendQuoted(append(e.out, "O:"...), p.class), ':')
	}
	return e.items(len(fields), p.class != "", func(i int) *session.EncodeError {
		e.out = append(e.out, fields[i].f.key...)
		return e.value(fields[i].v)
	})
}

func isEmpty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Slice, reflect.Map, reflect.String, reflect.Array:
		return v.Len() == 0
	case reflect.Struct:
		return false
	}
	return v.IsZero()
}
