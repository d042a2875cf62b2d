package session

import (
	"context"
	"sync"
)

// gate counts the work that is under way on the adapter, so that Stop can wait
// for it.
type gate struct {
	mu     sync.Mutex
	opened bool
	n      int
	idle   chan struct{} // closed when n comes to 0 after close
}

func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.opened = true
}

// check returns ErrStopped unless the gate is open.
func (g *gate) check() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.opened {
		return ErrStopped
	}
	return nil
}

// enter returns ErrStopped unless the gate is open; else leave must follow.
func (g *gate) enter() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.opened {
		return ErrStopped
	}
	g.n++
	return nil
}

func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.n--; g.n == 0 && g.idle != nil {
		close(g.idle)
		g.idle = nil
	}
}

// close lets nobody in any more and waits for those inside, or until ctx ends.
func (g *gate) close(ctx context.Context) error {
	g.mu.Lock()
	g.opened = false
	if g.n == 0 {
		g.mu.Unlock()
		return nil
	}
	idle := make(chan struct{})
	g.idle = idle
	g.mu.Unlock()
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
