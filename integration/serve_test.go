package integration_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestASignalEndsItWithStatus0(t *testing.T) {
	t.Parallel()
	for name, signal := range map[string]syscall.Signal{"SIGTERM": syscall.SIGTERM, "SIGINT": syscall.SIGINT} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			p := s.start(t)
			if err := p.cmd.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			if got := p.wait(t); got != 0 {
				t.Errorf("got exit status %d, want 0; stderr:\n%s", got, p.stderr)
			}
			if c, err := dial(t, s.address); err == nil {
				_ = c.Close()
				t.Errorf("something still listens on %s", s.address)
			}
		})
	}
}

func dial(t *testing.T, address string) (net.Conn, error) {
	t.Helper()
	d := net.Dialer{Timeout: patience}
	return d.DialContext(t.Context(), "tcp", address)
}

// A request is under way when SIGTERM comes: its head and half of its body have been
// sent. It is answered, and what it changed is there after the next start.
func TestARequestUnderWayIsAnsweredAndStored(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	p := s.start(t)
	client := newClient(t)
	mustFetch(t, client, http.MethodGet, p.url+"/", "", http.StatusOK)
	cookie := client.Jar.Cookies(mustURL(t, p.url))[0]

	conn, err := dial(t, s.address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	const body = "product=creance"
	if _, err := fmt.Fprintf(conn, "POST /basket/add HTTP/1.1\r\nHost: %s\r\nCookie: %s=%s\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n",
		s.address, cookie.Name, cookie.Value, len(body)); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(conn)
	// The server asks for the body: a handler is reading it.
	if line, err := r.ReadString('\n'); err != nil || !strings.Contains(line, "100 Continue") {
		t.Fatalf("got %q, %v, want 100 Continue", line, err)
	}
	if _, err := fmt.Fprint(conn, body[:5]); err != nil {
		t.Fatal(err)
	}

	p.terminate(t)
	admin := newClient(t)
	until(t, "the health check says that it drains", func() bool {
		status, _, err := fetch(t, admin, http.MethodGet, p.admin+"/healthz", "")
		return err == nil && status == http.StatusServiceUnavailable
	})
	until(t, "no new connection is taken", func() bool {
		c, err := dial(t, s.address)
		if err == nil {
			_ = c.Close()
		}
		return err != nil
	})
	if _, err := fmt.Fprint(conn, body[5:]); err != nil {
		t.Fatal(err)
	}
	if _, err := r.ReadString('\n'); err != nil { // the empty line that ends 100 Continue
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatalf("the request under way got no answer: %v", err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusSeeOther {
		t.Errorf("the request under way: got status %d, want 303", resp.StatusCode)
	}
	if got := p.wait(t); got != 0 {
		t.Errorf("got exit status %d, want 0; stderr:\n%s", got, p.stderr)
	}

	s.start(t)
	if page := mustFetch(t, client, http.MethodGet, p.url+"/basket", "", http.StatusOK); !strings.Contains(page, "quantity-creance") {
		t.Errorf("what the request put into the basket is not in it; the page:\n%s", page)
	}
}

func TestTwoProcessesServeOneVisitor(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	first := s.start(t)
	client := newClient(t)
	mustFetch(t, client, http.MethodPost, first.url+"/sign-in", "name=Ada&password=lure", http.StatusSeeOther)
	cookies := client.Jar.Cookies(mustURL(t, first.url))

	other := *s
	other.address, other.config = "127.0.0.1:0", filepath.Join(t.TempDir(), "second.yaml")
	other.write(t)
	second := other.start(t)
	client.Jar.SetCookies(mustURL(t, second.url), cookies)
	mustFetch(t, client, http.MethodPost, second.url+"/basket/add", "product=hood", http.StatusSeeOther)
	for _, p := range []*process{first, second} {
		page := mustFetch(t, client, http.MethodGet, p.url+"/basket", "", http.StatusOK)
		if !strings.Contains(page, "Ada") || !strings.Contains(page, "quantity-hood") {
			t.Errorf("%s does not know the visitor or the basket; the page:\n%s", p.url, page)
		}
	}
}

func TestAChangeThatCannotBeStoredIsToldByAPageOfTheSite(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.more = "  max_data: 100\n"
	s.write(t)
	p := s.start(t)
	client := newClient(t)
	mustFetch(t, client, http.MethodGet, p.url+"/", "", http.StatusOK)
	page := mustFetch(t, client, http.MethodPost, p.url+"/sign-in", "name="+strings.Repeat("A", 39)+"&password=lure", http.StatusInternalServerError)
	if !strings.Contains(page, "<html") || !strings.Contains(page, "could not be stored") {
		t.Errorf("got %q, want a page of the site that says what happened", page)
	}
	if page := mustFetch(t, client, http.MethodGet, p.url+"/", "", http.StatusOK); strings.Contains(page, "AAAA") {
		t.Error("the visitor is signed in by a request that was answered with an error")
	}
}

func TestABadStartIsOneLineAndStatus1(t *testing.T) {
	t.Parallel()
	path, err := program()
	if err != nil {
		t.Fatalf("the program does not build: %v", err)
	}
	good := newSite(t)
	good.start(t)
	good.store = onSQLite(t)
	good.write(t) // with the address that is taken now
	for name, c := range map[string]struct{ config, want string }{
		"no such file": {filepath.Join(t.TempDir(), "none.yaml"), "no such file"},
		"port taken":   {good.config, "choose another port"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var stdout, stderr strings.Builder
			cmd := exec.CommandContext(t.Context(), path, "serve", "--config", c.config)
			cmd.Stdout, cmd.Stderr = &stdout, &stderr
			_ = cmd.Run() // its status is looked at below
			if got := cmd.ProcessState.ExitCode(); got != 1 {
				t.Errorf("got exit status %d, want 1", got)
			}
			if text := stderr.String(); stdout.String() != "" || strings.Count(text, "\n") != 1 || !strings.Contains(text, c.want) {
				t.Errorf("got %q on stdout and %q on stderr, want one line on stderr with %q", stdout.String(), text, c.want)
			}
		})
	}
}
