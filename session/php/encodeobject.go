package php

import (
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

// begin notes that p, which was decoded from origin, gets the next slot, unless it can be
// kept.
func (e *encoder) begin(p any, origin ident, kind byte) (kept bool, err *session.EncodeError) {
	if kept, err = e.keep(p, origin, kind); !kept && err == nil {
		e.start(p, origin)
	}
	return kept, err
}

// keep writes what is unchanged: it is not encoded at all, but referred to where it came
// from.
func (e *encoder) keep(p any, origin ident, kind byte) (kept bool, err *session.EncodeError) {
	if origin.sp == nil {
		return false, nil
	}
	if kept, err = e.unchanged(p, origin); kept {
		n := foreign + len(e.ext)
		e.ext = append(e.ext, origin)
		e.note(p, n)
		e.refer(kind, n)
	}
	return kept, err
}

func (e *encoder) start(p any, origin ident) {
	e.note(p, e.slots+1)
	if origin.sp == nil {
		return
	}
	e.linked = true
	if a := (alias{from: e.slots + 1, n: 1, to: origin}); len(e.aliases) == 0 || e.aliases[len(e.aliases)-1].from < a.from {
		e.aliases = append(e.aliases, a)
	}
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
	if kept, err := e.begin(o, o.origin, 'r'); kept || err != nil {
		return err
	}
	e.slots++
	e.out = append(appendQuoted(append(e.out, "O:"...), o.Class), ':')
	return e.entries(o.Props, o)
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
	if kept, err := e.begin(c, c.origin, 'r'); kept || err != nil {
		return err
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
	if kept, err := e.begin(s, s.origin, 'r'); kept || err != nil {
		return err
	}
	payload := []byte(s.Payload)
	inside, refs := countPayload(payload)
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

// ref encodes what is shared by reference. One that was not changed stays what it is; to
// PHP any other reference to an object is one to wherever the object was written first.
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
	if kept, err := e.keep(r, r.origin, 'R'); kept || err != nil {
		return err
	}
	object := pointerOfOurs(r.Value)
	if object {
		if n, met := e.seen[r.Value]; met {
			e.note(r, n)
			e.refer('R', n)
			return nil
		}
	}
	e.start(r, r.origin)
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
