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
// that T has in fx, or empty for one without. The value stays fx's, which starts and stops it; it is built when the application is, since
// fx builds nothing later, and is in the container before anything is asked for there.
//
// A T that fx does not provide, and a name that is taken, are errors of fx.New's.
func ToContainer[T any](name, fxName string) Option {
	tag := ""
	if fxName != "" {
		tag = fmt.Sprintf("name:%q", fxName)
	}
	place := di.RegisteredAt(caller())
	return optionFunc(func(m *module) {
		m.bridges = append(m.bridges, fx.Invoke(fx.Annotate(
			func(c *di.Container, v T) error { return di.SetValue(c, name, v, place) },
			fx.ParamTags(`name:"`+ContainerName+`"`, tag),
		)))
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
// constructor that only the application's own invocations call. It stays the container's, which stops it.
//
// A service that is not registered by then (see Register and ToContainer), and one that is no T, are errors of fx.New's.
func FromContainer[T any](name string) Option {
	return optionFunc(func(m *module) {
		m.bridges = append(m.bridges, fx.Provide(fx.Annotate(
			func(c *di.Container) (T, error) { return di.Get[T](context.Background(), c, name) }, // bounded by the build limit
			fx.ParamTags(`name:"`+ContainerName+`"`),
			fx.ResultTags(fmt.Sprintf("name:%q", name)),
		)))
	})
}

// Register lets providers of services register what they have in the container before anything is asked for there.
func Register(providers ...di.Provider) Option {
	return optionFunc(func(m *module) { m.register = append(m.register, providers...) })
}
