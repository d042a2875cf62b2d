package php

import (
	"cmp"
	"slices"
	"sync"
)

// space is a numbering: one payload, or one value that was encoded by itself, in which
// R: and r: mean values by their number, the slot. PHP numbers values from 1 in the
// order in which they stand; keys and R: take no slot. In php and php_binary the
// numbers run on from variable to variable.
//
// A space never changes once it is made, so that decoded objects can point into it.
type space struct {
	buf    []byte
	format *format // how buf is split into values; nil: it is one value
	refs   bool    // there are references in it, or a C: that may hold some

	// A value encoded by itself may refer to what stands elsewhere (the number is
	// then foreign + an index in ext), and may itself be what others mean by a slot
	// elsewhere.
	ext     []ident
	aliases []alias

	once  sync.Once
	slots []slotInfo // slots[n-1] is slot n
	plain bool       // what stands inside C: takes no slots
}

// foreign is the number from which on references lead out of a space. No payload has
// that many values.
const foreign = 1 << 40

// alias says that the slots from, from+1, … of a space are those that others know as
// to.slot, to.slot+1, … of to.sp.
type alias struct {
	from, n int
	to      ident
	copied  bool // the very bytes stand here: they count as what they are copied from
}

type slotInfo struct {
	at     int  // where the value begins in buf
	end    int  // and ends
	kind   byte // its token's
	shared bool // an R: leads here
	used   bool // an R: or r: leads here
	same   int  // for r: the slot of the object that it means; else the slot itself
}

// index returns what is known of each slot, in one walk through the buffer that is
// made when a reference is first followed.
func (sp *space) index() []slotInfo {
	sp.once.Do(func() {
		ok, custom := sp.walk()
		if !ok && custom {
			// Whether the text of a C: takes slots depends on what its class
			// did: PHP's numbers run on through a serialize() within serialize().
			// Where they do not fit that way, they may fit the other.
			sp.plain = true
			if ok, _ := sp.walk(); !ok {
				sp.plain = false
				sp.walk()
			}
		}
	})
	return sp.slots
}

// walk builds the index. It says whether all references lead to something, and
// whether any C: has a text that may hold values.
func (sp *space) walk() (ok, custom bool) {
	sp.slots = sp.slots[:0]
	ok = true
	var open []int // the slots of the containers that are not closed yet
	for start := range sp.starts() {
		d := descent{cursor: cursor{p: sp.buf, i: start}}
		for d.step() {
			if d.kind == '}' && len(open) > 0 {
				sp.slots[open[len(open)-1]].end = d.end
				open = open[:len(open)-1]
			}
			if !d.value() {
				continue
			}
			n := len(sp.slots) + 1
			same := n
			if d.kind == 'R' || d.kind == 'r' {
				target, found := sp.mark(d.p[d.from:d.to], d.kind)
				ok = ok && found
				if found && target > 0 && d.kind == 'r' {
					same = target
				}
			}
			if d.kind == 'R' {
				continue
			}
			if d.container() {
				open = append(open, n-1)
			}
			sp.slots = append(sp.slots, slotInfo{at: d.at, end: d.end, kind: d.kind, same: same})
			if d.kind != 'C' {
				continue
			}
			if values := payloadValues(d.p, d.body, d.end-1); len(values) > 0 {
				custom = true
				if !sp.plain {
					d.enter(values)
				}
			}
		}
	}
	return ok, custom
}

// starts returns where the values of the buffer begin.
func (sp *space) starts() func(yield func(int) bool) {
	return func(yield func(int) bool) {
		if sp.format == nil || sp.format.array {
			yield(0)
			return
		}
		for i := 0; i < len(sp.buf); {
			_, start, ok := sp.format.splitKey(sp.buf, i)
			if !ok {
				return
			}
			end, _ := skipValue(sp.buf, start)
			if end < 0 || !yield(start) {
				return
			}
			i = end
		}
	}
}

// mark notes that a reference leads to the slot that text names. It returns the slot
// of what is meant, 0 if that is outside.
func (sp *space) mark(text []byte, kind byte) (target int, found bool) {
	n := natural(text)
	if n >= foreign {
		return 0, n-foreign < len(sp.ext)
	}
	if n < 1 || n > len(sp.slots) {
		return 0, false
	}
	if kind == 'r' {
		n = sp.slots[n-1].same
	}
	s := &sp.slots[n-1]
	if kind == 'r' && !isObject(s.kind) {
		return 0, false
	}
	s.used = true
	s.shared = s.shared || kind == 'R'
	return n, true
}

// refersTo returns what the number of a reference means, seen from slot at (or 0 for
// the end): references lead back only. PHP takes no others.
func (sp *space) refersTo(text []byte, kind byte, before int) (ident, bool) {
	slots := sp.index()
	n := natural(text)
	if n >= foreign && n-foreign < len(sp.ext) {
		return sp.ext[n-foreign], true
	}
	if n < 1 || n > len(slots) || n > before {
		return ident{}, false
	}
	if kind == 'R' {
		return ident{sp, n}, true
	}
	n = slots[n-1].same
	return ident{sp, n}, isObject(slots[n-1].kind)
}

// slotAt returns the slot of the value that begins at byte at, or of the next one.
func (sp *space) slotAt(at int) int {
	work.add(1)
	i, _ := slices.BinarySearchFunc(sp.index(), at, func(s slotInfo, at int) int { return cmp.Compare(s.at, at) })
	return i + 1
}

// leave goes on behind the value under the cursor, which has a slot, with all that is in
// it.
func (sp *space) leave(c *cursor) {
	if c.container() {
		c.i = ident{sp, c.slot}.info().end
		c.depth--
		c.next = c.depth > 0
	}
	c.slot = sp.slotAt(c.i) - 1
}

// alias returns what the slot is known as elsewhere.
func (id ident) alias() *alias {
	work.add(1)
	all := id.sp.aliases
	i, _ := slices.BinarySearchFunc(all, id.slot, func(a alias, slot int) int { return cmp.Compare(a.from+a.n-1, slot) })
	if i == len(all) || all[i].from > id.slot {
		return nil
	}
	return &all[i]
}

// source is where the value was copied from, byte for byte; mostly the value itself.
func (id ident) source() ident { return id.origin(1) }

// origin is source for n slots that were copied together, as often as they were.
func (id ident) origin(n int) ident {
	for {
		a := id.alias()
		if a == nil || !a.copied || id.slot+n > a.from+a.n {
			return id
		}
		id = ident{a.to.sp, a.to.slot + id.slot - a.from}
	}
}

// info is what is known of the slot; nothing where the structure breaks before it.
func (id ident) info() slotInfo {
	if slots := id.sp.index(); id.slot <= len(slots) {
		return slots[id.slot-1]
	}
	return slotInfo{}
}

// flags is info, with what is known of the slot where it was copied from.
func (id ident) flags() slotInfo {
	info, from := id.info(), id.source().info()
	info.shared = info.shared || from.shared
	info.used = info.used || from.used
	return info
}

func isObject(kind byte) bool { return kind == 'O' || kind == 'C' || kind == 'E' }
