package proxy_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"gyrfalcon/integration/proxy"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds what a test waits for, and blink what it waits for in vain.
const (
	patience = 20 * time.Second
	blink    = 50 * time.Millisecond
)

// server answers each line with the line, in capitals. A line "many" it answers with
// three pieces, and "bye" by hanging up. It greets who connects, if greeting is not "".
type server struct {
	addr string

	mu  sync.Mutex
	got []string
}

func newServer(t *testing.T, greeting string) *server {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &server{addr: l.Addr().String()}
	var work sync.WaitGroup
	work.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			work.Go(func() { s.serve(c, greeting) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		work.Wait() // the proxy has cut its connections by then
	})
	return s
}

func (s *server) serve(c net.Conn, greeting string) {
	defer func() { _ = c.Close() }()
	_, _ = io.WriteString(c, greeting)
	for lines := bufio.NewScanner(c); lines.Scan(); {
		line := lines.Text()
		s.mu.Lock()
		s.got = append(s.got, line)
		s.mu.Unlock()
		switch line {
		case "bye":
			return
		case "many":
			for range 3 {
				_, _ = io.WriteString(c, "MA")
				_, _ = io.WriteString(c, "NY\n")
			}
		default:
			_, _ = io.WriteString(c, strings.ToUpper(line)+"\n")
		}
	}
}

// received says whether the server has got the line.
func (s *server) received(line string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Contains(s.got, line)
}

// client is a connection through the proxy.
type client struct {
	t *testing.T
	net.Conn
	r *bufio.Reader
}

func dial(t *testing.T, p *proxy.Proxy) *client {
	t.Helper()
	c, err := tryDial(t, p)
	if err != nil {
		t.Fatalf("connect to the proxy: %v", err)
	}
	return c
}

func tryDial(t *testing.T, p *proxy.Proxy) (*client, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c, err := (&net.Dialer{}).DialContext(ctx, "tcp", p.Addr())
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { _ = c.Close() })
	return &client{t: t, Conn: c, r: bufio.NewReader(c)}, nil
}

func (c *client) send(line string) {
	c.t.Helper()
	if _, err := io.WriteString(c, line+"\n"); err != nil {
		c.t.Fatalf("send %q: %v", line, err)
	}
}

// receive returns the next line.
func (c *client) receive(within time.Duration) (string, error) {
	_ = c.SetReadDeadline(time.Now().Add(within))
	line, err := c.r.ReadString('\n')
	return strings.TrimSuffix(line, "\n"), err
}

func (c *client) want(line string) {
	c.t.Helper()
	if got, err := c.receive(patience); err != nil || got != line {
		c.t.Fatalf("received %q, %v; want %q", got, err, line)
	}
}

func (c *client) wantNothing() {
	c.t.Helper()
	if got, err := c.receive(blink); !errors.Is(err, os.ErrDeadlineExceeded) {
		c.t.Fatalf("received %q, %v; want nothing, and the connection to stand", got, err)
	}
}

func (c *client) wantBroken() {
	c.t.Helper()
	if got, err := c.receive(patience); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		c.t.Fatalf("received %q, %v; want a broken connection", got, err)
	}
}

func (c *client) ask(line string) {
	c.t.Helper()
	c.send(line)
	c.want(strings.ToUpper(line))
}

func until(t *testing.T, what string, happened func() bool) {
	t.Helper()
	deadline := time.After(patience)
	for !happened() {
		select {
		case <-deadline:
			t.Fatalf("waited %v in vain until %s", patience, what)
		case <-time.After(time.Millisecond):
		}
	}
}

func wantTrips(t *testing.T, p *proxy.Proxy, what string, want int) {
	t.Helper()
	if got := p.Trips(); got != want {
		t.Errorf("%s: the proxy counts %d trips, want %d", what, got, want)
	}
}

func TestATripIsARequestWithItsAnswer(t *testing.T) {
	t.Parallel()
	p := proxy.New(t, newServer(t, "").addr)
	c := dial(t, p)
	wantTrips(t, p, "a connection on which nothing was sent", 0)
	for i := range 3 {
		c.ask("hello")
		wantTrips(t, p, "requests one after the other", i+1)
	}
	p.Mark()
	wantTrips(t, p, "after Mark", 0)
	c.send("many")
	for range 3 {
		c.want("MANY")
	}
	wantTrips(t, p, "an answer in several pieces", 1)
	p.Mark()
	c.ask("again")
	dial(t, p).ask("elsewhere")
	wantTrips(t, p, "requests on two connections", 2)
	if n := p.Accepted(); n != 1 {
		t.Errorf("after one more connection Accepted = %d, want 1", n)
	}
}

func TestARequestInSeveralPiecesIsOneTrip(t *testing.T) {
	t.Parallel()
	s := newServer(t, "")
	p := proxy.New(t, s.addr)
	c := dial(t, p)
	c.ask("first")
	p.Mark()
	if _, err := io.WriteString(c, "sec"); err != nil {
		t.Fatal(err)
	}
	until(t, "the proxy has the first piece", func() bool { return p.Trips() == 1 })
	c.send("ond")
	c.want("SECOND")
	wantTrips(t, p, "a request in two pieces", 1)
}

func TestWhatAServerSaysByItselfIsNoTrip(t *testing.T) {
	t.Parallel()
	p := proxy.New(t, newServer(t, "WELCOME\n").addr)
	c := dial(t, p)
	c.want("WELCOME")
	wantTrips(t, p, "a greeting", 0)
	c.ask("hello")
	wantTrips(t, p, "a request after a greeting", 1)
}

func TestDelayMakesATripLonger(t *testing.T) {
	t.Parallel()
	p := proxy.New(t, newServer(t, "").addr)
	c := dial(t, p)
	const d = 100 * time.Millisecond
	p.Delay(d)
	start := time.Now()
	c.ask("slow")
	if took := time.Since(start); took < d {
		t.Errorf("a trip delayed by %v took %v", d, took)
	}
	p.Delay(time.Hour)
	c.send("never") // the test's end does not wait for it
	c.wantNothing()
}

func TestAnAnswerThatIsDroppedWasGiven(t *testing.T) {
	t.Parallel()
	s := newServer(t, "")
	p := proxy.New(t, s.addr)
	c := dial(t, p)
	p.DropReplies()
	c.send("write")
	until(t, "an answer is lost", func() bool { return p.Lost() == 1 })
	c.wantNothing()
	if !s.received("write") {
		t.Error("the server has not got the request whose answer is lost")
	}
	p.Decide(nil)
	c.ask("read")
}

func TestDecideChoosesAmongRequests(t *testing.T) {
	t.Parallel()
	s := newServer(t, "")
	p := proxy.New(t, s.addr)
	p.Decide(func(request []byte) proxy.Action {
		switch string(request) {
		case "lost\n":
			return proxy.LoseReply
		case "cut\n":
			return proxy.CutReply
		case "unseen\n":
			return proxy.CutBefore
		}
		return proxy.Pass
	})
	c := dial(t, p)
	c.ask("hello")
	c.send("lost")
	c.wantNothing()
	c.ask("hello")

	c.send("cut")
	c.wantBroken()
	if !s.received("cut") {
		t.Error("the server has not got the request instead of whose answer the connection broke")
	}
	c = dial(t, p)
	c.ask("hello")
	c.send("unseen")
	c.wantBroken()
	if s.received("unseen") {
		t.Error("the server has got the request before which the connection was to break")
	}
	if n := p.Lost(); n != 2 {
		t.Errorf("Lost = %d, want 2: one was thrown away, for one the connection broke", n)
	}
}

func TestCutBreaksWhatThereIs(t *testing.T) {
	t.Parallel()
	p := proxy.New(t, newServer(t, "").addr)
	a, b := dial(t, p), dial(t, p)
	a.ask("hello")
	b.ask("hello")
	p.Cut()
	a.wantBroken()
	b.wantBroken()
	dial(t, p).ask("hello")
}

func TestCutEveryBreaksAgainAndAgain(t *testing.T) {
	t.Parallel()
	p := proxy.New(t, newServer(t, "").addr)
	stop := p.CutEvery(5 * time.Millisecond)
	for range 3 {
		c, err := tryDial(t, p)
		if err == nil {
			c.wantBroken()
		}
	}
	stop()
	stop()
	until(t, "a connection lasts", func() bool {
		c, err := tryDial(t, p)
		if err != nil {
			return false
		}
		_, _ = io.WriteString(c, "hello\n")
		got, _ := c.receive(patience)
		return got == "HELLO"
	})
}

func TestRefuseRefusesUntilAccept(t *testing.T) {
	t.Parallel()
	p := proxy.New(t, newServer(t, "").addr)
	old := dial(t, p)
	old.ask("hello")
	p.Refuse()
	if _, err := tryDial(t, p); err == nil {
		t.Error("a proxy that refuses accepts")
	}
	old.ask("still here")
	p.Accept(t)
	p.Accept(t)
	dial(t, p).ask("hello")
}

func TestPauseAcceptLeavesNewConnectionsWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	p := proxy.New(t, newServer(t, "").addr)
	old := dial(t, p)
	old.ask("hello")
	p.PauseAccept()
	c := dial(t, p)
	c.send("hello")
	c.wantNothing()
	old.ask("still here")
	p.Accept(t)
	c.want("HELLO")
}

func TestStallLosesNothing(t *testing.T) {
	t.Parallel()
	s := newServer(t, "")
	p := proxy.New(t, s.addr)
	c := dial(t, p)
	c.ask("hello")
	p.Stall()
	c.send("later")
	c.wantNothing()
	if s.received("later") {
		t.Error("the server has got what was to be held up")
	}
	p.Resume()
	c.want("LATER")
}

func TestAConnectionEndsAsItsSidesEndIt(t *testing.T) {
	t.Parallel()
	p := proxy.New(t, newServer(t, "").addr)
	c := dial(t, p)
	c.send("bye")
	if _, err := c.receive(patience); !errors.Is(err, io.EOF) {
		t.Errorf("after the server has hung up the client gets %v, want EOF", err)
	}
	_ = c.Close()
	c = dial(t, p)
	c.send("many")
	if tcp, ok := c.Conn.(*net.TCPConn); !ok || tcp.CloseWrite() != nil {
		t.Fatal("the client's half cannot be closed")
	}
	for range 3 {
		c.want("MANY")
	}
	_ = c.Close()
	until(t, "no connection is left", func() bool { return p.Open() == 0 })
}

func TestAServerThatIsDownBreaksConnections(t *testing.T) {
	t.Parallel()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := proxy.New(t, l.Addr().String())
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if c, err := tryDial(t, p); err == nil { // it may be broken before it is made
		c.wantBroken()
	}
}
