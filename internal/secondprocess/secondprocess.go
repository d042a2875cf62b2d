// Package secondprocess lets a test have a second process that serves HTTP: the test's
// own binary, started again to run that test alone. In it the test finds a variable in
// its environment and serves, in place of testing, until its standard input ends.
package secondprocess

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
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// patience is how long a second process may take to begin and to end. None that works
// comes near it.
const patience = 20 * time.Second

// ready begins the line on which a second process says where it serves.
const ready = "second process: serving at "

// Start runs this test binary again, with the variable set in its environment and for
// the test of that name alone (a testing.TB's Name, or the beginning of one up to a
// slash). It returns the URL at which Serve serves there. The process ends with t, which
// fails unless it does so in order; the clients of its server must be closed before, by
// cleanups that were registered after the call.
func Start(t testing.TB, test, variable, value string) (url string) {
	t.Helper()
	binary, err := os.Executable()
	if err != nil {
		t.Fatalf("this test binary does not know its name: %v", err)
	}
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), binary, "-test.run="+only(test), "-test.count=1") //nolint:gosec // it is this binary
	cmd.Env = append(os.Environ(), variable+"="+value)
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

// output keeps what a second process said, and finds its address in it.
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
		if addr, o.told = strings.CutPrefix(lines.Text(), ready); o.told {
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

// Serve is the second process's part: it serves until its standard input ends.
func Serve(t testing.TB, h http.Handler) {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: h, ReadHeaderTimeout: patience}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	_, _ = fmt.Fprintf(os.Stdout, "%shttp://%s\n", ready, l.Addr())
	_, _ = io.Copy(io.Discard, os.Stdin)

	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := srv.Shutdown(ctx); err != nil {
		t.Errorf("shut the server down: %v", err)
	}
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		t.Errorf("Serve = %v, want http.ErrServerClosed", err)
	}
}
