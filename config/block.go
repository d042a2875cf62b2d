package config

import (
	"fmt"
	"os"
	"reflect"
	"strconv"
	"strings"
)

// Block is a part of the file that is decoded by the one who owns it: the block
// of a session's adapter. The zero Block, and that of an adapter for which the
// file has none, is empty.
type Block struct {
	doc  *document
	path string // "session.database"
	node *node  // a mapping or a value left out, or nil
	near *node  // what to point at where the block does not have a key, or nil
}

// Decode fills into, a pointer to a struct, from the block. What the file does
// not set stays as it is, so that into comes with the defaults in it.
//
// A field's key is in its tag, `yaml:"name"`; a field without a tag has none. The
// keys of a struct field with `yaml:",inline"` stand among those of the struct
// around it. Fields are of type string, bool, any integer or float,
// [time.Duration] (also as a plain number of seconds), [encoding.TextUnmarshaler],
// struct, slice, map with string keys, or a pointer to one of these, which stays
// nil where the file does not set it. A list replaces the default; a map's
// entries are added to it.
//
// An unknown key, a value of another type and a variable that is not set are
// errors of type *[Error], joined if there are several. into may be filled in
// part then.
func (b Block) Decode(into any) error {
	v := reflect.ValueOf(into)
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() != reflect.Struct {
		return fmt.Errorf("config: %s can be decoded into a pointer to a struct, not into %T", b.path, into)
	}
	if b.node == nil {
		return nil
	}
	var d decoder
	d.value(b.node, v.Elem())
	return d.problems.err(b.doc)
}

// ParseBlock reads a file that is not this package's Config by the same rules, for whoever decodes it: variables are
// expanded, and errors have places and show no secret. name stands for the file in errors. An empty file is an empty block.
//
// Errors: as for [Parse].
func ParseBlock(name string, data []byte, opts ...Option) (Block, error) {
	o := options{lookup: os.LookupEnv}
	for _, opt := range opts {
		opt(&o)
	}
	doc := &document{name: name}
	p := doc.read(data, o.lookup)
	return Block{doc: doc, node: doc.root}, p.err(doc)
}

// Blocks returns the block's entries by their keys, each as a block of its own, in the order of the file. It is an error where
// the file has something else than a mapping.
func (b Block) Blocks() ([]Entry, error) {
	var d decoder
	if b.node == nil || !d.wants(b.node, mapping) {
		return nil, d.problems.err(b.doc)
	}
	list := make([]Entry, 0, len(b.node.entries))
	for _, e := range b.node.entries {
		list = append(list, Entry{Key: e.key.text, Block: b.under(e.key.text, e.key, e.value)})
	}
	return list, nil
}

// Entry is a key of a block and what stands under it.
type Entry struct {
	Key   string
	Block Block
}

// Take parts off what stands under a key, for another owner to decode: rest is the block without it. Where the file does not set
// the key, taken is empty.
func (b Block) Take(key string) (taken, rest Block) {
	taken, rest = b.under(key, b.near, nil), b
	if b.node == nil {
		return taken, rest
	}
	without := *b.node
	without.entries = nil
	for _, e := range b.node.entries {
		if e.key.text == key {
			taken = b.under(key, e.key, e.value)
			continue
		}
		without.entries = append(without.entries, e)
	}
	rest.node = &without
	return taken, rest
}

func (b Block) under(key string, near, n *node) Block {
	return Block{doc: b.doc, path: strings.TrimPrefix(b.path+"."+key, "."), node: n, near: near}
}

// Place is where the block stands, as file:line:column; the file's name alone where it is not in the file.
func (b Block) Place() string {
	if b.near == nil {
		return b.doc.file()
	}
	return fmt.Sprintf("%s:%d:%d", b.doc.file(), b.near.line, b.near.column)
}

// IsSet reports whether the file sets the key, be it to the default. The key may
// lead further down: "server.host".
func (b Block) IsSet(key string) bool {
	return b.node != nil && key != "" && b.node.get(key) != nil
}

// Errorf returns an *[Error] about the value of a key, or about the whole block
// where key is empty. It names the place in the file: the key's, or the block's
// where the file does not set the key. The format and its arguments are those of
// [fmt.Errorf], with %w too.
//
// The text of a secret, and what a variable expanded to, are taken out of the
// message where they stand in it word for word.
func (b Block) Errorf(key, format string, args ...any) error {
	wrapped := fmt.Errorf(format, args...)
	e := b.problem(key, "%s", wrapped.Error())
	e.cause = wrapped
	if b.node != nil {
		e.Message = b.scrub(e.Message, b.node.get(key))
	}
	return problems{e}.err(b.doc)
}

// problem is an error about a key, at its place or the nearest that there is. The
// message holds no value of the file other than what describe made of it.
func (b Block) problem(key, format string, args ...any) *Error {
	e := &Error{Path: b.path, Message: fmt.Sprintf(format, args...)}
	at := b.near
	if key != "" {
		e.Path = strings.TrimPrefix(b.path+"."+key, ".")
		if b.IsSet(key) {
			at = b.node.get(key)
		}
	}
	if at != nil {
		e.Line, e.Column = at.line, at.column
	}
	return e
}

// scrub takes the block's secrets, and what its variables expanded to, out of a
// message. A short one is only looked for in a message about its own key: else
// every second word would be masked for a password of "a".
func (b Block) scrub(message string, own *node) string {
	const short = 4
	b.node.walk(func(n *node) {
		if n.isKey || n.text == "" || n != own && len(n.text) < short || !n.secret() && !n.expanded() {
			return
		}
		shown := mask
		if !n.secret() {
			shown = n.written
		}
		quoted := strconv.Quote(n.text)
		message = strings.ReplaceAll(message, n.text, shown)
		message = strings.ReplaceAll(message, quoted[1:len(quoted)-1], shown)
	})
	return message
}

// describe puts the value of a key into a message; ours is the value where the
// file does not set it.
func (b Block) describe(key, ours string) string {
	if b.node != nil {
		if n := b.node.get(key); n != nil {
			return n.describe()
		}
	}
	return strconv.Quote(ours)
}
