package sessiontest_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"gyrfalcon/session"
	"gyrfalcon/session/memory"
	"gyrfalcon/session/sessiontest"
)

// town is where stores have names, so that several adapters of one process can
// share one: the memory adapter's sessions behind a server of no distance.
type town struct {
	mu     sync.Mutex
	stores map[string]*store
}

// store is what peers share.
type store struct {
	*memory.Adapter
	mu      sync.Mutex
	stalled chan struct{} // closed when writes go on; nil when they do
}

func (w *town) newStore(testing.TB) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stores == nil {
		w.stores = make(map[string]*store)
	}
	name := fmt.Sprintf("store %d", len(w.stores))
	w.stores[name] = &store{}
	return name
}

func (w *town) store(name string) *store {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.stores[name]
}

func (w *town) open(name string, now func() time.Time) *peer {
	s := w.store(name)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.Adapter == nil {
		s.Adapter = memory.New(memory.Options{Now: now})
	}
	return &peer{store: s}
}

func (w *town) stall(_ testing.TB, name string) (resume func()) {
	s := w.store(name)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stalled = make(chan struct{})
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		close(s.stalled)
		s.stalled = nil
	}
}

// peer is a good adapter on a store.
type peer struct {
	*store
	mu      sync.Mutex
	closed  bool
	maxData int // 0 for any
	holds   func(text string) bool
	text    bool
}

var errPeerClosed = errors.New("closed")

func (p *peer) usable(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return errPeerClosed
	}
	return ctx.Err()
}

func (p *peer) writable(ctx context.Context, data []byte) error {
	if err := p.usable(ctx); err != nil {
		return err
	}
	if p.maxData > 0 && len(data) > p.maxData {
		return fmt.Errorf("%w (it may have %d bytes)", session.ErrTooLarge, p.maxData)
	}
	if p.text && !utf8.Valid(data) {
		return errors.New("not text")
	}
	if p.holds != nil && !p.holds(string(data)) {
		return errors.New("not in this character set")
	}
	p.store.mu.Lock()
	stalled := p.stalled
	p.store.mu.Unlock()
	if stalled == nil {
		return nil
	}
	select {
	case <-stalled:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p *peer) Open(ctx context.Context) error { return p.usable(ctx) }

func (p *peer) Read(ctx context.Context, id string, life time.Duration) (session.Record, error) {
	if err := p.usable(ctx); err != nil {
		return session.Record{}, err
	}
	return p.Adapter.Read(ctx, id, life)
}

func (p *peer) Create(ctx context.Context, id string, data []byte, life time.Duration) (session.Record, error) {
	if err := p.writable(ctx, data); err != nil {
		return session.Record{}, err
	}
	return p.Adapter.Create(ctx, id, data, life)
}

func (p *peer) Swap(ctx context.Context, id string, prev session.Record, next []byte, life time.Duration) (session.Record, error) {
	if err := p.writable(ctx, next); err != nil {
		return session.Record{}, err
	}
	return p.Adapter.Swap(ctx, id, prev, next, life)
}

func (p *peer) Touch(ctx context.Context, id string, life time.Duration) error {
	if err := p.writable(ctx, nil); err != nil {
		return err
	}
	return p.Adapter.Touch(ctx, id, life)
}

func (p *peer) Destroy(ctx context.Context, id string) error {
	if err := p.writable(ctx, nil); err != nil {
		return err
	}
	return p.Adapter.Destroy(ctx, id)
}

func (p *peer) GC(ctx context.Context, life time.Duration, limit int) (int, bool, error) {
	if err := p.writable(ctx, nil); err != nil {
		return 0, false, err
	}
	return p.Adapter.GC(ctx, life, limit)
}

func (p *peer) Close(context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	return nil
}

// wreck makes a bad adapter of a good one.
type wreck func(good *peer, now func() time.Time) session.Adapter

// harness describes good adapters, or what a wreck makes of them.
func harness(h sessiontest.Harness, w wreck) sessiontest.Harness {
	var here town
	h.NewStore = here.newStore
	h.Stall = here.stall
	h.Open = func(_ context.Context, name string, now func() time.Time) (session.Adapter, error) {
		p := here.open(name, now)
		p.maxData, p.text, p.holds = h.MaxData, h.TextOnly, h.Holds
		if w == nil {
			return p, nil
		}
		return w(p, now), nil
	}
	return h
}
