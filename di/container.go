package di

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode"
	"unicode/utf8"
)

// defaultBuildLimit is what a build gets unless [BuildLimit] says otherwise: long enough to dial a slow server, short enough
// that an application whose database is away says so instead of hanging.
const defaultBuildLimit = 15 * time.Second

// Container holds services under names. Make one with [New]; all of it is safe for concurrent use.
//
// The Container that a [Factory] is given is a view of the same services that knows which build it belongs to. It may be kept:
// once the build is over it behaves as the container that New made.
type Container struct {
	reg *registry
	via *link // the build that this view was made for; nil for the container that New made
}

// ContainerOption configures a container; see [New].
type ContainerOption func(*registry)

// BuildLimit sets how long one shared service may take to be built and started, together; the default is 15 s, which also
// stands for d <= 0. A service that other services wait for has its own limit, which begins when it is first asked for.
func BuildLimit(d time.Duration) ContainerOption {
	return func(r *registry) {
		if d > 0 {
			r.limit = d
		}
	}
}

// New makes an empty container. Nothing runs in it until a service is asked for. Whoever calls New owns the container and
// calls [Container.Stop] when done.
func New(opts ...ContainerOption) *Container {
	r := newRegistry(context.Background(), new(sync.Mutex))
	for _, opt := range opts {
		opt(r)
	}
	return &Container{reg: r}
}

func newRegistry(base context.Context, mu *sync.Mutex) *registry {
	r := &registry{
		limit:       defaultBuildLimit,
		healthLimit: defaultHealthLimit,
		mu:          mu,
		tasks:       map[*task]struct{}{},
		byValue:     map[any]*life{},
		handedIn:    map[any]int{},
		overrides:   map[string][]*override{},
		scopes:      map[*registry]int{},
	}
	r.index.init()
	r.base, r.cancel = context.WithCancelCause(base)
	return r
}

// phase is how far a container's life has come. It only grows.
type phase int

const (
	fresh    phase = iota // services are built, and not started
	starting              // Start is at work: whatever is resolved from here on is started, too
	started
	stopping // nothing new is built; what is built is still handed out
	sweeping // services are being stopped, the last resolved first
	stopped
)

// registry is what all views of one container share.
type registry struct {
	index       index         // read without mu, written under it
	limit       time.Duration // of a build
	healthLimit time.Duration // the limit of a service's Health

	parent *registry                // of a scope
	above  atomic.Pointer[registry] // the same until the scope is stopped: where Get looks next

	base   context.Context // the parent of every build's context; cancelled when the container stops
	cancel context.CancelCauseFunc

	mu        *sync.Mutex // guards everything below, and the fields of services, tasks and lives; one for a container and its scopes
	phase     phase
	frozen    bool
	aliased   bool                   // there has been an alias: else Remove need not look for any
	startRun  *passage               // set while and after Start is at work
	stopRun   *passage               // the same for Stop
	tasks     map[*task]struct{}     // builds under way
	lives     []*life                // what the container built and has to stop
	byValue   map[any]*life          // the same by pointer, so that one object under two names is started once
	handedIn  map[any]int            // pointers that SetValue and Override brought: never started, never stopped
	overrides map[string][]*override // what lies beneath overridden names, oldest first
	observers []*Observer            // never changed in place
	scopes    map[*registry]int      // that are not stopped, with their numbers
	scoped    int                    // counts scopes: the order in which they are stopped, reversed
	resolved  int                    // counts resolutions: the order in which services are stopped, reversed
	added     int                    // counts registrations: the order in which eager services are built
}

// service is one definition: what a name stands for until it is replaced. An alias is one, too.
type service struct {
	slot    *slot
	name    string
	kind    kind
	target  string       // of an alias
	typ     reflect.Type // of the factory's result, as registered; nil for an alias
	factory func(context.Context, *Container) (any, error)
	where   *where
	eager   bool
	order   int

	// Guarded by the registry's mu.
	ready  *instance // what Get hands out; the slot publishes it
	built  *instance // as ready, or waiting to be started
	task   *task     // the build under way
	ended  bool      // built once, and stopped
	failed bool      // the last build failed
	took   time.Duration
	asks   []string // names that its builds asked for, in order of first asking

	// kept is set for an unshared service that GetShared was asked for: a shared one of the same factory, in a slot of its own.
	// It is stored under mu and read without.
	kept atomic.Pointer[service]
}

// kind tells what a definition does when it is asked for.
type kind int

const (
	unshared  kind = iota // a new one for every Get
	shared                // one for all
	value                 // handed in ready
	kindAlias             // another name's
)

func (k kind) String() string {
	return [...]string{"new each time", "shared", "value", "alias"}[k]
}

// place makes d what s stands for; a nil d leaves the name free. mu is held.
func (s *slot) place(d *service) {
	s.def.Store(d)
	if d == nil {
		s.ready.Store(nil)
		return
	}
	d.slot = s
	s.ready.Store(d.ready)
}

// publish makes in what Get hands out for d; nil sends the next Get the slow way. mu is held.
func (d *service) publish(in *instance) {
	d.ready = in
	if d.slot.def.Load() == d {
		d.slot.ready.Store(in)
	}
}

// withdraw takes d, and what GetShared kept of it, out of Get's reach. mu is held.
func (d *service) withdraw() {
	d.publish(nil)
	if k := d.kept.Load(); k != nil {
		k.publish(nil)
	}
}

// single is the service whose one instance GetShared hands out: d itself, or what GetShared has kept of it, or nil. mu is held.
func (d *service) single() *service {
	if d.kind == unshared {
		return d.kept.Load()
	}
	return d
}

// Has tells whether a service is registered under name, built or not. An alias counts when what it leads to is registered.
func (c *Container) Has(name string) bool {
	_, d := c.peek(name)
	return d != nil
}

// HasShared tells whether the one instance of what name stands for is there to be handed out without being built, as Phalcon's
// hasShared does: for a shared service that is built, for one that [GetShared] keeps, and for a value it is true.
func (c *Container) HasShared(name string) bool {
	r, d := c.peek(name)
	if d == nil {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	one := d.single()
	return one != nil && one.built != nil && c.reg.phase < stopped
}

// peek returns what name stands for and whose it is, or nil.
func (c *Container) peek(name string) (*registry, *service) {
	if c.check() != nil {
		return nil, nil
	}
	return c.reg.seek(name)
}

// Remove takes a service away, with every alias that leads to it; an alias stands for its service here, too, as with Phalcon's
// remove. (To take the alias alone away there is [Container.RemoveAlias].) Services that were built with the removed one keep it.
//
// Errors: [ErrNotFound]; [ErrInvalid] for what a scope has from its parent; [ErrFrozen]; [ErrRunning] when the service has a life (see [Starter]) and is built or being built: what the
// container built it must stop before it forgets it. After [Container.Stop] everything can be removed.
func (c *Container) Remove(name string) error {
	const op = "remove"
	if err := c.check(); err != nil {
		return err
	}
	r := c.reg
	r.mu.Lock()
	defer r.mu.Unlock()
	d := r.own(&name)
	if d == nil {
		return r.notOwn(op, name)
	}
	if r.frozen {
		return d.frozenError(op)
	}
	if err := d.removable(op); err != nil {
		return err
	}
	for _, s := range r.aliasesOf(d) {
		s.place(nil)
	}
	r.forget(d)
	d.slot.place(nil)
	return nil
}

// aliasesOf finds the aliases in r that lead to d. mu is held.
func (r *registry) aliasesOf(d *service) (list []*slot) {
	if !r.aliased {
		return nil
	}
	for s := range r.index.all {
		if to := s.name; s != d.slot && r.own(&to) == d {
			list = append(list, s)
		}
	}
	return list
}

// RemoveAlias takes an alias away, and leaves what it leads to.
//
// Errors: [ErrNotFound]; [ErrInvalid] for a name that is no alias, or is the parent's of a scope; [ErrFrozen].
func (c *Container) RemoveAlias(alias string) error {
	const op = "remove"
	if err := c.check(); err != nil {
		return err
	}
	r := c.reg
	r.mu.Lock()
	defer r.mu.Unlock()
	d := r.registered(alias)
	switch {
	case d == nil && r.visible(alias) != nil:
		return r.visible(alias).theirs(op, alias)
	case d == nil:
		return r.notFound(op, alias, nil)
	case d.kind != kindAlias:
		return &Error{Op: op, Name: alias, Registered: d.where.String(), Err: fmt.Errorf("%w: it is no alias; use Remove", ErrInvalid)}
	case r.frozen:
		return d.frozenError(op)
	}
	d.slot.place(nil)
	return nil
}

// removable is nil when d can be dropped without losing something that has to be stopped. mu is held.
func (d *service) removable(op string) error {
	if d = d.single(); d == nil {
		return nil
	}
	var why string
	switch {
	case d.task != nil:
		why = "it is being built"
	case d.built != nil && d.built.life != nil:
		why = "it is built and has to be stopped"
	default:
		return nil
	}
	return &Error{
		Op: op, Name: d.name, Registered: d.where.String(),
		Err: fmt.Errorf("%w: %s; stop the container first", ErrRunning, why),
	}
}

// forget undoes what the registration of d left elsewhere than in its slot. mu is held.
func (r *registry) forget(d *service) {
	if d.kind != value {
		return
	}
	if key := identity(d.built.value); key != nil {
		if r.handedIn[key]--; r.handedIn[key] == 0 {
			delete(r.handedIn, key)
		}
	}
}

// Provider registers services that belong together, as Phalcon's ServiceProviderInterface does.
type Provider interface {
	// Register adds the provider's services to c. It builds nothing: what its factories need they ask c for when they run.
	Register(c *Container) error
}

// Register lets each provider add its services, in order, and ends with the first that fails; what has been registered until
// then stays. The error names the provider's type. A nil provider is [ErrInvalid].
func (c *Container) Register(providers ...Provider) error {
	if err := c.check(); err != nil {
		return err
	}
	for i, p := range providers {
		if p == nil {
			return fmt.Errorf("di: register: %w: provider %d is nil", ErrInvalid, i+1)
		}
		if err := p.Register(c); err != nil {
			return fmt.Errorf("di: register: provider %T: %w", p, err)
		}
	}
	return nil
}

// check refuses a container that New did not make.
func (c *Container) check() error {
	if c == nil || c.reg == nil {
		return fmt.Errorf("di: %w: the container is nil or was not made by di.New", ErrInvalid)
	}
	return nil
}

// building returns the build that c is the view of, while that build lasts, or nil.
func (c *Container) building() *link {
	if c.via == nil || c.via.task.Load() == nil {
		return nil
	}
	return c.via
}

// checkName refuses names that could not be told apart on a page or in a log.
func checkName(op, name string) error {
	var why string
	switch {
	case name == "":
		why = "the name is empty"
	case !utf8.ValidString(name):
		why = "the name is not valid UTF-8"
	case strings.ContainsFunc(name, unicode.IsControl):
		why = "the name contains a control character"
	default:
		return nil
	}
	return &Error{Op: op, Name: name, Err: fmt.Errorf("%w: %s", ErrInvalid, why)}
}
