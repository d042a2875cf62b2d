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

// form is how data are stored. A Record.Version begins with it: a swap must look for
// them in the type that they have, and two binaries of different subtypes are not equal.
type form struct {
	binary  bool
	subtype byte
}

// of returns the data in this form.
func (f form) of(data []byte) any {
	if f.binary {
		return bson.Binary{Subtype: f.subtype, Data: data}
	}
	return string(data)
}

// encode returns data as they are stored: as PHP's adapters do it where that can be.
func (a *Adapter) encode(data []byte) (any, form, error) {
	switch {
	case len(data) > mostDocument:
		return nil, form{}, fmt.Errorf("session/mongo: a session of %d bytes is larger than a document can be (16 MiB); keep less in it, or lower max_data", len(data))
	case utf8.Valid(data):
		return string(data), form{}, nil
	case a.opts.TextOnly:
		return nil, form{}, errors.New("session/mongo: the session's data are not valid UTF-8, and PHP's adapter keeps and reads nothing else; " +
			"store such bytes as text (base64), or leave interop out")
	}
	f := form{binary: true}
	return f.of(data), f, nil
}

// filter returns what a stored record's data are equal to.
func filter(r session.Record) any {
	f := form{binary: !utf8.Valid(r.Data)}
	if head, err := hex.DecodeString(r.Version[:min(4, len(r.Version))]); err == nil && len(head) == 2 {
		f = form{binary: head[0] == 1, subtype: head[1]}
	}
	return f.of(r.Data)
}

// version is in hexadecimal: whether the data are binary, their subtype, their digest.
func version(f form, data []byte) string {
	text := []byte{0, f.subtype}
	if f.binary {
		text[0] = 1
	}
	digest := sha256.Sum256(data)
	return hex.EncodeToString(append(text, digest[:]...))
}

// record makes the record of a session that was last used at modified.
func record(f form, data []byte, modified time.Time, life time.Duration) session.Record {
	return session.Record{
		Data:    slices.Clip(data),
		Version: version(f, data),
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
	switch d.Modified.Type {
	case bson.TypeDateTime:
		return time.UnixMilli(d.Modified.DateTime()), nil
	case 0, bson.TypeNull: // of a session Read has made it a date
		if _, _, err := d.data(); err != nil {
			return time.Time{}, err
		}
	}
	return time.Time{}, errNotASession(fieldModified, d.Modified, "a date or null")
}

func (d stored) data() ([]byte, form, error) {
	switch d.Data.Type {
	case bson.TypeString:
		return []byte(d.Data.StringValue()), form{}, nil
	case bson.TypeBinary:
		subtype, data, ok := d.Data.BinaryOK()
		before := 4 + 1 // a length and the subtype
		if subtype == bson.TypeBinaryBinaryOld {
			before += 4 // a second length, which no server looks at
		}
		if ok && before+len(data) == len(d.Data.Value) {
			return data, form{binary: true, subtype: subtype}, nil
		}
		return nil, form{}, errNotASession(fieldData, d.Data, "a string (and the two lengths of this binary do not agree)")
	}
	return nil, form{}, errNotASession(fieldData, d.Data, "a string")
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
