package php

import (
	"math"
	"reflect"
	"strconv"

	"gyrfalcon/session"
)

// again writes a reference to what has been met before, if it has.
func (e *encoder) again(p any, kind byte) bool {
	n, met := e.seen[p]
	if !met {
		return false
	}
	e.refer(kind, n)
	return true
}

func (e *encoder) refer(kind byte, n int) {
	e.linked = true
	e.out = appendInt(e.out, kind, int64(n))
	if kind == 'r' {
		e.slots++
	}
}

// note notes that p has the slot n.
func (e *encoder) note(p any, n int) {
	if e.seen == nil {
		e.seen = map[any]int{}
	}
	e.seen[p] = n
}

// begin notes that p, which was decoded from origin, gets the next slot. What is
// unchanged is not encoded at all, but referred to where it came from; then begin
// returns true.
func (e *encoder) begin(p any, origin ident, kind byte) (done bool) {
	if origin.sp != nil && e.unchanged(p, origin) {
		n := foreign + len(e.ext)
		e.ext = append(e.ext, origin)
		e.note(p, n)
		e.refer(kind, n)
		return true
	}
	e.note(p, e.slots+1)
	if origin.sp != nil {
		e.linked = true
		if a := (alias{from: e.slots + 1, n: 1, to: origin}); len(e.aliases) == 0 || e.aliases[len(e.aliases)-1].from < a.from {
			e.aliases = append(e.aliases, a)
		}
	}
	return false
}

func (e *encoder) object(o *Object) *session.EncodeError {
	if o == nil {
		return e.null()
	}
	if e.again(o, 'r') {
		return nil
	}
	if err := checkClass(o.Class); err != nil {
		return refuse("%q is not the name of a class that PHP unserializes", o.Class)
	}
	if e.begin(o, o.origin, 'r') {
		return nil
	}
	e.slots++
	e.out = append(appendQuoted(append(e.out, "O:"...), o.Class), ':')
	return e.array(o.Props, false)
}

func (e *encoder) enum(c *Enum) *session.EncodeError {
	if c == nil {
		return e.null()
	}
	if e.again(c, 'r') {
		return nil
	}
	if checkClass(c.Class) != nil || !isName(c.Case) {
		return refuse("%q is not the name of a case of an enumeration", c.Class+":"+c.Case)
	}
	if e.begin(c, c.origin, 'r') {
		return nil
	}
	e.slots++
	e.out = append(appendQuoted(append(e.out, "E:"...), c.Class+":"+c.Case), ';')
	return nil
}

func (e *encoder) serializable(s *Serializable) *session.EncodeError {
	if s == nil {
		return e.null()
	}
	if e.again(s, 'r') {
		return nil
	}
	if err := checkClass(s.Class); err != nil {
		return refuse("%q is not the name of a class that PHP unserializes", s.Class)
	}
	if e.begin(s, s.origin, 'r') {
		return nil
	}
	payload := []byte(s.Payload)
	inside, refs := countPayload(payload, 0, len(payload), 0)
	if refs {
		return refuse("the text of the %s holds references of its own, which lead astray once it is changed or made anew", s.Class)
	}
	e.linked = true
	e.slots += 1 + inside
	e.out = append(appendQuoted(append(e.out, "C:"...), s.Class), ':')
	e.out = append(strconv.AppendInt(e.out, int64(len(payload)), 10), ':', '{')
	e.out = append(append(e.out, payload...), '}')
	return nil
}

// ref encodes what is shared by reference. To PHP a reference to an object is a
// reference to wherever the object was written first.
func (e *encoder) ref(r *Ref) *session.EncodeError {
	if r == nil {
		return e.null()
	}
	if e.again(r, 'R') {
		return nil
	}
	if inner, ok := r.Value.(*Ref); ok && inner != nil {
		if e.chain++; e.chain > 2*maxDepth {
			return refuse("a reference to itself has no value")
		}
		defer func() { e.chain-- }()
		return e.ref(inner)
	}
	object := pointerOfOurs(r.Value)
	if object {
		if n, met := e.seen[r.Value]; met {
			e.note(r, n)
			e.refer('R', n)
			return nil
		}
	}
	if e.begin(r, r.origin, 'R') {
		return nil
	}
	if err := e.value(reflect.ValueOf(r.Value)); err != nil {
		return err
	}
	if object {
		if n := e.seen[r.Value]; n >= foreign { // it is where it came from
			e.note(r, n)
		}
	}
	return nil
}

func pointerOfOurs(v any) bool {
	switch v.(type) {
	case *Object, *Enum, *Serializable:
		return true
	}
	return false
}

// unchanged says whether p is still what it was decoded from.
func (e *encoder) unchanged(p any, origin ident) bool {
	if e.clean == nil {
		e.clean = newDecoder(len(origin.sp.buf), 0)
	}
	at := &reader{sp: origin.sp, i: origin.info().at}
	var was any
	var err error
	if _, ok := p.(*Ref); ok {
		was, err = e.clean.anyShared(at, origin)
	} else {
		was, err = e.clean.anyUsed(at, origin)
	}
	if err != nil {
		return false
	}
	c := comparison{left: 1<<20 - e.compared, met: map[[2]any]bool{}}
	same := c.equal(p, was, 0)
	e.compared = 1<<20 - c.left
	return same
}

// comparison compares what any decodes to, objects by their content.
type comparison struct {
	left int // how much may still be compared
	met  map[[2]any]bool
}

func (c *comparison) equal(a, b any, depth int) bool {
	if c.left--; c.left < 0 || depth > 2*maxDepth {
		return false
	}
	switch x := a.(type) {
	case float64:
		y, ok := b.(float64)
		return ok && sameFloat(x, y)
	case Array:
		y, ok := b.(Array)
		return ok && c.arrays(x, y, depth)
	case *Object:
		y, ok := b.(*Object)
		return ok && (x == y || x != nil && y != nil && (c.again(x, y) ||
			x.origin == y.origin && x.Class == y.Class && c.arrays(x.Props, y.Props, depth)))
	case *Ref:
		y, ok := b.(*Ref)
		return ok && (x == y || x != nil && y != nil && (c.again(x, y) ||
			x.origin == y.origin && c.equal(x.Value, y.Value, depth+1)))
	case *Enum:
		y, ok := b.(*Enum)
		return ok && (x == y || x != nil && y != nil && *x == *y)
	case *Serializable:
		y, ok := b.(*Serializable)
		return ok && (x == y || x != nil && y != nil && *x == *y)
	case nil, bool, int, int64, string:
		return a == b
	}
	return false // not what any decodes to
}

// again says whether the two are being compared already, or have been.
func (c *comparison) again(a, b any) bool {
	pair := [2]any{a, b}
	if c.met[pair] {
		return true
	}
	c.met[pair] = true
	return false
}

func (c *comparison) arrays(a, b Array, depth int) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].Key != b[i].Key || !c.equal(a[i].Value, b[i].Value, depth+1) {
			return false
		}
	}
	return true
}

func sameFloat(a, b float64) bool {
	return math.Float64bits(a) == math.Float64bits(b) || math.IsNaN(a) && math.IsNaN(b)
}
