package di

import (
	"context"
	"fmt"
	"reflect"
)

// GetWith is [Get] with parameters for the factory, which takes them with [Param]: Phalcon's get(name, parameters).
//
// An unshared service is built with them. A shared one is built with them if nobody has asked for it before; once it is built,
// or is being built with somebody else's, they could only be dropped, and that is [ErrParams]. So is a parameter that the
// factory does not take: what is passed for nothing is a mistake. Without parameters GetWith is Get.
//
// Errors: as Get, and ErrParams.
func GetWith[T any](ctx context.Context, c *Container, name string, params ...any) (T, error) {
	if len(params) == 0 {
		return Get[T](ctx, c, name)
	}
	return get[T](ctx, c, name, request{params: params})
}

// Param returns the parameter with that index, from 0, that [GetWith] passed to the factory that c was given to. A factory
// returns the error as it is.
//
// Errors: [ErrParams] when there is no such parameter or it is not a T; [ErrInvalid] when c is not a factory's own, or that
// factory has returned.
func Param[T any](c *Container, index int) (T, error) {
	v, ok, err := param[T](c, index)
	if err == nil && !ok {
		err = fmt.Errorf("%w: it takes a %v as parameter %d, and was passed %d; pass it with di.GetWith",
			ErrParams, reflect.TypeFor[T](), index+1, len(c.via.params))
	}
	return v, err
}

// ParamOr is [Param] for one that may be left out; otherwise stands for it then.
//
// Errors: as Param, save that a missing parameter is none.
func ParamOr[T any](c *Container, index int, otherwise T) (T, error) {
	v, ok, err := param[T](c, index)
	if err == nil && !ok {
		return otherwise, nil
	}
	return v, err
}

func param[T any](c *Container, index int) (v T, ok bool, err error) {
	if err = c.check(); err != nil {
		return v, false, err
	}
	l := c.building()
	switch {
	case l == nil:
		return v, false, fmt.Errorf("di: %w: parameters are there for a factory while it runs, from the container that it is given", ErrInvalid)
	case index < 0:
		return v, false, fmt.Errorf("di: %w: parameters are counted from 0, not from %d", ErrInvalid, index)
	}
	for {
		taken := l.taken.Load()
		if int64(index) < taken || l.taken.CompareAndSwap(taken, int64(index)+1) {
			break
		}
	}
	if index >= len(l.params) {
		return v, false, nil
	}
	v, ok = l.params[index].(T)
	if !ok {
		// The parameter's type, never the parameter: it may be a password.
		return v, false, fmt.Errorf("%w: it takes a %v as parameter %d, and was passed a %T", ErrParams, reflect.TypeFor[T](), index+1, l.params[index])
	}
	return v, true, nil
}

// leftOver is the error for parameters that the factory has not taken.
func (l *link) leftOver() error {
	if taken := int(l.taken.Load()); taken < len(l.params) {
		return fmt.Errorf("%w: it was passed %d and takes %d; its factory takes them with di.Param", ErrParams, len(l.params), taken)
	}
	return nil
}

// takesNo is the error for parameters that come too late for a service there is one of. mu is held.
func (d *service) takesNo(params []any) error {
	switch {
	case len(params) == 0:
		return nil
	case d.kind == value:
		return fmt.Errorf("%w: it is a value, which is not built and takes none", ErrParams)
	case d.built != nil:
		return fmt.Errorf("%w: it is shared and built, so they would be dropped; use Get", ErrParams)
	case d.task != nil:
		return fmt.Errorf("%w: it is shared and being built with another caller's, so they would be dropped; use Get", ErrParams)
	}
	return nil
}
