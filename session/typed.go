package session

import "errors"

// Variables is what holds variables: a *Session or a *Bag.
type Variables interface {
	// Has says whether there is a variable of that name.
	Has(name string) (bool, error)
	// Decode is Lookup for a type that is known only at run time.
	Decode(name string, into any) error
	// Set sets a variable.
	Set(name string, v any) error
	// Remove removes a variable, if there is one.
	Remove(name string) error

	// update changes one variable of the session s, by what it holds.
	update(name string, fn func(s *Session, d Document, key string) error) error
}

// Get returns the variable name as a T, decoded afresh: the value is the caller's.
// Where there is none it returns T's zero value, as PHP's sessions give null; use
// Lookup to tell the two apart. It returns *DecodeError for a variable of another
// type, and ErrClosed.
func Get[T any](v Variables, name string) (T, error) {
	value, _, err := Lookup[T](v, name)
	return value, err
}

// Lookup is Get that also says whether there is such a variable.
func Lookup[T any](v Variables, name string) (T, bool, error) {
	var value T
	switch err := v.Decode(name, &value); {
	case err == nil:
		return value, true, nil
	case errors.Is(err, ErrNoVariable):
		var zero T
		return zero, false, nil
	default:
		var zero T
		return zero, false, err
	}
}

// Update sets the variable name to what fn makes of it (of T's zero value where
// there is none) and returns that. No update is lost: when another request changed
// the session meanwhile, fn is called again with what that one stored. So fn must
// be pure, and the returned value is provisional until the commit.
//
// fn may read the session, and reads, each time that it is called, what stands beside
// the value that it was given. It must not change, commit or end the session, or write
// the response: that is refused with an error that says so, Update returns it too, and
// nothing is changed. Nor may it wait for another goroutine that does: changes of others
// wait for fn. A commit does not.
//
// Errors are Session.Set's, and *DecodeError for a variable of another type.
func Update[T any](v Variables, name string, fn func(T) T) (T, error) {
	var result T
	err := v.update(name, func(s *Session, d Document, key string) error {
		var old, next T
		if err := d.Decode(key, &old); err != nil && !errors.Is(err, ErrNoVariable) {
			return err
		}
		if err := s.aside(func() { next = fn(old) }); err != nil {
			return err
		}
		if err := d.Set(key, next); err != nil {
			return err
		}
		result = next
		return nil
	})
	if err != nil {
		var zero T
		return zero, err
	}
	return result, nil
}

// Key is a variable's name that knows its type, so that the two are written down
// once:
//
//	const visits session.Key[int] = "visits"
//
//	n, err := visits.Update(s, func(n int) int { return n + 1 })
type Key[T any] string

// Get is the function Get for this variable.
func (k Key[T]) Get(v Variables) (T, error) { return Get[T](v, string(k)) }

// Lookup is the function Lookup for this variable.
func (k Key[T]) Lookup(v Variables) (T, bool, error) { return Lookup[T](v, string(k)) }

// Set sets this variable; see Session.Set.
func (k Key[T]) Set(v Variables, value T) error { return v.Set(string(k), value) }

// Update is the function Update for this variable.
func (k Key[T]) Update(v Variables, fn func(T) T) (T, error) { return Update(v, string(k), fn) }

// Remove removes this variable, if it is there; see Session.Remove.
func (k Key[T]) Remove(v Variables) error { return v.Remove(string(k)) }

func (s *Session) update(name string, fn func(s *Session, d Document, key string) error) error {
	key, err := s.key(name)
	if err != nil {
		return err
	}
	return s.change(func(d Document) error { return fn(s, d, key) })
}
