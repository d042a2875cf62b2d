package php

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
)

// plan is how a struct type stands for an array or an object.
type plan struct {
	class  string // empty: it is written as an array
	fields []field
	byName map[string]int
	err    error // why the type cannot be used
}

type field struct {
	name      string
	index     []int
	key       []byte // as it is written
	omitEmpty bool
}

var plans sync.Map // of reflect.Type to *plan

func planOf(t reflect.Type) *plan {
	if p, ok := plans.Load(t); ok {
		return p.(*plan) //nolint:errcheck,forcetypeassert // nothing else is stored
	}
	p := &plan{byName: map[string]int{}}
	if err := p.findClass(t); err != nil {
		p.err = err
	} else {
		p.err = p.collect(t)
	}
	if p.err == nil && len(p.fields) == 0 && p.class == "" && t.NumField() > 0 {
		p.err = fmt.Errorf("%s has no exported fields", t)
	}
	plans.Store(t, p)
	return p
}

// findClass looks for the blank field whose tag names the class.
func (p *plan) findClass(t reflect.Type) error {
	for f := range t.Fields() {
		if f.Name != "_" {
			continue
		}
		tag := f.Tag.Get("php")
		class, ok := strings.CutPrefix(tag, "class=")
		if !ok {
			if tag == "" {
				continue
			}
			return fmt.Errorf("%s: the tag of a field named _ is php:\"class=App\\\\User\", not php:%q", t, tag)
		}
		if checkClass(class) != nil {
			return fmt.Errorf("%s: %q is not the name of a class that PHP unserializes", t, class)
		}
		p.class = class
	}
	return nil
}

// collect finds the fields, those of embedded structs behind those that embed them. Of
// fields with one name the least deeply embedded counts.
func (p *plan) collect(t reflect.Type) error {
	type level struct {
		t     reflect.Type
		index []int
	}
	visited := map[reflect.Type]bool{t: true}
	for now := []level{{t, nil}}; len(now) > 0; {
		var deeper []level
		here := map[string]bool{}
		for _, l := range now {
			for i := range l.t.NumField() {
				f := l.t.Field(i)
				index := append(append([]int(nil), l.index...), i)
				tag, tagged := f.Tag.Lookup("php")
				if f.Name == "_" || tag == "-" {
					continue
				}
				if f.Anonymous && !tagged && f.Type.Kind() == reflect.Pointer && !f.IsExported() {
					return fmt.Errorf("%s embeds a pointer to %s, which is not exported and cannot be filled; embed the struct itself", l.t, f.Type.Elem())
				}
				if inner := embedded(f); inner != nil && !tagged {
					if !visited[inner] {
						visited[inner] = true
						deeper = append(deeper, level{inner, index})
					}
					continue
				}
				if !f.IsExported() {
					continue
				}
				if err := p.add(f, index, tag, here); err != nil {
					return fmt.Errorf("%s: %w", l.t, err)
				}
			}
		}
		now = deeper
	}
	return nil
}

// embedded returns the struct that is embedded in the field, if it can be filled.
func embedded(f reflect.StructField) reflect.Type {
	if !f.Anonymous || f.Type == timeType || own(f.Type) {
		return nil
	}
	t := f.Type
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || t == timeType || own(t) {
		return nil
	}
	return t
}

func (p *plan) add(f reflect.StructField, index []int, tag string, here map[string]bool) error {
	name, options, _ := strings.Cut(tag, ",")
	if name == "" {
		name = f.Name
	}
	if _, taken := p.byName[name]; taken {
		if here[name] {
			return fmt.Errorf("two fields are named %q; rename one by a tag such as php:\"name\"", name)
		}
		return nil
	}
	here[name] = true
	visibility := Public
	fd := field{name: name, index: index}
	for option := range strings.SplitSeq(options, ",") {
		switch option {
		case "":
		case "omitempty":
			fd.omitEmpty = true
		case "protected":
			visibility = Protected
		case "private":
			visibility = Private
		default:
			return fmt.Errorf("the tag of %s has the option %q, which there is not; there are omitempty, protected and private", f.Name, option)
		}
	}
	if visibility != Public && p.class == "" {
		return fmt.Errorf("%s is not public, which only an object's property can be; name the class by a field _ struct{} `php:\"class=App\\\\User\"`", f.Name)
	}
	if p.class != "" {
		key := PropertyKey(name, visibility, p.class)
		if !isProperty(key, p.class) {
			return fmt.Errorf("the tag of %s names %q, which is no name for a property in PHP", f.Name, name)
		}
		fd.key = appendString(nil, key)
	} else {
		fd.key = textKey(name).append(nil)
	}
	p.byName[name] = len(p.fields)
	p.fields = append(p.fields, fd)
	return nil
}

// fieldOf returns the field for decoding, and makes the embedded structs that it is in.
func fieldOf(v reflect.Value, index []int) (reflect.Value, error) {
	for i, n := range index {
		if i > 0 && v.Kind() == reflect.Pointer {
			if v.IsNil() {
				if !v.CanSet() {
					return v, errors.New("an embedded pointer cannot be set")
				}
				v.Set(reflect.New(v.Type().Elem()))
			}
			v = v.Elem()
		}
		v = v.Field(n)
	}
	return v, nil
}

// fieldIfThere returns the field for encoding, unless a struct that it is in is not there.
func fieldIfThere(v reflect.Value, index []int) (reflect.Value, bool) {
	for i, n := range index {
		if i > 0 && v.Kind() == reflect.Pointer {
			if v.IsNil() {
				return v, false
			}
			v = v.Elem()
		}
		v = v.Field(n)
	}
	return v, true
}
