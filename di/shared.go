package di

import (
	"context"
	"fmt"
)

// GetShared is [Get] for the one instance of a service, also of one that was registered with [Set]: it is built for the first
// GetShared and kept for the next, while Get goes on building new ones, as with Phalcon's getShared. What is kept has the life of a
// shared service: it is started and stopped.
//
// Errors: as Get.
func GetShared[T any](ctx context.Context, c *Container, name string) (T, error) {
	if c != nil && c.reg != nil && c.building() == nil {
		if in := c.reg.lookupKept(name); in != nil {
			if v, ok := in.value.(T); ok {
				return v, nil
			}
		}
	}
	return get[T](ctx, c, name, request{keep: true})
}

// lookupKept is lookup, for GetShared.
func (r *registry) lookupKept(name string) *instance {
	if in := r.lookup(name); in != nil {
		return in
	}
	for at := r; at != nil; at = at.above.Load() {
		d := at.own(&name)
		if d == nil {
			continue
		}
		if k := d.kept.Load(); k != nil {
			return k.slot.ready.Load()
		}
		return nil
	}
	return nil
}

// keep returns the shared service that stands behind the unshared d. mu is held.
func (d *service) keep() *service {
	if k := d.kept.Load(); k != nil {
		return k
	}
	k := &service{name: d.name, kind: shared, typ: d.typ, factory: d.factory, where: d.where, order: d.order}
	new(slot).place(k)
	d.kept.Store(k)
	return k
}

// RemoveShared forgets the one instance of a service and leaves its definition, so that the next who asks has it built anew.
// Those who were given the instance keep it. It is nil when nothing is built.
//
// Errors: [ErrNotFound]; [ErrRunning] when the instance has a life (see [Starter]), which the container must end before it
// forgets it, or is being built; [ErrInvalid] for a value, which is its own definition ([Container.Remove] takes it away), and for what a scope has from
// its parent.
func (c *Container) RemoveShared(name string) error {
	const op = "remove"
	if err := c.check(); err != nil {
		return err
	}
	r := c.reg
	r.mu.Lock()
	defer r.mu.Unlock()
	owner, d := r.seek(name)
	if owner != r {
		return r.notOwn(op, name)
	}
	if d.kind == value {
		return &Error{Op: op, Name: d.name, Registered: d.where.String(), Err: fmt.Errorf("%w: it is a value, and nothing would be left; use Remove", ErrInvalid)}
	}
	if err := d.removable(op); err != nil {
		return err
	}
	if one := d.single(); one != nil {
		one.publish(nil)
		one.built = nil
	}
	return nil
}

// GetAlias returns the name that alias was made another name of, which may be an alias itself; false if alias is none.
func (c *Container) GetAlias(alias string) (string, bool) {
	if c.check() != nil {
		return "", false
	}
	d := c.reg.visible(alias)
	if d == nil || d.kind != kindAlias {
		return "", false
	}
	return d.target, true
}
