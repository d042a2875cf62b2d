package php

// What an old Serializable wrote is the text of a C:, which may be anything. Where it is
// what serialize() wrote, PHP's numbers run on through it.

// span is a part of a buffer, or of its slots.
type span struct{ from, to int }

// payloadValues returns the values in p[from:to], the text of a C:, if it is nothing
// but values one after the other, as serialize() writes them, or the form in which PHP
// wrote its own ArrayObject and its like before 7.4. A C: within is one value.
func payloadValues(p []byte, from, to int) []span {
	var values []span
	p = p[:to]
	for i := from; i < to; {
		if p[i] == ';' || p[i] == 'x' || p[i] == 'm' {
			for _, mark := range []string{"x:", ";m:", ";"} {
				if i+len(mark) <= to && string(p[i:i+len(mark)]) == mark {
					i += len(mark)
					break
				}
			}
			if i == to {
				break
			}
		}
		end, _ := skipValue(p, i)
		if end < 0 {
			return nil
		}
		values = append(values, span{i, end})
		i = end
	}
	return values
}

// descent is a cursor that can be led into the text of a C:, from which it returns to
// what follows. However deep they stand within each other, there is no recursion.
type descent struct {
	cursor

	left []text
}

// text is what remains when the values of a C: have been walked through.
type text struct {
	rest  []span // values of the same text
	outer cursor // where it goes on behind them
}

// enter makes the values the next to be walked through.
func (d *descent) enter(values []span) {
	d.left = append(d.left, text{values, d.cursor})
	d.cursor = cursor{begun: true}
}

// step is cursor.step.
func (d *descent) step() bool {
	for !d.cursor.step() {
		if len(d.left) == 0 {
			return false
		}
		t := &d.left[len(d.left)-1]
		if len(t.rest) == 0 {
			d.cursor = t.outer
			d.left = d.left[:len(d.left)-1]
			continue
		}
		d.cursor = cursor{p: t.outer.p[:t.rest[0].to], i: t.rest[0].from}
		t.rest = t.rest[1:]
	}
	return true
}

// countPayload returns how many slots the text of a C: takes, and whether it holds
// references.
func countPayload(p []byte) (slots int, refs bool) {
	d := descent{cursor: cursor{p: p, begun: true}}
	d.enter(payloadValues(p, 0, len(p)))
	for d.step() {
		if !d.value() {
			continue
		}
		refs = refs || d.kind == 'R' || d.kind == 'r'
		if d.kind != 'R' {
			slots++
		}
		if d.kind == 'C' {
			d.enter(payloadValues(d.p, d.body, d.end-1))
		}
	}
	return slots, refs
}
