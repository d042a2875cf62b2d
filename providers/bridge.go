package providers

import (
	"context"
	"fmt"
	"path"
	"path/filepath"
	"runtime"

	"go.uber.org/fx"

	"gyrfalcon/di"
)

// ToContainer registers a value of fx in the container: what fx provides as a T becomes the service called name. fxName is the name
// that T has in fx, or empty for one without. The value stays fx's, which starts it before the container and stops it after; it is built
// when the application is, and is in the container before fx gives that, or anything of it, to anybody. So a T cannot be built of what
// the container has: fx tells of the circle.
//
// A T that fx does not provide, and a name that is taken, are errors of fx.New's.
func ToContainer[T any](name, fxName string) Option {
	from := ""
	if fxName != "" {
		from = tag(fxName)
	}
	place := di.RegisteredAt(caller())
	return optionFunc(func(m *module) {
		m.given = append(m.given, func(order int) fx.Option {
			return fx.Provide(fx.Private, fx.Annotate(
				func(v T) entry {
					return entry{order, func(c *di.Container) error { return di.SetValue(c, name, v, place) }}
				},
				fx.ParamTags(from), fx.ResultTags(entries),
			))
		})
	})
}

// caller is where the function that calls it was called, as di writes it.
func caller() string {
	_, file, line, ok := runtime.Caller(2)
	if !ok {
		return "fx"
	}
	file = filepath.ToSlash(file)
	return fmt.Sprintf("%s/%s:%d", path.Base(path.Dir(file)), path.Base(file), line)
}

// FromContainer provides a service of the container in fx: constructors get it as a T under name:"…". It is built when the first of
// them is called, so its factory does no I/O; that is for its Start, which the container's start calls, before any hook of a
// constructor that gets it. It stays the container's, which stops it after those hooks.
//
// Under the name that Share has, it is the connection on which the sessions are kept. Then the container starts before the sessions
// and stops after them, and its services cannot use the session at their own start and stop.
//
// A service that is not registered by then (see Register and ToContainer), and one that is no T, are errors of fx.New's.
func FromContainer[T any](name string) Option {
	get := func(c *di.Container) (T, error) { return di.Get[T](context.Background(), c, name) } // bounded by the build limit
	return optionFunc(func(m *module) {
		m.taken = append(m.taken, taken{name, func(early bool) fx.Option {
			if early {
				return fx.Provide(fx.Annotate(func(r *registry) (T, error) { return get(r.Container) }, fx.ResultTags(tag(name))))
			}
			return fx.Provide(fx.Annotate(get, fx.ParamTags(tag(ContainerName)), fx.ResultTags(tag(name))))
		}})
	})
}

// taken is what fx takes out of the container: early before the sessions are in it.
type taken struct {
	name    string
	provide func(early bool) fx.Option
}

// Register lets providers of services register what they have in the container before anything is asked for there.
func Register(providers ...di.Provider) Option {
	return optionFunc(func(m *module) { m.register = append(m.register, providers...) })
}
