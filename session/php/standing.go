package php

import (
	"cmp"
	"slices"
)

// standing knows which values stand in the variables that a session is made of.
type standing struct {
	vars []variable

	bytes, slots map[*space][]span // which parts of which spaces those are
}

// stands says whether the value is among them, itself or as a copy.
func (s *standing) stands(id ident) bool {
	if s.bytes == nil {
		s.collect()
	}
	return within(s.bytes[id.sp], id.info().at) || within(s.slots[id.sp], id.slot)
}

func (s *standing) collect() {
	s.bytes, s.slots = map[*space][]span{}, map[*space][]span{}
	met := map[*space]bool{}
	for i := range s.vars {
		v := &s.vars[i]
		if v.sp == nil {
			continue
		}
		s.bytes[v.sp] = append(s.bytes[v.sp], span{v.at, v.at + len(v.raw)})
		if met[v.sp] {
			continue
		}
		met[v.sp] = true
		for _, a := range v.sp.aliases {
			if a.copied {
				s.slots[a.to.sp] = append(s.slots[a.to.sp], span{a.to.slot, a.to.slot + a.n})
			}
		}
	}
	for _, all := range []map[*space][]span{s.bytes, s.slots} {
		for sp, spans := range all {
			all[sp] = union(spans)
		}
	}
}

// union returns the spans in order and without those that overlap.
func union(spans []span) []span {
	slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	out := spans[:0]
	for _, s := range spans {
		if n := len(out); n > 0 && s.from <= out[n-1].to {
			out[n-1].to = max(out[n-1].to, s.to)
			continue
		}
		out = append(out, s)
	}
	return out
}

// within says whether one of the spans, which are in order, holds n.
func within(spans []span, n int) bool {
	i, _ := slices.BinarySearchFunc(spans, n, func(s span, n int) int { return cmp.Compare(s.to-1, n) })
	return i < len(spans) && spans[i].from <= n
}
