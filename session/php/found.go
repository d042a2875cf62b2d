package php

import (
	"errors"
	"fmt"
	"reflect"
)

// pointee names the type that was asked for.
func pointee(into any) string {
	t := reflect.TypeOf(into)
	if t == nil {
		return "nil"
	}
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.String()
}

// found says what stands where something else was wanted, without quoting it.
func found(raw []byte, err error) string {
	var t token
	if !t.scan(raw, 0) {
		return errMalformed.Error()
	}
	for _, why := range []error{errMalformed, errTooDeep, errDangling, errUnfolds, errClass} {
		if errors.Is(err, why) {
			return why.Error()
		}
	}
	has := foundIn(raw, t)
	if ke, ok := errors.AsType[*kindError](err); ok && ke.has != has {
		return has + ", with " + ke.has
	}
	return has
}

// foundIn names what the token begins. A class's name is no secret.
func foundIn(p []byte, t token) string {
	switch t.kind {
	case 'N':
		return "a PHP null"
	case 'b':
		return "a PHP bool"
	case 'i':
		return "a PHP int"
	case 'd':
		return "a PHP float"
	case 's', 'S':
		return "a PHP string"
	case 'a':
		return "a PHP array"
	case 'E':
		return "a case of a PHP enum"
	case 'R', 'r':
		return "a PHP reference"
	}
	const longest = 100
	class, more := p[t.from:t.to], ""
	if len(class) > longest {
		class, more = class[:longest], "…"
	}
	return fmt.Sprintf("a PHP object of class %q%s", class, more)
}
