package hs

import "strconv"

// Value is a value on its way to the server. The zero Value is NULL.
type Value struct {
	text   string
	raw    []byte
	number int64
	kind   kind
}

type kind uint8

const (
	isNull kind = iota
	isText
	isBytes
	isNumber
)

// Null is NULL. In a column that is NOT NULL the plugin stores the type's zero
// value in its place, and says nothing.
func Null() Value { return Value{} }

// String is text.
func String(s string) Value { return Value{text: s, kind: isText} }

// Bytes is bytes, which must not change until the call that they are passed to
// has returned; nil is empty, not NULL.
func Bytes(b []byte) Value { return Value{raw: b, kind: isBytes} }

// Int is a whole number.
func Int(n int64) Value { return Value{number: n, kind: isNumber} }

// On the wire a field that is this one byte is NULL; in all others, bytes below
// plain stand escaped: as mark, then the byte plus shift.
const (
	nullByte = 0x00
	mark     = 0x01
	plain    = 0x10
	shift    = 0x40
)

// appendTo appends v as it stands on the wire.
func (v Value) appendTo(dst []byte) []byte {
	switch v.kind {
	case isText:
		return appendEscaped(dst, v.text)
	case isBytes:
		return appendEscaped(dst, v.raw)
	case isNumber:
		return strconv.AppendInt(dst, v.number, 10)
	}
	return append(dst, nullByte)
}

func appendEscaped[T string | []byte](dst []byte, s T) []byte {
	done := 0
	for i := range len(s) {
		if s[i] < plain {
			dst = append(dst, s[done:i]...)
			dst = append(dst, mark, s[i]+shift)
			done = i + 1
		}
	}
	return append(dst, s[done:]...)
}

// appendUnescaped is the reverse. It says whether field was well-formed: a byte below
// plain that is not escaped is none of HandlerSocket's.
func appendUnescaped(dst, field []byte) ([]byte, bool) {
	for i := 0; i < len(field); {
		if field[i] >= plain {
			from := i
			for i++; i < len(field) && field[i] >= plain; i++ {
			}
			dst = append(dst, field[from:i]...)
			continue
		}
		if field[i] != mark || i+1 == len(field) || field[i+1]-shift >= plain { // the difference has no sign
			return dst, false
		}
		dst = append(dst, field[i+1]-shift)
		i += 2
	}
	return dst, true
}
