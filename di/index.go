package di

import (
	"hash/maphash"
	"sync/atomic"
)

// index finds a name's slot without a lock, and takes a new name without copying the old ones: a map that is copied on every
// registration makes ten thousand of them quadratic, and sync.Map costs Get another five nanoseconds.
//
// It is a hash table with linear probing. A slot, once in, stays until the table grows; so a reader meets either nothing or a
// whole slot, whatever the writer is doing. Writers hold the registry's mu.
type index struct {
	seed  maphash.Seed
	table atomic.Pointer[[]atomic.Pointer[slot]] // the length is a power of two, and at least half of it is empty
	used  int
}

// slot is a name's lasting place. What stands in it changes.
type slot struct {
	name  string
	ready atomic.Pointer[instance] // what Get may hand out at once
	def   atomic.Pointer[service]  // nil while the name is free
}

func (x *index) init() {
	x.seed = maphash.MakeSeed()
	table := make([]atomic.Pointer[slot], 16)
	x.table.Store(&table)
}

// find returns the slot of name, or nil. The slot may be free.
func (x *index) find(name string) *slot {
	table := *x.table.Load()
	mask := uint64(len(table) - 1)
	for i := maphash.String(x.seed, name) & mask; ; i = (i + 1) & mask {
		if s := table[i].Load(); s == nil || s.name == name {
			return s
		}
	}
}

// slot returns the slot of name, which is made if there is none. mu is held.
func (x *index) slot(name string) *slot {
	if s := x.find(name); s != nil {
		return s
	}
	if 2*(x.used+1) > len(*x.table.Load()) {
		x.grow()
	}
	s := &slot{name: name}
	x.insert(*x.table.Load(), s)
	return s
}

// grow moves the slots that are in use to a table with room for twice as many.
func (x *index) grow() {
	var live []*slot
	for s := range x.all {
		live = append(live, s)
	}
	size := 16
	for size < 4*(len(live)+1) {
		size *= 2
	}
	table := make([]atomic.Pointer[slot], size)
	x.used = 0
	for _, s := range live {
		x.insert(table, s)
	}
	x.table.Store(&table)
}

func (x *index) insert(table []atomic.Pointer[slot], s *slot) {
	mask := uint64(len(table) - 1)
	i := maphash.String(x.seed, s.name) & mask
	for table[i].Load() != nil {
		i = (i + 1) & mask
	}
	table[i].Store(s)
	x.used++
}

// all yields the slots that something is registered in, in no order.
func (x *index) all(yield func(*slot) bool) {
	table := *x.table.Load()
	for i := range table {
		if s := table[i].Load(); s != nil && s.def.Load() != nil && !yield(s) {
			return
		}
	}
}
