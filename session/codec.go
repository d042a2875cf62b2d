package session

import (
	"fmt"
	"iter"
)

// Codec turns a stored payload into a document of variables, and back.
//
// Encoded bytes never move between documents: in PHP's formats the variables of
// one payload may refer to each other. A codec is safe for concurrent use; a
// Document is not.
type Codec interface {
	// Parse finds the variables in a payload without decoding them: a
	// variable's own syntax is checked when it is decoded, so that a broken
	// one costs itself and not the session. The error says where the
	// structure breaks, not what stands there. An empty payload is an empty
	// document. The document keeps the payload and never changes it.
	Parse(payload []byte) (Document, error)

	// New returns an empty document.
	New() Document

	// Freeze encodes v by itself, into something that Document.Set takes in
	// v's place, any number of times and in any document, and that later
	// changes to v cannot reach. The error is an *EncodeError without a Name.
	Freeze(v any) (any, error)
}

// Document is a session's variables, kept encoded: each is decoded afresh when
// it is asked for, and encoded only when it is set. What is not set goes back
// byte for byte.
type Document interface {
	// Names returns the variables' names in stored order.
	Names() iter.Seq[string]

	// Decode decodes one variable into what into points to. It returns
	// ErrNoVariable if there is none of that name, and *DecodeError if it
	// does not decode, which leaves the other variables as they are.
	Decode(name string, into any) error

	// Set sets a variable to v, to what Freeze made of a value, or to a
	// Document that Members returned. A new variable comes last. It returns
	// *EncodeError before anything is changed.
	Set(name string, v any) error

	// Members returns a copy of the variable name, which is a map of names to
	// values (a JSON object, a PHP array), as a document of its members.
	// Changing it changes nothing here until it is Set. It returns
	// ErrNoVariable or *DecodeError as Decode does.
	Members(name string) (Document, error)

	// Remove removes a variable; where there is none it does nothing.
	Remove(name string)

	// Bytes returns the payload. The document may be used further, and the
	// bytes stay as they are.
	Bytes() ([]byte, error)
}

// DecodeError says that one variable cannot be had as the type that was asked
// for. The others are not affected. Its text holds the variable's name and the
// wanted type, never the variable's content; what the decoder said is in Err.
type DecodeError struct {
	Name  string // the variable's name
	Type  string // the Go type that was asked for
	Found string // what was found instead, in the words of the codec: "a JSON string"
	Err   error  // the decoder's own error, or nil; it may quote the content
}

func (e *DecodeError) Error() string {
	return fmt.Sprintf("session: variable %q does not decode into %s: it is stored as %s", e.Name, e.Type, e.Found)
}

// Unwrap returns the decoder's own error. It may quote the variable's content:
// think before you log it.
func (e *DecodeError) Unwrap() error { return e.Err }

// EncodeError says that a value cannot be stored under the codec in use.
// Nothing was changed.
type EncodeError struct {
	Name string // the variable's name, as far as it is known
	Type string // the value's Go type; empty where the name is at fault and no value helps
	Why  string // what stands in the way, with the mend, and no content
	Err  error  // the encoder's own error, or nil
}

func (e *EncodeError) Error() string {
	if e.Type == "" {
		return fmt.Sprintf("session: variable %q cannot be stored: %s", e.Name, e.Why)
	}
	if e.Name == "" {
		return fmt.Sprintf("session: a value of type %s cannot be stored: %s", e.Type, e.Why)
	}
	return fmt.Sprintf("session: variable %q: a value of type %s cannot be stored: %s", e.Name, e.Type, e.Why)
}

// Unwrap returns the encoder's own error. It may quote the value.
func (e *EncodeError) Unwrap() error { return e.Err }
