package di

import (
	"context"
	"fmt"
	"reflect"
)

// Factory builds a service. c is where it asks for what the service needs: builds that wait for each other are seen through it,
// and a circle is an error at once. A factory that uses a container which it captured from outside is invisible to that check:
// a circle through it ends with the build limit.
//
// For a shared service ctx is the build's own: it is nobody's request, carries no request's values, ends with [BuildLimit] or
// when the container stops, and is over when the build is; a service does not keep it. For an unshared service it is the ctx of
// the Get that asked.
//
// A factory that returns an error has closed what it opened. A panic becomes a [*PanicError] to those who asked.
type Factory[T any] = func(ctx context.Context, c *Container) (T, error)

// Option says something about one registration.
type Option func(*options)

type options struct {
	replace bool
	eager   bool
	place   string
}

// Replace lets a registration take a name that is taken. Without it that is [ErrExists]: a name registered twice is mostly two
// people who do not know of each other. (Phalcon overrides silently.) Services that were built with the old one keep it.
func Replace() Option { return func(o *options) { o.replace = true } }

// Eager has a shared service built and started by the container's Start, instead of when it is first asked for.
func Eager() Option { return func(o *options) { o.eager = true } }

// Set registers a service that is built anew for every [Get]. What is built belongs to the caller: the container neither
// starts nor stops it.
//
// Errors: [ErrExists]; [ErrRunning] when the service to be replaced has to be stopped first; [ErrFrozen]; [ErrStopped]; [ErrInvalid] for an
// empty name, one with control characters, a nil factory, or Eager.
func Set[T any](c *Container, name string, factory Factory[T], opts ...Option) error {
	_, err := register(c, name, unshared, factory, opts)
	return err
}

// SetShared registers a service that is built once, when it is first asked for or by Start if [Eager], and is the same for
// everybody. The container starts it and stops it; see [Starter].
//
// Errors: as [Set].
func SetShared[T any](c *Container, name string, factory Factory[T], opts ...Option) error {
	_, err := register(c, name, shared, factory, opts)
	return err
}

// Attempt is [Set] for a name that is free: it says whether it registered, and leaves a service that is there as it is.
//
// Errors: as [Set], save that a taken name is none; [Replace] contradicts it and is [ErrInvalid].
func Attempt[T any](c *Container, name string, factory Factory[T], opts ...Option) (bool, error) {
	return attempt(c, name, unshared, factory, opts)
}

// AttemptShared is [SetShared] for a name that is free, as [Attempt] is Set.
func AttemptShared[T any](c *Container, name string, factory Factory[T], opts ...Option) (bool, error) {
	return attempt(c, name, shared, factory, opts)
}

// SetValue registers v itself. It stays the caller's: the container neither starts nor stops it.
//
// Errors: as [Set]; a nil interface is ErrInvalid, since it has no type to be asked for.
func SetValue[T any](c *Container, name string, v T, opts ...Option) error {
	d, err := newValue("set", name, v)
	if err != nil {
		return err
	}
	o, err := gather(name, value, opts)
	if err != nil {
		return err
	}
	_, err = c.add("set", d, o, false)
	return err
}

// SetAlias gives the service that name stands for another name, alias. name is registered by then, and may be an alias itself; what
// is later registered under it in the service's place is what alias stands for. The options with a meaning are [Replace] and
// [RegisteredAt].
//
// Errors: [ErrNotFound] for a name that leads nowhere; [ErrExists], [ErrRunning], [ErrFrozen], [ErrStopped], [ErrInvalid]; [ErrCycle], with the circle in
// [Error].Chain, if the aliases would lead back to alias.
func (c *Container) SetAlias(name, alias string, opts ...Option) error {
	for _, n := range []string{name, alias} {
		if err := checkName("alias", n); err != nil {
			return err
		}
	}
	o, err := gather(alias, kindAlias, opts)
	if err != nil {
		return err
	}
	_, err = c.add("alias", &service{name: alias, kind: kindAlias, target: name, where: here()}, o, false)
	return err
}

func attempt[T any](c *Container, name string, k kind, factory Factory[T], opts []Option) (bool, error) {
	o, err := gather(name, k, opts)
	if err != nil {
		return false, err
	}
	if o.replace {
		return false, invalid("set", name, "Replace contradicts Attempt, which leaves a taken name alone")
	}
	d, err := newService(name, k, factory)
	if err != nil {
		return false, err
	}
	return c.add("set", d, o, true)
}

func register[T any](c *Container, name string, k kind, factory Factory[T], opts []Option) (bool, error) {
	o, err := gather(name, k, opts)
	if err != nil {
		return false, err
	}
	d, err := newService(name, k, factory)
	if err != nil {
		return false, err
	}
	return c.add("set", d, o, false)
}

func newService[T any](name string, k kind, factory Factory[T]) (*service, error) {
	if err := checkName("set", name); err != nil {
		return nil, err
	}
	if factory == nil {
		return nil, invalid("set", name, "the factory is nil")
	}
	return &service{
		name: name, kind: k, typ: reflect.TypeFor[T](), where: here(),
		factory: func(ctx context.Context, c *Container) (any, error) { return factory(ctx, c) },
	}, nil
}

// newValue makes the definition of a value that was handed in.
func newValue[T any](op, name string, v T) (*service, error) {
	if err := checkName(op, name); err != nil {
		return nil, err
	}
	if any(v) == nil {
		return nil, invalid(op, name, "the value is nil")
	}
	in := &instance{value: v}
	return &service{name: name, kind: value, typ: reflect.TypeFor[T](), where: here(), ready: in, built: in}, nil
}

func gather(name string, k kind, opts []Option) (options, error) {
	var o options
	for _, opt := range opts {
		opt(&o)
	}
	if o.eager && k != shared {
		return o, invalid("set", name, "Eager is for shared services; this one is "+k.String())
	}
	return o, nil
}

// RegisteredAt says where a service is defined, if that is not in Go: errors and [Container.Explain] then show place, such as
// "services.yaml:3:1", instead of the line that called Set.
func RegisteredAt(place string) Option { return func(o *options) { o.place = place } }

func invalid(op, name, why string) error {
	return &Error{Op: op, Name: name, Err: fmt.Errorf("%w: %s", ErrInvalid, why)}
}

// add puts d in its slot. It says whether it did; only an attempt may end with neither that nor an error.
func (c *Container) add(op string, d *service, o options, onlyIfFree bool) (bool, error) {
	if err := c.check(); err != nil {
		return false, err
	}
	r := c.reg
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.phase >= stopping:
		return false, &Error{Op: op, Name: d.name, Err: ErrStopped}
	case o.eager && r.phase > fresh:
		return false, invalid(op, d.name, "Eager services are built by the container's Start, which has been called; leave Eager out and Get it")
	}
	if r.frozen {
		return false, d.frozenError(op)
	}
	if err := r.checkAlias(d); err != nil {
		return false, err
	}
	if s := r.index.find(d.name); s != nil && s.def.Load() != nil {
		old := s.def.Load()
		if onlyIfFree {
			return false, nil
		}
		if !o.replace {
			return false, &Error{
				Op: op, Name: d.name, Registered: old.where.String(),
				Err: fmt.Errorf("%w; say di.Replace() if that is meant", ErrExists),
			}
		}
		if err := old.removable(op); err != nil {
			return false, err
		}
		r.forget(old)
	}
	r.added++
	d.order, d.eager = r.added, o.eager
	if o.place != "" {
		d.where = &where{text: o.place}
	}
	r.aliased = r.aliased || d.kind == kindAlias
	r.remember(d)
	r.index.slot(d.name).place(d)
	return true, nil
}

// remember notes a value that was handed in, so that a factory which returns the same object does not give it a life. mu is held.
func (r *registry) remember(d *service) {
	if d.kind != value {
		return
	}
	if key := identity(d.built.value); key != nil {
		r.handedIn[key]++
	}
}

// checkAlias refuses an alias that would lead to itself or nowhere. mu is held.
func (r *registry) checkAlias(d *service) error {
	if d.kind != kindAlias {
		return nil
	}
	chain := []string{d.name}
	for at := d; at != nil && at.kind == kindAlias; at = r.registered(at.target) {
		chain = append(chain, at.target)
		if at.target == d.name {
			return &Error{Op: "alias", Name: d.name, Chain: chain, Err: ErrCycle}
		}
	}
	if _, to := r.seek(d.target); to == nil {
		return r.notFound("alias", d.target, chain)
	}
	return nil
}
