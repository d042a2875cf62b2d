package config

import (
	"slices"
	"strconv"
	"strings"
)

type kind int

const (
	scalar kind = iota
	mapping
	sequence
)

func (k kind) String() string {
	return [...]string{"a single value", "a mapping", "a list"}[k]
}

// node is a value of the file, or a key, with its place.
type node struct {
	kind         kind
	line, column int
	parent       *node  // nil for the root
	name         string // the key or the index under the parent
	isKey        bool   // this is the key itself, not its value
	hidden       bool   // not to be shown, whatever it is
	refused      bool   // complained of already, and not to be decoded

	written string // a scalar as it is written, without quotes
	text    string // the same with variables expanded
	plain   bool   // neither quoted nor a block scalar: may be other than text
	missing string // the complaint about a variable that is not set

	entries []entry // of a mapping, in the order of the file
	items   []*node // of a sequence
}

type entry struct{ key, value *node }

// get returns the value under a dotted path of keys and indices, or nil.
func (n *node) get(path string) *node {
	if n == nil || path == "" {
		return n
	}
	name, rest, _ := strings.Cut(path, ".")
	for _, e := range n.entries {
		if e.key.text == name {
			return e.value.get(rest)
		}
	}
	if i, err := strconv.Atoi(name); err == nil && i >= 0 && i < len(n.items) {
		return n.items[i].get(rest)
	}
	return nil
}

// null reports a value that was left out: "key:" or "key: null". What a variable
// expands to is never null.
func (n *node) null() bool {
	return n.kind == scalar && n.plain && slices.Contains([]string{"", "~", "null", "Null", "NULL"}, n.written)
}

// expanded reports whether the value is another than the one in the file.
func (n *node) expanded() bool { return n.kind == scalar && n.text != n.written }

// secret reports whether the value must not be shown: it stands at or under a key
// that announces a secret, or has credentials in it.
func (n *node) secret() bool {
	above := n
	if n.isKey {
		above = n.parent
	}
	for at := above; at != nil && at.parent != nil; at = at.parent {
		if secretWord(at.name) {
			return true
		}
	}
	return n.hidden || maskText(n.written) != n.written || maskText(n.text) != n.text
}

// path leads to the node: session.cookie.name.
func (n *node) path() string {
	var names []string
	for at := n; at != nil && at.parent != nil; at = at.parent {
		name := at.name
		if at.parent.secret() {
			name = mask
		}
		names = append(names, showName(name))
	}
	slices.Reverse(names)
	return strings.Join(names, ".")
}

// showName shows a key that may be anything: what is not a usual name is quoted.
func showName(name string) string {
	name = shorten(maskText(name), 60)
	if words.FindString(name) == name && name != "" || name == mask {
		return name
	}
	return strconv.Quote(name)
}

// describe puts a scalar into a message without giving away a secret or what a
// variable expanded to.
func (n *node) describe() string {
	switch {
	case n.secret():
		return "the value"
	case n.expanded():
		return "what " + strconv.Quote(shorten(n.written, 60)) + " expands to"
	}
	return strconv.Quote(shorten(n.written, 60))
}

// walk visits the scalars at and under n, keys included, in the file's order.
func (n *node) walk(visit func(*node)) {
	if n.kind == scalar {
		visit(n)
	}
	for _, e := range n.entries {
		e.key.walk(visit)
		e.value.walk(visit)
	}
	for _, item := range n.items {
		item.walk(visit)
	}
}
