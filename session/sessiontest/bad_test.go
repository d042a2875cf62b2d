package sessiontest_test

import (
	"context"
	"runtime"
	"time"

	"gyrfalcon/session"
)

// bad is an adapter some of whose methods have been replaced.
type bad struct {
	session.Adapter
	open    func(ctx context.Context) error
	read    func(ctx context.Context, id string, life time.Duration) (session.Record, error)
	create  func(ctx context.Context, id string, data []byte, life time.Duration) (session.Record, error)
	swap    func(ctx context.Context, id string, prev session.Record, next []byte, life time.Duration) (session.Record, error)
	touch   func(ctx context.Context, id string, life time.Duration) error
	destroy func(ctx context.Context, id string) error
	gc      func(ctx context.Context, life time.Duration, limit int) (int, bool, error)
	close   func(ctx context.Context) error
}

func (b *bad) Open(ctx context.Context) error {
	if b.open != nil {
		return b.open(ctx)
	}
	return b.Adapter.Open(ctx)
}

func (b *bad) Read(ctx context.Context, id string, life time.Duration) (session.Record, error) {
	if b.read != nil {
		return b.read(ctx, id, life)
	}
	return b.Adapter.Read(ctx, id, life)
}

func (b *bad) Create(ctx context.Context, id string, data []byte, life time.Duration) (session.Record, error) {
	if b.create != nil {
		return b.create(ctx, id, data, life)
	}
	return b.Adapter.Create(ctx, id, data, life)
}

func (b *bad) Swap(ctx context.Context, id string, prev session.Record, next []byte, life time.Duration) (session.Record, error) {
	if b.swap != nil {
		return b.swap(ctx, id, prev, next, life)
	}
	return b.Adapter.Swap(ctx, id, prev, next, life)
}

func (b *bad) Touch(ctx context.Context, id string, life time.Duration) error {
	if b.touch != nil {
		return b.touch(ctx, id, life)
	}
	return b.Adapter.Touch(ctx, id, life)
}

func (b *bad) Destroy(ctx context.Context, id string) error {
	if b.destroy != nil {
		return b.destroy(ctx, id)
	}
	return b.Adapter.Destroy(ctx, id)
}

func (b *bad) GC(ctx context.Context, life time.Duration, limit int) (int, bool, error) {
	if b.gc != nil {
		return b.gc(ctx, life, limit)
	}
	return b.Adapter.GC(ctx, life, limit)
}

func (b *bad) Close(ctx context.Context) error {
	if b.close != nil {
		return b.close(ctx)
	}
	return b.Adapter.Close(ctx)
}

// dawdle lets others go first: what is not done at once is found out sooner.
func dawdle() {
	for range 100 {
		runtime.Gosched()
	}
}

// wipe empties a peer's store.
func wipe(p *peer) {
	p.store.mu.Lock()
	defer p.store.mu.Unlock()
	_, _, _ = p.Adapter.GC(context.Background(), -1<<62, 1<<30) // as if all had expired
}

// recording changes what a peer's methods return.
func recording(p *peer, change func(*session.Record)) session.Adapter {
	done := func(r session.Record, err error) (session.Record, error) {
		if err == nil {
			change(&r)
		}
		return r, err
	}
	return &bad{Adapter: p,
		read: func(ctx context.Context, id string, life time.Duration) (session.Record, error) {
			return done(p.Read(ctx, id, life))
		},
		create: func(ctx context.Context, id string, data []byte, life time.Duration) (session.Record, error) {
			return done(p.Create(ctx, id, data, life))
		},
		swap: func(ctx context.Context, id string, prev session.Record, next []byte, life time.Duration) (session.Record, error) {
			return done(p.Swap(ctx, id, prev, next, life))
		}}
}

// renaming changes the IDs on their way.
func renaming(p *peer, name func(string) string) session.Adapter {
	return &bad{Adapter: p,
		read: func(ctx context.Context, id string, life time.Duration) (session.Record, error) {
			return p.Read(ctx, name(id), life)
		},
		create: func(ctx context.Context, id string, data []byte, life time.Duration) (session.Record, error) {
			return p.Create(ctx, name(id), data, life)
		},
		swap: func(ctx context.Context, id string, prev session.Record, next []byte, life time.Duration) (session.Record, error) {
			return p.Swap(ctx, name(id), prev, next, life)
		},
		touch:   func(ctx context.Context, id string, life time.Duration) error { return p.Touch(ctx, name(id), life) },
		destroy: func(ctx context.Context, id string) error { return p.Destroy(ctx, name(id)) }}
}

// storing changes the data on their way.
func storing(p *peer, change func([]byte) []byte) session.Adapter {
	return &bad{Adapter: p,
		create: func(ctx context.Context, id string, data []byte, life time.Duration) (session.Record, error) {
			return p.Create(ctx, id, change(data), life)
		},
		swap: func(ctx context.Context, id string, prev session.Record, next []byte, life time.Duration) (session.Record, error) {
			return p.Swap(ctx, id, prev, change(next), life)
		}}
}
