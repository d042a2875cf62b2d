package session

import (
	"errors"
	"slices"
)

// Bag is a group of variables under one name, such as a basket: one variable of the
// session that is a map, as Phalcon\Session\Bag keeps it. Two requests that change
// different members of one bag both win. Get, Lookup, Update and Key work on a Bag
// as on a Session. A bag without members is no variable.
type Bag struct {
	s    *Session
	name string
}

// Bag returns the bag of that name. It need not exist: the first Set makes it.
// Methods return *DecodeError if the session has a variable of that name that is no
// map.
func (s *Session) Bag(name string) *Bag { return &Bag{s, name} }

// open returns a copy of the bag's members in d, empty where there is no bag, and
// the key under which it is kept.
func (b *Bag) open(d Document) (members Document, key string, err error) {
	if key, err = b.s.key(b.name); err != nil {
		return nil, "", err
	}
	members, err = d.Members(key)
	if errors.Is(err, ErrNoVariable) {
		members, err = noMembers(b.s.m.opts.Codec)
	}
	return members, key, err
}

// noMembers returns the members of an empty map. An empty document would be something
// else: a codec may have rules for the names of variables that members know nothing of.
func noMembers(c Codec) (Document, error) {
	const name = "members"
	d := c.New()
	if err := d.Set(name, map[string]any{}); err != nil {
		return nil, err
	}
	return d.Members(name)
}

// view runs read on the bag's members.
func (b *Bag) view(read func(members Document) error) error {
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	d, err := b.s.reading()
	if err != nil {
		return err
	}
	members, _, err := b.open(d)
	if err != nil {
		return err
	}
	return read(members)
}

// edit is a change of the bag's members.
func (b *Bag) edit(write func(members Document) error) change {
	return func(d Document) error {
		members, key, err := b.open(d)
		if err != nil {
			return err
		}
		if err := write(members); err != nil {
			return err
		}
		if empty(members, "") {
			d.Remove(key)
			return nil
		}
		return d.Set(key, members)
	}
}

// empty says whether d has no variables but, perhaps, the one named except.
func empty(d Document, except string) bool {
	for key := range d.Names() {
		if key != except || except == "" {
			return false
		}
	}
	return true
}

// Names returns the members' names in stored order.
func (b *Bag) Names() ([]string, error) {
	var names []string
	err := b.view(func(members Document) error {
		names = slices.Collect(members.Names())
		return nil
	})
	return names, err
}

// Has says whether the bag has a member of that name.
func (b *Bag) Has(name string) (bool, error) {
	names, err := b.Names()
	return slices.Contains(names, name), err
}

// Decode decodes the member name into what into points to, or returns ErrNoVariable
// or *DecodeError.
func (b *Bag) Decode(name string, into any) error {
	return b.view(func(members Document) error { return members.Decode(name, into) })
}

// Set sets the member name to v. Errors are Session.Set's.
func (b *Bag) Set(name string, v any) error {
	return setVariable(b.s, name, v, func(d Document, frozen any) error {
		return b.edit(func(members Document) error { return members.Set(name, frozen) })(d)
	})
}

// Remove removes the member name, if there is one. Errors are Session.Set's.
func (b *Bag) Remove(name string) error {
	return b.s.change(b.edit(func(members Document) error {
		members.Remove(name)
		return nil
	}))
}

// Clear removes the bag with all its members. Errors are Session.Set's.
func (b *Bag) Clear() error { return b.s.Remove(b.name) }

func (b *Bag) update(name string, fn func(s *Session, d Document, key string) error) error {
	return b.s.change(b.edit(func(members Document) error { return fn(b.s, members, name) }))
}
