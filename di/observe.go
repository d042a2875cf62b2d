package di

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Observer hears of builds, as listeners to Phalcon's di:beforeServiceResolve and di:afterServiceResolve do. Either function may
// be nil. They are called by the goroutine that builds, and keep it waiting; a panic in one fails the build. What is built is
// handed out without them, and so is a value: a Get that costs nothing tells nobody.
type Observer struct {
	// Before is called before the factory.
	Before func(ctx context.Context, r Resolution)
	// After is called when the build is over, for a service with a life before its Start. v is the service, as it is about to be handed out, and
	// nil where r.Err is not.
	After func(ctx context.Context, r Resolution, v any)
}

// Resolution is one build.
type Resolution struct {
	// Name is the service, not an alias of it.
	Name string
	// Chain is the names being resolved by the build's goroutine, the outermost first; it ends with Name.
	Chain []string
	// Shared tells whether what is built is for everybody.
	Shared bool
	// Took is how long the build took; 0 before it.
	Took time.Duration
	// Err is why it failed, or nil.
	Err error
}

// Observe lets o hear of every build from now on, in the container's scopes too, until remove is called. Observers are called in the order in which they came.
//
// Errors: [ErrInvalid] for one without a function.
func (c *Container) Observe(o Observer) (remove func(), err error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	if o.Before == nil && o.After == nil {
		return nil, invalid("observe", "", "the observer has neither a Before nor an After")
	}
	r := c.reg
	r.mu.Lock()
	defer r.mu.Unlock()
	r.observers = append(slices.Clip(r.observers), &o)
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.observers = slices.DeleteFunc(slices.Clone(r.observers), func(p *Observer) bool { return p == &o })
	}, nil
}

// Resolved makes an [Observer] of a function that wants to hear of services of one type, or that have one interface, alone, and of those that were built.
func Resolved[T any](f func(ctx context.Context, r Resolution, v T)) Observer {
	if f == nil {
		return Observer{}
	}
	return Observer{After: func(ctx context.Context, r Resolution, v any) {
		if t, ok := v.(T); ok {
			f(ctx, r, t)
		}
	}}
}

// watched runs a build of l's service, and lets the observers hear of it.
func (r *registry) watched(ctx context.Context, l *link, build func() (any, error)) (any, error) {
	r.mu.Lock()
	observers := r.observers
	for p := r.parent; p != nil; p = p.parent {
		observers = append(slices.Clip(p.observers), observers...)
	}
	r.mu.Unlock()
	if len(observers) == 0 {
		return build()
	}
	seen := Resolution{Name: l.def.name, Chain: l.names(), Shared: l.def.kind == shared}
	err := tell(observers, func(o *Observer) {
		if o.Before != nil {
			o.Before(ctx, seen)
		}
	})
	if err != nil {
		return nil, err
	}
	begun := time.Now()
	v, err := build()
	seen.Took, seen.Err = time.Since(begun), err
	told := v
	if err != nil {
		told = nil
	}
	also := tell(observers, func(o *Observer) {
		if o.After != nil {
			o.After(ctx, seen, told)
		}
	})
	if also != nil {
		err = errors.Join(err, also)
	}
	return v, err
}

// tell calls f for each observer, and makes an error of a panic.
func tell(observers []*Observer, f func(*Observer)) error {
	err := guard(func() error {
		for _, o := range observers {
			f(o)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("an observer failed: %w", err)
	}
	return nil
}
