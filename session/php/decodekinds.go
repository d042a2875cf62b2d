package php

import (
	"errors"
	"math"
	"reflect"
	"strings"
)

// intoKind decodes the value whose first token has been read.
func (d *decoder) intoKind(r *reader, v reflect.Value) error {
	switch r.tok.kind {
	case 'b':
		b, err := d.boolean(r)
		if err != nil {
			return err
		}
		if v.Kind() == reflect.Bool {
			v.SetBool(b)
			return nil
		}
	case 'i', 'd':
		return d.number(r, v)
	case 's', 'S':
		return d.text(r, v)
	case 'a', 'O':
		switch v.Kind() {
		case reflect.Slice, reflect.Array:
			if r.tok.kind == 'a' {
				return d.list(r, v)
			}
		case reflect.Map:
			return d.mapping(r, v)
		case reflect.Struct:
			return d.structure(r, v)
		}
	case 'E':
		e, err := enumOf(r)
		if err != nil {
			return err
		}
		if v.Kind() == reflect.String {
			v.SetString(e.Case)
			return nil
		}
	case 'C':
	default:
		return errMalformed
	}
	return mismatch(r, v)
}

// mismatch is the error for a value that is sound but not what v wants.
func mismatch(r *reader, v reflect.Value) error {
	return &kindError{foundIn(r.sp.buf, r.tok), v.Type().String()}
}

func (d *decoder) boolean(r *reader) (bool, error) {
	switch text := r.inside(); {
	case len(text) == 1 && text[0] == '0':
		return false, nil
	case len(text) == 1 && text[0] == '1':
		return true, nil
	}
	return false, errMalformed
}

// number decodes an int or a float into any numeric kind that can hold it exactly, or, for
// a float in a float32, is wide enough.
func (d *decoder) number(r *reader, v reflect.Value) error {
	var n int64
	var f float64
	var ok, whole bool
	if r.tok.kind == 'i' {
		n, ok = parseInt(r.inside())
		f, whole = float64(n), true
	} else {
		f, ok = parseFloat(r.inside())
		whole = f == math.Trunc(f) && f >= -(1<<63) && f < 1<<63
		n = int64(f)
	}
	if !ok {
		return errMalformed
	}
	switch v.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		if whole && !v.OverflowInt(n) {
			v.SetInt(n)
			return nil
		}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		if whole && n >= 0 && !v.OverflowUint(uint64(n)) {
			v.SetUint(uint64(n))
			return nil
		}
	case reflect.Float32, reflect.Float64:
		if v.OverflowFloat(f) {
			break
		}
		if r.tok.kind == 'd' {
			v.SetFloat(f)
			return nil
		}
		if v.Kind() == reflect.Float32 {
			f = float64(float32(f))
		}
		if f < 1<<63 && int64(f) == n { // what is no int64 becomes another on each processor
			v.SetFloat(f)
			return nil
		}
	}
	return mismatch(r, v)
}

func (d *decoder) text(r *reader, v reflect.Value) error {
	text := r.string()
	switch {
	case v.Kind() == reflect.String:
		v.SetString(text)
		return nil
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8:
		v.SetBytes([]byte(text))
		return nil
	case v.Kind() == reflect.Array && v.Type().Elem().Kind() == reflect.Uint8 && v.Len() == len(text):
		reflect.Copy(v, reflect.ValueOf([]byte(text)))
		return nil
	}
	return mismatch(r, v)
}

func (r *reader) string() string {
	if r.tok.kind == 'S' {
		return string(unescape(r.inside()))
	}
	return string(r.inside())
}

// elements calls each for the elements of the container whose head has been read, with
// the key read and the value standing next.
func (d *decoder) elements(r *reader, each func(k key) error) error {
	count, kind := r.tok.count, r.tok.kind
	if count < 0 {
		return errMalformed
	}
	if kind == 'O' {
		if err := checkClass(string(r.inside())); err != nil {
			return err
		}
	}
	if err := d.enter(count, kind); err != nil {
		return err
	}
	for range count {
		if err := d.next(r); err != nil {
			return err
		}
		var k key
		switch r.tok.kind {
		case 'i':
			n, ok := parseInt(r.inside())
			if !ok {
				return errMalformed
			}
			k = key{n: n, isInt: true}
		case 's', 'S':
			k = key{text: r.string()}
			if kind == 'a' {
				k = textKey(k.text)
			}
		default:
			return errMalformed
		}
		if err := each(k); err != nil {
			return err
		}
	}
	if err := d.next(r); err != nil || r.tok.kind != '}' {
		return errMalformed
	}
	d.leave(count, kind)
	return nil
}

// list decodes an array whose keys are 0, 1, 2 and so on.
func (d *decoder) list(r *reader, v reflect.Value) error {
	t := v.Type()
	if t.Kind() == reflect.Slice {
		v.Set(reflect.MakeSlice(t, 0, 0))
	}
	n := 0
	err := d.elements(r, func(k key) error {
		if !k.isInt || k.n != int64(n) {
			return &kindError{"a PHP array with other keys than 0, 1, 2, …", t.String()}
		}
		if t.Kind() == reflect.Slice {
			if n == v.Cap() {
				v.Grow(1)
			}
			v.SetLen(n + 1)
		} else if n >= v.Len() {
			return &kindError{"a longer PHP array", t.String()}
		}
		n++
		return d.into(r, v.Index(n-1))
	})
	if err == nil && t.Kind() == reflect.Array && n != v.Len() {
		return &kindError{"a shorter PHP array", t.String()}
	}
	return err
}

// mapping decodes an array, or an object's properties by their bare names.
func (d *decoder) mapping(r *reader, v reflect.Value) error {
	t := v.Type()
	object := r.tok.kind == 'O'
	v.Set(reflect.MakeMap(t))
	return d.elements(r, func(k key) error {
		if object && !k.isInt {
			name, _, _ := Property(k.text)
			k = key{text: name}
		}
		mk := reflect.New(t.Key()).Elem()
		if err := setKey(mk, k); err != nil {
			return err
		}
		elem := reflect.New(t.Elem()).Elem()
		if err := d.into(r, elem); err != nil {
			return err
		}
		v.SetMapIndex(mk, elem)
		return nil
	})
}

// setKey makes a map's key of an array's.
func setKey(v reflect.Value, k key) error {
	switch v.Kind() {
	case reflect.String:
		v.SetString(k.String())
		return nil
	case reflect.Interface:
		if v.NumMethod() == 0 {
			v.Set(reflect.ValueOf(k.any()))
			return nil
		}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		if k.isInt && !v.OverflowInt(k.n) {
			v.SetInt(k.n)
			return nil
		}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		if k.isInt && k.n >= 0 && !v.OverflowUint(uint64(k.n)) {
			v.SetUint(uint64(k.n))
			return nil
		}
	}
	return &kindError{"a PHP array with a key of another kind", "a map with keys of type " + v.Type().String()}
}

func (k key) any() any {
	switch {
	case !k.isInt:
		return k.text
	case int64(int(k.n)) == k.n:
		return int(k.n)
	}
	return k.n
}

// structure decodes an array's elements, or an object's properties, into fields.
func (d *decoder) structure(r *reader, v reflect.Value) error {
	p := planOf(v.Type())
	if p.err != nil {
		return p.err
	}
	if p.class != "" && (r.tok.kind != 'O' || !strings.EqualFold(p.class, string(r.inside()))) {
		return &kindError{foundIn(r.sp.buf, r.tok), "an object of class " + p.class}
	}
	object := r.tok.kind == 'O'
	v.SetZero()
	return d.elements(r, func(k key) error {
		name := k.String()
		if object && !k.isInt {
			name, _, _ = Property(k.text)
		}
		f, ok := p.byName[name]
		if !ok {
			return d.skip(r)
		}
		field, err := fieldOf(v, p.fields[f].index)
		if err != nil {
			return err
		}
		if err := d.into(r, field); err != nil {
			if ke, ok := errors.AsType[*kindError](err); ok {
				return &kindError{ke.has + " in " + p.fields[f].name, ke.want}
			}
			return err
		}
		return nil
	})
}
