package php

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

// format is how variables are put together to a payload.
type format struct {
	name  string
	array bool // the payload is one array, of which the variables are the elements

	// splitKey reads the key at p[i]. start is where the value begins.
	splitKey func(p []byte, i int) (name []byte, start int, ok bool)
	// key returns the key of a variable as it is written, or why there can be none.
	key func(name string) (key []byte, why string)
}

var (
	nativeFormat = &format{name: "php", splitKey: splitNative, key: nativeKey}
	binaryFormat = &format{name: "php_binary", splitKey: splitBinary, key: binaryKey}
	arrayFormat  = &format{name: "php_serialize", array: true, splitKey: splitElement, key: elementKey}
)

func splitNative(p []byte, i int) (name []byte, start int, ok bool) {
	n := bytes.IndexByte(p[i:], '|')
	if n < 0 {
		return nil, 0, false
	}
	return p[i : i+n : i+n], i + n + 1, true
}

func nativeKey(name string) (key []byte, why string) {
	if strings.IndexByte(name, '|') >= 0 {
		return nil, "its name holds a '|', for which PHP would store an empty session; name it otherwise, or use the format php_serialize"
	}
	return append([]byte(name), '|'), ""
}

// splitBinary masks off the highest bit of the length, in which PHP 5 marked what was
// unset.
func splitBinary(p []byte, i int) (name []byte, start int, ok bool) {
	end := i + 1 + int(p[i]&0x7f)
	if end > len(p) {
		return nil, 0, false
	}
	return p[i+1 : end : end], end, true
}

func binaryKey(name string) (key []byte, why string) {
	const longest = 127
	if len(name) > longest {
		return nil, fmt.Sprintf("its name has %d bytes, and PHP drops a variable whose name has more than %d; shorten it, or use the format php_serialize", len(name), longest)
	}
	return append([]byte{byte(len(name))}, name...), ""
}

// splitElement reads an array's key, such as `s:1:"a";` or `i:5;`.
func splitElement(p []byte, i int) (name []byte, start int, ok bool) {
	var t token
	if !t.scan(p, i) {
		return nil, 0, false
	}
	switch t.kind {
	case 's':
		return p[t.from:t.to:t.to], t.end, true
	case 'S':
		return unescape(p[t.from:t.to]), t.end, true
	case 'i':
		n, ok := parseInt(p[t.from:t.to])
		return strconv.AppendInt(nil, n, 10), t.end, ok
	}
	return nil, 0, false
}

func elementKey(name string) (key []byte, why string) { return textKey(name).append(nil), "" }

// split finds the variables of a payload.
func (f *format) split(d *document) error {
	p := d.own.buf
	i, end := 0, len(p)
	var head token
	if f.array {
		if !head.scan(p, 0) {
			return broken(0, "a serialized array")
		}
		if head.kind != 'a' {
			return f.scalar(d, head)
		}
		i = head.end
	}
	n := 0
	for i < end {
		if f.array && p[i] == '}' {
			if n != head.count {
				return broken(i, "as many variables as it says")
			}
			return nil // PHP ignores what follows
		}
		name, start, ok := f.splitKey(p, i)
		if !ok {
			return broken(i, "a variable's name")
		}
		next, refs := skipValue(p, start)
		if next < 0 {
			return broken(start, "a serialized value")
		}
		d.add(variable{key: p[i:start:start], name: name, value: value{raw: p[start:next:next], sp: &d.own, at: start, refs: refs}})
		i = next
		n++
	}
	if f.array {
		return broken(i, "the array's end")
	}
	return nil
}

// scalar takes a payload that is no array. PHP starts a session of it, in which no
// variable can be set, and stores nothing at the end; of null and
// false it makes an array when one is set.
func (f *format) scalar(d *document, head token) error {
	end, refs := skipValue(d.own.buf, 0)
	d.own.refs = refs
	if end < 0 {
		return broken(0, "a serialized value")
	}
	if p := d.own.buf; head.kind == 'N' || string(p[:min(len(p), 4)]) == "b:0;" {
		return nil
	}
	if _, err := decodeRoot(&d.own); err != nil {
		return broken(0, "a serialized value")
	}
	d.foreign = foundIn(d.own.buf, head)
	return nil
}

func broken(at int, want string) error {
	return fmt.Errorf("php: the stored session breaks at byte %d: want %s", at, want)
}

// unescape returns what stands in an S: string.
func unescape(p []byte) []byte {
	out := make([]byte, 0, len(p))
	for i := 0; i < len(p); i++ {
		if p[i] != '\\' {
			out = append(out, p[i])
			continue
		}
		out = append(out, byte(unhex(p[i+1])<<4|unhex(p[i+2])))
		i += 2
	}
	return out
}
