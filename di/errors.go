package di

import (
	"errors"
	"fmt"
	"strings"
)

// What a caller may branch on with errors.Is. The details are in the [*Error] that wraps them.
var (
	// ErrNotFound: no service is registered under the name. Phalcon throws "Service 'x' was not found in the container".
	ErrNotFound = errors.New("no such service")
	// ErrExists: the name is taken, and [Replace] was not said.
	ErrExists = errors.New("name is taken")
	// ErrType: the service is not of the type that was asked for.
	ErrType = errors.New("wrong type")
	// ErrCycle: services ask for each other in a circle, or aliases lead to themselves.
	ErrCycle = errors.New("services ask for each other in a circle")
	// ErrRunning: a service that has to be stopped, or is being built, cannot be removed or replaced.
	ErrRunning = errors.New("service is in use")
	// ErrFrozen: [Container.Freeze] has been called, and nothing is registered, replaced or removed any more.
	ErrFrozen = errors.New("container is frozen")
	// ErrStopped: the container has been stopped, or is being stopped and would have to build something.
	ErrStopped = errors.New("container is stopped")
	// ErrParams: parameters were passed that cannot be used, or a factory was not given those that it takes.
	ErrParams = errors.New("wrong parameters")
	// ErrInvalid: the call itself cannot be right: an empty name, a nil factory, options that contradict each other.
	ErrInvalid = errors.New("invalid call")
)

// Error tells what went wrong with one service, and where to look. It wraps one of the sentinels above, or what a factory,
// a Start, a Stop or the caller's context returned.
//
// It never contains a service's value; what a factory's own error says is the factory's business.
type Error struct {
	// Op is what was being done: "set", "alias", "get", "override", "remove", "describe", "health", "start" or "stop".
	Op string
	// Name is the service that failed; after a Get it may be one that the service asked for needs.
	Name string
	// Chain is the names that were being resolved, the outermost first; it ends with Name. For ErrCycle it ends with the name
	// that it came to for the second time, and Name is the service whose asking closed the circle. Empty where nothing was
	// resolved.
	Chain []string
	// Registered is the file:line at which Name was registered, or is in the way; empty if it is not registered.
	Registered string
	// Wanted and Found are the types for ErrType.
	Wanted, Found string
	// Nearest is the registered name that resembles Name most, for ErrNotFound; empty if none does.
	Nearest string
	// Err is the cause.
	Err error
}

// Error is one line, unless the cause has more.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "di: %s %q: %v", e.Op, e.Name, e.Err)
	var notes []string
	switch {
	case errors.Is(e.Err, ErrCycle):
		b.WriteString(": " + chainText(e.Chain))
	case len(e.Chain) > 1:
		notes = append(notes, "needed by "+chainText(e.Chain))
	}
	if e.Registered != "" {
		notes = append(notes, "registered at "+e.Registered)
	}
	if len(notes) > 0 {
		fmt.Fprintf(&b, " (%s)", strings.Join(notes, "; "))
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// PanicError is a panic in a factory, a Start or a Stop, handed to whoever waited for it.
type PanicError struct {
	// Value is what was given to panic.
	Value any
	// Stack is the panicking goroutine's, as from runtime/debug.Stack.
	Stack []byte
}

// Error tells the value, not the stack.
func (e *PanicError) Error() string { return fmt.Sprintf("panic: %v", e.Value) }

// Unwrap returns the value if it is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

func chainText(chain []string) string { return strings.Join(chain, " -> ") }

// notFound names the nearest registered name. mu may be held or not.
func (r *registry) notFound(op, name string, chain []string) error {
	e := &Error{Op: op, Name: name, Chain: chain, Err: fmt.Errorf("%w; nothing is registered in this container", ErrNotFound)}
	best := -1
	var near *service
	for at := r; at != nil; at = at.parent {
		for s := range at.index.all {
			e.Err = fmt.Errorf("%w; no registered name resembles it", ErrNotFound)
			// A third of the letters may be wrong, and always one.
			d := distance(strings.ToLower(name), strings.ToLower(s.name), max(1, len(name)/3))
			if d >= 0 && (best < 0 || d < best || d == best && s.name < e.Nearest) {
				best, e.Nearest, near = d, s.name, s.def.Load()
			}
		}
	}
	if near != nil {
		e.Err = fmt.Errorf("%w; did you mean %q, registered at %s?", ErrNotFound, e.Nearest, near.where)
	}
	return e
}

// distance counts the letters to insert, drop, change or swap with a neighbour to get from a to b, both in lower case;
// -1 if they are more than limit. It counts bytes: names are mostly ASCII, and elsewhere the difference is only looser.
func distance(a, b string, limit int) int {
	if len(a)-len(b) > limit || len(b)-len(a) > limit {
		return -1
	}
	rows := make([]int, 3*(len(b)+1))
	before, last, row := rows[:len(b)+1], rows[len(b)+1:2*(len(b)+1)], rows[2*(len(b)+1):]
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		before, last, row = last, row, before
		row[0] = i
		least := i
		for j := 1; j <= len(b); j++ {
			change := last[j-1]
			if a[i-1] != b[j-1] {
				change++
			}
			row[j] = min(change, last[j]+1, row[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
			least = min(least, row[j])
		}
		if least > limit+1 { // a swap may still win one back
			return -1
		}
	}
	if row[len(b)] > limit {
		return -1
	}
	return row[len(b)]
}
