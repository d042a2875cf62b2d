package di

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
)

// Scope makes a container that sees everything that c has, now and later, and may have services of its own: other ones under
// new names, and its own under names that c has. It is for what lives shorter than the application: a request, a job, a
// tenant. Whoever makes a scope stops it; [Container.Stop] of the scope stops what the scope built and nothing else. Until
// then c knows the scope, and c's Stop stops it first.
//
// A shared service belongs to the container that it is registered in: c's are built once, by c, and see nothing of the scope, so
// that what serves everybody never holds what belongs to one request. What c has registered as unshared is built by the scope that
// asks, and sees what the scope has instead. An alias leads to what the container sees that it was made in.
//
// A scope of a container that has been started, or is starting, is started: what it builds is started before it is handed out.
// One that was made before has a Start of its own. The build limit is c's, unless opts say otherwise. Getting a
// built service of c through a scope takes no lock either.
//
// Errors: [ErrStopped] when c is stopped or about to be.
func (c *Container) Scope(opts ...ContainerOption) (*Container, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	p := c.reg
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.phase >= stopping {
		return nil, fmt.Errorf("di: scope: %w", ErrStopped)
	}
	r := newRegistry(p.base, p.mu)
	r.parent, r.limit, r.healthLimit = p, p.limit, p.healthLimit
	r.above.Store(p)
	for _, opt := range opts {
		opt(r)
	}
	if p.phase > fresh {
		r.phase = started
		r.startRun = &passage{done: make(chan struct{})}
		close(r.startRun.done)
	}
	p.scoped++
	p.scopes[r] = p.scoped
	return &Container{reg: r, via: c.building()}, nil
}

// within tells whether r is o or a scope within it.
func (r *registry) within(o *registry) bool {
	for ; r != nil; r = r.parent {
		if r == o {
			return true
		}
	}
	return false
}

// stopScopes stops the scopes, the last made first.
func (r *registry) stopScopes(ctx context.Context) []error {
	r.mu.Lock()
	scopes := slices.SortedFunc(maps.Keys(r.scopes), func(a, b *registry) int { return cmp.Compare(r.scopes[b], r.scopes[a]) })
	r.mu.Unlock()
	var errs []error
	for _, s := range scopes {
		if err := s.stop(ctx); err != nil {
			errs = append(errs, err)
		}
	}
	return errs
}

// leave takes a stopped scope from its parent, and the parent from it. mu is held.
func (r *registry) leave() {
	if r.parent != nil {
		delete(r.parent.scopes, r)
		r.above.Store(nil)
	}
}

// registered is what stands under name in r itself: a service, an alias or nil.
func (r *registry) registered(name string) *service {
	if s := r.index.find(name); s != nil {
		return s.def.Load()
	}
	return nil
}

// visible is the same in r and those that it is a scope of.
func (r *registry) visible(name string) *service {
	for ; r != nil; r = r.parent {
		if d := r.registered(name); d != nil {
			return d
		}
	}
	return nil
}

// own returns the service that name stands for in r itself, or nil. It follows r's aliases, and leaves in name where they lead:
// what is not in r may be further up.
func (r *registry) own(name *string) *service {
	for { // ends: SetAlias refuses circles
		d := r.registered(*name)
		if d == nil || d.kind != kindAlias {
			return d
		}
		*name = d.target
	}
}

// seek returns the service that name stands for, aliases followed, and the registry that it belongs to; or nil and nil.
func (r *registry) seek(name string) (*registry, *service) {
	for ; r != nil; r = r.parent {
		if d := r.own(&name); d != nil {
			return r, d
		}
	}
	return nil, nil
}

// notOwn is the error for a name that r itself does not have. mu is held.
func (r *registry) notOwn(op, name string) error {
	if _, d := r.seek(name); d != nil {
		return d.theirs(op, name)
	}
	return r.notFound(op, name, nil)
}

// theirs is the error for d, which a scope's parent has under name.
func (d *service) theirs(op, name string) error {
	return &Error{
		Op: op, Name: name, Registered: d.where.String(),
		Err: fmt.Errorf("%w: it belongs to the container that this scope was made of; %s it there", ErrInvalid, op),
	}
}
