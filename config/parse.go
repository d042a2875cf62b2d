package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// Limits far above any configuration, and far below what would keep a program
// from starting or refusing to.
const (
	maxFile  = 1 << 20 // bytes
	maxDepth = 32      // levels of nesting
	maxKey   = 128     // bytes
)

// depthLimit has the YAML library refuse deep nesting while it parses.
type depthLimit struct{}

var _ yaml.LoaderLimitsPlugin = depthLimit{}

var errDepth = fmt.Errorf("nested deeper than %d levels", maxDepth)

func (depthLimit) CheckDepth(depth int, _ *yaml.DepthContext) error {
	if depth > maxDepth {
		return errDepth
	}
	return nil
}

// CheckAlias is never reached: aliases are refused unresolved.
func (depthLimit) CheckAlias(int, int) error { return nil }

// read parses a file into its tree of nodes, which is nil where the file is
// empty. It uses of YAML what a configuration needs: one document of mappings,
// lists and values, without anchors, aliases, merge keys and tags.
func (doc *document) read(data []byte, lookup func(string) (string, bool)) problems {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	doc.lines = strings.Split(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(string(data)), "\n")
	if e := doc.unreadable(data); e != nil {
		return problems{e}
	}
	loader, err := yaml.NewLoader(bytes.NewReader(data), yaml.WithPlugin(depthLimit{}))
	if err != nil {
		return problems{{Message: err.Error()}}
	}
	var first, second yaml.Node
	switch err := loader.Load(&first); {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return problems{doc.syntax(err)}
	}
	switch err := loader.Load(&second); {
	case err == nil:
		return problems{{Line: second.Line, Column: second.Column, Message: "a second document begins here; a configuration is one document"}}
	case !errors.Is(err, io.EOF):
		return problems{doc.syntax(err)}
	}
	b := &builder{lookup: lookup}
	if len(first.Content) == 1 {
		doc.root = b.build(first.Content[0], nil, "")
	}
	return b.problems
}

// unreadable finds what keeps data from being text at all.
func (doc *document) unreadable(data []byte) *Error {
	switch {
	case len(data) > maxFile:
		return &Error{Message: fmt.Sprintf("larger than %v; this cannot be a configuration", Size(maxFile))}
	case bytes.HasPrefix(data, []byte("\xff\xfe")), bytes.HasPrefix(data, []byte("\xfe\xff")), bytes.IndexByte(data, 0) >= 0:
		// No line is shown: between zero bytes no secret would be recognised.
		return &Error{Message: "not UTF-8, but UTF-16 or no text at all; save the file as UTF-8"}
	}
	for i, line := range doc.lines {
		column := 0
		for at, r := range line {
			column++
			message := ""
			switch _, width := utf8.DecodeRuneInString(line[at:]); {
			case r == utf8.RuneError && width == 1:
				message = "not UTF-8; save the file as UTF-8"
			case r < ' ' && r != '\t', r == 0x7f:
				message = fmt.Sprintf("the control character U+%04X is not allowed", r)
			case r == '\u0085', r == '\u2028', r == '\u2029':
				// YAML 1.1 counts these as line breaks, editors do not.
				message = fmt.Sprintf("the line break U+%04X is not allowed; end the line with a newline", r)
			}
			if message != "" {
				return &Error{Line: i + 1, Column: column, Message: message}
			}
		}
	}
	return nil
}

// syntax words an error of the YAML library. Some of the library's messages
// quote the file, and with it what was meant to be a password.
func (doc *document) syntax(err error) *Error {
	found, ok := errors.AsType[*yaml.LoadError](err)
	if !ok {
		return &Error{Message: "not valid YAML"}
	}
	e := &Error{Line: found.Mark.Line, Column: found.Mark.Column, Message: "not valid YAML: " + found.Message}
	if begin := found.ContextMark.Line; found.ContextMsg != "" && begin != e.Line {
		e.Message += fmt.Sprintf(" (%s that begins in line %d)", found.ContextMsg, begin)
		if doc.blank(e.Line) { // the end of the file: the beginning says more
			e.Line, e.Column = begin, found.ContextMark.Column
		}
	}
	switch {
	case strings.Contains(found.Message, errDepth.Error()):
		e.Message = errDepth.Error()
	case found.Stage == yaml.ComposerStage:
		e.Message = noAlias
	case strings.Contains(found.Message, "tag"):
		e.Message = noTag
	case doc.tabbed(e.Line):
		e.Message = "the line begins with a tab; YAML is indented with spaces only"
	case strings.Contains(doc.line(e.Line), "${"):
		e.Message += `; inside { } and [ ] a variable must be quoted: "${NAME}"`
	}
	return e
}

const (
	noAlias  = "aliases (*name) are not supported; quote a value that begins with *"
	noAnchor = "anchors (&name) are not supported; quote a value that begins with &"
	noTag    = "tags (!name) are not supported; quote a value that begins with !"
)

func (doc *document) blank(line int) bool { return strings.TrimSpace(doc.line(line)) == "" }

func (doc *document) tabbed(line int) bool {
	text := doc.line(line)
	return strings.Contains(text[:len(text)-len(strings.TrimLeft(text, " \t"))], "\t")
}

// builder turns the library's nodes into ours.
type builder struct {
	lookup   func(string) (string, bool)
	problems problems
}

func (b *builder) build(from *yaml.Node, parent *node, name string) *node {
	n := &node{line: from.Line, column: from.Column, parent: parent, name: name}
	if from.Anchor != "" {
		b.refuse(n, noAnchor)
	}
	if from.Style&yaml.TaggedStyle != 0 || from.Tag == "!" {
		b.refuse(n, noTag)
	}
	switch from.Kind {
	case yaml.MappingNode:
		n.kind = mapping
		b.entries(n, from)
	case yaml.SequenceNode:
		n.kind = sequence
		for i, item := range from.Content {
			n.items = append(n.items, b.build(item, n, fmt.Sprint(i)))
		}
	case yaml.AliasNode:
		n.written = from.Value
		b.refuse(n, noAlias)
	default:
		b.scalar(n, from)
	}
	return n
}

// refuse complains of a value, which is then not decoded.
func (b *builder) refuse(n *node, why string) {
	n.refused = true
	b.problems.add(n, "%s", why)
}

func (b *builder) scalar(n *node, from *yaml.Node) {
	const quoted = yaml.SingleQuotedStyle | yaml.DoubleQuotedStyle | yaml.LiteralStyle | yaml.FoldedStyle
	n.written, n.plain = from.Value, from.Style&quoted == 0
	var bad string
	n.text, n.missing, bad = expand(n.written, b.lookup)
	if bad != "" {
		b.refuse(n, bad)
	}
}

func (b *builder) entries(n *node, from *yaml.Node) {
	seen := map[string]*node{}
	for i := 0; i+1 < len(from.Content); i += 2 {
		k := from.Content[i]
		key := &node{line: k.Line, column: k.Column, parent: n, name: k.Value, isKey: true, written: k.Value, text: k.Value}
		value := b.build(from.Content[i+1], n, k.Value)
		n.entries = append(n.entries, entry{key, value})
		switch before := seen[k.Value]; {
		case k.Kind != yaml.ScalarNode || len(k.Value) > maxKey:
			// What such a key holds may be anything.
			key.hidden, key.name, value.name = true, mask, mask
			b.refuse(key, "a key must be a plain name")
		case k.Anchor != "" || k.Style&yaml.TaggedStyle != 0:
			b.refuse(key, "a key must be a plain name, without an anchor or a tag")
		case k.Value == "<<":
			b.refuse(key, "merge keys (<<) are not supported; write the keys out")
		case before != nil:
			b.problems.add(key, "duplicate key; it is already set in line %d", before.line)
		default:
			seen[k.Value] = key
		}
	}
}
