package proxy

import (
	"context"
	"net"
	"sync"
	"testing"
	"time"

	"gyrfalcon/integration/internal/ports"
)

// Proxy accepts TCP connections on the loopback address and passes them on to a server.
// All its methods are safe for concurrent use.
type Proxy struct {
	target string
	port   ports.Port
	run    context.Context // until the test's end
	stop   context.CancelFunc
	work   sync.WaitGroup

	data   gate // what is read is passed on
	accept gate // new connections are

	mu       sync.Mutex
	listener net.Listener // nil while it refuses
	conns    map[*conn]struct{}
	delay    time.Duration
	decide   func(request []byte) Action
	tally    tally
}

// tally is what a proxy has counted since Mark.
type tally struct{ trips, accepted, lost int }

// New starts a proxy for the server at target, host:port, which need not run yet: a
// connection that cannot be passed on is broken. The proxy ends with the test.
func New(t testing.TB, target string) *Proxy {
	t.Helper()
	port, err := ports.Free(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{target: target, port: port, conns: map[*conn]struct{}{}}
	p.run, p.stop = context.WithCancel(context.Background())
	t.Cleanup(p.close)
	if err := p.listen(); err != nil {
		t.Fatal(err)
	}
	return p
}

// Addr is where the proxy listens, host:port.
func (p *Proxy) Addr() string { return p.port.Addr() }

// Target is the server's address.
func (p *Proxy) Target() string { return p.target }

func (p *Proxy) close() {
	p.stop()
	p.Refuse()
	p.Cut()
	p.work.Wait()
	p.port.Release()
}

// listen begins to accept, unless the proxy does so already.
func (p *Proxy) listen() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.listener != nil || p.run.Err() != nil {
		return nil
	}
	l, err := (&net.ListenConfig{}).Listen(p.run, "tcp", p.Addr())
	if err != nil {
		return err
	}
	p.listener = l
	p.work.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return // it was closed
			}
			p.work.Go(func() { p.serve(client) })
		}
	})
	return nil
}

// serve passes on one connection. It returns when both sides are closed.
func (p *Proxy) serve(client net.Conn) {
	c := &conn{p: p, client: client, over: make(chan struct{})}
	defer c.close()
	if !p.add(c) {
		return
	}
	defer p.remove(c)
	if !p.accept.pass(c.over) {
		return
	}
	server, err := (&net.Dialer{}).DialContext(p.run, "tcp", p.target)
	if err != nil {
		c.cut()
		return
	}
	if c.meet(server) {
		c.carry()
	}
}

// add counts the connection, unless the proxy is closed.
func (p *Proxy) add(c *conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.run.Err() != nil {
		return false
	}
	p.conns[c] = struct{}{}
	p.tally.accepted++
	return true
}

func (p *Proxy) remove(c *conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, c)
}

// Open is how many connections there are.
func (p *Proxy) Open() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.conns)
}

// Mark has counting begin here.
func (p *Proxy) Mark() { p.count(func(t *tally) { *t = tally{} }) }

// Trips is how many trips have begun since Mark, or from the beginning, on all
// connections.
func (p *Proxy) Trips() int { return p.count(func(*tally) {}).trips }

// Accepted is how many connections have been accepted since Mark, or from the beginning.
func (p *Proxy) Accepted() int { return p.count(func(*tally) {}).accepted }

// Lost is how many answers have been lost since Mark, or from the beginning, by what
// Decide chose: so many requests has the server carried out of which no client hears.
func (p *Proxy) Lost() int { return p.count(func(*tally) {}).lost }

func (p *Proxy) count(change func(*tally)) tally {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(&p.tally)
	return p.tally
}
