package redis

import (
	"bytes"
	"strconv"
)

// wrap returns a session as it is stored. Phalcon 5's adapter passes it through PHP's
// serialize(), which leaves alone what PHP takes for a number.
func (o Options) wrap(data []byte) []byte {
	if o.Flavor != Phalcon5 || numeric(data) {
		return data
	}
	b := make([]byte, 0, len(data)+32)
	b = append(b, "s:"...)
	b = strconv.AppendInt(b, int64(len(data)), 10)
	b = append(b, `:"`...)
	b = append(b, data...)
	return append(b, `";`...)
}

// unwrap returns the session of what is stored. What is no serialized string is returned
// as it is: it is for the codec to say that it makes no sense, and for nobody to overwrite
// it as Phalcon does.
func (o Options) unwrap(stored []byte) []byte {
	if o.Flavor != Phalcon5 {
		return stored
	}
	rest, found := bytes.CutPrefix(stored, []byte("s:"))
	if !found {
		return stored
	}
	length, rest, found := bytes.Cut(rest, []byte(`:"`))
	if !found {
		return stored
	}
	n, err := strconv.Atoi(string(length))
	if err != nil || n < 0 || len(rest) != n+2 || string(rest[n:]) != `";` {
		return stored
	}
	return rest[:n:n]
}

// numeric is PHP 8's is_numeric.
func numeric(b []byte) bool {
	const space = " \t\n\r\v\f"
	b = bytes.TrimRight(bytes.TrimLeft(b, space), space)
	if len(b) > 0 && (b[0] == '+' || b[0] == '-') {
		b = b[1:]
	}
	whole := digits(&b)
	fraction := 0
	if len(b) > 0 && b[0] == '.' {
		b = b[1:]
		fraction = digits(&b)
	}
	if whole+fraction == 0 {
		return false
	}
	if len(b) > 0 && (b[0] == 'e' || b[0] == 'E') {
		b = b[1:]
		if len(b) > 0 && (b[0] == '+' || b[0] == '-') {
			b = b[1:]
		}
		if digits(&b) == 0 {
			return false
		}
	}
	return len(b) == 0
}

// digits takes the digits off b's beginning and returns their number.
func digits(b *[]byte) int {
	n := 0
	for n < len(*b) && (*b)[n] >= '0' && (*b)[n] <= '9' {
		n++
	}
	*b = (*b)[n:]
	return n
}
