package php

import (
	"reflect"
	"strconv"
)

// key is an array's key: an int, or a string that PHP does not take for one.
type key struct {
	text  string
	n     int64
	isInt bool
}

// canonical says whether text is an integer as PHP writes it, within 64 bits: as the
// key of an array it is that integer.
func canonical(text string) (int64, bool) {
	digits := text
	if len(digits) > 0 && digits[0] == '-' {
		digits = digits[1:]
	}
	if len(digits) == 0 || len(digits) > 19 || digits[0] == '0' && len(text) > 1 {
		return 0, false
	}
	for i := range len(digits) {
		if digits[i] < '0' || digits[i] > '9' {
			return 0, false
		}
	}
	n, err := strconv.ParseInt(text, 10, 64)
	return n, err == nil
}

func textKey(text string) key {
	if n, ok := canonical(text); ok {
		return key{n: n, isInt: true}
	}
	return key{text: text}
}

// keyOf turns a Go value into a key.
func keyOf(v any) (key, bool) {
	switch v := v.(type) {
	case string:
		return textKey(v), true
	case int:
		return key{n: int64(v), isInt: true}, true
	case nil:
		return key{}, false
	}
	return reflectKey(reflect.ValueOf(v))
}

func reflectKey(v reflect.Value) (key, bool) {
	switch v.Kind() {
	case reflect.String:
		return textKey(v.String()), true
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return key{n: v.Int(), isInt: true}, true
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		n := int64(v.Uint())
		return key{n: n, isInt: true}, n >= 0
	case reflect.Interface, reflect.Pointer:
		if !v.IsNil() {
			return reflectKey(v.Elem())
		}
	}
	return key{}, false
}

// String is the key as a name.
func (k key) String() string {
	if k.isInt {
		return strconv.FormatInt(k.n, 10)
	}
	return k.text
}

func (k key) append(b []byte) []byte {
	if k.isInt {
		return appendInt(b, 'i', k.n)
	}
	return appendString(b, k.text)
}

func appendInt(b []byte, kind byte, n int64) []byte {
	b = append(b, kind, ':')
	b = strconv.AppendInt(b, n, 10)
	return append(b, ';')
}

func appendString[T string | []byte](b []byte, s T) []byte {
	b = append(b, "s:"...)
	b = appendQuoted(b, s)
	return append(b, ';')
}

// appendQuoted appends `3:"abc"`.
func appendQuoted[T string | []byte](b []byte, s T) []byte {
	b = strconv.AppendInt(b, int64(len(s)), 10)
	b = append(b, ':', '"')
	b = append(b, s...)
	return append(b, '"')
}
