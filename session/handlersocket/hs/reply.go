package hs

import (
	"bytes"
	"errors"
	"slices"
)

// Rows is what a find, or a write that returns rows, brought: rows of the
// columns that the index was defined with, in that order. A Rows can be used for
// any number of calls; it keeps its memory, so that no further is needed. It is
// not safe for concurrent use. The zero value is ready.
type Rows struct {
	buf     []byte
	fields  []field
	columns int
}

// field is where a field's bytes are in Rows.buf.
type field struct {
	from, to int
	null     bool
}

// Len is the number of rows.
func (r *Rows) Len() int {
	if r.columns == 0 {
		return 0
	}
	return len(r.fields) / r.columns
}

// Field returns a field: nil for NULL, not nil for what is empty. The bytes are
// the Rows' own until the next call that it is passed to. It panics, as an index
// into a slice does, for a row or a column that there is not.
func (r *Rows) Field(row, column int) []byte {
	if column < 0 || column >= r.columns {
		panic("hs: Rows.Field of a column that the index was not defined with")
	}
	f := r.fields[row*r.columns+column]
	if f.null {
		return nil
	}
	return r.buf[f.from:f.to:f.to]
}

// reset forgets what r holds.
func (r *Rows) reset() {
	r.buf, r.fields, r.columns = r.buf[:0], r.fields[:0], 0
}

// keepAtMost is how much memory a Rows or a connection keeps for the next call.
const keepAtMost = 1 << 20

// forget drops memory that is not worth keeping.
func (r *Rows) forget() {
	if cap(r.buf) > keepAtMost || cap(r.fields) > keepAtMost/32 {
		*r = Rows{}
	}
}

var (
	errReplyStatus = errors.New("it does not begin with a status and a number of columns")
	errReplyField  = errors.New("a field holds a byte that HandlerSocket escapes")
	errReplyRows   = errors.New("its fields do not make whole rows")
	errReplyCount  = errors.New("it has no count where one belongs")
)

// parse reads an answer, without its line feed, into r, and returns its status:
// 0 where it is no error.
func (r *Rows) parse(line []byte) (status int, err error) {
	r.reset()
	status, line, more, ok := number(line)
	if !ok || !more {
		return 0, errReplyStatus
	}
	r.columns, line, more, ok = number(line)
	if !ok {
		return 0, errReplyStatus
	}
	r.buf = slices.Grow(r.buf, len(line)+1) // one more, so that what is empty is not nil
	for more {
		var token []byte
		token, line, more = bytes.Cut(line, tab)
		if err := r.add(token); err != nil {
			return 0, err
		}
	}
	switch {
	case r.columns == 0 && len(r.fields) > 0, r.columns > 0 && len(r.fields)%r.columns != 0:
		return 0, errReplyRows
	}
	return status, nil
}

var tab = []byte{'\t'}

// add unescapes one field and keeps it.
func (r *Rows) add(token []byte) error {
	from := len(r.buf)
	if len(token) == 1 && token[0] == nullByte {
		r.fields = append(r.fields, field{from, from, true})
		return nil
	}
	var ok bool
	if r.buf, ok = appendUnescaped(r.buf, token); !ok {
		return errReplyField
	}
	r.fields = append(r.fields, field{from, len(r.buf), false})
	return nil
}

// number reads a small number up to a tab or the end. more says that a tab was
// there.
func number(line []byte) (n int, rest []byte, more, ok bool) {
	token, rest, more := bytes.Cut(line, tab)
	n64, ok := digits(token, 9)
	return int(n64), rest, more, ok
}

// digits reads a number of at most that many digits.
func digits(token []byte, most int) (n int64, ok bool) {
	if len(token) == 0 || len(token) > most {
		return 0, false
	}
	for _, b := range token {
		if b < '0' || b > '9' {
			return 0, false
		}
		n = n*10 + int64(b-'0')
	}
	return n, true
}

// count is what an answer to a write holds: how many rows, or the new row's number.
func (r *Rows) count() (int64, error) {
	if len(r.fields) != 1 || r.fields[0].null {
		return 0, errReplyCount
	}
	n, ok := digits(r.buf[r.fields[0].from:r.fields[0].to], 18)
	if !ok {
		return 0, errReplyCount
	}
	return n, nil
}

// words are what an answer that is an error says.
func (r *Rows) words() string {
	if len(r.fields) == 0 || r.fields[0].null {
		return ""
	}
	const enough = 64
	f := r.fields[0]
	return string(r.buf[f.from:min(f.to, f.from+enough)])
}
