package php

import (
	"reflect"
	"slices"
	"strings"
)

// any decodes the next value into what this package has for it: nil, bool, int,
// float64, string, Array, *Object, *Enum, *Serializable, and *Ref for what PHP holds by
// reference.
func (d *decoder) any(r *reader) (any, error) {
	if err := d.spend(1); err != nil {
		return nil, err
	}
	if r.i >= len(r.sp.buf) {
		return nil, errMalformed
	}
	kind := r.sp.buf[r.i]
	if kind == 'R' {
		return d.anyReferent(r)
	}
	if !r.sp.refs {
		if kind == 'r' {
			return nil, errDangling
		}
		return d.anyPlain(r, ident{})
	}
	id := ident{r.sp, r.sp.slotAt(r.i)}
	info := id.flags()
	id = id.source()
	if info.shared {
		return d.anyShared(r, id)
	}
	if kind == 'r' {
		return d.anyReferent(r)
	}
	if info.used || info.kind == 'C' && holdsValues(r) {
		return d.anyUsed(r, id)
	}
	return d.anyPlain(r, ident{})
}

// holdsValues says whether the text of the C: that stands next holds values. Those may
// refer to what stands elsewhere, and others to them, so the text only fits where it is.
func holdsValues(r *reader) bool {
	var t token
	if !t.scan(r.sp.buf, r.i) {
		return false
	}
	return len(payloadValues(r.sp.buf, t.body, t.end-1)) > 0
}

// anyShared decodes a value that other places share by reference.
func (d *decoder) anyShared(r *reader, id ident) (any, error) {
	if ref := d.refs[id]; ref != nil {
		return ref, d.skip(r)
	}
	ref := &Ref{origin: id}
	if d.refs == nil {
		d.refs = map[ident]*Ref{}
	}
	d.refs[id] = ref
	decode := d.anyUsed
	if r.sp.buf[r.i] == 'r' {
		decode = func(r *reader, _ ident) (any, error) { return d.anyReferent(r) }
	}
	v, err := decode(r, id)
	if err != nil {
		return nil, err
	}
	ref.Value = v
	return ref, nil
}

// anyUsed decodes a value that may be an object which stands in other places too.
func (d *decoder) anyUsed(r *reader, id ident) (any, error) {
	if o, ok := d.objects[id]; ok {
		return o, d.skip(r)
	}
	return d.anyPlain(r, id)
}

// anyReferent decodes what the reference that stands next leads to.
func (d *decoder) anyReferent(r *reader) (any, error) {
	kind := r.sp.buf[r.i]
	id, err := r.follow()
	if err != nil {
		return nil, err
	}
	if kind == 'R' {
		if ref := d.refs[id]; ref != nil {
			return ref, nil
		}
	} else if o, ok := d.objects[id]; ok {
		return o, nil
	}
	// It stands outside of what is decoded.
	depth := d.depth
	d.depth = 0
	defer func() { d.depth = depth }()
	at := &reader{sp: id.sp, i: id.info().at}
	if kind == 'R' {
		return d.anyShared(at, id)
	}
	return d.anyUsed(at, id)
}

// anyPlain decodes the value that stands next. id is where it is from, if other places
// may hold it.
func (d *decoder) anyPlain(r *reader, id ident) (any, error) {
	if err := d.next(r); err != nil {
		return nil, err
	}
	switch r.tok.kind {
	case 'N':
		return nil, nil //nolint:nilnil // PHP's null is Go's nil
	case 'b':
		return d.boolean(r)
	case 'i':
		n, ok := parseInt(r.inside())
		if !ok {
			return nil, errMalformed
		}
		return key{n: n, isInt: true}.any(), nil
	case 'd':
		f, ok := parseFloat(r.inside())
		if !ok {
			return nil, errMalformed
		}
		return f, nil
	case 's', 'S':
		return r.string(), nil
	case 'a':
		return d.entries(r)
	case 'O':
		o := &Object{Class: string(r.inside()), origin: id}
		d.keep(id, o)
		props, err := d.entries(r)
		o.Props = props
		o.anyKeys = slices.ContainsFunc(props, func(e Entry) bool {
			text, isText := e.Key.(string)
			return isText && !isProperty(text, o.Class)
		})
		return o, err
	case 'C':
		s := &Serializable{Class: string(r.inside()), Payload: string(r.sp.buf[r.tok.body : r.tok.end-1]), origin: id}
		d.keep(id, s)
		return s, checkClass(s.Class)
	case 'E':
		e, err := enumOf(r)
		if err != nil {
			return nil, err
		}
		e.origin = id
		d.keep(id, e)
		return e, nil
	}
	return nil, errMalformed
}

func (d *decoder) keep(id ident, object any) {
	if id.sp == nil {
		return
	}
	if d.objects == nil {
		d.objects = map[ident]any{}
	}
	d.objects[id] = object
}

// entries decodes the elements of the container whose head has been read. Of several
// under one key the last counts, in the place of the first.
func (d *decoder) entries(r *reader) (Array, error) {
	const few = 16 // above that a map finds keys sooner than looking through all
	a := Array{}
	list := true
	var at map[key]int
	err := d.elements(r, func(k key) error {
		v, err := d.any(r)
		if err != nil {
			return err
		}
		list = list && k.isInt && k.n == int64(len(a))
		if !list {
			i := -1
			if len(a) < few {
				i = slices.IndexFunc(a, func(e Entry) bool { return entryKey(e.Key) == k })
			} else {
				if at == nil {
					at = make(map[key]int, 2*few)
					for i, e := range a {
						at[entryKey(e.Key)] = i
					}
				}
				if j, twice := at[k]; twice {
					i = j
				} else {
					at[k] = len(a)
				}
			}
			if i >= 0 {
				a[i].Value = v
				return nil
			}
		}
		a = append(a, Entry{k.any(), v})
		return nil
	})
	return a, err
}

// entryKey is the key that any made an Entry's Key of.
func entryKey(k any) key {
	switch k := k.(type) {
	case string:
		return key{text: k}
	case int64:
		return key{n: k, isInt: true}
	}
	return key{n: int64(k.(int)), isInt: true} //nolint:errcheck,forcetypeassert // any makes nothing else
}

// intoOwn decodes into one of this package's types, or a pointer to one.
func (d *decoder) intoOwn(r *reader, v reflect.Value) error {
	start := token{}
	if !start.scan(r.sp.buf, r.i) {
		return errMalformed
	}
	buf := r.sp.buf
	x, err := d.any(r)
	if err != nil {
		return err
	}
	t := v.Type()
	if ref, ok := x.(*Ref); ok {
		if t == refType {
			v.Set(reflect.ValueOf(*ref))
			return nil
		}
		if t != reflect.PointerTo(refType) {
			x = ref.Value
		}
	}
	got := reflect.ValueOf(x)
	switch {
	case x == nil:
		v.SetZero()
	case got.Type() == t:
		v.Set(got)
	case got.Kind() == reflect.Pointer && got.Type().Elem() == t:
		v.Set(got.Elem())
	case t.Kind() == reflect.Pointer && got.Type() == t.Elem():
		p := reflect.New(t.Elem())
		p.Elem().Set(got)
		v.Set(p)
	default:
		return &kindError{foundIn(buf, start), t.String()}
	}
	return nil
}

// enumOf reads the E: token.
func enumOf(r *reader) (*Enum, error) {
	class, name, ok := strings.Cut(string(r.inside()), ":")
	if !ok || name == "" {
		return nil, errMalformed
	}
	return &Enum{Class: class, Case: name}, checkClass(class)
}
