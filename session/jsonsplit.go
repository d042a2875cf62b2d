package session

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// splitJSON puts the members of the JSON object in payload into vars, which is
// empty. It looks
// at the structure only and allocates nothing but room in vars and the meaning of
// names that hold escapes. Of members with one name the last counts, in the place
// of the first, as with PHP's arrays.
func splitJSON(vars []jsonVar, payload []byte) ([]jsonVar, error) {
	if len(payload) == 0 {
		return vars, nil
	}
	i := skipSpace(payload, 0)
	if i == len(payload) || payload[i] != '{' {
		return nil, malformed(i, "an object")
	}
	i = skipSpace(payload, i+1)
	if i < len(payload) && payload[i] == '}' {
		return vars, atEnd(payload, i+1)
	}
	for {
		v, next, err := splitMember(payload, i)
		if err != nil {
			return nil, err
		}
		vars = append(vars, v)
		switch {
		case next == len(payload):
			return nil, malformed(next, "',' or '}'")
		case payload[next] == '}':
			return lastWins(vars), atEnd(payload, next+1)
		case payload[next] != ',':
			return nil, malformed(next, "',' or '}'")
		}
		i = skipSpace(payload, next+1)
	}
}

// lastWins drops members whose name comes again, in favour of the last value.
func lastWins(vars []jsonVar) []jsonVar {
	const few = 64 // above that a map finds them sooner than looking through all
	if len(vars) > few {
		return lastWinsOfMany(vars)
	}
	kept := vars[:0]
next:
	for _, v := range vars {
		for i := range kept {
			if bytes.Equal(kept[i].name, v.name) {
				kept[i].raw = v.raw
				continue next
			}
		}
		kept = append(kept, v)
	}
	return kept
}

func lastWinsOfMany(vars []jsonVar) []jsonVar {
	at := make(map[string]int, len(vars))
	kept := vars[:0]
	for _, v := range vars {
		if i, twice := at[string(v.name)]; twice {
			kept[i].raw = v.raw
			continue
		}
		at[string(v.name)] = len(kept)
		kept = append(kept, v)
	}
	return kept
}

// splitMember reads `"name" : value` at i and the space behind it.
func splitMember(p []byte, i int) (v jsonVar, next int, err error) {
	end := skipString(p, i)
	if end < 0 {
		return v, 0, malformed(i, "a name in quotes")
	}
	v.key = p[i:end:end]
	v.name = v.key[1 : len(v.key)-1]
	if bytes.IndexByte(v.name, '\\') >= 0 {
		var name string
		if err := json.Unmarshal(v.key, &name); err != nil {
			return v, 0, malformed(i, "a well-formed name")
		}
		v.name = []byte(name)
	}
	i = skipSpace(p, end)
	if i == len(p) || p[i] != ':' {
		return v, 0, malformed(i, "':'")
	}
	i = skipSpace(p, i+1)
	end = skipValue(p, i)
	if end <= i {
		return v, 0, malformed(i, "a value")
	}
	v.raw = p[i:end:end]
	return v, skipSpace(p, end), nil
}

// skipValue returns the end of the value that begins at i, or -1. It counts
// brackets and does not recurse, so depth costs nothing.
func skipValue(p []byte, i int) int {
	depth := 0
	for i < len(p) {
		switch p[i] {
		case '"':
			if i = skipString(p, i); i < 0 {
				return -1
			}
		case '{', '[':
			depth++
			i++
		case '}', ']':
			if depth == 0 {
				return i
			}
			depth--
			i++
		case ',', ' ', '\t', '\r', '\n':
			if depth == 0 {
				return i
			}
			i++
			continue
		default:
			i++
			if depth == 0 {
				continue // a number or a word goes on to its delimiter
			}
		}
		if depth == 0 {
			return i
		}
	}
	if depth > 0 {
		return -1
	}
	return i
}

// skipString returns the end of the quoted string that begins at i, or -1: the first
// quote with an even number of backslashes before it.
func skipString(p []byte, i int) int {
	if i >= len(p) || p[i] != '"' {
		return -1
	}
	for start := i + 1; ; {
		n := bytes.IndexByte(p[start:], '"')
		if n < 0 {
			return -1
		}
		quote := start + n
		escapes := 0
		for escapes < n && p[quote-1-escapes] == '\\' {
			escapes++
		}
		if escapes%2 == 0 {
			return quote + 1
		}
		start = quote + 1
	}
}

func skipSpace(p []byte, i int) int {
	for i < len(p) && (p[i] == ' ' || p[i] == '\t' || p[i] == '\r' || p[i] == '\n') {
		i++
	}
	return i
}

func atEnd(p []byte, i int) error {
	if i = skipSpace(p, i); i != len(p) {
		return malformed(i, "the end")
	}
	return nil
}

func malformed(at int, want string) error {
	return fmt.Errorf("session: the stored JSON breaks at byte %d: want %s", at, want)
}
