package php

import (
	"errors"
	"math"

	"gyrfalcon/session"
)

// unchanged says whether p is still what it was decoded from, with all that it leads to.
func (e *encoder) unchanged(p any, origin ident) (bool, *session.EncodeError) {
	was, err := e.original(p, origin)
	switch {
	case errors.Is(err, errUnfolds):
		return false, refuse("whether its objects are still what they were read as cannot be told: %v; set it in parts", err)
	case err != nil:
		return false, nil //nolint:nilerr // PHP could not read it either: there is nothing to be the same as
	}
	return e.compared.equal(p, was), nil
}

// original decodes what p was decoded from anew.
func (e *encoder) original(p any, origin ident) (any, error) {
	if e.clean == nil {
		e.clean, e.cleaned = &decoder{}, map[*space]bool{}
	}
	if !e.cleaned[origin.sp] {
		e.cleaned[origin.sp] = true
		e.clean.left += allowance(len(origin.sp.buf))
	}
	e.clean.depth, e.clean.nest = 0, 0
	at := &reader{sp: origin.sp, i: origin.info().at}
	if _, ok := p.(*Ref); ok {
		if was := e.clean.refs[origin]; was != nil {
			return was, nil
		}
		return e.clean.anyShared(at, origin)
	}
	return e.clean.anyUsed(at, origin)
}

// comparison compares what any decodes to, objects by their content. What has been
// compared once it knows, so that all that leads from one to another is looked at once,
// in whatever order it is asked for.
type comparison struct {
	met  map[[2]any]int // the pairs of objects, or of references, by their place in all
	all  []compared
	todo []int // the pairs that have not been looked into yet
}

// compared is a pair of two objects, or of two references.
type compared struct {
	a, b    any
	holders []int // the pairs that are equal only if this is
	differs bool
}

// equal says whether a, an object or a reference, is b.
func (c *comparison) equal(a, b any) bool {
	n, ok := c.pair(a, b)
	if !ok {
		return false
	}
	var differ []int
	for len(c.todo) > 0 {
		n := c.todo[len(c.todo)-1]
		c.todo = c.todo[:len(c.todo)-1]
		if !c.inside(n) {
			differ = append(differ, n)
		}
	}
	for len(differ) > 0 {
		n := &c.all[differ[len(differ)-1]]
		differ = differ[:len(differ)-1]
		if !n.differs {
			n.differs = true
			differ = append(differ, n.holders...)
		}
	}
	return !c.all[n].differs
}

// pair returns the pair's number. ok is false if they cannot be equal.
func (c *comparison) pair(a, b any) (n int, ok bool) {
	switch x := a.(type) {
	case *Object:
		y, is := b.(*Object)
		ok = is && x != nil && x.origin == y.origin && x.Class == y.Class && len(x.Props) == len(y.Props)
	case *Ref:
		y, is := b.(*Ref)
		ok = is && x != nil && x.origin == y.origin
	case *Enum:
		y, is := b.(*Enum)
		ok = is && x != nil && *x == *y
	case *Serializable:
		y, is := b.(*Serializable)
		ok = is && x != nil && *x == *y
	}
	if !ok {
		return 0, false
	}
	n, met := c.met[[2]any{a, b}]
	if !met {
		if c.met == nil {
			c.met = map[[2]any]int{}
		}
		n = len(c.all)
		c.met[[2]any{a, b}] = n
		c.all = append(c.all, compared{a: a, b: b})
		c.todo = append(c.todo, n)
	}
	return n, true
}

// inside says whether what is in the pair is equal, as far as that can be said without
// looking into other pairs.
func (c *comparison) inside(n int) bool {
	switch a := c.all[n].a.(type) {
	case *Object:
		b := c.all[n].b.(*Object) //nolint:errcheck,forcetypeassert // pair has looked
		return c.arrays(a.Props, b.Props, n)
	case *Ref:
		b := c.all[n].b.(*Ref) //nolint:errcheck,forcetypeassert // pair has looked
		return c.values(a.Value, b.Value, n)
	}
	return true
}

// values compares two values in the pair n. b comes from a decoder: arrays end there.
func (c *comparison) values(a, b any, n int) bool {
	work.add(1)
	switch x := a.(type) {
	case float64:
		y, ok := b.(float64)
		return ok && sameFloat(x, y)
	case Array:
		y, ok := b.(Array)
		return ok && c.arrays(x, y, n)
	case *Object, *Ref, *Enum, *Serializable:
		m, ok := c.pair(a, b)
		if !ok || c.all[m].differs {
			return false
		}
		c.all[m].holders = append(c.all[m].holders, n)
		return true
	case nil, bool, int, int64, string:
		return a == b
	}
	return false // not what any decodes to
}

func (c *comparison) arrays(a, b Array, n int) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].Key != b[i].Key || !c.values(a[i].Value, b[i].Value, n) {
			return false
		}
	}
	return true
}

func sameFloat(a, b float64) bool {
	return math.Float64bits(a) == math.Float64bits(b) || math.IsNaN(a) && math.IsNaN(b)
}
