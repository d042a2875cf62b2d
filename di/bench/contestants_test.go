package bench_test

import (
	"context"
	"fmt"
	"reflect"
	"sync"
	"testing"

	"github.com/samber/do/v2"
	"go.uber.org/dig"

	"gyrfalcon/di"
)

// service is what everybody keeps.
type service struct{ n int }

// server is one that has a start and an end.
type server struct{ service }

func (*server) Start(context.Context) error { return nil }
func (*server) Stop(context.Context) error  { return nil }

// container is one contestant, filled with names.
type container struct {
	// start brings an instance of every name about.
	start func() error

	// get gets the name that was wanted n times, and returns the instance. The loop is within, so that no call of a function
	// value is measured with it.
	get func(n int) (*service, error)

	// stop ends what start began.
	stop func() error

	// alone says that only one goroutine may use it.
	alone bool
}

// contestant fills a container with the names, of which one is wanted.
type contestant struct {
	name string
	fill func(tb testing.TB, names []string, wanted string) container
}

// living is ours with services that have to be started and stopped, of which the others know nothing.
var living = contestant{"gyrfalcon-living", fillLiving}

var contestants = []contestant{
	{"gyrfalcon", fillOurs},
	{"do", fillDo},
	{"dig", fillDig},
	{"map", fillMap},
}

func fillOurs(tb testing.TB, names []string, wanted string) container {
	tb.Helper()
	ctx, c := tb.Context(), di.New()
	for i, name := range names {
		must(tb, di.SetShared(c, name, func(context.Context, *di.Container) (*service, error) { return &service{i}, nil }, di.Eager()))
	}
	return container{
		start: func() error { return c.Start(ctx) },
		get: func(n int) (s *service, err error) {
			for range n {
				if s, err = di.Get[*service](ctx, c, wanted); err != nil {
					break
				}
			}
			return s, err
		},
		stop: func() error { return c.Stop(ctx) },
	}
}

func fillLiving(tb testing.TB, names []string, wanted string) container {
	tb.Helper()
	ctx, c := tb.Context(), di.New()
	for i, name := range names {
		must(tb, di.SetShared(c, name, func(context.Context, *di.Container) (*server, error) { return &server{service{i}}, nil }, di.Eager()))
	}
	return container{
		start: func() error { return c.Start(ctx) },
		get: func(n int) (s *service, err error) {
			for range n {
				l, err := di.Get[*server](ctx, c, wanted)
				if err != nil {
					return nil, err
				}
				s = &l.service
			}
			return s, nil
		},
		stop: func() error { return c.Stop(ctx) },
	}
}

func fillDo(tb testing.TB, names []string, wanted string) container {
	tb.Helper()
	i := do.New()
	for n, name := range names {
		do.ProvideNamed(i, name, func(do.Injector) (*service, error) { return &service{n}, nil })
	}
	return container{
		start: func() error {
			for _, name := range names {
				if _, err := do.InvokeNamed[*service](i, name); err != nil {
					return err
				}
			}
			return nil
		},
		get: func(n int) (s *service, err error) {
			for range n {
				if s, err = do.InvokeNamed[*service](i, wanted); err != nil {
					break
				}
			}
			return s, err
		},
		stop: func() error { return nil },
	}
}

func fillDig(tb testing.TB, names []string, wanted string) container {
	tb.Helper()
	if wanted != digName {
		tb.Fatalf("dig has its name in a tag: it is %q, not %q", digName, wanted)
	}
	c := dig.New(dig.DeferAcyclicVerification()) // else each Provide looks at all before it
	for i, name := range names {
		must(tb, c.Provide(func() *service { return &service{i} }, dig.Name(name)))
	}
	all := wantsAll(names)
	return container{
		start: func() error { return c.Invoke(all) },
		get: func(n int) (s *service, err error) {
			for range n {
				if err = c.Invoke(func(in digWants) { s = in.Service }); err != nil {
					break
				}
			}
			return s, err
		},
		stop:  func() error { return nil },
		alone: true,
	}
}

// wantsAll makes a func(struct { dig.In; Service0 *service `name:"service0"`; ... }) of one field for each name.
func wantsAll(names []string) any {
	fields := []reflect.StructField{{Name: "In", Type: reflect.TypeFor[dig.In](), Anonymous: true}}
	for i, name := range names {
		fields = append(fields, reflect.StructField{
			Name: fmt.Sprint("Service", i), Type: reflect.TypeFor[*service](), Tag: reflect.StructTag(fmt.Sprintf("name:%q", name)),
		})
	}
	f := reflect.FuncOf([]reflect.Type{reflect.StructOf(fields)}, nil, false)
	return reflect.MakeFunc(f, func([]reflect.Value) []reflect.Value { return nil }).Interface()
}

const digName = "service7"

type digWants struct {
	dig.In

	Service *service `name:"service7"`
}

func fillMap(tb testing.TB, names []string, wanted string) container {
	tb.Helper()
	var mu sync.Mutex
	built := map[string]*service{}
	factories := map[string]func() *service{}
	for i, name := range names {
		factories[name] = func() *service { return &service{i} }
	}
	get := func(name string) (*service, error) {
		mu.Lock()
		defer mu.Unlock()
		if s, ok := built[name]; ok {
			return s, nil
		}
		factory, ok := factories[name]
		if !ok {
			return nil, fmt.Errorf("no such service: %q", name)
		}
		s := factory()
		built[name] = s
		return s, nil
	}
	return container{
		start: func() error {
			for _, name := range names {
				if _, err := get(name); err != nil {
					return err
				}
			}
			return nil
		},
		get: func(n int) (s *service, err error) {
			for range n {
				if s, err = get(wanted); err != nil {
					break
				}
			}
			return s, err
		},
		stop: func() error { return nil },
	}
}

func namesOf(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprint("service", i)
	}
	return names
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}
