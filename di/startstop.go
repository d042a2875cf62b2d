package di

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// passage is one call of Start or Stop that others may wait for.
type passage struct {
	done chan struct{}
	err  error
}

// wait waits for the passage, or for ctx.
func (p *passage) wait(ctx context.Context) error {
	select {
	case <-p.done:
		return p.err
	default:
	}
	select {
	case <-p.done:
		return p.err
	case <-ctx.Done():
		return fmt.Errorf("di: gave up waiting for the container: %w", ctx.Err())
	}
}

// Start starts the services that have been built, in the order in which they were resolved, then builds and starts the [Eager]
// ones in the order of their registration. From then on a service that is asked for is started before it is handed out. While
// Start is at work, a Get of a service that has yet to be started waits for it.
//
// ctx says how long the whole may take; each service has its [BuildLimit] besides. If one fails, Start goes no further, stops
// everything that the container built as [Container.Stop] does (within the build limit, since ctx may be over), and the
// container is stopped for good: the error is that service's, joined with what stopping brought.
//
// Start of a started container is nil; calls at the same time share one. Errors: [ErrStopped] after Stop or a failed Start;
// [ErrInvalid] when called from a factory.
func (c *Container) Start(ctx context.Context) error {
	if err := c.checkLife(ctx, "Start"); err != nil {
		return err
	}
	r := c.reg
	r.mu.Lock()
	if r.startRun != nil {
		run, over := r.startRun, r.phase >= stopping
		r.mu.Unlock()
		select {
		case <-run.done:
			if over {
				return errStopped
			}
		default:
		}
		return run.wait(ctx)
	}
	if r.phase >= stopping {
		r.mu.Unlock()
		return errStopped
	}
	r.phase = starting
	run := &passage{done: make(chan struct{})}
	r.startRun = run
	queue := r.toStart()
	r.mu.Unlock()

	run.err = r.startAll(ctx, queue)
	close(run.done)
	return run.err
}

var errStopped = fmt.Errorf("di: %w", ErrStopped)

// checkLife refuses calls of Start and Stop that cannot end well.
func (c *Container) checkLife(ctx context.Context, what string) error {
	if err := c.check(); err != nil {
		return err
	}
	if ctx == nil {
		return fmt.Errorf("di: %w: ctx is nil", ErrInvalid)
	}
	for l := c.building(); l != nil; l = l.parent {
		if !l.home.within(c.reg) {
			continue
		}
		return fmt.Errorf("di: %w: %s was called while %q is being built, and would wait for it", ErrInvalid, what, l.def.name)
	}
	return nil
}

// toStart takes what is built and not started out of Get's reach, and returns it with the eager services. mu is held.
func (r *registry) toStart() []*service {
	var queue, eager []*service
	for _, l := range r.byResolution() {
		for _, d := range l.users {
			d.publish(nil)
			queue = append(queue, d)
		}
	}
	for s := range r.index.all {
		if d := s.def.Load(); d.eager && d.built == nil {
			eager = append(eager, d)
		}
	}
	slices.SortFunc(eager, func(a, b *service) int { return a.order - b.order })
	return append(queue, eager...)
}

// byResolution is the lives in the order in which they were resolved. mu is held.
func (r *registry) byResolution() []*life {
	return slices.SortedFunc(slices.Values(r.lives), func(a, b *life) int { return a.order - b.order })
}

func (r *registry) startAll(ctx context.Context, queue []*service) error {
	// One goroutine for all: each new one would have to grow its stack. There is room for the next task while the last one, whose
	// result is known, returns; and there is no next one after a failure, such as that of one which does not return.
	tasks := make(chan func(), 1)
	defer close(tasks)
	go func() {
		for run := range tasks {
			run()
		}
	}()
	var failed error
	for _, d := range queue {
		r.mu.Lock()
		if d.built == nil && d.slot.def.Load() != d { // removed, replaced or overridden since Start began
			r.mu.Unlock()
			continue
		}
		if d.ready == nil && d.task == nil && r.open(ctx) == nil {
			r.begin(d, nil, func(run func()) { tasks <- run })
		}
		if _, err := r.await(ctx, nil, d, nil); err != nil {
			failed = err.as("start", nil)
			break
		}
	}
	r.mu.Lock()
	if failed == nil && r.phase == starting {
		r.phase = started
		r.mu.Unlock()
		return nil
	}
	r.mu.Unlock()
	if failed == nil {
		failed = errStopped
	}
	undo, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.limit)
	defer cancel()
	return errors.Join(failed, r.stop(undo))
}

// Stop stops what the container built, the last resolved first, so that a service is stopped before those that it asked for
// when it was built. Builds under way are cancelled and waited for.
// Its scopes are stopped first, the last made first. Every service is stopped, whatever the others do: one that
// fails, or that does not return though ctx has ended, is named in the joined error, and the latter is left behind.
//
// A service that is being stopped may still Get those that are not stopped yet; nothing new is built. Afterwards every Get is
// [ErrStopped]. Stop of a stopped container is nil; calls at the same time share one. [ErrInvalid] when called from a factory, or with the context that a service's own Stop was
// given by this call.
func (c *Container) Stop(ctx context.Context) error {
	if err := c.checkLife(ctx, "Stop"); err != nil {
		return err
	}
	if ctx.Value(stoppedBy{c.reg}) != nil {
		return fmt.Errorf("di: %w: Stop was called by a service that it stops, and would wait for it", ErrInvalid)
	}
	return c.reg.stop(ctx)
}

// stoppedBy is the key under which the contexts of a registry's stop say whose they are.
type stoppedBy struct{ reg *registry }

func (r *registry) stop(ctx context.Context) error {
	r.mu.Lock()
	if run := r.stopRun; run != nil {
		over := r.phase == stopped
		r.mu.Unlock()
		if over {
			return nil // whoever stopped it has been told
		}
		return run.wait(ctx)
	}
	run := &passage{done: make(chan struct{})}
	r.stopRun = run
	r.phase = stopping
	under := make([]*task, 0, len(r.tasks))
	for t := range r.tasks {
		under = append(under, t)
	}
	r.hurry()
	r.mu.Unlock()

	r.cancel(ErrStopped)
	ctx = context.WithValue(ctx, stoppedBy{r}, true)
	errs := r.stopScopes(ctx)
	errs = append(errs, waitFor(ctx, under)...)
	errs = append(errs, r.sweep(ctx)...)
	run.err = errors.Join(errs...)
	close(run.done)
	return run.err
}

// hurry lets those go who wait for a build, of r's or of a scope's, that takes no notice of its end. mu is held.
func (r *registry) hurry() {
	for t := range r.tasks {
		time.AfterFunc(grace, func() { r.letGo(t) })
	}
	for s := range r.scopes {
		s.hurry()
	}
}

// waitFor waits for builds under way, and names those that take no notice of their context.
func waitFor(ctx context.Context, tasks []*task) []error {
	slices.SortFunc(tasks, func(a, b *task) int { return a.def.order - b.def.order })
	var errs []error
	for _, t := range tasks {
		patience := ctx.Done()
		if t.expired() {
			patience = t.ctx.Done() // it has had its time
		}
		select {
		case <-t.over:
			continue
		case <-patience:
		}
		timer := time.NewTimer(grace)
		select {
		case <-t.over:
		case <-timer.C:
			e := t.def.about(errors.New("its build or start has not returned though its context had ended, and was left behind"))
			e.Op, e.Chain = "stop", nil
			errs = append(errs, e)
		}
		timer.Stop()
	}
	return errs
}

// sweep stops every life, and takes every service out of Get's reach.
func (r *registry) sweep(ctx context.Context) []error {
	r.mu.Lock()
	r.phase = sweeping
	lives := r.byResolution()
	r.mu.Unlock()
	var errs []error
	for _, l := range slices.Backward(lives) {
		r.mu.Lock()
		abandoned := l.by != nil // its Start has not returned; when it does, its task stops it
		r.mu.Unlock()
		if abandoned {
			continue
		}
		if err := r.end(ctx, l); err != nil {
			errs = append(errs, err)
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.phase = stopped
	r.leave()
	for s := range r.index.all {
		s.def.Load().withdraw()
	}
	for _, layers := range r.overrides {
		for _, o := range layers {
			o.beneath.withdraw()
		}
	}
	return errs
}
