package php

import (
	"slices"
	"strings"
)

// Array is a PHP array: its elements in order. It is what an array decodes to where
// the target says no more than any. As the value of a variable it may be written as
//
//	php.Array{{Key: "name", Value: "Ann"}, {Key: "age", Value: 41}}
type Array []Entry

// Entry is one element of an Array, or one property of an Object. Key is an int or a
// string (when it is set, of any such kind). In an Array the string "5" is the same
// key as 5, as in PHP.
type Entry struct {
	Key   any
	Value any
}

// List returns the array that has the given values under 0, 1, 2 and so on.
func List(values ...any) Array {
	a := make(Array, len(values))
	for i, v := range values {
		a[i] = Entry{i, v}
	}
	return a
}

// Get returns what stands under key, an int or a string.
func (a Array) Get(key any) (any, bool) {
	if i := a.find(key); i >= 0 {
		return a[i].Value, true
	}
	return nil, false
}

// Set puts value under key: in its place, or last.
func (a *Array) Set(key, value any) {
	if i := a.find(key); i >= 0 {
		(*a)[i].Value = value
		return
	}
	*a = append(*a, Entry{key, value})
}

func (a Array) find(key any) int {
	want, ok := keyOf(key)
	if !ok {
		return -1
	}
	return slices.IndexFunc(a, func(e Entry) bool {
		k, ok := keyOf(e.Key)
		return ok && k == want
	})
}

// Object is an object of a PHP class, which Go need not know. It decodes as a pointer,
// and where two places of a session hold the same object, decoding both from one
// variable gives the same pointer. Set again without a change, it is still the same
// object (===) as the others that PHP finds; changed, it takes the place of the one
// that it was decoded from where that is replaced, and is an object of its own where
// that still stands.
type Object struct {
	Class string

	// Props are the properties in order, under PHP's own keys: "name" is public,
	// "\x00*\x00name" protected, "\x00Class\x00name" private to Class. A class with
	// __serialize may have any keys, ints too; but one that begins with a NUL and is of
	// neither form is not written into an object of another class than stdClass, unless
	// the object was read with such a key.
	Props Array

	anyKeys bool // PHP has given it a key that is no property's, so its class takes such
	origin  ident
}

// Get returns the property of that name, whatever its visibility; of several (private
// ones of parent classes) the first.
func (o *Object) Get(name string) (any, bool) {
	if i := o.find(name); i >= 0 {
		return o.Props[i].Value, true
	}
	return nil, false
}

// Set sets the property of that name, whatever its visibility, or adds a public one.
func (o *Object) Set(name string, value any) {
	if i := o.find(name); i >= 0 {
		o.Props[i].Value = value
		return
	}
	o.Props = append(o.Props, Entry{name, value})
}

func (o *Object) find(name string) int {
	return slices.IndexFunc(o.Props, func(e Entry) bool {
		key, ok := e.Key.(string)
		if !ok {
			return false
		}
		has, _, _ := Property(key)
		return has == name
	})
}

// Visibility is who can see a property.
type Visibility int

// PHP's visibilities.
const (
	Public Visibility = iota
	Protected
	Private
)

// Property takes an object's key apart: the property's name, its visibility and, if
// it is private, the class that declares it.
func Property(key string) (name string, v Visibility, class string) {
	if !strings.HasPrefix(key, "\x00") {
		return key, Public, ""
	}
	class, name, ok := strings.Cut(key[1:], "\x00")
	switch {
	case !ok:
		return key, Public, ""
	case class == "*":
		return name, Protected, ""
	}
	return name, Private, class
}

// PropertyKey is the inverse of Property: the key of a property.
func PropertyKey(name string, v Visibility, class string) string {
	switch v {
	case Protected:
		return "\x00*\x00" + name
	case Private:
		return "\x00" + class + "\x00" + name
	default:
		return name
	}
}

// isProperty says whether PHP takes an object of the class with that key: whatever begins
// with a NUL it takes apart, but for a class that declares no properties. Of those only
// stdClass is known here.
func isProperty(key, class string) bool {
	if !strings.HasPrefix(key, "\x00") || strings.EqualFold(class, "stdClass") {
		return true
	}
	owner, name, ok := strings.Cut(key[1:], "\x00")
	return ok && owner != "" && name != ""
}

// Ref is a place that PHP holds by reference (&): where several places of a session
// share one, decoding them from one variable gives the same *Ref, and a value that is
// shared with another variable is a *Ref too. Targets other than any get the value
// itself. Set again without a change it is still the same reference.
type Ref struct {
	Value any

	origin ident
}

// Enum is a case of a PHP enumeration (PHP 8.1).
type Enum struct {
	Class string
	Case  string

	origin ident
}

// Serializable is an object of a class that implements PHP's old interface of that
// name, with what its serialize method returned.
type Serializable struct {
	Class   string
	Payload string

	origin ident
}

// ident says which value of which payload something is. The zero ident is none.
type ident struct {
	sp   *space
	slot int
}
