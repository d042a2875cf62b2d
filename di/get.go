package di

import (
	"context"
	"fmt"
	"reflect"
	"time"
)

// Get returns the service that name stands for, as a T. T may be the type it was registered as, the type that its factory
// really made, or any interface that this type has.
//
// A shared service is built once, however many ask at the same time; when it is there, Get takes no lock, allocates nothing and
// does not look at ctx. While it is being built Get waits, and ctx says how long: a caller that leaves fails nobody else, and
// the build goes on. A failed build is told to all who waited for it and is not kept: the next Get builds again. While a build
// has overrun its limit and still has not returned, Get tells that at once, and no second one is begun.
// An unshared service is built by the caller's own goroutine, with ctx.
//
// Errors, all of them an [*Error]: [ErrNotFound], [ErrType], [ErrCycle], [ErrStopped], [ErrInvalid] for a nil ctx; the factory's
// or Start's own, wrapped; a [*PanicError]; context.DeadlineExceeded when the build overran [BuildLimit]; ctx's.
func Get[T any](ctx context.Context, c *Container, name string) (T, error) {
	if c != nil && c.reg != nil && c.building() == nil {
		if in := c.reg.lookup(name); in != nil {
			if v, ok := in.value.(T); ok {
				return v, nil
			}
		}
	}
	return getSlow[T](ctx, c, name)
}

func getSlow[T any](ctx context.Context, c *Container, name string) (T, error) {
	return get[T](ctx, c, name, request{})
}

// request is what a Get may ask for besides a name.
type request struct {
	want   reflect.Type
	params []any
	keep   bool // GetShared
}

func get[T any](ctx context.Context, c *Container, name string, q request) (T, error) {
	var zero T
	q.want = reflect.TypeFor[T]()
	v, d, err := c.resolve(ctx, name, q)
	if err != nil {
		return zero, err
	}
	t, ok := v.(T)
	if !ok {
		return zero, c.wrongType(d, reflect.TypeFor[T](), reflect.TypeOf(v))
	}
	return t, nil
}

// lookup returns what can be handed out under name at once, or nil. It takes no lock.
func (r *registry) lookup(name string) *instance {
	for at := r; at != nil; at = at.above.Load() {
		for {
			s := at.index.find(name)
			if s == nil {
				break
			}
			if in := s.ready.Load(); in != nil {
				return in
			}
			d := s.def.Load()
			if d == nil {
				break
			}
			if d.kind != kindAlias {
				return nil
			}
			name = d.target
		}
	}
	return nil
}

// resolve is Get without the type parameter: it builds what has to be built, and waits. The service is nil with an error.
func (c *Container) resolve(ctx context.Context, name string, q request) (any, *service, error) {
	if err := c.check(); err != nil {
		return nil, nil, err
	}
	if ctx == nil {
		return nil, nil, invalid("get", name, "ctx is nil; pass context.Background() if there is no better one")
	}
	r, via := c.reg, c.building()
	r.mu.Lock()
	via.note(name)
	owner, d := r.seek(name)
	if d == nil {
		r.mu.Unlock()
		return nil, nil, r.missing(name, via)
	}
	if r.phase == stopped { // a scope's parent may go on
		r.mu.Unlock()
		return nil, nil, d.about(ErrStopped).as("get", via)
	}
	if !d.mayBe(q.want) {
		r.mu.Unlock()
		return nil, nil, c.wrongType(d, q.want, d.typ)
	}
	if d.kind == unshared && q.keep {
		d = d.keep()
	}
	if d.kind == unshared {
		v, failure := r.buildUnshared(ctx, via, d, q.params)
		if failure != nil {
			return nil, nil, failure
		}
		return v, d, nil
	}
	in, failure := owner.await(ctx, via, d, q.params)
	if failure != nil {
		return nil, nil, failure.as("get", via)
	}
	return in.value, d, nil
}

// mayBe is false when no result of d's factory can be a want: then nothing is built to find that out.
func (d *service) mayBe(want reflect.Type) bool {
	switch {
	case d.typ.Kind() == reflect.Interface:
		return true
	case want.Kind() == reflect.Interface:
		return d.typ.Implements(want)
	default:
		return d.typ == want
	}
}

// missing is ErrNotFound for name, or for what it is an alias of.
func (r *registry) missing(name string, via *link) error {
	chain := append(via.names(), name)
	for at := r; at != nil; at = at.parent {
		for s := at.index.find(name); s != nil; s = at.index.find(name) {
			d := s.def.Load()
			if d == nil || d.kind != kindAlias {
				break
			}
			name = d.target
			chain = append(chain, name)
		}
	}
	return r.notFound("get", name, chain)
}

func (c *Container) wrongType(d *service, want, found reflect.Type) error {
	return &Error{
		Op: "get", Name: d.name, Chain: append(c.building().names(), d.name), Registered: d.where.String(),
		Wanted: want.String(), Found: found.String(),
		Err: fmt.Errorf("%w: wanted %v, it is %v", ErrType, want, found),
	}
}

// buildUnshared runs d's factory for one caller. mu is held, and given back.
func (r *registry) buildUnshared(ctx context.Context, via *link, d *service, params []any) (any, *Error) {
	err := r.open(ctx)
	r.mu.Unlock()
	if err != nil {
		return nil, d.about(err).as("get", via)
	}
	if via.contains(d) {
		return nil, via.circle([]string{d.name}).as("get", via)
	}

	l := &link{parent: via, home: r, def: d, params: params}
	if via != nil {
		l.task.Store(via.task.Load())
	} else {
		l.task.Store(&task{def: d}) // nobody can wait for it; it stands for this caller in the waiting graph
	}
	defer l.task.Store(nil)
	failed := "its factory failed"
	var made any
	v, err := r.watched(ctx, l, func() (any, error) {
		begun := time.Now()
		v, err := d.construct(ctx, &Container{reg: r, via: l})
		r.mu.Lock()
		d.took = time.Since(begun)
		known := r.known(v)
		r.mu.Unlock()
		if err != nil {
			return nil, err
		}
		if !known {
			made = v
		}
		failed, err = r.complete(ctx, l, v, known)
		return v, err
	})
	if err != nil && made != nil {
		err = r.discard(ctx, made, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	d.failed = err != nil
	if err != nil {
		return nil, l.blame(failed, err).as("get", nil)
	}
	return v, nil
}
