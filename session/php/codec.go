package php

import (
	"fmt"

	"gyrfalcon/session"
)

// Native is the codec of PHP's own format, session.serialize_handler=php: a name, '|'
// and the serialized value for each variable.
//
// A name that holds '|' is an *EncodeError: PHP would store an empty session for it,
// without a word. A name that is an integer is kept by PHP, but PHP's code cannot
// reach it.
func Native() session.Codec { return codec{nativeFormat} }

// Serialize is the codec of session.serialize_handler=php_serialize: one serialized
// array. Any name can be stored; one that is an integer is an integer key.
func Serialize() session.Codec { return codec{arrayFormat} }

// Binary is the codec of session.serialize_handler=php_binary: a byte with the name's
// length, the name and the serialized value for each variable.
//
// A name of more than 127 bytes, which PHP drops without a word, is an *EncodeError.
func Binary() session.Codec { return codec{binaryFormat} }

type codec struct{ format *format }

var _ session.Codec = codec{}

// Parse is Codec.Parse. It makes one pass over the payload. Where PHP starts a
// session of something that is no array (php_serialize only), the document is empty,
// and nothing can be set in it, as in PHP, unless it is null or false.
func (c codec) Parse(payload []byte) (session.Document, error) {
	d := &document{format: c.format, level: c.level()}
	d.own.buf, d.own.format = payload, c.format
	d.payload = payload
	if len(payload) == 0 {
		return d, nil
	}
	d.vars = make([]variable, 0, typical)
	if err := c.format.split(d); err != nil {
		return nil, err
	}
	return d, nil
}

// typical is for how many variables a document has room at first.
const typical = 12

// New is Codec.New.
func (c codec) New() session.Document {
	d := &document{format: c.format, level: c.level()}
	d.own.format = c.format
	return d
}

// level is how deep in arrays the variables stand.
func (c codec) level() int {
	if c.format.array {
		return 1
	}
	return 0
}

// frozen is what Freeze returns: one encoded value.
type frozen struct {
	value

	depth int // of arrays and objects within it
	typ   string
}

// Freeze is Codec.Freeze.
func (c codec) Freeze(v any) (any, error) {
	f, err := freeze(v)
	if err != nil {
		return nil, err
	}
	if err := f.fits(c.level()); err != nil {
		return nil, err
	}
	return &f, nil
}

// fits says whether PHP would read the value at that depth.
func (f *frozen) fits(level int) error {
	if f.depth+level > maxDepth {
		return &session.EncodeError{Type: f.typ, Why: fmt.Sprintf(
			"with it, arrays and objects would be nested more than %d deep, which PHP does not read; does it hold itself?", maxDepth)}
	}
	return nil
}

// maxDepth is PHP's unserialize_max_depth. It does not count empty arrays.
const maxDepth = 4096

// value is one encoded value.
type value struct {
	raw  []byte
	sp   *space // whose numbers its references are; nil where there are none
	at   int    // where it begins in sp.buf
	refs bool   // it holds references, or a C: that may
}

type variable struct {
	key  []byte // as it stands in the payload
	name []byte // the key's meaning
	value
}

// gone says whether the variable was removed.
func (v *variable) gone() bool { return v.raw == nil }
