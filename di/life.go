package di

import (
	"context"
	"fmt"
	"io"
	"reflect"
	"slices"
	"time"
)

// Starter is a service that has to be started. The container calls Start once for what it built under a shared name: from
// [Container.Start] if the service has been built by then or is [Eager], else when it is first asked for after that; Get hands
// it out only when Start has returned. A container that is never started starts nothing.
//
// ctx bounds the start-up and is over when Start has returned, so that what goes on afterwards needs a context of its own.
type Starter interface {
	Start(ctx context.Context) error
}

// Stopper is a service that has to be stopped. The container calls Stop exactly once for what it built under a shared name,
// whether or not it was started and whether or not its Start failed: it may hold something since it was built. A service
// without Stop that is an io.Closer is closed instead.
//
// What SetValue brought, and what was built for an unshared name, is never started nor stopped. One object under two shared names
// is started and stopped once, and not before both have it no more; a Start of its own that fails ends it for both.
type Stopper interface {
	Stop(ctx context.Context) error
}

// life is an object that the container built and has to stop.
type life struct {
	def   *service // the first that it was built for
	value any

	// Guarded by the registry's mu.
	users  []*service // all that it was built for
	order  int        // when it was resolved
	up     bool       // started, if the container is
	by     *task      // which is starting it
	broken bool       // its Initialize or Start has failed: it will be ended
	ended  bool
}

// lost is why an object that two services share cannot be handed out for the one, since the other has brought it to its end.
func (l *life) lost() error {
	return fmt.Errorf("it is the same object as %q is, which failed; ask again, or have each build its own", l.def.name)
}

// identity is what tells two objects apart, or nil for a value that is a copy anyway. Pointers to nothing may be equal without
// being the same.
func identity(v any) any {
	if t := reflect.TypeOf(v); t.Kind() != reflect.Pointer || t.Elem().Size() == 0 {
		return nil
	}
	return v
}

// adopt gives in a life, if it needs one and nobody else has it in hand. mu is held.
func (r *registry) adopt(d *service, in *instance) {
	switch in.value.(type) {
	case Starter, Stopper, io.Closer:
	default:
		return
	}
	key := identity(in.value)
	l := r.byValue[key]
	switch {
	case key != nil && r.handedIn[key] > 0, r.parent != nil && r.parent.known(in.value):
		return
	case key == nil || l == nil:
		l = &life{def: d, value: in.value, order: r.tick()}
		r.lives = append(r.lives, l)
		if key != nil {
			r.byValue[key] = l
		}
	}
	l.users = append(l.users, d)
	in.life = l
}

// tick counts a resolution. mu is held.
func (r *registry) tick() int {
	r.resolved++
	return r.resolved
}

// bringUp starts l, or waits for the task that does. Its order moves to where it came up, so that what its Start asked for, and
// therefore has come up before, is stopped after it.
func (r *registry) bringUp(t *task, l *life) *Error {
	r.mu.Lock()
	if by := l.by; by != nil {
		chain, err := r.join(t.ctx, t.link, by)
		switch {
		case chain != nil:
			return t.link.circle(append(t.link.names(), chain...))
		case err != nil:
			return t.def.about(t.withLimit(err))
		case by.err != nil:
			return by.err.as("", t.link)
		}
		return nil
	}
	switch {
	case l.ended || l.broken:
		r.mu.Unlock()
		return t.def.about(l.lost())
	case l.up: // since settle looked
		r.mu.Unlock()
		return nil
	}
	l.by = t
	r.mu.Unlock()

	err := errGoexit
	defer func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		l.by, l.broken = nil, err != nil
		if err == nil {
			l.up, l.order = true, r.tick()
		}
	}()
	err = guard(func() error {
		if s, ok := l.value.(Starter); ok {
			return s.Start(t.ctx)
		}
		return nil
	})
	if err != nil {
		return t.link.blame("its Start failed", t.withLimit(err))
	}
	return nil
}

// end stops l, if nobody has yet. Whatever it was built for has to be built anew.
func (r *registry) end(ctx context.Context, l *life) *Error {
	r.mu.Lock()
	if l.ended {
		r.mu.Unlock()
		return nil
	}
	l.ended = true
	for _, d := range l.users {
		d.publish(nil)
		d.built, d.ended = nil, true
	}
	r.lives = slices.DeleteFunc(r.lives, func(o *life) bool { return o == l })
	r.mu.Unlock()

	err := stopValue(ctx, l.value)
	if key := identity(l.value); key != nil {
		r.mu.Lock()
		delete(r.byValue, key) // not before: nobody starts the object again while it stops
		r.mu.Unlock()
	}
	if err == nil {
		return nil
	}
	e := l.def.about(err)
	e.Op, e.Chain = "stop", nil
	return e
}

// stopValue stops or closes v, if it can be.
func stopValue(ctx context.Context, v any) error {
	switch v := v.(type) {
	case Stopper:
		return within(ctx, "its Stop", v.Stop)
	case io.Closer:
		return within(ctx, "its Close", func(context.Context) error { return v.Close() })
	}
	return nil
}

// within calls f, and leaves it behind when ctx has ended and f takes no notice.
func within(ctx context.Context, what string, f func(context.Context) error) error {
	done := make(chan error, 1)
	go func() {
		err := errGoexit
		defer func() { done <- err }()
		err = guard(func() error { return f(ctx) })
	}()
	var err error
	select {
	case err = <-done:
	case <-ctx.Done():
		timer := time.NewTimer(grace)
		defer timer.Stop()
		select {
		case err = <-done:
		case <-timer.C:
			return fmt.Errorf("%s did not return though its context had ended, and was left behind: %w", what, ctx.Err())
		}
	}
	if err != nil {
		return fmt.Errorf("%s failed: %w", what, err)
	}
	return nil
}
