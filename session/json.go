package session

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
)

// JSON returns the default codec: a session is one JSON object (RFC 8259) whose
// members are its variables, each encoded by encoding/json. What is not changed
// goes back byte for byte, whatever it holds.
//
// A value that JSON would alter in silence is an *EncodeError: text that is not valid
// UTF-8 (raw bytes belong in a []byte, which is stored as base64), and a struct of which
// nothing would be stored, such as an error. Of other structs the exported fields are
// stored, as ever.
//
// Decoded into an any, or into a map or a slice of any, a number is a float64, as
// encoding/json has it, but for one that a float64 does not hold: that is a json.Number,
// digit for digit. Those are whole numbers beyond 2^53 and fractions of more than 17 digits.
func JSON() Codec { return jsonCodec{} }

type jsonCodec struct{}

// jsonValue is what Freeze returns: one encoded value.
type jsonValue []byte

func (jsonCodec) New() Document { return &jsonDocument{} }

func (jsonCodec) Parse(payload []byte) (Document, error) {
	d := &jsonDocument{payload: payload}
	vars, err := splitJSON(make([]jsonVar, 0, 8), payload)
	if err != nil {
		return nil, err
	}
	d.vars = vars
	return d, nil
}

func (jsonCodec) Freeze(v any) (any, error) {
	b, err := encodeJSON(v)
	if err != nil {
		return nil, err
	}
	return jsonValue(b), nil
}

// jsonDocument keeps each variable as the bytes that stand in the payload.
type jsonDocument struct {
	payload []byte
	vars    []jsonVar
	dirty   bool // payload no longer says what vars do
}

type jsonVar struct {
	key  []byte // as it stands in the payload, with its quotes
	name []byte // the key's meaning; a part of key where it has no escapes
	raw  []byte // the value
}

func (d *jsonDocument) find(name string) int {
	for i := range d.vars {
		if string(d.vars[i].name) == name {
			return i
		}
	}
	return -1
}

func (d *jsonDocument) Names() iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, v := range d.vars {
			if !yield(string(v.name)) {
				return
			}
		}
	}
}

func (d *jsonDocument) Decode(name string, into any) error {
	i := d.find(name)
	if i < 0 {
		return ErrNoVariable
	}
	raw := d.vars[i].raw
	if decodeScalar(raw, into) {
		return nil
	}
	if err := unmarshalJSON(raw, into); err != nil {
		return &DecodeError{Name: name, Type: pointee(into), Found: foundJSON(raw, err), Err: err}
	}
	return nil
}

func (d *jsonDocument) Members(name string) (Document, error) {
	i := d.find(name)
	if i < 0 {
		return nil, ErrNoVariable
	}
	raw := d.vars[i].raw
	m, err := jsonCodec{}.Parse(raw)
	if err != nil {
		return nil, &DecodeError{Name: name, Type: "a map of members", Found: foundJSON(raw, nil), Err: err}
	}
	return m, nil
}

func (d *jsonDocument) Set(name string, v any) error {
	var raw []byte
	var err error
	switch v := v.(type) {
	case jsonValue:
		raw = v
	case *jsonDocument:
		raw, err = v.Bytes()
	default:
		raw, err = encodeJSON(v)
	}
	if err != nil {
		if ee, ok := errors.AsType[*EncodeError](err); ok {
			ee.Name = name
		}
		return err
	}
	if i := d.find(name); i >= 0 {
		if !bytes.Equal(d.vars[i].raw, raw) {
			d.vars[i].raw = raw
			d.dirty = true
		}
		return nil
	}
	if !utf8.ValidString(name) {
		return &EncodeError{Name: name, Why: "its name is not valid UTF-8; choose one that is"}
	}
	key, err := encodeJSON(name)
	if err != nil {
		return err
	}
	d.vars = append(d.vars, jsonVar{key: key, name: []byte(name), raw: raw})
	d.dirty = true
	return nil
}

func (d *jsonDocument) Remove(name string) {
	if i := d.find(name); i >= 0 {
		d.vars = append(d.vars[:i], d.vars[i+1:]...)
		d.dirty = true
	}
}

func (d *jsonDocument) Bytes() ([]byte, error) {
	if !d.dirty && d.payload != nil {
		return d.payload, nil
	}
	n := 2
	for _, v := range d.vars {
		n += len(v.key) + len(v.raw) + 2
	}
	b := append(make([]byte, 0, n), '{')
	for i, v := range d.vars {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, v.key...)
		b = append(b, ':')
		b = append(b, v.raw...)
	}
	d.payload, d.dirty = append(b, '}'), false
	return d.payload, nil
}

// decodeScalar decodes what most variables are without encoding/json's
// machinery. It returns false, having done nothing, where that must decide.
func decodeScalar(raw []byte, into any) bool {
	switch p := into.(type) {
	case *string:
		if len(raw) < 2 || raw[0] != '"' {
			return false
		}
		text := raw[1 : len(raw)-1]
		for _, c := range text {
			if c < ' ' || c == '\\' {
				return false
			}
		}
		if !utf8.Valid(text) {
			return false
		}
		*p = string(text)
		return true
	case *int:
		n, ok := decodeInt(raw)
		if !ok || int64(int(n)) != n {
			return false
		}
		*p = int(n)
		return true
	case *int64:
		n, ok := decodeInt(raw)
		if ok {
			*p = n
		}
		return ok
	case *bool:
		switch string(raw) {
		case "true":
			*p = true
		case "false":
			*p = false
		default:
			return false
		}
		return true
	}
	return false
}

func decodeInt(raw []byte) (int64, bool) {
	digits := bytes.TrimPrefix(raw, []byte{'-'})
	// ParseInt takes what JSON does not: a plus sign, leading zeros.
	if len(digits) == 0 || digits[0] < '0' || digits[0] > '9' || (digits[0] == '0' && len(raw) > 1) {
		return 0, false
	}
	n, err := strconv.ParseInt(string(raw), 10, 64)
	return n, err == nil
}

func pointee(into any) string {
	t := reflect.TypeOf(into)
	if t == nil {
		return "nil"
	}
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.String()
}

// foundJSON says what stands where something else was wanted, without quoting it.
func foundJSON(raw []byte, err error) string {
	if !json.Valid(raw) {
		return "malformed JSON"
	}
	found := "a JSON number"
	switch raw[0] {
	case '"':
		found = "a JSON string"
	case '{':
		found = "a JSON object"
	case '[':
		found = "a JSON array"
	case 't', 'f':
		found = "a JSON boolean"
	case 'n':
		found = "a JSON null"
	}
	if te, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		// te.Value may go on with the number itself.
		kind, _, literal := strings.Cut(te.Value, " ")
		switch {
		case te.Field != "":
			found += fmt.Sprintf(" in which %s is a %s, not a %s", te.Field, kind, te.Type)
		case kind == "number" && literal:
			found += " that does not fit"
		}
	}
	return found
}

// jsonBuffer is an encoder with the buffer that it writes into.
type jsonBuffer struct {
	bytes.Buffer

	enc *json.Encoder
}

var jsonBuffers = sync.Pool{New: func() any {
	b := &jsonBuffer{}
	b.enc = json.NewEncoder(&b.Buffer)
	b.enc.SetEscapeHTML(false) // a session is no HTML; three times the room for each < is room lost
	return b
}}

func encodeJSON(v any) ([]byte, error) {
	b := jsonBuffers.Get().(*jsonBuffer) //nolint:errcheck,forcetypeassert // the pool holds nothing else
	defer func() {
		if b.Cap() <= DefaultMaxData { // a rare giant is not kept
			b.Reset()
			jsonBuffers.Put(b)
		}
	}()
	if err := b.enc.Encode(v); err != nil {
		return nil, &EncodeError{Type: fmt.Sprintf("%T", v), Why: whyNotJSON(err), Err: err}
	}
	out := bytes.Clone(bytes.TrimSuffix(b.Bytes(), []byte{'\n'}))
	// encoding/json writes \ufffd for bytes that are no UTF-8, and U+FFFD as
	// it is; what a json.RawMessage holds it takes as it comes.
	if !utf8.Valid(out) || bytes.Contains(out, []byte(`\ufffd`)) && holdsInvalidText(reflect.ValueOf(v), 0) {
		return nil, &EncodeError{Type: fmt.Sprintf("%T", v), Why: "it holds text that is not valid UTF-8; use a []byte for raw bytes"}
	}
	if bytes.Contains(out, []byte("{}")) {
		if lost := lostIn(reflect.ValueOf(v), 0); lost != nil {
			return nil, &EncodeError{Type: fmt.Sprintf("%T", v), Why: whyLost(lost)}
		}
	}
	return out, nil
}

func whyNotJSON(err error) string {
	if _, ok := errors.AsType[*json.UnsupportedTypeError](err); ok {
		return "JSON has no form for it; store plain data (numbers, text, slices, maps, structs of exported fields)"
	}
	if _, ok := errors.AsType[*json.UnsupportedValueError](err); ok {
		return "JSON has no form for NaN, infinities or a value that holds itself"
	}
	return "its MarshalJSON or MarshalText failed"
}

// holdsInvalidText looks for text that is no UTF-8 in what encoding/json would
// encode as text. It is asked only when the encoded form gives cause.
func holdsInvalidText(v reflect.Value, depth int) bool {
	if depth > 100 {
		return true // nobody can tell; refuse rather than alter
	}
	switch v.Kind() {
	case reflect.String:
		return !utf8.ValidString(v.String())
	case reflect.Pointer, reflect.Interface:
		return !v.IsNil() && holdsInvalidText(v.Elem(), depth+1)
	case reflect.Slice, reflect.Array:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return false
		}
		for i := range v.Len() {
			if holdsInvalidText(v.Index(i), depth+1) {
				return true
			}
		}
	case reflect.Map:
		for it := v.MapRange(); it.Next(); {
			if holdsInvalidText(it.Key(), depth+1) || holdsInvalidText(it.Value(), depth+1) {
				return true
			}
		}
	case reflect.Struct:
		for _, field := range v.Fields() {
			if holdsInvalidText(field, depth+1) {
				return true
			}
		}
	}
	return false
}
