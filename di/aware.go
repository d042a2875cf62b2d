package di

import (
	"context"
	"errors"
)

// InjectionAware is a service that is given the container once it is built, before anybody gets it: Phalcon's
// InjectionAwareInterface. It is for what asks for services late or not at all; what a service needs in any case its factory asks
// for and hands to it.
//
// c is the factory's own view, which may be kept.
type InjectionAware interface {
	SetDI(c *Container)
}

// InitializationAware is a service that has something to do once it is built, and after [InjectionAware]'s SetDI: Phalcon's
// InitializationAwareInterface. It is part of the build: ctx is that of the factory, and a service that fails it is stopped or
// closed, if it can be (see [Stopper]), and handed to nobody.
//
// Both are called for what a factory built, shared or not, and once where one object with a life is built under several names. What [SetValue] and
// [Override] brought is ready as it is.
type InitializationAware interface {
	Initialize(ctx context.Context) error
}

// introduce does what is left of a build when the factory has returned v.
func introduce(ctx context.Context, c *Container, v any) error {
	return guard(func() error {
		if a, ok := v.(InjectionAware); ok {
			a.SetDI(c)
		}
		if a, ok := v.(InitializationAware); ok {
			return a.Initialize(ctx)
		}
		return nil
	})
}

// complete is the rest of a build whose factory has returned v: parameters, introductions, observers. It says what failed.
func (r *registry) complete(ctx context.Context, l *link, v any, known bool) (what string, err error) {
	if err := l.leftOver(); err != nil {
		return "its factory failed", err
	}
	if known {
		return "", nil
	}
	return "its Initialize failed", introduce(ctx, &Container{reg: r, via: l}, v)
}

// known tells whether somebody else has the object v in hand: whoever handed it in, or another service that was built with it.
// mu is held.
func (r *registry) known(v any) bool {
	if v == nil {
		return false
	}
	key := identity(v)
	for ; r != nil && key != nil; r = r.parent {
		if r.handedIn[key] > 0 || r.byValue[key] != nil {
			return true
		}
	}
	return false
}

// discard ends what a factory made for one caller who cannot be given it.
func (r *registry) discard(ctx context.Context, v any, why error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.limit)
	defer cancel()
	return errors.Join(why, stopValue(ctx, v))
}
