package di

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// defaultHealthLimit is what a service's Health gets unless [HealthLimit] says otherwise: a service that takes longer to say
// that it is well is not.
const defaultHealthLimit = 5 * time.Second

// HealthLimit sets how long one service may take to answer [Container.Health]; the default is 5 s, which also stands for d <= 0.
func HealthLimit(d time.Duration) ContainerOption {
	return func(r *registry) {
		if d > 0 {
			r.healthLimit = d
		}
	}
}

// HealthChecker is a service that can say how it is: nil when it can do its work. ctx bounds the answer, which must not change anything.
type HealthChecker interface {
	Health(ctx context.Context) error
}

// Health is what a service said of itself.
type Health struct {
	// Name is the service; one object under several names has several entries and is asked once.
	Name string
	// Err is nil when the service is well. It is the service's own, a [*PanicError], or says that there was no answer in time;
	// then it is context.DeadlineExceeded or what else ended ctx.
	Err error
	// Took is how long the answer took.
	Took time.Duration
}

// Health asks every service that is there to be handed out and is a [HealthChecker], values and what GetShared keeps included, all at the same
// time, each under [HealthLimit] and ctx. It builds nothing: what nobody has needed yet is not unwell. A scope asks its own services and not its
// parent's.
//
// The list is sorted by name, and empty when nobody can answer. A service that does not return though its context has ended is told as such
// and left behind; until it returns it is not asked again. Two who ask at the same time are given one answer. The error joins what is wrong, with names.
func (c *Container) Health(ctx context.Context) ([]Health, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	if ctx == nil {
		return nil, fmt.Errorf("di: %w: ctx is nil", ErrInvalid)
	}
	var wg sync.WaitGroup
	asked := c.reg.checkups()
	for _, k := range asked {
		wg.Go(func() { k.ask(ctx, c.reg.healthLimit) })
	}
	wg.Wait()
	var list []Health
	for _, k := range asked {
		for _, name := range k.names {
			list = append(list, Health{Name: name, Err: k.err, Took: k.took})
		}
	}
	slices.SortFunc(list, func(a, b Health) int { return strings.Compare(a.Name, b.Name) })
	var errs []error
	for _, h := range list {
		if h.Err != nil {
			errs = append(errs, &Error{Op: "health", Name: h.Name, Err: h.Err})
		}
	}
	return list, errors.Join(errs...)
}

// checkup is the question to one object.
type checkup struct {
	in      *instance
	checker HealthChecker
	names   []string
	err     error
	took    time.Duration
}

// checkups finds who can be asked.
func (r *registry) checkups() []*checkup {
	r.mu.Lock()
	defer r.mu.Unlock()
	var list []*checkup
	same := map[any]*checkup{}
	for s := range r.index.all {
		one := s.def.Load().single()
		if one == nil || one.ready == nil || r.phase >= stopping {
			continue
		}
		checker, ok := one.ready.value.(HealthChecker)
		if !ok {
			continue
		}
		key := identity(one.ready.value)
		if k := same[key]; key != nil && k != nil {
			k.names = append(k.names, s.name)
			continue
		}
		k := &checkup{in: one.ready, checker: checker, names: []string{s.name}}
		list = append(list, k)
		if key != nil {
			same[key] = k
		}
	}
	return list
}

// answer is what one asking of an object brings. Whoever asks meanwhile is given it, too.
type answer struct {
	done    chan struct{} // closed when err and void are known
	err     error
	void    bool        // the one who asked has gone, and err may say no more than that
	overdue atomic.Bool // who asked waits no more
}

var errOverdue = errors.New("it has not answered yet since it was asked before")

func (k *checkup) ask(ctx context.Context, limit time.Duration) {
	begun := time.Now()
	defer func() { k.took = time.Since(begun) }()
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		a := &answer{done: make(chan struct{})}
		if k.in.asked.CompareAndSwap(nil, a) {
			k.err = within(limited, "its Health", func(limited context.Context) error { return k.answer(ctx, limited, a) })
			a.overdue.Store(true) // if it has not returned: see wait
			return
		}
		if a = k.in.asked.Load(); a == nil {
			continue // it has answered just now, perhaps before this was asked
		}
		if err := a.wait(limited); err != nil {
			k.err = err
			return
		}
		if !a.void {
			if k.err = a.err; k.err != nil {
				k.err = fmt.Errorf("its Health failed: %w", k.err)
			}
			return
		}
	}
}

// wait waits for the answer, unless it is overdue.
func (a *answer) wait(ctx context.Context) error {
	overdue := a.overdue.Load() // before done is looked at, since it is set after, answered or not
	select {
	case <-a.done:
		return nil
	default:
	}
	if overdue {
		return errOverdue
	}
	select {
	case <-a.done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%w: %w", errOverdue, ctx.Err())
	}
}

// answer asks the service, under limited, which is ctx with the limit.
func (k *checkup) answer(ctx, limited context.Context, a *answer) error {
	a.err = errGoexit
	defer func() {
		a.void = ctx.Err() != nil
		k.in.asked.Store(nil)
		close(a.done)
	}()
	a.err = guard(func() error { return k.checker.Health(limited) })
	return a.err
}
