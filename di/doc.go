// Package di keeps an application's services under names, as Phalcon's $di does: it knows how each is built, builds it when
// somebody asks, hands the same one to everybody if it is shared, starts it, and stops it in the right order.
//
// # The problem
//
// An application is a few dozen objects that need each other: a mailer needs the configuration, the shop needs the mailer and
// the database. Written out in main, that is a page of constructor calls in an order that nobody may disturb, all of them run
// whether the program needs them or not, and a second page that takes them down again, which is tested when a deployment
// fails. Wiring by type, as fx and dig do it, is the better answer where the graph is known when the program is compiled;
// gyrfalcon uses it, and this package does not replace it. A registry by name is the answer where services are chosen by
// configuration, registered by plug-ins, wanted late or not at all, or come over from a Phalcon application whose people think
// in names.
//
// # How to use it
//
// Register a factory under a name, and ask for it:
//
//	c := di.New()
//	err := di.SetShared(c, "mailer", func(ctx context.Context, c *di.Container) (*Mailer, error) {
//		host, err := di.Get[string](ctx, c, "smtp.host")
//		if err != nil {
//			return nil, err
//		}
//		return NewMailer(host), nil
//	})
//
//	m, err := di.Get[*Mailer](ctx, c, "mailer")
//
// [SetShared] is for what there is one of, and that is most things. [Set] is for what every caller wants for itself.
// [SetValue] is for what exists already. A name is registered once; [Replace] says that a second time is meant, and [Attempt]
// is for defaults that give way. [Container.SetAlias] gives a service a second name, a [Provider] registers several that belong
// together, and a [Name] says name and type in one place. [GetWith] passes parameters to a factory, which takes them with
// [Param]; [GetShared] keeps one of what would be built anew.
//
// These are functions and not methods because they have a type parameter, which Go's methods cannot add. What comes out is a *Mailer and
// not an any: a wrong type is found where it is asked for, with both types and the place of the registration.
//
// # Builds
//
// A factory asks for what it needs from the container that it is given, which knows the chain of names that led to it. A
// failure deep down is therefore told as "site -> shop -> db", and services that need each other in a circle are told so at
// once, whether one goroutine walks the circle or two enter it from opposite ends; nobody waits for a build that waits for
// them. A factory that asks a container it captured from outside hides from this, and a circle through it ends with the build
// limit.
//
// A build of a shared service belongs to nobody's request. It runs in a goroutine and a context of its own, under [BuildLimit];
// those who wait for it leave when their own context ends, and the build goes on for the others. If it fails it is told to all
// who waited, and the next who asks tries again. So a database that is down for a minute at dawn costs that minute, and a
// visitor who closes the browser while the first page is being made costs nobody anything.
//
// When the service is there, [Get] is a lookup: no lock, no allocation, around ten nanoseconds, beside registrations too.
//
// What wants the container itself, or has something to do before anybody gets it, is an [InjectionAware] or an
// [InitializationAware] service. An [Observer] hears of every build.
//
// # Life
//
// A service with a Start(ctx) error is started by [Container.Start], if it is there by then or was registered as [Eager]; from
// then on whatever is asked for is started before it is handed out. [Container.Stop] stops what the container built, the last
// resolved first, with the service's Stop(ctx) error or else its Close() error; it stops all of them, whatever the first
// one says, and it names those that ignore their context. A start that fails half-way is undone. What the container did not build for sharing it leaves
// alone: a value that was handed in is its maker's, and what was built for one caller is that caller's. See [Starter] and
// [Stopper].
//
// [Container.Scope] makes a container for what lives shorter, such as a request: it sees what its parent has, may have its own
// instead, and stops what it built.
//
// # Looking in
//
// [Container.Explain] is a table for a person, [Container.Services] and [Container.JSON] the same for programs: what is registered and
// where, how far each service has come, how long it took, and who asked for whom. [Container.Health] asks the services that are
// there how they are. [Container.Freeze] ends registration.
//
// # Errors
//
// Branch on the sentinels ([ErrNotFound], [ErrType], [ErrCycle], ...) with errors.Is; the details for a person are in the text
// and, one by one, in [Error].
//
// # Tests
//
// A container is cheap: a test makes its own. Where it has to use the application's, [Override] puts a fake in a service's place
// until the test ends.
//
// # What Phalcon has and this package has not
//
// There is no getDefault, no setDefault and no reset. A container that every function can reach is package state: two tests that run at
// the same time fight over it, a second application in one process cannot exist, and no signature says any more what a
// function needs. A container is handed over like any other dependency, and preferably only to what makes services; a service
// is given the services it needs, not the container.
//
// There is no ArrayAccess and there are no magic getters (getSession()): Go has no such operators to offer, and c["mailer"]
// would have no type. A [Name] does what they were for, with a type and without a string at every use.
//
// A name that is taken is not silently given to the next who registers it.
package di
