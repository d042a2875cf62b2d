package session

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strconv"
	"strings"
	"sync"
)

// unmarshalJSON is json.Unmarshal, but for numbers that are decoded into an any, which
// encoding/json makes a float64 of, whatever that does to them: a changed one would be
// stored with whatever else was changed beside it.
func unmarshalJSON(raw []byte, into any) error {
	t := reflect.TypeOf(into)
	if t == nil || !holdsAny(t) || !json.Valid(raw) {
		return json.Unmarshal(raw, into)
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	if err := dec.Decode(into); err != nil {
		return err
	}
	plainIn(reflect.ValueOf(into))
	return nil
}

// plainNumber returns the float64 that n is, or n where that is another number.
func plainNumber(n json.Number) any {
	const (
		most   = 1 << 53 // up to it a float64 holds every whole number
		digits = 17      // no float64 needs more
	)
	text := string(n)
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return n // too large
	}
	if !strings.ContainsAny(text, ".eE") {
		if i, err := strconv.ParseInt(text, 10, 64); err != nil || i > most || i < -most {
			return n
		}
		return f
	}
	mantissa, _, _ := strings.Cut(strings.ToLower(text), "e")
	mantissa = strings.Trim(strings.Replace(mantissa, ".", "", 1), "-0")
	if len(mantissa) > digits || f == 0 && mantissa != "" {
		return n
	}
	return f
}

// plain returns v, as encoding/json decodes it into an any, with its numbers made plain.
func plain(v any) any {
	switch v := v.(type) {
	case json.Number:
		return plainNumber(v)
	case []any:
		for i, e := range v {
			v[i] = plain(e)
		}
	case map[string]any:
		for name, e := range v {
			v[name] = plain(e)
		}
	}
	return v
}

// plainIn makes plain all numbers in v that encoding/json decoded into an any.
func plainIn(v reflect.Value) {
	if !holdsAny(v.Type()) {
		return
	}
	switch v.Kind() {
	case reflect.Interface:
		if e := v.Elem(); e.Kind() == reflect.Pointer {
			plainIn(e) // it was there before
		} else if !v.IsNil() && v.CanSet() {
			v.Set(reflect.ValueOf(plain(e.Interface())))
		}
	case reflect.Pointer:
		if !v.IsNil() {
			plainIn(v.Elem())
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			plainIn(v.Index(i))
		}
	case reflect.Map:
		for it := v.MapRange(); it.Next(); {
			e := reflect.New(v.Type().Elem()).Elem() // a map's values cannot be changed in place
			e.Set(it.Value())
			plainIn(e)
			v.SetMapIndex(it.Key(), e)
		}
	case reflect.Struct:
		for field, f := range v.Fields() {
			if field.IsExported() || field.Anonymous {
				plainIn(f)
			}
		}
	}
}

// anyHolders is what holdsAny has found: by reflect.Type a bool.
var anyHolders sync.Map

// holdsAny says whether encoding/json, decoding into a t, may come to an any.
func holdsAny(t reflect.Type) bool {
	if known, ok := anyHolders.Load(t); ok {
		return known.(bool) //nolint:errcheck,forcetypeassert // nothing else is stored
	}
	holds := leadsToAny(t, make(map[reflect.Type]bool))
	anyHolders.Store(t, holds)
	return holds
}

func leadsToAny(t reflect.Type, seen map[reflect.Type]bool) bool {
	if seen[t] {
		return false
	}
	seen[t] = true
	if p := reflect.PointerTo(t); p.Implements(jsonUnmarshaler) || p.Implements(textUnmarshaler) {
		return false // it decodes itself
	}
	switch t.Kind() {
	case reflect.Interface:
		return t.NumMethod() == 0
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		return leadsToAny(t.Elem(), seen)
	case reflect.Struct:
		for f := range t.Fields() {
			if (f.IsExported() || f.Anonymous) && leadsToAny(f.Type, seen) {
				return true
			}
		}
	}
	return false
}
