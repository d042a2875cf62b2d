package diyaml

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	"gyrfalcon/config"
	"gyrfalcon/di"
)

// Types are the types that a file may use, by the names that it uses. The zero Types is empty and ready. It is not for
// concurrent use while types are added.
type Types struct {
	byName map[string]makeable
}

// makeable is a type with its arguments forgotten.
type makeable interface {
	// check decodes the arguments, and returns the references in them.
	check(arguments config.Block) ([]reference, error)
	// register registers a service that is made with the arguments.
	register(c *di.Container, name string, shared bool, arguments config.Block, opts []di.Option) error
}

// Add gives a type a name. A is a struct for the arguments, with tags as for config's Block.Decode; struct{} for a type without any.
// If A or *A has a Validate() error, that is called when the file is loaded. build makes one service of arguments that are its own to
// keep, with the services that they refer to in place.
//
// Errors: di.ErrInvalid for nil types, an empty name, an A that is no struct or has a Ref in a map, or a nil build; di.ErrExists for a name that is taken.
func Add[A, T any](types *Types, name string, build func(ctx context.Context, arguments A) (T, error)) error {
	if types == nil {
		return fmt.Errorf("diyaml: type %q: %w: types is nil; declare var types diyaml.Types and pass &types", name, di.ErrInvalid)
	}
	switch _, taken := types.byName[name]; {
	case name == "":
		return fmt.Errorf("diyaml: %w: the type's name is empty", di.ErrInvalid)
	case reflect.TypeFor[A]().Kind() != reflect.Struct:
		return fmt.Errorf("diyaml: type %q: %w: arguments are a struct, not a %v", name, di.ErrInvalid, reflect.TypeFor[A]())
	case inMap(reflect.TypeFor[A]()):
		return fmt.Errorf("diyaml: type %q: %w: a Ref in a map cannot be filled; use a list", name, di.ErrInvalid)
	case build == nil:
		return fmt.Errorf("diyaml: type %q: %w: the function that makes it is nil", name, di.ErrInvalid)
	case taken:
		return fmt.Errorf("diyaml: type %q: %w", name, di.ErrExists)
	}
	if types.byName == nil {
		types.byName = map[string]makeable{}
	}
	types.byName[name] = recipe[A, T](build)
	return nil
}

type recipe[A, T any] func(ctx context.Context, arguments A) (T, error)

func (r recipe[A, T]) check(arguments config.Block) ([]reference, error) {
	var a A
	if err := arguments.Decode(&a); err != nil {
		return nil, err
	}
	refs := references(reflect.ValueOf(&a).Elem(), "")
	for _, ref := range refs {
		if ref.to.name() == "" {
			return nil, arguments.Errorf(ref.key, "refers to no service; write {service: NAME}")
		}
	}
	if v, ok := any(&a).(interface{ Validate() error }); ok {
		if err := v.Validate(); err != nil {
			return nil, arguments.Errorf("", "%w", err)
		}
	}
	return refs, nil
}

func (r recipe[A, T]) register(c *di.Container, name string, shared bool, arguments config.Block, opts []di.Option) error {
	set := di.Set[T]
	if shared {
		set = di.SetShared[T]
	}
	return set(c, name, func(ctx context.Context, c *di.Container) (T, error) {
		var a A // afresh: what one service does to its arguments is not the next one's
		err := arguments.Decode(&a)
		for _, ref := range references(reflect.ValueOf(&a).Elem(), "") {
			err = errors.Join(err, ref.to.resolve(ctx, c))
		}
		if err != nil {
			var none T
			return none, err
		}
		return r(ctx, a)
	}, opts...)
}
