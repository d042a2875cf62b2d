package app

import (
	"context"
	"time"

	"go.uber.org/fx"
)

// patience is the time that all the hooks of a start, or of a stop, have together.
//
// It is not what fx is given, for fx gives up at that moment: it returns the context's
// error instead of the hook's, which knows why it waited, and rolls back with the same
// ended context, with which it stops nothing. So hooks get a context that ends sooner
// than fx's, return what they have to say, and are stopped with time to spare.
type patience struct {
	start context.Context //nolint:containedctx // it belongs to all hooks, and they are called by fx
	stop  context.Context //nolint:containedctx // as above
}

// patientLifecycle is fx's lifecycle with hooks that obey a patience.
type patientLifecycle struct {
	fx.Lifecycle

	p *patience
}

// Append adds a hook.
func (l patientLifecycle) Append(h fx.Hook) {
	if start := h.OnStart; start != nil {
		h.OnStart = func(ctx context.Context) error { return within(ctx, l.p.start, start) }
	}
	if stop := h.OnStop; stop != nil {
		h.OnStop = func(ctx context.Context) error { return within(ctx, l.p.stop, stop) }
	}
	l.Lifecycle.Append(h)
}

// within calls hook with a context that ends with ctx and with limit.
func within(ctx, limit context.Context, hook func(context.Context) error) error {
	if limit == nil {
		return hook(ctx)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(limit, cancel)()
	if deadline, ok := limit.Deadline(); ok {
		var end context.CancelFunc
		ctx, end = context.WithDeadline(ctx, deadline)
		defer end()
	}
	return hook(ctx)
}

// spare is what fx has beyond the hooks' time: for a hook that ignores its context, and
// for rolling back.
const spare = 10 * time.Second
