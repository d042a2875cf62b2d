package proxy

import (
	"errors"
	"io"
	"net"
	"sync"
)

// conn is one connection through the proxy.
type conn struct {
	p      *Proxy
	client net.Conn
	server net.Conn      // nil before meet
	over   chan struct{} // closed when the connection is cut

	mu     sync.Mutex
	ended  bool
	asking bool   // the client has sent something since the server has
	action Action // what becomes of the request
}

// meet gives the connection its other side, unless it was cut meanwhile.
func (c *conn) meet(server net.Conn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		_ = server.Close()
		return false
	}
	c.server = server
	return true
}

// cut breaks both sides with a reset.
func (c *conn) cut() { c.end(true) }

// close closes both sides.
func (c *conn) close() { c.end(false) }

func (c *conn) end(reset bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		return
	}
	c.ended = true
	close(c.over)
	for _, side := range []net.Conn{c.client, c.server} {
		if side == nil {
			continue
		}
		if tcp, ok := side.(*net.TCPConn); ok && reset {
			_ = tcp.SetLinger(0)
		}
		_ = side.Close()
	}
}

// carry passes on what both sides send, until both have ended.
func (c *conn) carry() {
	var answers sync.WaitGroup
	answers.Go(func() { c.copy(c.client, c.server, c.answered) })
	c.copy(c.server, c.client, c.asked)
	answers.Wait()
}

// copy passes on what from sends, each piece as fate says.
func (c *conn) copy(to, from net.Conn, fate func(piece []byte) Action) {
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		if n > 0 && !c.forward(to, buf[:n], fate) || err != nil && !errors.Is(err, io.EOF) {
			c.cut()
			return
		}
		if err != nil { // one side has no more to say; the other may have
			if tcp, ok := to.(*net.TCPConn); ok {
				_ = tcp.CloseWrite()
			}
			return
		}
	}
}

// forward passes a piece on, and says whether the connection lasts.
func (c *conn) forward(to io.Writer, piece []byte, fate func(piece []byte) Action) bool {
	if !c.p.data.pass(c.over) {
		return false
	}
	switch fate(piece) {
	case Pass:
		_, err := to.Write(piece)
		return err == nil
	case LoseReply:
		return true
	default:
		return false
	}
}

// asked tells what becomes of a piece of a request, which the server gets in any case
// but one. What becomes of the answer is kept.
func (c *conn) asked(piece []byte) Action {
	action := c.p.choose(piece)
	c.mu.Lock()
	first := !c.asking
	if first {
		c.asking, c.action = true, Pass
	}
	c.action = max(c.action, action)
	c.mu.Unlock()
	if first {
		c.p.count(func(t *tally) { t.trips++ })
	}
	if action == CutBefore {
		return CutBefore
	}
	return Pass
}

// answered tells what becomes of a piece of an answer.
func (c *conn) answered([]byte) Action {
	c.mu.Lock()
	first, action := c.asking, c.action
	c.asking = false
	c.mu.Unlock()
	if first && action != Pass {
		c.p.count(func(t *tally) { t.lost++ })
	}
	if first && !c.p.hold(c.over) {
		return CutReply
	}
	return action
}
