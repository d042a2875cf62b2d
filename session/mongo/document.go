package mongo

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"go.mongodb.org/mongo-driver/v2/bson"

	"gyrfalcon/session"
)

// The fields of a session's document, as Phalcon's adapters name them.
const (
	fieldID       = "_id"
	fieldModified = "modified"
	fieldData     = "data"
)

// Most of what a document and a command may hold is the session's data; the rest
// of the 16 MiB is for what stands around it.
const (
	mostDocument = 16<<20 - 16<<10
	mostCommand  = 16<<20 - 16<<10
)

// The first letter of a Record.Version is how the data are stored: a swap must
// look for them in the type that they have.
const (
	asString = 's'
	asBinary = 'b'
)

// encode returns data as they are stored: as PHP's adapters do it where that can be.
func (a *Adapter) encode(data []byte) (any, byte, error) {
	switch {
	case len(data) > mostDocument:
		return nil, 0, fmt.Errorf("session/mongo: a session of %d bytes is larger than a document can be (16 MiB); keep less in it, or lower max_data", len(data))
	case utf8.Valid(data):
		return string(data), asString, nil
	case a.opts.TextOnly:
		return nil, 0, errors.New("session/mongo: the session's data are not valid UTF-8, and PHP's adapter keeps and reads nothing else; " +
			"store such bytes as text (base64), or leave interop out")
	}
	return bson.Binary{Data: data}, asBinary, nil
}

// filter returns what a stored record's data are equal to.
func filter(r session.Record) any {
	if r.Version != "" && r.Version[0] == asBinary || r.Version == "" && !utf8.Valid(r.Data) {
		return bson.Binary{Data: r.Data}
	}
	return string(r.Data)
}

func version(kind byte, data []byte) string {
	digest := sha256.Sum256(data)
	var text [1 + 2*sha256.Size]byte
	text[0] = kind
	hex.Encode(text[1:], digest[:])
	return string(text[:])
}

// record makes the record of a session that was last used at modified.
func record(kind byte, data []byte, modified time.Time, life time.Duration) session.Record {
	return session.Record{
		Data:    slices.Clip(data),
		Version: version(kind, data),
		Expires: modified.Add(life),
	}
}

// stored is a document as it was read.
type stored struct {
	Modified bson.RawValue `bson:"modified"`
	Data     bson.RawValue `bson:"data"`
}

// errNotASession says why a document is none of ours. It does not say which.
func errNotASession(field string, v bson.RawValue, want string) error {
	has := "no " + field
	if v.Type != 0 {
		has = fmt.Sprintf("a %s of type %s", field, v.Type)
	}
	return fmt.Errorf("session/mongo: a document with a session's _id has %s, where Phalcon's adapters keep %s; "+
		"it is left as it is: mend or remove it, or give the sessions a collection of their own", has, want)
}

func (d stored) modified() (time.Time, error) {
	if d.Modified.Type != bson.TypeDateTime {
		return time.Time{}, errNotASession(fieldModified, d.Modified, "a date or null")
	}
	return time.UnixMilli(d.Modified.DateTime()), nil
}

func (d stored) data() (data []byte, kind byte, err error) {
	switch d.Data.Type {
	case bson.TypeString:
		return []byte(d.Data.StringValue()), asString, nil
	case bson.TypeBinary:
		_, data := d.Data.Binary()
		return data, asBinary, nil
	}
	return nil, 0, errNotASession(fieldData, d.Data, "a string")
}

// up is the first whole millisecond that is not before t.
func up(t time.Time) time.Time {
	ms := time.UnixMilli(t.UnixMilli())
	if ms.Before(t) {
		ms = ms.Add(time.Millisecond)
	}
	return ms
}

// down is the last whole millisecond that is not after t.
func down(t time.Time) time.Time { return time.UnixMilli(t.UnixMilli()) }
