package config

import (
	"strings"
	"unicode"
)

// document is a file: its name, its lines and what stands in it. A nil document
// stands behind a Session that was made in Go.
type document struct {
	name  string
	lines []string
	root  *node // nil where the file is empty or could not be parsed
}

func (doc *document) file() string {
	if doc == nil {
		return ""
	}
	return doc.name
}

// line returns a line as it stands in the file.
func (doc *document) line(number int) string {
	if doc == nil || number < 1 || number > len(doc.lines) {
		return ""
	}
	return doc.lines[number-1]
}

// source returns a line to be shown in an error, with its secrets masked.
func (doc *document) source(line int) string {
	text := doc.line(line)
	switch {
	case text == "":
		return ""
	case doc.root != nil:
		text = doc.maskKnown(line, text)
	case doc.hidden(line - 1):
		return mask
	}
	text = strings.Map(func(r rune) rune {
		if r == '\t' {
			return ' '
		}
		if !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, maskText(text))
	return shorten(strings.TrimSpace(text), 160)
}

// maskKnown masks a line of a file that was parsed: from the first secret that
// begins in it to its end, and before its first value what may be the rest of a
// secret that began further up.
func (doc *document) maskKnown(line int, text string) string {
	var above, first, secret *node
	doc.root.walk(func(n *node) {
		switch {
		case n.line < line:
			above = n
		case n.line == line && first == nil:
			first = n
		}
		if n.line == line && secret == nil && n.secret() {
			secret = n
		}
	})
	runes := []rune(text)
	from, to := 0, len(runes)
	if above != nil && above.secret() && !doc.endsInItsLine(above) {
		if first == nil {
			return mask
		}
		from = min(first.column-1, to)
		if strings.Trim(string(runes[:from]), " \t-?") == "" {
			from = 0 // indentation
		}
	}
	if secret != nil {
		to = min(secret.column-1, to)
	}
	shown := string(runes[from:max(from, to)])
	if from > 0 {
		shown = mask + " " + shown
	}
	if to < len(runes) {
		shown += mask
	}
	return shown
}

// endsInItsLine reports whether the whole of a scalar stands in the line where it
// begins.
func (doc *document) endsInItsLine(n *node) bool {
	return n.written != "" && strings.Contains(doc.line(n.line), n.written)
}

// hidden reports whether the line with that index, of a file that could not be
// parsed, may belong to a secret that began further up: in a quoted value that
// was not closed, inside brackets, or indented under the secret's key.
func (doc *document) hidden(index int) bool {
	depth, under := 0, -1 // under: how far the secret's key is indented
	for i, line := range doc.lines[:index+1] {
		body := strings.TrimLeft(line, " \t-")
		if body == "" || body[0] == '#' && i < index {
			continue
		}
		if indent := len(line) - len(body); indent <= under {
			under = -1
		}
		if i == index {
			break
		}
		depth += strings.Count(line, "{") + strings.Count(line, "[")
		depth = max(0, depth-strings.Count(line, "}")-strings.Count(line, "]"))
		value, found := afterSecretWord(line)
		if !found {
			continue
		}
		if depth > 0 || strings.Count(line[value:], `"`)%2 == 1 || strings.Count(line[value:], `'`)%2 == 1 {
			return true
		}
		if under < 0 {
			under = len(line) - len(body)
		}
	}
	return under >= 0
}
