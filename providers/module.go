package providers

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"go.uber.org/fx"
	"go.uber.org/zap"

	"gyrfalcon/config"
	"gyrfalcon/di"
	"gyrfalcon/session"
)

// Option is what Module takes: a Backend, or what Share, Further, Adjust, Register, ToContainer or FromContainer returns.
type Option interface{ apply(m *module) }

type optionFunc func(m *module)

func (f optionFunc) apply(m *module) { f(m) }

// Share keeps the sessions on a connection of the application's own, which it
// provides in fx under this name, as by fx.Annotate(open, fx.ResultTags(`name:"main"`)), of the type that the chosen backend works with:
// *sql.DB for database, redis.UniversalClient for redis. It is required, must be open when the application starts,
// and is never closed by the module. Keys in YAML that say how to connect are then
// refused.
func Share(name string) Option {
	return optionFunc(func(m *module) { m.shared = &name })
}

// Further adds services beside the one named "session", each under its own name, in
// fx as in the container: config.Config.Services.
func Further(services map[string]config.Session) Option {
	return optionFunc(func(m *module) {
		for _, name := range slices.Sorted(maps.Keys(services)) {
			m.services = append(m.services, services[name])
		}
	})
}

// Adjust lets the application set what YAML has no word for in each service's options,
// such as ErrorHandler and OnEvent, before they are checked. The service is o.Name; what
// YAML says is in o already.
func Adjust(adjust func(o *session.Options)) Option {
	return optionFunc(func(m *module) { m.adjust = append(m.adjust, adjust) })
}

type module struct {
	backends []Backend
	services []config.Session
	shared   *string
	adjust   []func(o *session.Options)
	register []di.Provider
	given    []func(order int) fx.Option // what ToContainer puts into the container
	taken    []taken

	stores map[string]config.Session // who keeps its sessions there, first
}

// Module provides the session service that cfg describes, on the one of the given
// backends that it chooses: a *session.Manager under cfg.Name (name:"session" for the
// main one), and a *di.Container under name:"di" in which it is registered under the
// same name. Nothing else leaves the module but what FromContainer names, and nothing unnamed. Of the application
// it takes a *zap.Logger, if there is one.
//
// fx's lifecycle starts the service, whether anything injects it or not, and stops
// it: the connection is made, the adapter opened, and expired sessions are cleared
// from then on; at the stop the same backwards. The container is started after it and stopped
// before it. What has either injected runs, by fx's rule, later and ends sooner, in whichever order
// the modules stand: a server's last request is stored. Only the chosen backend is built.
//
// An application has one Module; further services are named by Further.
//
// What is wrong with the configuration is an error of fx.New's (see fx.App.Err), with
// the place in the file.
func Module(cfg config.Session, opts ...Option) fx.Option {
	m := &module{services: []config.Session{cfg}, stores: map[string]config.Session{}}
	for _, o := range opts {
		o.apply(m)
	}
	var parts []fx.Option
	for _, s := range m.services {
		part, err := m.service(s)
		if err != nil {
			part = fx.Error(err)
		}
		parts = append(parts, part)
	}
	return fx.Module("gyrfalcon", append(parts, m.container())...)
}

// tag is how a name is written in fx.
func tag(name string) string { return fmt.Sprintf("name:%q", name) }

// hook is a manager's life on fx's. The container, which would tell a start's error in its own words, finds it started.
func hook(m *session.Manager) fx.Hook {
	return fx.Hook{
		OnStart: func(ctx context.Context) error {
			ctx, cancel := early(ctx)
			defer cancel()
			return m.Start(ctx)
		},
		OnStop: m.Stop,
	}
}

// early ends a little before ctx does: at its own deadline fx says no more than that it
// has passed, and what a start was waiting for would be lost.
func early(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, deadline.Add(-min(time.Until(deadline)/5, time.Second)))
}

// service is the part of the module that provides one service.
func (m *module) service(s config.Session) (fx.Option, error) {
	block, err := s.Select(m.names())
	if err != nil {
		return nil, err
	}
	backend, err := m.backend(s.Adapter)
	if err != nil {
		return nil, err
	}
	p, err := backend.prepare(Setup{Session: s, Block: block, Shared: m.shared != nil})
	if err != nil {
		return nil, err
	}
	p.configure(&s)
	store, cleared := p.store()
	if err := m.settle(s, store, cleared); err != nil {
		return nil, err
	}
	o, err := m.options(s)
	if err != nil {
		return nil, err
	}
	return fx.Module("service."+s.Name,
		p.provide(m.shared),
		fx.Provide(fx.Annotate(
			func(lc fx.Lifecycle, a adapter, log *zap.Logger) *session.Manager {
				own := o // one module may be part of several applications
				if log != nil && own.Logger == nil {
					own.Logger = log.Named("session")
				}
				manager := session.New(a.Adapter, own) // which may be more than an Adapter
				lc.Append(hook(manager))               // here, so that it starts before what has it injected, and stops after it
				return manager
			},
			fx.ParamTags("", "", `optional:"true"`),
			fx.ResultTags(tag(s.Name)),
		)),
		fx.Invoke(fx.Annotate(func(*session.Manager) {}, fx.ParamTags(tag(s.Name)))), // whether anything injects it or not
	), nil
}

// settle refuses a service that would clear another one's living sessions, or have
// its own cleared, and one whose IDs would be another's.
func (m *module) settle(s config.Session, store string, cleared bool) error {
	first, taken := m.stores[store]
	switch {
	case store == "":
	case !taken:
		m.stores[store] = s
	case isPHP(first) || isPHP(s):
		key := "interop"
		if !isPHP(s) {
			key = "adapter"
		}
		return s.Errorf(key, "the service %q keeps its sessions in the same place, and under interop: php a session's ID there is the visitor's own, "+
			"which would open both services; give each a table, a collection or a prefix of its own", first.Name)
	case cleared && first.Lifetime != s.Lifetime:
		return s.Errorf("lifetime", "the service %q keeps its sessions in the same place with a lifetime of %v, and each would clear the other's by its own; "+
			"give both the same lifetime, or one of them a table of its own", first.Name, first.Lifetime)
	}
	return nil
}

func (m *module) names() []string {
	names := make([]string, 0, len(m.backends))
	for _, b := range m.backends {
		names = append(names, b.name)
	}
	return names
}

func (m *module) backend(name string) (Backend, error) {
	var found []Backend
	for _, b := range m.backends {
		if b.name == name {
			found = append(found, b)
		}
	}
	switch len(found) {
	case 0:
		return Backend{}, fmt.Errorf("providers: no backend is named %q", name)
	case 1:
		return found[0], nil
	}
	return Backend{}, fmt.Errorf("providers: %d backends are named %q; pass one of them to Module", len(found), name)
}
