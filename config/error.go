package config

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A file that is wrong from end to end is not helped by a thousand lines, nor its
// reader by the time that they take.
const (
	shownErrors    = 10
	gatheredErrors = 100
)

// Error is one thing that is wrong with a configuration, and where.
//
// Its text is one line, in the form that compilers use, so that editors find
// the place:
//
//	gyrfalcon.yaml:3:3: session.lifetme: unknown key; did you mean "lifetime"? | lifetme: 1h
//
// Several errors are joined as errors.Join does, one on each line. Neither the
// text nor a field holds a secret: see the package documentation.
type Error struct {
	// File is the name that was given to Load or Parse.
	File string

	// Line and Column count from 1, columns in characters. Both are 0 where
	// the file has no such place.
	Line, Column int

	// Path leads to the key, as in "session.cookie.name"; it is empty where
	// the error is about the whole file.
	Path string

	// Message says what is wrong and how to mend it.
	Message string

	// Source is the offending line with its secrets masked, or empty.
	Source string

	cause error
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.File)
	if e.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", e.Line, e.Column)
	}
	if b.Len() > 0 {
		b.WriteString(": ")
	}
	if e.Path != "" {
		b.WriteString(e.Path + ": ")
	}
	b.WriteString(e.Message)
	if e.Source != "" {
		b.WriteString(" | " + e.Source)
	}
	return b.String()
}

// Unwrap returns the error that Block.Errorf or Session.Errorf wrapped with %w,
// or nil.
func (e *Error) Unwrap() error { return e.cause }

// problems gathers errors, so that a file is mended in one go.
type problems []*Error

// add notes an error at n. The message must hold no value of the file other than
// what node.describe made of it.
func (p *problems) add(n *node, format string, args ...any) {
	if p.full() {
		return
	}
	*p = append(*p, &Error{Line: n.line, Column: n.column, Path: n.path(), Message: fmt.Sprintf(format, args...)})
}

func (p *problems) full() bool { return len(*p) >= gatheredErrors }

// err returns what was gathered, in the order of the file, or nil.
func (p problems) err(doc *document) error {
	if len(p) == 0 {
		return nil
	}
	slices.SortStableFunc(p, func(a, b *Error) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	var errs []error
	sources := map[int]string{}
	for i, e := range p {
		if i == shownErrors {
			more := fmt.Sprintf("%d more errors", len(p)-i)
			switch {
			case p.full():
				more = "many more errors"
			case len(p)-i == 1:
				more = "1 more error"
			}
			errs = append(errs, &Error{File: doc.file(), Message: more})
			break
		}
		if _, ok := sources[e.Line]; !ok {
			sources[e.Line] = doc.source(e.Line)
		}
		e.File, e.Source = doc.file(), sources[e.Line]
		errs = append(errs, e)
	}
	if len(errs) == 1 {
		return errs[0]
	}
	return errors.Join(errs...)
}
