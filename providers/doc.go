// Package providers is the way from a YAML file to a running session service in an fx
// application: the connection, then the adapter, then the service, named both ways.
//
//	cfg, err := config.Load("gyrfalcon.yaml")
//	fx.New(
//		fx.Error(err), // nil is no error
//		providers.Module(cfg.Session, all.Backends...),
//		fx.Invoke(serve),
//	).Run()
//
//	type ServeParams struct {
//		fx.In
//		Session *session.Manager `name:"session"`
//	}
//
// The service is also registered as "session" in a di.Container, which the module
// provides under name:"di": what Phalcon's code gets from $di, Go's gets there.
//
// The bridge is open for other services, too: ToContainer registers fx's values by name, FromContainer has the container's
// injected into fx's constructors, and Register fills the container.
//
// # Backends
//
// YAML chooses among the backends that the application passes to Module, and links
// their drivers and no others: package all has every one of ours, the packages beside
// it one each. NewBackend turns a stranger's adapter into a backend with the same
// rights. Constructors do no I/O; a backend's connection is made when the application
// starts, and nothing is built for those that were not chosen.
//
// # Connections
//
// A connection that a backend made is the module's own: nobody can inject it, and it is
// closed when the application stops. Share keeps the sessions on a connection that the
// application has anyway.
package providers
