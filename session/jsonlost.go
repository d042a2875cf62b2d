package session

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

var (
	jsonMarshaler   = reflect.TypeFor[json.Marshaler]()
	textMarshaler   = reflect.TypeFor[encoding.TextMarshaler]()
	jsonUnmarshaler = reflect.TypeFor[json.Unmarshaler]()
	textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// lostIn returns the type of a struct in v that has something in it and of which
// encoding/json stores nothing, as of an error or a mutex: it writes {} without a word.
// It returns nil where there is none. v has been encoded, so it does not hold itself.
func lostIn(v reflect.Value, depth int) reflect.Type {
	if depth > 1000 || !v.IsValid() || encodesItself(v) {
		return nil
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		return lostIn(v.Elem(), depth+1)
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			if t := lostIn(v.Index(i), depth+1); t != nil {
				return t
			}
		}
	case reflect.Map:
		for it := v.MapRange(); it.Next(); {
			if t := lostIn(it.Value(), depth+1); t != nil {
				return t
			}
		}
	case reflect.Struct:
		t := v.Type()
		if t.Size() > 0 && !stores(t, nil) {
			return t
		}
		for field, f := range v.Fields() {
			if !skipped(field) && !embedded(field) || embedded(field) && stores(deref(field.Type), nil) {
				if t := lostIn(f, depth+1); t != nil {
					return t
				}
			}
		}
	}
	return nil
}

// encodesItself says whether encoding/json leaves v to a method of its own.
func encodesItself(v reflect.Value) bool {
	t := v.Type()
	if t.Implements(jsonMarshaler) || t.Implements(textMarshaler) {
		return v.Kind() != reflect.Interface
	}
	if !v.CanAddr() {
		return false
	}
	p := reflect.PointerTo(t)
	return p.Implements(jsonMarshaler) || p.Implements(textMarshaler)
}

// stores says whether encoding/json stores any field of a struct. outer are the structs
// in which t is embedded.
func stores(t reflect.Type, outer []reflect.Type) bool {
	if slices.Contains(outer, t) {
		return false
	}
	for f := range t.Fields() {
		if !skipped(f) && (!embedded(f) || stores(deref(f.Type), append(outer, t))) {
			return true
		}
	}
	return false
}

// skipped says whether encoding/json leaves the field out.
func skipped(f reflect.StructField) bool {
	return f.Tag.Get("json") == "-" || !f.IsExported() && (!f.Anonymous || deref(f.Type).Kind() != reflect.Struct)
}

// embedded says whether encoding/json takes the field's fields for the struct's own.
func embedded(f reflect.StructField) bool {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return f.Anonymous && name == "" && deref(f.Type).Kind() == reflect.Struct
}

func deref(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer {
		return t.Elem()
	}
	return t
}

// whyLost is an *EncodeError's Why for what lostIn found.
func whyLost(t reflect.Type) string {
	if p := reflect.PointerTo(t); p.Implements(jsonMarshaler) || p.Implements(textMarshaler) {
		return fmt.Sprintf("nothing of a %s would be stored, as only a *%s encodes itself; store that", t, t)
	}
	return fmt.Sprintf("nothing of a %s would be stored, as JSON sees no field of it; store plain data (of an error its text), or give it a MarshalJSON", t)
}
