package providers

import (
	"cmp"
	"path/filepath"
	"slices"

	"go.uber.org/fx"

	"gyrfalcon/config"
	"gyrfalcon/di"
	"gyrfalcon/session"
)

// ContainerName is the name under which Module provides the registry in fx.
const ContainerName = "di"

// registry is the container before what comes from fx is in it. It is of the module's own type, as a connection is, and for the same reason.
type registry struct{ *di.Container }

// entry is what comes from fx into the container. Fx hands a group over in no order.
type entry struct {
	order int
	add   func(c *di.Container) error
}

const entries = `group:"gyrfalcon"`

type containerParams struct {
	fx.In

	Lifecycle fx.Lifecycle
	Registry  *registry
	Entries   []entry `group:"gyrfalcon"`
}

type containerResult struct {
	fx.Out

	Container *di.Container `name:"di"`
}

// container is the part of the module that provides the container. What fx puts into it is needed to build it, so that
// by fx's rule it starts after that, and stops before: its services may use the session at their own start and stop.
//
// Where the sessions' connection comes out of the container it cannot be so: there the container starts before the sessions and
// stops after them.
func (m *module) container() fx.Option {
	below := m.shared != nil && slices.ContainsFunc(m.taken, func(t taken) bool { return t.name == *m.shared })
	newRegistry := func(lc fx.Lifecycle) (*registry, error) {
		c := di.New()
		if below {
			lc.Append(fx.Hook{OnStart: c.Start, OnStop: c.Stop})
		}
		return &registry{c}, c.Register(m.register...)
	}
	// No fx.Annotate, for fx's error names this function where an application has two modules.
	newContainer := func(p containerParams) (containerResult, error) {
		c := p.Registry.Container
		slices.SortFunc(p.Entries, func(a, b entry) int { return cmp.Compare(a.order, b.order) })
		for _, e := range p.Entries {
			if err := e.add(c); err != nil {
				return containerResult{}, err
			}
		}
		if !below {
			p.Lifecycle.Append(fx.Hook{OnStart: c.Start, OnStop: c.Stop})
		}
		return containerResult{Container: c}, nil
	}
	parts := []fx.Option{fx.Provide(fx.Private, newRegistry), fx.Provide(newContainer)}
	for i, s := range m.services {
		parts = append(parts, fx.Provide(fx.Private, fx.Annotate(
			func(m *session.Manager) entry {
				return entry{i, func(c *di.Container) error { return di.SetValue(c, s.Name, m, di.RegisteredAt(place(s))) }}
			},
			fx.ParamTags(tag(s.Name)), fx.ResultTags(entries),
		)))
	}
	for i, given := range m.given {
		parts = append(parts, given(len(m.services)+i))
	}
	for _, t := range m.taken {
		parts = append(parts, t.provide(below && t.name == *m.shared))
	}
	parts = append(parts, fx.Invoke(fx.Annotate(func(*di.Container) {}, fx.ParamTags(tag(ContainerName))))) // whether anything injects it or not
	return fx.Options(parts...)
}

// place tells who looks for where a service is registered the place in the file.
func place(s config.Session) string {
	if at := s.Place(); at != "" {
		return filepath.Base(at) // di shows no paths of the machine
	}
	return "a config.Session made in Go"
}
