package di

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
)

// link is one build's place in the chain of names being resolved. Every view of the container has one.
//
// A shared build runs in a task of its own and is the first link of it; the unshared builds that it asks for run inside the same
// task, and hang on it. A nil link is a caller from outside.
type link struct {
	parent *link     // within the same task
	home   *registry // that builds
	def    *service
	task   atomic.Pointer[task] // nil once the build is over: from then on the view is like any other
	params []any                // what GetWith passed
	taken  atomic.Int64         // how many of them the factory has asked for: the last one's index, and one
}

// edge says that a task waits for another one: the graph in which circles are looked for.
type edge struct {
	via *link // who in the waiting task asked
	on  *task
}

// names is the chain within the link's task, the outermost first.
func (l *link) names() []string {
	var chain []string
	for ; l != nil; l = l.parent {
		chain = append(chain, l.def.name)
	}
	slices.Reverse(chain)
	return chain
}

// contains tells whether d is being built by the link's own goroutine.
func (l *link) contains(d *service) bool {
	for ; l != nil; l = l.parent {
		if l.def == d {
			return true
		}
	}
	return false
}

// note keeps what a build asked for, for Explain. mu is held.
func (l *link) note(name string) {
	if l != nil && !slices.Contains(l.def.asks, name) {
		l.def.asks = append(l.def.asks, name)
	}
}

// await returns d's instance, for which it begins a task if there is none, and waits until ctx ends. mu is held, and given back.
// The error's chain begins with d.
func (r *registry) await(ctx context.Context, via *link, d *service, params []any) (*instance, *Error) {
	if err := d.takesNo(params); err != nil {
		r.mu.Unlock()
		return nil, d.about(err)
	}
	if d.ready != nil {
		defer r.mu.Unlock()
		return d.ready, nil
	}
	if d.task == nil {
		if err := r.open(ctx); err != nil {
			r.mu.Unlock()
			return nil, d.about(err)
		}
		r.begin(d, params, func(run func()) { go run() })
	}
	t := d.task
	chain, err := r.join(ctx, via, t)
	switch {
	case chain != nil:
		return nil, via.circle(chain)
	case err != nil:
		return nil, d.about(fmt.Errorf("gave up waiting for its build: %w", err))
	}
	return t.in, t.err
}

// open tells why nothing may be built, or nil. mu is held.
func (r *registry) open(ctx context.Context) error {
	if r.phase >= stopping {
		return ErrStopped
	}
	return ctx.Err()
}

// join waits until t's result is known, or ctx ends. If that would close a circle it does not wait: chain then is the names from
// t's service round to that of the task which would have waited. mu is held, and given back.
func (r *registry) join(ctx context.Context, via *link, t *task) (chain []string, err error) {
	var waiting *task
	if via != nil {
		waiting = via.task.Load()
	}
	e := &edge{via: via, on: t}
	if waiting != nil {
		if chain = route(t, waiting); chain != nil {
			r.mu.Unlock()
			return chain, nil
		}
		waiting.waits = append(waiting.waits, e)
	}
	r.mu.Unlock()

	select {
	case <-t.done:
	case <-ctx.Done():
		err = ctx.Err()
	}
	if waiting != nil {
		r.mu.Lock()
		waiting.waits = slices.DeleteFunc(waiting.waits, func(o *edge) bool { return o == e })
		r.mu.Unlock()
	}
	return nil, err
}

// route is the chain of names by which from waits for to, both included, or nil if it does not. mu is held.
func route(from, to *task) []string {
	seen := map[*task]bool{}
	var walk func(t *task) []string
	walk = func(t *task) []string {
		if t == to {
			return []string{t.def.name}
		}
		if seen[t] {
			return nil
		}
		seen[t] = true
		for _, e := range t.waits {
			if rest := walk(e.on); rest != nil {
				return append(e.via.names(), rest...)
			}
		}
		return nil
	}
	return walk(from)
}

// circle is the error for what the link's service asked for, which leads back to it. It belongs to that service: its asking
// closed the circle.
func (l *link) circle(chain []string) *Error {
	e := l.def.about(ErrCycle)
	e.Chain = chain
	return e
}

// as completes an error whose chain begins with the service that was asked for: with what was done, and with the names that
// led there. It copies, since all who waited for a build are given its one error.
func (e *Error) as(op string, via *link) *Error {
	c := *e
	c.Op = op
	c.Chain = append(via.names(), e.Chain...)
	if errors.Is(e.Err, ErrCycle) {
		c.Chain = onceRound(c.Chain)
	}
	return &c
}

// onceRound cuts a chain where it comes to a name for the second time.
func onceRound(chain []string) []string {
	for i, name := range chain {
		if slices.Contains(chain[:i], name) {
			return chain[:i+1]
		}
	}
	return chain
}

// blame makes an error that a service's own code returned one of ours. If that code just handed up what this container had told
// it, that already says which service failed and how it was reached.
func (l *link) blame(what string, err error) *Error {
	own := l.names()
	if e, ok := errors.AsType[*Error](err); ok && error(e) == err && len(e.Chain) > len(own) && slices.Equal(e.Chain[:len(own)], own) { //nolint:errorlint // a wrapped one is not just handed up
		return e
	}
	e := l.def.about(fmt.Errorf("%s: %w", what, err))
	e.Chain = own
	return e
}
