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

// begin notes that p, which was decoded from origin, gets the next slot. What is
// unchanged is not encoded at all, but referred to where it came from; then begin
// returns true.
func (e *encoder) begin(p any, origin ident, kind byte) (done bool, err *session.EncodeError) {
	same := false
	if origin.sp != nil {
		if same, err = e.unchanged(p, origin); err != nil {
			return false, err
		}
	}
	if same {
		n := foreign + len(e.ext)
		e.ext = append(e.ext, origin)
		e.note(p, n)
		e.refer(kind, n)
		return true, nil
	}
	e.note(p, e.slots+1)
	if origin.sp != nil {
		e.linked = true
		if a := (alias{from: e.slots + 1, n: 1, to: origin}); len(e.aliases) == 0 || e.aliases[len(e.aliases)-1].from < a.from {
			e.aliases = append(e.aliases, a)
		}
	}
	return false, nil
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
	if done, err := e.begin(o, o.origin, 'r'); done || err != nil {
		return err
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
	if done, err := e.begin(c, c.origin, 'r'); done || err != nil {
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
	if done, err := e.begin(s, s.origin, 'r'); done || err != nil {
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
	if done, err := e.begin(r, r.origin, 'R'); done || err != nil {
		return err
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
