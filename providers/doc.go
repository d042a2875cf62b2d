// Package providers is the way from a YAML file to a running session service in an fx
// application: the connection, then the adapter, then the service, named both ways.
//
//	cfg, err := config.Load("gyrfalcon.yaml")
//	if err != nil {
//		log.Fatal(err) // with the place in the file, and the mend; there is no cfg then
//	}
//	fx.New(
//		fx.Provide(zap.NewProduction), // what the session logs to
//		providers.Module(cfg.Session, append(all.Backends, providers.Further(cfg.Services))...),
//		fx.Invoke(serve),
//	).Run()
//
//	type ServeParams struct {
//		fx.In
//		Lifecycle fx.Lifecycle
//		Session   *session.Manager `name:"session"`
//	}
//
// serve appends hooks that listen and shut down, with its handler in Session.Middleware. By fx's rule they run after the session's
// start, and before its stop, because serve has the session injected. The README has it whole.
//
// The service is also registered as "session" in a di.Container, which the module
// provides under name:"di": what Phalcon's code gets from $di, Go's gets there.
//
// The bridge is open for other services, too: ToContainer registers fx's values by name, FromContainer has the container's
// injected into fx's constructors, and Register fills the container.
//
// # What the application says itself
//
// The service's log goes to the application's unnamed *zap.Logger, and nowhere if fx has none: what a store is warned of, and under
// interop: php what must be true on PHP's side. Further says that the services under services: in the file are wanted; without it
// fx misses a *session.Manager of the name where one is injected. What stands under http: and log: in the file
// is for the application to obey, as config.Config.HTTP and Log: this package reads neither.
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
