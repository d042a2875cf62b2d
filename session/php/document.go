package php

import (
	"errors"
	"fmt"
	"iter"
	"strconv"

	"gyrfalcon/session"
)

// document keeps each variable as the bytes that stand in the payload.
type document struct {
	format *format
	own    space // the payload that was parsed
	root   ident // the array that the variables are elements of, if it has a number
	level  int   // how deep in arrays the variables stand

	vars    []variable
	names   map[string]int // where the variables are, if they are many
	refs    bool           // a variable holds references, or once did
	foreign string         // what the payload is, if it is no array of variables

	payload []byte
	dirty   bool // payload no longer says what vars do
}

// many is for how many variables a map finds them sooner than looking through all.
const many = 32

// find returns where the variable is, or -1.
func (d *document) find(name string) int {
	if len(d.vars) < many {
		for i := range d.vars {
			if string(d.vars[i].name) == name && !d.vars[i].gone() {
				return i
			}
		}
		return -1
	}
	if i, ok := d.places()[name]; ok {
		return i
	}
	return -1
}

// seen is find while a payload is parsed.
func (d *document) seen(name []byte) int {
	if len(d.vars) < many {
		for i := range d.vars {
			if string(d.vars[i].name) == string(name) {
				return i
			}
		}
		return -1
	}
	if i, ok := d.places()[string(name)]; ok {
		return i
	}
	return -1
}

// places returns where each variable is.
func (d *document) places() map[string]int {
	if d.names == nil {
		d.names = make(map[string]int, 2*len(d.vars))
		for i := range d.vars {
			if !d.vars[i].gone() {
				d.names[string(d.vars[i].name)] = i
			}
		}
	}
	return d.names
}

// append adds a variable that is not there yet.
func (d *document) append(v variable) {
	if d.names != nil {
		d.names[string(v.name)] = len(d.vars)
	}
	d.vars = append(d.vars, v)
}

// add adds a variable as it was parsed. Of several with one name the last counts, in the
// place of the first, as in PHP.
func (d *document) add(v variable) {
	d.refs = d.refs || v.refs
	d.own.refs = d.refs
	if i := d.seen(v.name); i >= 0 {
		d.vars[i].value = v.value
		return
	}
	d.append(v)
}

// live returns the variables that are there, in order.
func (d *document) live() iter.Seq[*variable] {
	return func(yield func(*variable) bool) {
		for i := range d.vars {
			if !d.vars[i].gone() && !yield(&d.vars[i]) {
				return
			}
		}
	}
}

func (d *document) count() int {
	n := 0
	for range d.live() {
		n++
	}
	return n
}

// Names is Document.Names.
func (d *document) Names() iter.Seq[string] {
	return func(yield func(string) bool) {
		for v := range d.live() {
			if !yield(string(v.name)) {
				return
			}
		}
	}
}

// Decode is Document.Decode.
func (d *document) Decode(name string, into any) error {
	i := d.find(name)
	if i < 0 {
		return session.ErrNoVariable
	}
	v := &d.vars[i].value
	if decodeScalar(v.raw, into) {
		return nil
	}
	if err := decodeValue(v, into, d.level); err != nil {
		return &session.DecodeError{Name: name, Type: pointee(into), Found: found(v.raw, err), Err: err}
	}
	return nil
}

// Members is Document.Members.
func (d *document) Members(name string) (session.Document, error) {
	i := d.find(name)
	if i < 0 {
		return nil, session.ErrNoVariable
	}
	refuse := func(raw []byte, err error) (session.Document, error) {
		return nil, &session.DecodeError{Name: name, Type: "a map of members", Found: found(raw, err), Err: err}
	}
	v, err := d.vars[i].target()
	if err != nil {
		return refuse(d.vars[i].raw, err)
	}
	m := &document{format: arrayFormat, level: d.level + 1, dirty: true}
	if v.raw[0] != 'a' {
		return refuse(v.raw, errors.New("no array"))
	}
	if err := v.elements(m); err != nil {
		return refuse(v.raw, err)
	}
	return m, nil
}

// target is the value itself, or what it is a reference to.
func (v value) target() (value, error) {
	if k := v.raw[0]; k != 'R' && k != 'r' {
		return v, nil
	}
	r := reader{sp: v.sp, i: v.at}
	id, err := r.follow()
	if err != nil {
		return v, err
	}
	return id.value(), nil
}

// value returns the value that id means.
func (id ident) value() value {
	info := id.info()
	return value{raw: id.sp.buf[info.at:info.end:info.end], sp: id.sp, at: info.at, refs: true}
}

// elements makes m's variables of the array's elements.
func (v value) elements(m *document) error {
	p := v.raw
	var head token
	head.scan(p, 0)
	n := 0
	for i := head.end; ; n++ {
		if i < len(p) && p[i] == '}' {
			break
		}
		name, start, ok := splitElement(p, i)
		if !ok {
			return errors.New("an array's key is malformed")
		}
		end, refs := skipValue(p, start)
		if end < 0 {
			return errors.New("an array's element is malformed")
		}
		if _, isInt := canonical(string(name)); isInt && p[i] != 'i' {
			name = []byte(textKey(string(name)).String())
		}
		m.add(variable{key: p[i:start:start], name: name, value: value{raw: p[start:end:end], sp: v.sp, at: v.at + start, refs: refs}})
		i = end
	}
	if n != head.count {
		return errors.New("an array does not hold as many elements as it says")
	}
	if v.refs && v.sp != nil {
		m.root = ident{v.sp, v.sp.slotAt(v.at)}
		m.refs = true
	}
	return nil
}

// Set is Document.Set.
func (d *document) Set(name string, v any) error {
	f, err := d.freeze(v)
	if err == nil {
		err = f.fits(d.level)
	}
	if err == nil && d.foreign != "" {
		err = &session.EncodeError{Type: f.typ, Why: "what is stored is no set of variables but " + d.foreign +
			", in which PHP can set no variable either; destroy the session"}
	}
	if err != nil {
		if ee, ok := errors.AsType[*session.EncodeError](err); ok {
			ee = &session.EncodeError{Name: name, Type: ee.Type, Why: ee.Why, Err: ee.Err}
			return ee
		}
		return err
	}
	if i := d.find(name); i >= 0 {
		// Where others may share it by reference, setting it ends that.
		if d.refs || f.refs || !d.vars[i].means(f.value) {
			d.vars[i].value = f.value
			d.changed(f.refs)
		}
		return nil
	}
	key, why := d.format.key(name)
	if why != "" {
		return &session.EncodeError{Name: name, Why: why}
	}
	if d.vars == nil {
		d.vars = make([]variable, 0, typical)
	}
	d.append(variable{key: key, name: []byte(name), value: f.value})
	d.changed(f.refs)
	return nil
}

func (d *document) changed(refs bool) { d.dirty, d.refs = true, d.refs || refs }

// freeze encodes what Set was given.
func (d *document) freeze(v any) (frozen, error) {
	switch v := v.(type) {
	case *frozen:
		return *v, nil
	case *document:
		return v.flatten()
	default:
		return freeze(v)
	}
}

// means says whether both values, which hold no references, are the same in whatever
// way they are written.
func (v value) means(w value) bool {
	if string(v.raw) == string(w.raw) {
		return true
	}
	a, b := cursor{p: v.raw}, cursor{p: w.raw}
	for {
		more, also := a.step(), b.step()
		if !more || !also {
			return !more && !also && !a.broken && !b.broken
		}
		if !sameToken(&a, &b) {
			return false
		}
	}
}

func sameToken(a, b *cursor) bool {
	x, y := a.p[a.from:a.to], b.p[b.from:b.to]
	switch {
	case a.kind == 'S' && b.kind == 's':
		return string(unescape(x)) == string(y)
	case a.kind != b.kind:
		return false
	case a.kind == '}', a.kind == 'N':
		return true
	case a.kind == 'a':
		return a.count == b.count
	case a.kind == 'd':
		m, ok := parseFloat(x)
		n, _ := parseFloat(y)
		return ok && sameFloat(m, n)
	case a.kind == 'i':
		m, ok := parseInt(x)
		n, _ := parseInt(y)
		return ok && m == n
	}
	return string(a.p[a.at:a.end]) == string(b.p[b.at:b.end])
}

// Remove is Document.Remove.
func (d *document) Remove(name string) {
	if i := d.find(name); i >= 0 {
		delete(d.names, name)
		d.vars[i].value = value{}
		d.dirty = true
	}
}

// Bytes is Document.Bytes.
func (d *document) Bytes() ([]byte, error) {
	if !d.dirty && d.payload != nil {
		return d.payload, nil
	}
	out, err := d.encode()
	if err != nil {
		return nil, err
	}
	d.payload, d.dirty = out, false
	return out, nil
}

func (d *document) encode() ([]byte, error) {
	if d.refs {
		return d.renumber()
	}
	n := len("a:99999:{}")
	for v := range d.live() {
		n += len(v.key) + len(v.raw)
	}
	b := make([]byte, 0, n)
	if d.format.array {
		b = appendHead(b, d.count())
	}
	for v := range d.live() {
		b = append(b, v.key...)
		b = append(b, v.raw...)
	}
	if d.format.array {
		b = append(b, '}')
	}
	return b, nil
}

// appendHead begins an array of n elements.
func appendHead(b []byte, n int) []byte {
	b = append(b, 'a', ':')
	b = strconv.AppendInt(b, int64(n), 10)
	return append(b, ':', '{')
}

func typeName(v any) string { return fmt.Sprintf("%T", v) }
