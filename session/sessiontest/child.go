package sessiontest

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gyrfalcon/session"
)

const (
	// childStore is the variable in the environment that makes TestHazards
	// serve the store that it names.
	childStore = "SESSIONTEST_STORE"

	// childReady begins the line on which a child says where it listens.
	childReady = "sessiontest: serving at "
)

// startChild starts this test binary again, as a second process that serves
// counterApp on the site's store, and returns its address. It ends with the test.
func (st *site) startChild() string {
	t := st.t
	t.Helper()
	binary, err := os.Executable()
	if err != nil {
		t.Fatalf("this test binary does not know its name: %v", err)
	}
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), binary, "-test.run="+only(path.Dir(t.Name())), "-test.count=1") //nolint:gosec // it is this binary
	cmd.Env = append(os.Environ(), childStore+"="+st.store)
	cmd.WaitDelay = patience
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	said := &output{addr: make(chan string, 1)}
	cmd.Stdout, cmd.Stderr = said, said
	if err := cmd.Start(); err != nil {
		t.Fatalf("start a second process: %v", err)
	}
	gone := make(chan error, 1)
	go func() { gone <- cmd.Wait() }()
	t.Cleanup(func() {
		st.srv.Client().CloseIdleConnections() // a server waits for those that were never used
		_ = stdin.Close()
		select {
		case err := <-gone:
			if err != nil {
				t.Errorf("the second process ended with %v; it said:\n%s", err, said)
			}
		case <-time.After(patience):
			_ = cmd.Process.Kill()
			t.Errorf("the second process did not end; it said:\n%s", said)
		}
	})
	select {
	case addr := <-said.addr:
		return addr
	case err := <-gone:
		gone <- err
	case <-time.After(patience):
	}
	t.Fatalf("the second process did not begin to serve; it said:\n%s", said)
	return ""
}

// only is the -test.run that runs one test and no other.
func only(test string) string {
	parts := strings.Split(test, "/")
	for i, p := range parts {
		parts[i] = "^" + regexp.QuoteMeta(p) + "$"
	}
	return strings.Join(parts, "/")
}

// output keeps what a child said, and finds its address in it.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
	addr chan string
	told bool
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.text.Write(p)
	lines := bufio.NewScanner(bytes.NewReader(o.text.Bytes()))
	for !o.told && lines.Scan() {
		var addr string
		if addr, o.told = strings.CutPrefix(lines.Text(), childReady); o.told {
			o.addr <- addr
		}
	}
	return len(p), nil
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// serveChild is the second process: it serves until its standard input ends.
func serveChild(t *testing.T, h Harness, store string) {
	var now func() time.Time
	if !h.ServerClock {
		now = NewClock(clockStart).Now
	}
	a, err := h.Open(t.Context(), store, now)
	if err != nil {
		t.Fatalf("open the store: %v", err)
	}
	m := session.New(a, session.Options{Interop: h.Interop, Cookie: session.Cookie{Name: cookieName}, Timeout: patience, GCInterval: -1, Now: now})
	if err := m.Start(t.Context()); err != nil {
		t.Fatalf("start the session service: %v", err)
	}
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: m.Middleware(counterApp(m)), ReadHeaderTimeout: patience}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	_, _ = fmt.Fprintf(os.Stdout, "%shttp://%s\n", childReady, l.Addr())
	_, _ = io.Copy(io.Discard, os.Stdin)

	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := srv.Shutdown(ctx); err != nil {
		t.Errorf("shut the server down: %v", err)
	}
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		t.Errorf("Serve = %v, want http.ErrServerClosed", err)
	}
	if err := m.Stop(ctx); err != nil {
		t.Errorf("stop the session service: %v", err)
	}
}

// crowd is how many visits counterApp has come in before the first is stored.
const crowd = 100

// counterApp counts the visitor's visits, of which the first crowd meet: all have
// read what was stored before, when the first of them stores.
func counterApp(m *session.Manager) http.Handler {
	var came atomic.Int64
	all := make(chan struct{})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := m.From(r.Context())
		if err == nil {
			_, err = session.Update(s, "n", func(n int) int { return n + 1 })
		}
		if err != nil {
			session.Error(w, r, err)
			return
		}
		if came.Add(1) == crowd {
			close(all)
		}
		select {
		case <-all:
		case <-r.Context().Done():
		}
	})
}
