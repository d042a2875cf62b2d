package diyaml

import (
	"context"
	"fmt"
	"reflect"
	"strings"

	"gyrfalcon/di"
)

// Ref is an argument that is another service: {service: NAME} in the file. A *Ref may be left out, and is nil then.
type Ref[T any] struct {
	// Service is the name.
	Service string `yaml:"service"`

	value T
}

// Get returns the service. It is there when the function that Add was given is called, and the zero T before.
func (r Ref[T]) Get() T { return r.value }

func (r *Ref[T]) name() string { return r.Service }

func (r *Ref[T]) resolve(ctx context.Context, c *di.Container) (err error) {
	r.value, err = di.Get[T](ctx, c, r.Service)
	return err
}

// reference is a Ref in a set of arguments, and the key that it stands under.
type reference struct {
	key string
	to  referring
}

// referring is a *Ref of any type.
type referring interface {
	name() string
	resolve(ctx context.Context, c *di.Container) error
}

// inMap tells whether a Ref stands in a map within t, where it could not be filled: a map's values are copies.
func inMap(t reflect.Type) bool {
	type visit struct {
		t      reflect.Type
		within bool
	}
	seen := map[visit]bool{}
	var walk func(t reflect.Type, within bool) bool
	walk = func(t reflect.Type, within bool) bool {
		if reflect.PointerTo(t).Implements(reflect.TypeFor[referring]()) {
			return within
		}
		if seen[visit{t, within}] {
			return false
		}
		seen[visit{t, within}] = true
		switch t.Kind() {
		case reflect.Map:
			return walk(t.Elem(), true)
		case reflect.Pointer, reflect.Slice:
			return walk(t.Elem(), within)
		case reflect.Struct:
			for f := range t.Fields() {
				if walk(f.Type, within) {
					return true
				}
			}
		}
		return false
	}
	return walk(t, false)
}

// references finds the Refs in arguments: in structs, lists and behind pointers.
func references(v reflect.Value, key string) []reference {
	if v.CanAddr() && v.Addr().CanInterface() {
		if to, ok := reflect.TypeAssert[referring](v.Addr()); ok {
			return []reference{{key, to}}
		}
	}
	var found []reference
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			found = references(v.Elem(), key)
		}
	case reflect.Slice:
		for i := range v.Len() {
			found = append(found, references(v.Index(i), join(key, fmt.Sprint(i)))...)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			f := v.Type().Field(i)
			if !f.IsExported() && !f.Anonymous {
				continue
			}
			name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",") // an inline field's is empty
			found = append(found, references(v.Field(i), join(key, name))...)
		}
	}
	return found
}

func join(path, key string) string { return strings.Trim(path+"."+key, ".") }
