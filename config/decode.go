package config

import (
	"encoding"
	"fmt"
	"reflect"
	"strings"
	"time"
)

// decoder fills Go values from nodes. Unlike the YAML library's it knows of each
// value where it stands, what it may not show, and what was probably meant.
type decoder struct{ problems problems }

var (
	durationType = reflect.TypeFor[time.Duration]()
	sizeType     = reflect.TypeFor[Size]()
	textType     = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// value decodes n into into, which is addressable. A mapping or a list that was
// left out leaves into as it is.
func (d *decoder) value(n *node, into reflect.Value) {
	if n.refused {
		return
	}
	if into.Kind() == reflect.Pointer {
		d.pointer(n, into)
		return
	}
	if into.Type() == durationType || into.Addr().Type().Implements(textType) {
		d.scalar(n, into)
		return
	}
	switch into.Kind() {
	case reflect.Struct:
		if d.wants(n, mapping) {
			d.structure(n, into)
		}
	case reflect.Map:
		if d.wants(n, mapping) {
			d.dictionary(n, into)
		}
	case reflect.Slice:
		if d.wants(n, sequence) {
			d.list(n, into)
		}
	default:
		d.scalar(n, into)
	}
}

// wants reports whether n is of the kind and not left out.
func (d *decoder) wants(n *node, k kind) bool {
	if n.null() || n.refused {
		return false
	}
	if n.kind != k {
		d.problems.add(n, "wants %v, not %v", k, n.kind)
	}
	return n.kind == k
}

// pointer decodes into a new value, so that nil stays for what is not set.
func (d *decoder) pointer(n *node, into reflect.Value) {
	if n.null() {
		return
	}
	fresh := reflect.New(into.Type().Elem())
	if !into.IsNil() {
		fresh.Elem().Set(into.Elem())
	}
	d.value(n, fresh.Elem())
	into.Set(fresh)
}

func (d *decoder) structure(n *node, into reflect.Value) {
	fields := map[string]reflect.Value{}
	if err := fieldsOf(into, fields); err != nil {
		d.problems.add(n, "%v", err)
		return
	}
	for _, e := range n.entries {
		if field, ok := fields[e.key.text]; ok {
			d.value(e.value, field)
			continue
		}
		unknownKey(&d.problems, e.key, names(fields))
	}
}

func unknownKey(p *problems, key *node, valid []string) {
	if key.refused || p.full() {
		return
	}
	p.add(key, "unknown key%s", Suggest(key.text, valid))
}

func names[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	return keys
}

// fieldsOf finds the fields that have a key: `yaml:"name"`. Those of a struct
// field with `yaml:",inline"` stand beside the others.
func fieldsOf(v reflect.Value, fields map[string]reflect.Value) error {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		tag, tagged := f.Tag.Lookup("yaml")
		name, flags, _ := strings.Cut(tag, ",")
		switch {
		case !tagged || name == "-":
		case flags == "inline" && f.Type.Kind() == reflect.Struct && (f.IsExported() || f.Anonymous):
			if err := fieldsOf(v.Field(i), fields); err != nil {
				return err
			}
		case !f.IsExported():
			return fmt.Errorf("%v.%s has a key but is not exported", v.Type(), f.Name)
		case name == "":
			return fmt.Errorf("%v.%s has a yaml tag without a key", v.Type(), f.Name)
		default:
			if _, twice := fields[name]; twice {
				return fmt.Errorf("%v has two fields with the key %q", v.Type(), name)
			}
			fields[name] = v.Field(i)
		}
	}
	return nil
}

// dictionary replaces a map by a copy that has the file's entries too.
func (d *decoder) dictionary(n *node, into reflect.Value) {
	if into.Type().Key().Kind() != reflect.String {
		d.problems.add(n, "cannot be decoded into %v", into.Type())
		return
	}
	m := reflect.MakeMap(into.Type())
	for k, v := range into.Seq2() {
		m.SetMapIndex(k, v)
	}
	for _, e := range n.entries {
		key := reflect.ValueOf(e.key.text).Convert(into.Type().Key())
		v := reflect.New(into.Type().Elem()).Elem()
		if old := m.MapIndex(key); old.IsValid() {
			v.Set(old)
		}
		d.value(e.value, v)
		m.SetMapIndex(key, v)
	}
	into.Set(m)
}

// list replaces a slice: a list in the file is not added to the defaults.
func (d *decoder) list(n *node, into reflect.Value) {
	s := reflect.MakeSlice(into.Type(), len(n.items), len(n.items))
	for i, item := range n.items {
		d.value(item, s.Index(i))
	}
	into.Set(s)
}
