package hs

import (
	"fmt"
	"strconv"
)

// Op compares an index's or a filter's columns with values.
type Op uint8

// The operators. With Less and LessEqual the index is walked downwards from the key,
// and comes to NULLs at last; with Greater and GreaterEqual upwards. NotEqual is for
// filters.
const (
	Equal Op = iota
	Less
	LessEqual
	Greater
	GreaterEqual
	NotEqual
)

var opSigns = [...]string{"=", "<", "<=", ">", ">=", "!="}

// Query says which rows of an index an operation is about.
type Query struct {
	// Op is how the index's columns compare with Key: the zero value is Equal.
	Op Op

	// Key holds values for the index's first column, or its first few.
	Key []Value

	// Limit is the most rows; 0 is one row, as in HandlerSocket. Offset is how
	// many are left out before. With In they count over all its values.
	Limit, Offset int

	// In, where it has values, takes their place in the key one after the
	// other.
	In In

	// Filters are conditions on the definition's filter columns, all of which
	// must hold. An update or a delete tests them with the row locked.
	Filters []Filter
}

// In is the values of one column of the key, counted from 0. That column's value
// in Query.Key is not looked at, but must be there.
type In struct {
	Column int
	Values []Value
}

// Filter is a condition. Column counts the definition's Filters from 0. Rows for which
// it does not hold are passed over; with While, the first of them ends the walk.
type Filter struct {
	Op     Op
	Column int
	Value  Value
	While  bool
}

// badRequest says what is wrong with a request, or nil. values is how many a write
// has, or -1.
func (x *Index) badRequest(q *Query, values int) error {
	switch {
	case len(q.Key) == 0:
		return fmt.Errorf("%w: Query.Key is empty", ErrBadRequest)
	case len(q.Key) > maxKey:
		return fmt.Errorf("%w: Query.Key has %d values, and an index has at most %d columns", ErrBadRequest, len(q.Key), maxKey)
	case q.Op > GreaterEqual:
		return fmt.Errorf("%w: Query.Op is not one that an index has", ErrBadRequest)
	case q.Limit < 0 || q.Offset < 0:
		return fmt.Errorf("%w: Query.Limit or Query.Offset is negative", ErrBadRequest)
	case len(q.In.Values) > 0 && (q.In.Column < 0 || q.In.Column >= len(q.Key)):
		return fmt.Errorf("%w: In.Column is not a column of Query.Key", ErrBadRequest)
	}
	for i := range q.Filters {
		if f := &q.Filters[i]; f.Op > NotEqual || f.Column < 0 || f.Column >= len(x.def.Filters) {
			return fmt.Errorf("%w: Filters[%d] has an unknown Op, or a Column that is not in Definition.Filters", ErrBadRequest, i)
		}
	}
	return x.badValues(values)
}

// badValues holds a write to a value for each column: the plugin itself sets those
// that are missing to zero values, in silence.
func (x *Index) badValues(values int) error {
	if values >= 0 && (values != x.columns || values == 0) {
		return fmt.Errorf("%w: %d values for the definition's %d columns", ErrBadRequest, values, x.columns)
	}
	return nil
}

// appendQuery appends the request up to where a modification would stand.
func (x *Index) appendQuery(dst []byte, q *Query) []byte {
	dst = strconv.AppendInt(dst, int64(x.id), 10)
	dst = append(dst, '\t')
	dst = append(dst, opSigns[q.Op]...)
	dst = appendValues(dst, q.Key)
	dst = appendInt(dst, max(q.Limit, 1))
	dst = appendInt(dst, q.Offset)
	if len(q.In.Values) > 0 {
		dst = append(dst, "\t@"...)
		dst = appendInt(dst, q.In.Column)
		dst = appendValues(dst, q.In.Values)
	}
	for i := range q.Filters {
		f := &q.Filters[i]
		if f.While {
			dst = append(dst, "\tW\t"...)
		} else {
			dst = append(dst, "\tF\t"...)
		}
		dst = append(dst, opSigns[f.Op]...)
		dst = appendInt(dst, f.Column)
		dst = append(dst, '\t')
		dst = f.Value.appendTo(dst)
	}
	return dst
}

// appendValues appends how many there are, and them.
func appendValues(dst []byte, values []Value) []byte {
	return appendEach(appendInt(dst, len(values)), values)
}

func appendEach(dst []byte, values []Value) []byte {
	for i := range values {
		dst = append(dst, '\t')
		dst = values[i].appendTo(dst)
	}
	return dst
}

func appendInt(dst []byte, n int) []byte {
	return strconv.AppendInt(append(dst, '\t'), int64(n), 10)
}
