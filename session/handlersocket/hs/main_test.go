package hs_test

import (
	"bufio"
	"context"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"gyrfalcon/session/handlersocket/hs"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// server is a server of the test's own: it answers each request as answer says.
type server struct {
	address string

	mu    sync.Mutex
	heard []string // all requests, in the order in which they came
	conns []net.Conn
	all   int // connections ever accepted
	over  int // and of these, ended
}

// silence is an answer that never comes; hangUp closes the connection instead.
const (
	silence = "\x00silence"
	hangUp  = "\x00hang up"
)

// ordinary answers what opens with success, and finds with nothing.
func ordinary(request string) string {
	if strings.HasPrefix(request, "P") || strings.HasPrefix(request, "A") {
		return "0\t1"
	}
	return "0\t2"
}

// serve starts a server that answers requests which open with success, and others as
// answer says.
func serve(t testing.TB, answer func(request string) string) *server {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &server{address: l.Addr().String()}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.conns = append(s.conns, nc)
			s.all++
			s.mu.Unlock()
			serving.Go(func() { s.talk(nc, answer) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		s.hangUpAll()
		serving.Wait()
	})
	return s
}

func (s *server) talk(nc net.Conn, answer func(request string) string) {
	defer func() {
		_ = nc.Close()
		s.mu.Lock()
		defer s.mu.Unlock()
		s.over++
	}()
	in := bufio.NewReader(nc)
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimSuffix(line, "\n")
		s.mu.Lock()
		s.heard = append(s.heard, line)
		s.mu.Unlock()
		reply := answer(line)
		switch reply {
		case silence:
			continue
		case hangUp:
			return
		}
		if _, err := nc.Write([]byte(reply + "\n")); err != nil {
			return
		}
	}
}

// hangUpAll closes all connections, as a server that stops does.
func (s *server) hangUpAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, nc := range s.conns {
		_ = nc.Close()
	}
	s.conns = nil
}

func (s *server) requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.heard...)
}

func (s *server) accepted() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.all
}

func (s *server) ended() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.over
}

// count is how many requests hold a word.
func (s *server) count(word string) (n int) {
	for _, r := range s.requests() {
		if strings.Contains(r, word) {
			n++
		}
	}
	return n
}

// until waits for a condition.
func (s *server) until(t testing.TB, what string, happened func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !happened(); {
		if time.Now().After(end) {
			t.Fatalf("it never happened that %s", what)
		}
		time.Sleep(time.Millisecond) //nolint:forbidigo // polls for a condition
	}
}

// open returns an index of two columns on a client of the server's.
func (s *server) open(t testing.TB, o hs.Options) *hs.Index {
	t.Helper()
	o.Address = s.address
	c := hs.New(o)
	t.Cleanup(c.Close)
	return define(t, c)
}

func define(t testing.TB, c *hs.Client) *hs.Index {
	t.Helper()
	x, err := c.Index(hs.Definition{Database: "db", Table: "things", Columns: []string{"id", "v"}, Filters: []string{"n"}})
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// key is the query for one key.
func key(k string) hs.Query { return hs.Query{Key: []hs.Value{hs.String(k)}} }

// find finds one key.
func find(ctx context.Context, x *hs.Index, k string) (*hs.Rows, error) {
	var rows hs.Rows
	err := x.Find(ctx, &rows, key(k))
	return &rows, err
}
