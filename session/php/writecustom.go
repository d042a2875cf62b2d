package php

import "strconv"

// head is the beginning of a C:, which says how long its text is and is known only when
// that has been written. All of them are put in at the end, at once.
type head struct {
	at   int // where in writer.out
	text []byte
}

// custom is a C: whose text is being written.
type custom struct {
	class []byte
	rest  []span // the values of the text that are still to come
	done  int    // how far the text has been written
	end   int    // where it ends, behind the brace
	head  int    // in writer.heads
	added int    // writer.added when it was begun
}

// custom writes a C:, in whose text there may be references too.
func (w *writer) custom(sp *space, c *cursor) {
	var values []span
	if !sp.plain {
		values = payloadValues(c.p, c.body, c.end-1)
	}
	if len(values) == 0 {
		w.out = append(w.out, c.p[c.at:c.end]...)
		return
	}
	sp.leave(c)
	w.heads = append(w.heads, head{at: len(w.out)})
	w.deeper()
	w.push(frame{sp: sp, c: cursor{p: c.p, begun: true}, custom: &custom{
		class: c.p[c.from:c.to], rest: values, done: c.body, end: c.end, head: len(w.heads) - 1, added: w.added}})
}

// nextOfText goes on with the next value of the text of a C:, or ends that.
func (w *writer) nextOfText(f *frame) bool {
	t, p := f.custom, f.c.p
	if len(t.rest) > 0 {
		v := t.rest[0]
		t.rest = t.rest[1:]
		w.out = append(w.out, p[t.done:v.from]...)
		t.done = v.to
		f.c = cursor{p: p, i: v.from, slot: f.sp.slotAt(v.from) - 1}
		return true
	}
	w.out = append(w.out, p[t.done:t.end]...)
	h := &w.heads[t.head]
	size := len(w.out) - 1 - h.at + w.added - t.added
	h.text = append(appendQuoted([]byte("C:"), t.class), ':')
	h.text = append(strconv.AppendInt(h.text, int64(size), 10), ':', '{')
	w.added += len(h.text)
	w.depth--
	return false
}

// finish returns what has been written.
func (w *writer) finish() []byte {
	if len(w.heads) == 0 {
		return w.out
	}
	out := make([]byte, 0, len(w.out)+w.added)
	done := 0
	for _, h := range w.heads {
		out = append(append(out, w.out[done:h.at]...), h.text...)
		done = h.at
	}
	return append(out, w.out[done:]...)
}
