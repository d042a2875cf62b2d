package proxy

import (
	"context"
	"sync"
	"testing"
	"time"
)

// Cut breaks all connections that there are, at once, with a reset.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		c.cut()
	}
}

// CutEvery breaks all connections again and again, until the function that it returns is
// called, which may be called twice, or the test ends.
func (p *Proxy) CutEvery(interval time.Duration) (stop func()) {
	ctx, cancel := context.WithCancel(p.run)
	p.work.Go(func() {
		tick := time.NewTicker(interval)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				p.Cut()
			case <-ctx.Done():
				return
			}
		}
	})
	return cancel
}

// Refuse refuses new connections, as a machine does on which the server does not run,
// until Accept. Those that there are stay.
func (p *Proxy) Refuse() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.listener != nil {
		_ = p.listener.Close()
		p.listener = nil
	}
}

// PauseAccept leaves new connections without any answer, as a server does that accepts
// nobody any more, until Accept. The kernel makes them, but nobody is there.
func (p *Proxy) PauseAccept() { p.accept.shut() }

// Accept undoes Refuse and PauseAccept.
func (p *Proxy) Accept(t testing.TB) {
	t.Helper()
	p.accept.open()
	if err := p.listen(); err != nil {
		t.Fatal(err)
	}
}

// Stall passes nothing on, in either direction, until Resume. Nothing gets lost: what
// was sent meanwhile arrives then.
func (p *Proxy) Stall() { p.data.shut() }

// Resume undoes Stall.
func (p *Proxy) Resume() { p.data.open() }

// Delay makes each trip take so much longer: the answer is held back. 0 undoes it.
func (p *Proxy) Delay(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.delay = d
}

// Action is what becomes of a request. The later ones in the list are the graver ones.
type Action int

// What the function given to Decide may choose.
const (
	Pass      Action = iota // nothing happens to it
	LoseReply               // the server gets it; its answer is thrown away, and the client waits
	CutReply                // the server gets it; instead of its answer the connection breaks
	CutBefore               // the connection breaks; the server never sees it
)

// Decide has choose say what becomes of each request from now on. choose is given what
// one read has brought of the client's, and may be called by several goroutines at once.
// Of the Actions for a request that comes in several reads the gravest counts. nil lets
// all requests pass again, but an answer that is to be lost is still lost.
func (p *Proxy) Decide(choose func(request []byte) Action) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.decide = choose
}

// DropReplies loses the answers to all requests from now on: they are carried out, and
// no client hears of it. Decide(nil) undoes it.
func (p *Proxy) DropReplies() { p.Decide(func([]byte) Action { return LoseReply }) }

// choose asks what becomes of a request.
func (p *Proxy) choose(request []byte) Action {
	p.mu.Lock()
	decide := p.decide
	p.mu.Unlock()
	if decide == nil {
		return Pass
	}
	return decide(request)
}

// hold lets an answer's delay pass, and says whether the connection is still there.
func (p *Proxy) hold(over <-chan struct{}) bool {
	p.mu.Lock()
	d := p.delay
	p.mu.Unlock()
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-over:
		return false
	}
}

// gate lets pass, or holds back until it is opened.
type gate struct {
	mu     sync.Mutex
	closed chan struct{} // nil while it is open
}

func (g *gate) shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed == nil {
		g.closed = make(chan struct{})
	}
}

func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed != nil {
		close(g.closed)
		g.closed = nil
	}
}

// pass waits until the gate is open, and says whether that came before over.
func (g *gate) pass(over <-chan struct{}) bool {
	for {
		g.mu.Lock()
		closed := g.closed
		g.mu.Unlock()
		if closed == nil {
			return true
		}
		select {
		case <-closed:
		case <-over:
			return false
		}
	}
}
