package di

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync/atomic"
	"time"
)

// grace is how long something may go on after its context has ended before it is said to ignore it.
const grace = 100 * time.Millisecond

// task is one shared service on its way to being handed out: built, and started if the container is. It runs in a goroutine
// and under a limit of its own.
type task struct {
	def    *service
	link   *link
	ctx    context.Context
	cancel context.CancelFunc
	done   chan struct{} // closed when in or err is known; they are written before
	over   chan struct{} // closed when the goroutine has nothing left to do: later than done, if its context ended first
	in     *instance
	err    *Error

	overdue *time.Timer // lets those who wait go when the limit is over

	// Guarded by the registry's mu.
	waits []*edge
	told  bool   // done is closed
	cause *Error // why it failed, while what it made is being stopped
}

// instance is a built service.
type instance struct {
	value any
	life  *life                  // nil if there is nothing to start or stop, or if that is somebody else's business
	link  *link                  // of the build: the service may have kept its view
	asked atomic.Pointer[answer] // for its health, and has not answered
}

// limitError is the end of a build's time, in the clothes of context.DeadlineExceeded.
type limitError time.Duration

func (e limitError) Error() string {
	return fmt.Sprintf("the limit of %v for its build and start ran out (di.BuildLimit)", time.Duration(e))
}

func (limitError) Is(target error) bool { return target == context.DeadlineExceeded }

var errGoexit = errors.New("it ended its goroutine with runtime.Goexit, as FailNow and Fatal of package testing do")

// begin starts a task for d, and leaves it to spawn to run it in another goroutine. mu is held.
func (r *registry) begin(d *service, params []any, spawn func(run func())) {
	t := &task{def: d, link: &link{home: r, def: d, params: params}, done: make(chan struct{}), over: make(chan struct{})}
	if d.built != nil {
		t.link = d.built.link
	}
	t.link.task.Store(t)
	t.ctx, t.cancel = context.WithTimeoutCause(r.base, r.limit, limitError(r.limit))
	d.task = t
	r.tasks[t] = struct{}{}
	t.overdue = time.AfterFunc(r.limit+grace, func() { r.letGo(t) })
	in := d.built
	spawn(func() { r.run(t, in) })
}

// run brings t's service as far as the container has come. in is the instance if it has been built before.
func (r *registry) run(t *task, in *instance) {
	var err *Error
	returned := false
	defer func() {
		if !returned {
			err = t.def.about(errGoexit)
			if in == nil { // it may have come as far as Initialize
				r.mu.Lock()
				in = t.def.built
				r.mu.Unlock()
			}
		}
		if err != nil {
			r.fail(t, in, err)
		}
		t.overdue.Stop()
		t.cancel()
	}()
	if in == nil {
		in, err = r.build(t)
	}
	for err == nil {
		var l *life
		if l, err = r.settle(t, in); l == nil {
			break
		}
		err = r.bringUp(t, l)
	}
	returned = true
}

// build runs the factory, and what belongs to a build after it. With an error the instance is what has to be ended, or nil.
func (r *registry) build(t *task) (*instance, *Error) {
	var in *instance
	failed := "its factory failed"
	_, err := r.watched(t.ctx, t.link, func() (any, error) {
		begun := time.Now()
		v, err := t.def.construct(t.ctx, &Container{reg: r, via: t.link})
		r.mu.Lock()
		t.def.took = time.Since(begun)
		if err != nil {
			r.mu.Unlock()
			return nil, err
		}
		known := r.known(v)
		in = &instance{value: v, link: t.link}
		t.def.built = in
		r.adopt(t.def, in)
		l := in.life
		whole := false
		if !known && l != nil {
			l.by = t // nobody else starts it or stops it before it is complete
			defer func() { r.release(l, whole) }()
		}
		r.mu.Unlock()
		failed, err = r.complete(t.ctx, t.link, v, known)
		whole = err == nil
		return v, err
	})
	if err != nil {
		return in, t.link.blame(failed, t.withLimit(err))
	}
	return in, nil
}

// release says that nobody is at work on l any more, and whether it came out whole.
func (r *registry) release(l *life, whole bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	l.by, l.broken = nil, !whole
}

// construct calls the factory, and makes errors of a panic and of a nil.
func (d *service) construct(ctx context.Context, c *Container) (any, error) {
	var v any
	err := guard(func() (err error) {
		v, err = d.factory(ctx, c)
		return err
	})
	if err == nil && v == nil {
		err = fmt.Errorf("it returned a nil %v and no error", d.typ)
	}
	return v, err
}

// guard calls f and makes an error of a panic.
func guard(f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &PanicError{Value: v, Stack: debug.Stack()}
		}
	}()
	return f()
}

// withLimit says of an error that came after the limit had run out that it did: the error itself may tell but a symptom.
func (t *task) withLimit(err error) error {
	if t.expired() {
		return fmt.Errorf("%w: %w", context.Cause(t.ctx), err)
	}
	return err
}

// settle hands in out if nothing is left to do for it. Else it returns the life that has to be started, or why it is too late.
func (r *registry) settle(t *task, in *instance) (*life, *Error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	l := in.life
	switch {
	case t.told || r.phase >= sweeping:
		return nil, t.def.about(ErrStopped)
	case r.phase == stopping:
		t.err = t.def.about(ErrStopped) // Stop waits for this task, and finds in among the lives
	case l != nil && (l.ended || l.broken):
		return nil, t.def.about(l.lost())
	case r.phase > fresh && l != nil && !l.up:
		return l, nil
	default:
		t.in = in
		t.def.failed = false
		t.def.publish(in)
	}
	r.finish(t)
	return nil, nil
}

// fail ends what was built, tells err to those who wait, and leaves the service to be built again by the next who asks.
func (r *registry) fail(t *task, in *instance, err *Error) {
	if r.disown(t, in, err) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.ctx), r.limit)
		defer cancel()
		if also := r.end(ctx, in.life); also != nil {
			cause := *err
			cause.Err = fmt.Errorf("%w; and then %w", err.Err, also)
			err = &cause
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	t.def.built, t.def.failed = nil, true
	if !t.told {
		t.err = err
	}
	r.finish(t)
}

// disown takes what t made, if it has a life, from t's service. It tells whether that life has to be ended: not if another
// service has the same object and got it whole, or is just starting it.
func (r *registry) disown(t *task, in *instance, err *Error) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	t.cause = err
	if in == nil || in.life == nil {
		return false
	}
	l := in.life
	if l.by == nil && (l.broken || len(l.users) == 1) {
		return true
	}
	l.users = slices.DeleteFunc(l.users, func(d *service) bool { return d == t.def })
	if l.def == t.def && len(l.users) > 0 {
		l.def = l.users[0]
	}
	return false
}

// finish closes the task. mu is held.
func (r *registry) finish(t *task) {
	if !t.told {
		t.told = true
		close(t.done)
	}
	t.waits = nil
	t.link.task.Store(nil)
	t.def.task = nil
	delete(r.tasks, t)
	close(t.over)
}

// letGo runs when t's context has ended and t still has not, some grace later: those who wait are told, whether or not the factory
// ever returns.
func (r *registry) letGo(t *task) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if t.told {
		return
	}
	t.told = true
	t.err = t.def.about(ErrStopped)
	if t.cause != nil {
		t.err = t.cause
	} else if t.expired() {
		t.err = t.def.about(fmt.Errorf("%w, and it still has not returned", limitError(r.limit)))
	}
	close(t.done)
}

// expired tells that t ran out of its own time, as against being stopped with the container.
func (t *task) expired() bool {
	_, ok := errors.AsType[limitError](context.Cause(t.ctx))
	return ok
}

// about is an error that concerns d itself.
func (d *service) about(err error) *Error {
	return &Error{Name: d.name, Chain: []string{d.name}, Registered: d.where.String(), Err: err}
}
