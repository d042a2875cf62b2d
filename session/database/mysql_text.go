package database

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"gyrfalcon/session"
)

// mysqlText is a column that holds bytes or text, and how values are written for it.
//
// Values stand in the statements themselves, in hexadecimal and with the name of
// their character set, so that neither the connection's character set nor its
// sql_mode means anything for them, nothing needs escaping, and a statement is one
// trip on any pool: a driver that is given arguments prepares first.
type mysqlText struct {
	name    string // the column's
	charset string // in which the application has its text; "" where the column holds bytes
	column  string // the column's own character set
	change  string // how to make the column fit for anything

	// from are the characters that the bytes of charset stand for; nil if it is
	// UTF-8, of at most wide bytes each.
	from *[256]rune
	wide int

	// size is how many bytes a character takes in the column, 0 if it has none.
	size func(r rune) int

	maxBytes, maxChars int64 // 0 for no limit
}

// maxRune3 is the last character that MySQL's utf8mb3 and ucs2 have.
const maxRune3 = 0xffff

// dataError says what the column cannot take. The session package's sentinel is in it
// where that is about the size.
type dataError struct {
	text     string
	sentinel error
}

func (e *dataError) Error() string { return e.text }
func (e *dataError) Unwrap() error { return e.sentinel }

// literal is the value in a statement. It must have passed check.
func (c *mysqlText) literal(value []byte) string {
	introducer := ""
	if c.charset != "" {
		introducer = "_" + c.charset + " "
	}
	var b strings.Builder
	b.Grow(len(introducer) + 3 + hex.EncodedLen(len(value)))
	b.WriteString(introducer)
	b.WriteString("X'")
	_, _ = hex.NewEncoder(&b).Write(value) // a Builder takes everything
	b.WriteByte('\'')
	return b.String()
}

// bytes is an expression for the column's value as bytes of charset, whatever the
// connection's character set.
func (c *mysqlText) bytes(column string) string {
	if c.charset == "" {
		return column
	}
	return "CONVERT(CONVERT(" + column + " USING " + c.charset + ") USING binary)"
}

// whole is an expression that tells whether bytes is all of the column's value: what
// charset lacks, the server turns into ? on the way out.
func (c *mysqlText) whole(column string) string {
	if c.charset == "" || c.charset == "utf8mb4" || c.charset == c.column {
		return "TRUE"
	}
	return "CONVERT(CONVERT(CONVERT(" + column + " USING " + c.charset + ") USING " + c.column + ") USING binary) = CONVERT(" + column + " USING binary)"
}

// digest is an expression for the SHA-256 of bytes.
func (c *mysqlText) digest(column string) string {
	if c.charset == "" {
		return "SHA2(" + column + ", 256)"
	}
	return "SHA2(CONVERT(" + column + " USING " + c.charset + "), 256)"
}

// check says why the column cannot hold the value, before the server is asked: one
// that is not in strict mode would cut it, or put ? for what it lacks.
func (c *mysqlText) check(value []byte) error {
	size, chars, err := c.measure(value)
	switch {
	case err != nil:
		return err
	case c.maxBytes > 0 && size > c.maxBytes:
		return &dataError{fmt.Sprintf("%d bytes are too many for column %q, which holds %d; %s, or lower max_data: nothing was stored",
			size, c.name, c.maxBytes, c.change), session.ErrTooLarge}
	case c.maxChars > 0 && chars > c.maxChars:
		return &dataError{fmt.Sprintf("%d characters are too many for column %q, which holds %d; %s: nothing was stored",
			chars, c.name, c.maxChars, c.change), session.ErrTooLarge}
	}
	return nil
}

// measure returns how much the value is in the column.
func (c *mysqlText) measure(value []byte) (size, chars int64, err error) {
	n := int64(len(value))
	if c.charset == "" {
		return n, n, nil
	}
	if c.from == nil && c.wide == 4 && c.column == "utf8mb4" && utf8.Valid(value) {
		return n, int64(utf8.RuneCount(value)), nil
	}
	for at := 0; at < len(value); chars++ {
		r, width := c.rune(value[at:])
		if r == utf8.RuneError && width == 1 || width > c.wide {
			return 0, 0, &dataError{text: fmt.Sprintf("byte %d is no text in %s, and column %q holds text; %s: nothing was stored", at, c.charset, c.name, c.change)}
		}
		n := c.size(r)
		if r < 0 || n == 0 {
			return 0, 0, &dataError{text: fmt.Sprintf("the character at byte %d is none that column %q can hold in %s; %s: nothing was stored", at, c.name, c.column, c.change)}
		}
		size += int64(n)
		at += width
	}
	return size, chars, nil
}

// rune is the first character of a value.
func (c *mysqlText) rune(value []byte) (r rune, width int) {
	if c.from != nil {
		return c.from[value[0]], 1
	}
	return utf8.DecodeRune(value)
}

// takes tells whether the column can hold the value.
func (c *mysqlText) takes(value string) bool { return c.check([]byte(value)) == nil }

// mysqlSizes are the character sets that hold all of Unicode, or its first plane.
var mysqlSizes = map[string]func(r rune) int{
	"utf8mb4": utf8.RuneLen,
	"utf8mb3": func(r rune) int {
		if r > maxRune3 {
			return 0
		}
		return utf8.RuneLen(r)
	},
	"ucs2": func(r rune) int {
		if r > maxRune3 {
			return 0
		}
		return 2
	},
	"utf16": utf16Size, "utf16le": utf16Size,
	"utf32": func(rune) int { return 4 },
}

func utf16Size(r rune) int {
	if r > maxRune3 {
		return 4
	}
	return 2
}

// mysqlSingle is what a character set of one byte a character has, from what the
// server makes of each byte: UTF-8 in hexadecimal. Bytes that stand for nothing are -1.
func mysqlSingle(mapped string) (*[256]rune, error) {
	var from [256]rune
	parts := strings.Split(mapped, ",")
	if len(parts) != len(from) {
		return nil, errors.New("the server does not tell its characters")
	}
	for i, part := range parts {
		text, err := hex.DecodeString(part)
		if err != nil {
			return nil, fmt.Errorf("the server does not tell its characters: %w", err)
		}
		r, size := utf8.DecodeRune(text)
		if size != len(text) || r == utf8.RuneError || r == '?' && i != '?' {
			r = -1
		}
		from[i] = r
	}
	return &from, nil
}

// sizeIn is the size in a character set of one byte a character.
func sizeIn(from *[256]rune) func(r rune) int {
	has := make(map[rune]bool, len(from))
	for _, r := range from {
		has[r] = true
	}
	return func(r rune) int {
		if has[r] {
			return 1
		}
		return 0
	}
}

// utf8mb3 is what MySQL has long called utf8.
func charsetName(name string) string {
	name = strings.ToLower(name)
	if name == "utf8" {
		return "utf8mb3"
	}
	return name
}
