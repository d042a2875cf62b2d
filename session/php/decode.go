package php

import (
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"time"
)

// decodeScalar decodes what most variables are without reflection. It returns false,
// having done nothing, where that must decide.
func decodeScalar(raw []byte, into any) bool {
	var t token
	if !t.scan(raw, 0) {
		return false
	}
	inside := raw[t.from:t.to]
	switch p := into.(type) {
	case *string:
		if t.kind != 's' {
			return false
		}
		*p = string(inside)
		return true
	case *int:
		n, ok := parseInt(inside)
		if !ok || t.kind != 'i' || int64(int(n)) != n {
			return false
		}
		*p = int(n)
		return true
	case *int64:
		n, ok := parseInt(inside)
		if !ok || t.kind != 'i' {
			return false
		}
		*p = n
		return true
	case *bool:
		if t.kind != 'b' || len(inside) != 1 || inside[0]|1 != '1' {
			return false
		}
		*p = inside[0] == '1'
		return true
	case *float64:
		f, ok := parseFloat(inside)
		if !ok || t.kind != 'd' {
			return false
		}
		*p = f
		return true
	}
	return false
}

// Why something does not decode.
var (
	errMalformed = errors.New("malformed serialized data")
	errTooDeep   = fmt.Errorf("arrays and objects nested more than %d deep", maxDepth)
	errDangling  = errors.New("a reference that leads nowhere")
	errUnfolds   = errors.New("references that unfold to too much, or to themselves")
	errClass     = errors.New("an object of a class that PHP does not unserialize")
)

// kindError says that a value is not what the target wants.
type kindError struct{ has, want string }

func (e *kindError) Error() string { return e.has + " does not decode into " + e.want }

// reader is a place in a space.
type reader struct {
	sp  *space
	i   int // the next byte
	tok token
}

func (r *reader) next() error {
	if !r.tok.scan(r.sp.buf, r.i) {
		return errMalformed
	}
	r.i = r.tok.end
	return nil
}

func (r *reader) inside() []byte { return r.sp.buf[r.tok.from:r.tok.to] }

// next is reader.next, for what is then kept.
func (d *decoder) next(r *reader) error {
	if err := r.next(); err != nil {
		return err
	}
	size := r.tok.to - r.tok.from
	if r.tok.kind == 'C' {
		size += r.tok.end - r.tok.body
	}
	return d.spend(size)
}

// follow returns what the reference that stands next leads to.
func (r *reader) follow() (ident, error) {
	if err := r.next(); err != nil {
		return ident{}, err
	}
	before := r.sp.slotAt(r.tok.at) - 1
	id, ok := r.sp.refersTo(r.inside(), r.tok.kind, before)
	if !ok {
		return ident{}, errDangling
	}
	return id.source(), nil
}

// decoder decodes one value, following references out of it as needed.
type decoder struct {
	depth int // as PHP counts it
	nest  int // containers, and references that are followed
	left  int // values, and bytes of text, that it may still decode

	objects map[ident]any // what has been decoded where the target was any
	refs    map[ident]*Ref
	typed   map[typedIdent]reflect.Value
	active  map[ident]bool // references being followed into a typed target
}

type typedIdent struct {
	ident

	t reflect.Type
}

// newDecoder returns a decoder for a value that stands level deep in arrays.
func newDecoder(size, level int) *decoder {
	return &decoder{depth: level, left: allowance(size)}
}

// allowance is how much may be decoded from a buffer of that size: a value that is held
// by reference in several places may be decoded as often, and those that stand in it as
// often again. It is far more than any honest session unfolds to.
func allowance(size int) int {
	const least, perByte = 1 << 16, 4
	return least + perByte*size
}

func decodeValue(v *value, into any, level int) error {
	target := reflect.ValueOf(into)
	if target.Kind() != reflect.Pointer || target.IsNil() {
		return errors.New("the target is no pointer")
	}
	r := reader{sp: v.sp, i: v.at}
	if v.sp == nil {
		r = reader{sp: &space{buf: v.raw}}
	}
	d := newDecoder(len(r.sp.buf), level)
	if err := d.into(&r, target.Elem()); err != nil {
		return err
	}
	return nil
}

// decodeRoot decodes what stands at the beginning of a space.
func decodeRoot(sp *space) (any, error) {
	return newDecoder(len(sp.buf), 0).any(&reader{sp: sp})
}

// enter goes one container deeper.
func (d *decoder) enter(count int, kind byte) error {
	const most = 1 << 15 // each takes about a kilobyte of Go's stack
	if d.nest++; d.nest > most {
		return errUnfolds
	}
	if count > 0 || kind == 'O' {
		if d.depth++; d.depth > maxDepth {
			return errTooDeep
		}
	}
	return nil
}

func (d *decoder) leave(count int, kind byte) {
	d.nest--
	if count > 0 || kind == 'O' {
		d.depth--
	}
}

// spend takes from what may be decoded.
func (d *decoder) spend(n int) error {
	work.add(n)
	if d.left -= n; d.left < 0 {
		return errUnfolds
	}
	return nil
}

var (
	anyType      = reflect.TypeFor[any]()
	timeType     = reflect.TypeFor[time.Time]()
	arrayType    = reflect.TypeFor[Array]()
	objectType   = reflect.TypeFor[Object]()
	refType      = reflect.TypeFor[Ref]()
	enumType     = reflect.TypeFor[Enum]()
	serialType   = reflect.TypeFor[Serializable]()
	unmarshalers = reflect.TypeFor[encoding.TextUnmarshaler]()
	marshalers   = reflect.TypeFor[encoding.TextMarshaler]()
)

// own says whether t is one of this package's types, which the decoder for any makes.
func own(t reflect.Type) bool {
	switch t {
	case arrayType, objectType, refType, enumType, serialType:
		return true
	}
	return false
}

// into decodes the next value into v.
func (d *decoder) into(r *reader, v reflect.Value) error {
	if err := d.spend(1); err != nil {
		return err
	}
	t := v.Type()
	if t == anyType {
		x, err := d.any(r)
		if err != nil {
			return err
		}
		if x == nil {
			v.SetZero()
			return nil
		}
		v.Set(reflect.ValueOf(x))
		return nil
	}
	if own(t) || t.Kind() == reflect.Pointer && own(t.Elem()) {
		return d.intoOwn(r, v)
	}
	if r.i < len(r.sp.buf) {
		switch r.sp.buf[r.i] {
		case 'R', 'r':
			return d.intoReferent(r, v)
		}
	}
	if t.Kind() == reflect.Pointer {
		return d.intoPointer(r, v)
	}
	if err := d.next(r); err != nil {
		return err
	}
	if r.tok.kind == 'N' {
		v.SetZero()
		return nil
	}
	if t == timeType {
		return d.time(r, v)
	}
	if (r.tok.kind == 's' || r.tok.kind == 'S') && v.CanAddr() && reflect.PointerTo(t).Implements(unmarshalers) {
		return v.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(r.string())) //nolint:errcheck,forcetypeassert // Implements has said so
	}
	return d.intoKind(r, v)
}

// intoPointer decodes into what v points to, which is made anew. Where several places
// hold the same object, their pointers of one type are the same.
func (d *decoder) intoPointer(r *reader, v reflect.Value) error {
	if r.i < len(r.sp.buf) && r.sp.buf[r.i] == 'N' {
		if err := r.next(); err != nil {
			return err
		}
		v.SetZero()
		return nil
	}
	p := reflect.New(v.Type().Elem())
	if r.sp.refs {
		known := typedIdent{ident{r.sp, r.sp.slotAt(r.i)}.source(), v.Type()}
		if p, ok := d.typed[known]; ok {
			v.Set(p)
			return d.skip(r)
		}
		if d.typed == nil {
			d.typed = map[typedIdent]reflect.Value{}
		}
		d.typed[known] = p
	}
	v.Set(p)
	return d.into(r, p.Elem())
}

// intoReferent decodes what the reference that stands next leads to.
func (d *decoder) intoReferent(r *reader, v reflect.Value) error {
	id, err := r.follow()
	if err != nil {
		return err
	}
	if p, ok := d.typed[typedIdent{id, v.Type()}]; ok {
		v.Set(p)
		return nil
	}
	if d.active[id] || len(d.active) > maxDepth {
		return errUnfolds
	}
	if d.active == nil {
		d.active = map[ident]bool{}
	}
	d.active[id] = true
	defer delete(d.active, id)
	depth := d.depth
	d.depth = 0
	err = d.into(&reader{sp: id.sp, i: id.info().at}, v)
	d.depth = depth
	return err
}

// skip leaves out a value that has no field, or that has been decoded. It must be sound
// all the same. What references lead to may be left out as often as they lead there, so
// it is not looked through each time.
func (d *decoder) skip(r *reader) error {
	if r.sp.refs {
		if info := (ident{r.sp, r.sp.slotAt(r.i)}).info(); info.end > 0 && info.at == r.i {
			r.i = info.end
			return nil
		}
	}
	end, _ := skipValue(r.sp.buf, r.i)
	if end < 0 {
		return errMalformed
	}
	r.i = end
	return nil
}
