package sessiontest_test

import (
	"context"
	"errors"
	"sync"
	"time"

	"gyrfalcon/session"
	"gyrfalcon/session/sessiontest"
)

// timeWrecks are adapters that are bad at time, at clearing, at contexts, or when
// several do the same.
var timeWrecks = []struct {
	name   string
	breaks []string
	h      sessiontest.Harness
	wreck  wreck
}{
	{"reads what has expired", []string{"Read of an expired session is ErrNotFound", "A session lives for its whole life and no longer"}, sessiontest.Harness{},
		func(p *peer, _ func() time.Time) session.Adapter {
			return &bad{Adapter: p, read: func(ctx context.Context, id string, _ time.Duration) (session.Record, error) {
				return p.Read(ctx, id, always)
			}}
		}},
	{"touches what has expired", []string{"Touch of an expired session is ErrNotFound and revives nothing"}, sessiontest.Harness{},
		func(p *peer, _ func() time.Time) session.Adapter {
			return &bad{Adapter: p, touch: func(ctx context.Context, id string, _ time.Duration) error { return p.Touch(ctx, id, always) }}
		}},
	{"swaps what has expired", []string{"Swap of an expired session revives nothing"}, sessiontest.Harness{},
		func(p *peer, _ func() time.Time) session.Adapter {
			return &bad{Adapter: p, swap: func(ctx context.Context, id string, prev session.Record, next []byte, _ time.Duration) (session.Record, error) {
				return p.Swap(ctx, id, prev, next, always)
			}}
		}},
	{"does not touch", []string{"Touch slides the expiry", "GC leaves a session that was kept alive"}, sessiontest.Harness{},
		func(p *peer, _ func() time.Time) session.Adapter {
			return &bad{Adapter: p, touch: func(context.Context, string, time.Duration) error { return nil }}
		}},
	{"does not slide by Swap", []string{"Swap slides the expiry"}, sessiontest.Harness{},
		func(p *peer, now func() time.Time) session.Adapter { return dating(p, now, false, true) }},
	{"moves the expiry where a touch says", []string{
		"Touch for a shorter life does not move the expiry backwards",
		"Touch by a clock that was set back does not move the expiry backwards",
	}, sessiontest.Harness{},
		func(p *peer, now func() time.Time) session.Adapter { return dating(p, now, true, true) }},
	{"hides that it slid", []string{"Read tells whether it slid the expiry"}, sessiontest.Harness{},
		func(p *peer, _ func() time.Time) session.Adapter {
			return recording(p, func(r *session.Record) { r.Slid = false })
		}},
	{"boasts of having slid", []string{"Read tells whether it slid the expiry"}, sessiontest.Harness{},
		func(p *peer, now func() time.Time) session.Adapter { return dating(p, now, true, false) }},
	{"tells a later expiry", []string{"Record.Expires is the moment from which the session is gone", "Expires lies one life ahead"}, sessiontest.Harness{},
		func(p *peer, _ func() time.Time) session.Adapter {
			return recording(p, func(r *session.Record) { r.Expires = r.Expires.Add(time.Minute) })
		}},
	{"rounds lives down", []string{"A session lives for its whole life and no longer"}, sessiontest.Harness{},
		func(p *peer, _ func() time.Time) session.Adapter {
			return living(p, func(life time.Duration) time.Duration { return max(time.Second, life.Truncate(time.Second)) })
		}},
	{"has a shortest life of its own", []string{"A life of one second ends"}, sessiontest.Harness{},
		func(p *peer, _ func() time.Time) session.Adapter {
			return living(p, func(life time.Duration) time.Duration { return max(life, time.Minute) })
		}},
	{"overflows", []string{"A life of many years neither overflows nor lasts for ever"}, sessiontest.Harness{},
		func(p *peer, _ func() time.Time) session.Adapter {
			return living(p, func(life time.Duration) time.Duration { return time.Duration(int32(life/time.Second)) * time.Second })
		}},
	{"never clears", []string{"GC removes what has expired and nothing else"}, sessiontest.Harness{},
		func(p *peer, _ func() time.Time) session.Adapter { return clearing(p, 0, func(n int) int { return n }) }},
	{"clears less than its limit", []string{"GC with a limit of 1 finishes too"}, sessiontest.Harness{},
		func(p *peer, _ func() time.Time) session.Adapter {
			return &bad{Adapter: p, gc: func(ctx context.Context, life time.Duration, limit int) (int, bool, error) {
				return p.GC(ctx, life, limit-1)
			}}
		}},
	{"clears more than its limit", []string{"GC removes what has expired and nothing else"}, sessiontest.Harness{},
		func(p *peer, _ func() time.Time) session.Adapter {
			return clearing(p, 1000, func(n int) int { return n })
		}},
	{"never says that there is more", []string{"GC removes what has expired and nothing else"}, sessiontest.Harness{},
		func(p *peer, _ func() time.Time) session.Adapter {
			return &bad{Adapter: p, gc: func(ctx context.Context, life time.Duration, limit int) (int, bool, error) {
				n, _, err := p.GC(ctx, life, limit)
				return n, false, err
			}}
		}},
	{"always says that there is more", []string{"GC of an empty store is nothing", "GC removes what has expired and nothing else"}, sessiontest.Harness{},
		func(p *peer, _ func() time.Time) session.Adapter {
			return &bad{Adapter: p, gc: func(ctx context.Context, life time.Duration, limit int) (int, bool, error) {
				n, _, err := p.GC(ctx, life, limit)
				return n, true, err
			}}
		}},
	{"clears what the store clears", []string{"GC leaves to the store what expires by itself"}, sessiontest.Harness{ExpiresItself: true},
		func(p *peer, _ func() time.Time) session.Adapter { return p }},
	{"clears what it did not", []string{"GC of an empty store is nothing"}, sessiontest.Harness{},
		func(p *peer, _ func() time.Time) session.Adapter {
			return clearing(p, 10, func(n int) int { return n + 1 })
		}},
	{"clears the living too", []string{"GC removes what has expired and nothing else", "GC leaves a session that was kept alive", "GC disturbs nobody who writes"}, sessiontest.Harness{},
		func(p *peer, _ func() time.Time) session.Adapter {
			return &bad{Adapter: p, gc: func(ctx context.Context, _ time.Duration, limit int) (int, bool, error) {
				return p.GC(ctx, -always, limit)
			}}
		}},
	{"does not look at contexts", []string{
		"A call whose context has been cancelled does nothing", "A call whose deadline has passed does nothing",
	}, sessiontest.Harness{},
		func(p *peer, _ func() time.Time) session.Adapter { return detached(p) }},
	{"denies what it did", []string{"A write that is kept waiting ends with its context"}, sessiontest.Harness{},
		func(p *peer, _ func() time.Time) session.Adapter {
			return &bad{Adapter: p, swap: func(ctx context.Context, id string, prev session.Record, next []byte, life time.Duration) (session.Record, error) {
				r, err := p.Swap(ctx, id, prev, next, life)
				if errors.Is(err, context.DeadlineExceeded) {
					_, _ = p.Adapter.Swap(context.WithoutCancel(ctx), id, prev, next, life)
				}
				return r, err
			}}
		}},
	{"looks before it creates", []string{"Of many who create over an expired session one wins"}, sessiontest.Harness{},
		func(p *peer, _ func() time.Time) session.Adapter {
			return &bad{Adapter: p, create: func(ctx context.Context, id string, data []byte, life time.Duration) (session.Record, error) {
				if _, err := p.Read(ctx, id, life); err == nil {
					return session.Record{}, session.ErrExists
				}
				dawdle()
				_ = p.Destroy(ctx, id)
				return p.Create(ctx, id, data, life)
			}}
		}},
}

// dating keeps the sessions' ends by itself: a session ends a life after it was
// last touched. Swap does not move the end unless swapSlides; Read never does,
// and with honest false says that it does.
func dating(p *peer, now func() time.Time, swapSlides, honest bool) session.Adapter {
	var mu sync.Mutex
	ends := make(map[string]time.Time)
	slide := func(id string, life time.Duration) time.Time {
		ends[id] = now().Add(life)
		return ends[id]
	}
	gone := func(id string) bool { return !now().Before(ends[id]) }
	return &bad{Adapter: p,
		read: func(ctx context.Context, id string, _ time.Duration) (session.Record, error) {
			mu.Lock()
			defer mu.Unlock()
			if gone(id) {
				return session.Record{}, session.ErrNotFound
			}
			r, err := p.Read(ctx, id, always)
			r.Expires, r.Slid = ends[id], !honest
			return r, err
		},
		create: func(ctx context.Context, id string, data []byte, life time.Duration) (session.Record, error) {
			mu.Lock()
			defer mu.Unlock()
			r, err := p.Create(ctx, id, data, life)
			if err == nil {
				r.Expires = slide(id, life)
			}
			return r, err
		},
		swap: func(ctx context.Context, id string, prev session.Record, next []byte, life time.Duration) (session.Record, error) {
			mu.Lock()
			defer mu.Unlock()
			if gone(id) {
				return session.Record{}, session.ErrNotFound
			}
			r, err := p.Swap(ctx, id, prev, next, always)
			if err == nil && swapSlides {
				r.Expires = slide(id, life)
			}
			return r, err
		},
		touch: func(ctx context.Context, id string, life time.Duration) error {
			mu.Lock()
			defer mu.Unlock()
			if gone(id) {
				return session.ErrNotFound
			}
			err := p.Touch(ctx, id, always)
			if err == nil {
				slide(id, life)
			}
			return err
		}}
}

// living changes the lifetimes on their way.
func living(p *peer, change func(time.Duration) time.Duration) session.Adapter {
	return &bad{Adapter: p,
		read: func(ctx context.Context, id string, life time.Duration) (session.Record, error) {
			return p.Read(ctx, id, change(life))
		},
		create: func(ctx context.Context, id string, data []byte, life time.Duration) (session.Record, error) {
			return p.Create(ctx, id, data, change(life))
		},
		swap: func(ctx context.Context, id string, prev session.Record, next []byte, life time.Duration) (session.Record, error) {
			return p.Swap(ctx, id, prev, next, change(life))
		},
		touch: func(ctx context.Context, id string, life time.Duration) error { return p.Touch(ctx, id, change(life)) }}
}

// clearing has a limit of its own, and its own idea of what it removed.
func clearing(p *peer, limit int, removed func(int) int) session.Adapter {
	return &bad{Adapter: p, gc: func(ctx context.Context, life time.Duration, _ int) (int, bool, error) {
		n, more, err := p.GC(ctx, life, limit)
		return removed(n), more, err
	}}
}

// detached calls without the caller's context.
func detached(p *peer) session.Adapter {
	free := context.WithoutCancel
	return &bad{Adapter: p,
		read: func(ctx context.Context, id string, life time.Duration) (session.Record, error) {
			return p.Read(free(ctx), id, life)
		},
		create: func(ctx context.Context, id string, data []byte, life time.Duration) (session.Record, error) {
			return p.Create(free(ctx), id, data, life)
		},
		swap: func(ctx context.Context, id string, prev session.Record, next []byte, life time.Duration) (session.Record, error) {
			if ctx.Err() == nil { // a stalled store shall not hold up this test
				free = func(ctx context.Context) context.Context { return ctx }
			}
			return p.Swap(free(ctx), id, prev, next, life)
		}}
}
