package php

import (
	"fmt"

	"gyrfalcon/session"
)

// writer puts values of several spaces together to one payload, in which it numbers
// them anew. Where the value that a reference leads to is not there any more (its
// variable was replaced or removed), the value is written in the reference's place, as
// PHP would, and those after it refer to that.
type writer struct {
	out   []byte
	heads []head // what out lacks yet
	added int    // how long those are
	there *standing
	n     int           // the last slot's number
	at    map[ident]int // which number a value has got
	lent  map[ident]int // see refer
	depth int

	stack   []frame // what is being written, the innermost last
	foreign bool    // references are not followed, but noted
	ext     []ident // where they lead
	moved   int     // within how many values that stand in a reference's place
	err     error
}

// frame is a value of which a part has been written, or the text of a C:.
type frame struct {
	sp *space
	c  cursor

	custom *custom // the text
	moved  bool    // it stands in a reference's place
}

// renumber is encode for a document with references.
func (d *document) renumber() ([]byte, error) {
	w := &writer{there: &standing{vars: d.vars}, at: map[ident]int{}}
	if d.format.array {
		w.n = 1
		w.depth = 1
		w.at[d.rootIdent().source()] = 1
		w.out = appendHead(w.out, d.count())
	}
	for v := range d.live() {
		w.out = append(w.out, v.key...)
		w.variable(&v.value)
		if w.err != nil {
			return nil, w.err
		}
	}
	if d.format.array {
		w.out = append(w.out, '}')
	}
	return w.finish(), nil
}

func (d *document) rootIdent() ident {
	if d.root.sp != nil {
		return d.root
	}
	return ident{&d.own, 1}
}

// flatten makes one value of a document's variables: an array that can be set in
// another document's variable.
func (d *document) flatten() (frozen, error) {
	f := frozen{typ: "a map of members"}
	w := &writer{foreign: true}
	w.out = appendHead(w.out, d.count())
	w.n = 1
	sp := &space{}
	if d.root.sp != nil {
		sp.aliases = append(sp.aliases, alias{from: 1, n: 1, to: d.root})
	}
	for v := range d.live() {
		if d.format.array {
			w.out = append(w.out, v.key...)
		} else {
			w.out = textKey(string(v.name)).append(w.out)
		}
		first := w.n + 1
		depth := w.variable(&v.value)
		f.depth = max(f.depth, depth)
		if n := w.n - first + 1; d.refs && v.sp != nil && n > 0 {
			sp.aliases = append(sp.aliases, alias{from: first, n: n, to: ident{v.sp, v.sp.slotAt(v.at)}.origin(n), copied: true})
			sp.plain = sp.plain || v.sp.plain
		}
	}
	w.out = append(w.out, '}')
	if d.count() > 0 {
		f.depth++
	}
	f.value = value{raw: w.finish()}
	if d.refs {
		sp.buf, sp.ext = f.raw, w.ext
		f.sp, f.refs = sp, true
		sp.refs = true
	}
	return f, w.err
}

// variable writes one whole value. It returns how deep that is nested.
func (w *writer) variable(v *value) int {
	if v.sp == nil || w.foreign && !v.refs {
		return w.copy(v.raw)
	}
	return w.value(v.sp, v.at, v.sp.slotAt(v.at))
}

// copy writes a value that holds no references and that none leads to.
func (w *writer) copy(p []byte) (deepest int) {
	c := cursor{p: p, slot: w.n}
	for c.step() {
		deepest = max(deepest, depthOf(&c))
	}
	w.n = c.slot
	w.out = append(w.out, p...)
	return deepest
}

// depthOf is how deep the token stands: what PHP counts, which is containers with
// something in them, and empty objects.
func depthOf(c *cursor) int {
	if c.kind == 'a' && c.count == 0 {
		return c.depth - 1
	}
	return c.depth
}

// value writes the value that begins at byte at of sp, and is slot there, with what its
// references pull in. It returns how deep that is nested, without what they pull in.
func (w *writer) value(sp *space, at, slot int) (deepest int) {
	w.push(frame{sp: sp, c: cursor{p: sp.buf, i: at, slot: slot - 1}})
	for len(w.stack) > 0 && w.err == nil {
		f := &w.stack[len(w.stack)-1]
		switch {
		case f.c.step():
			if len(w.stack) == 1 {
				deepest = max(deepest, depthOf(&f.c))
			}
			w.token(f)
		case f.custom == nil || !w.nextOfText(f):
			w.pop()
		}
	}
	return deepest
}

func (w *writer) push(f frame) {
	if f.moved {
		w.moved++
	}
	w.stack = append(w.stack, f)
}

// pop ends the innermost value.
func (w *writer) pop() {
	f := &w.stack[len(w.stack)-1]
	if f.moved {
		w.moved--
	}
	w.stack = w.stack[:len(w.stack)-1]
}

// deeper begins a container, or the text of a C:, which PHP reads by recursion too.
func (w *writer) deeper() {
	w.depth++
	if w.moved > 0 && w.depth > maxDepth {
		w.err = &session.EncodeError{Type: "a session with references",
			Why: fmt.Sprintf("what its references lead to would be nested more than %d deep, which PHP does not read", maxDepth)}
	}
}

// token writes what stands under the cursor. It may push what comes first.
func (w *writer) token(f *frame) {
	sp, c := f.sp, &f.c
	raw := c.p[c.at:c.end]
	if !c.value() {
		w.out = append(w.out, raw...)
		if c.kind == '}' {
			w.depth--
		}
		return
	}
	if c.kind == 'R' || c.kind == 'r' {
		w.link(sp, c)
		return
	}
	if n := w.again(ident{sp, c.slot}); n > 0 {
		w.number(sp, c, n)
		sp.leave(c)
		return
	}
	w.n++
	w.define(ident{sp, c.slot})
	if c.kind == 'C' {
		w.custom(sp, c)
		return
	}
	if c.container() {
		w.deeper()
	}
	w.out = append(w.out, raw...)
}

// again returns the number of a value that has been written already and that PHP
// would not write twice: an object, or what is shared by reference.
func (w *writer) again(id ident) int {
	n, twice := w.at[id.source()]
	if !twice {
		return 0
	}
	if s := id.flags(); !s.shared && !isObject(s.kind) {
		return 0
	}
	return n
}

// number writes a reference to n in the place of the value under the cursor.
func (w *writer) number(sp *space, c *cursor, n int) {
	id := ident{sp, c.slot}
	kind := byte('r')
	if id.flags().shared {
		kind = 'R'
	}
	w.refer(kind, id.source(), n)
}

// refer writes a reference to n, which is id.
//
// An object that was written where an r: stood is the same object there, but not the
// same place: the first R: to its old place is written as r:, and those after it refer
// to that.
func (w *writer) refer(kind byte, id ident, n int) {
	if place, lent := w.lent[id]; lent && kind == 'R' {
		if place > 0 {
			n = place
		} else {
			kind = 'r'
			w.lent[id] = w.n + 1
		}
	}
	w.out = appendInt(w.out, kind, int64(n))
	if kind == 'r' {
		w.n++
	}
}

// define notes the number of the value that has just been begun, and that it now is
// what it was made from, unless that is written too.
func (w *writer) define(id ident) {
	if w.foreign {
		return
	}
	id = id.source()
	for {
		if _, known := w.at[id]; known {
			return
		}
		w.at[id] = w.n
		a := id.alias()
		if a == nil || w.there.stands(a.to) {
			return
		}
		id = a.to.source()
	}
}

// link writes the reference under the cursor. An r: may be what an R: leads to, be it
// from within the object that is written in its place.
func (w *writer) link(sp *space, c *cursor) {
	if c.kind == 'R' {
		w.reference(sp, c, c.slot)
		return
	}
	id := ident{sp, c.slot}
	if n := w.again(id); n > 0 {
		w.refer('R', id.source(), n)
		return
	}
	if !w.foreign && id.info().shared {
		w.at[id.source()] = w.n + 1
	}
	w.reference(sp, c, c.slot-1)
}

// reference writes the reference under the cursor, which stands behind that many slots,
// or what it leads to.
func (w *writer) reference(sp *space, c *cursor, before int) {
	id, ok := sp.refersTo(c.p[c.from:c.to], c.kind, before)
	if !ok {
		w.dangling(c)
		return
	}
	if w.foreign {
		w.refer(c.kind, ident{}, foreign+len(w.ext))
		w.ext = append(w.ext, id)
		return
	}
	id = id.source()
	if n, there := w.at[id]; there {
		w.refer(c.kind, id, n)
		return
	}
	if c.kind == 'r' {
		if w.lent == nil {
			w.lent = map[ident]int{}
		}
		w.lent[id] = 0
	}
	w.push(frame{sp: id.sp, c: cursor{p: id.sp.buf, i: id.info().at, slot: id.slot - 1}, moved: true})
}

// dangling writes a reference that leads nowhere, so that it goes on doing so: PHP
// refuses it, and it must not come to mean something.
func (w *writer) dangling(c *cursor) {
	n := natural(c.p[c.from:c.to])
	if w.foreign || n > 0 && n <= w.n {
		w.out = append(w.out, c.kind, ':', '0', ';')
	} else {
		w.out = append(w.out, c.p[c.at:c.end]...)
	}
	if c.kind == 'r' {
		w.n++
	}
}
