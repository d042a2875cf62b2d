package integration_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"gyrfalcon/integration/servers"
	"gyrfalcon/internal/output"
)

// patience bounds whatever a test waits for: long for a busy machine, and of no
// matter for one that is not.
const patience = time.Minute

var programDir = sync.OnceValues(func() (string, error) { return os.MkdirTemp("", "gyrfalcon-test-") })

// program is the path of the command gyrfalcon, built once for all tests.
var program = sync.OnceValues(func() (string, error) {
	dir, err := programDir()
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "gyrfalcon")
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", path, "gyrfalcon/app/gyrfalcon").CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
})

// process is the command gyrfalcon, running.
type process struct {
	url    string // of the site
	admin  string // of the operators' pages
	cmd    *exec.Cmd
	stderr *output.Buffer
	ended  chan error
}

var (
	servingLine = regexp.MustCompile(`^gyrfalcon: serving (http://\S+) \(sessions: `)
	adminEntry  = regexp.MustCompile(`operators' pages.*"address": "(http://[^"]+)"`)
)

// start runs gyrfalcon serve with a configuration file, and returns once it serves.
// The process ends with the test.
func start(t *testing.T, config string) *process {
	t.Helper()
	path, err := program()
	if err != nil {
		t.Fatalf("the program does not build: %v", err)
	}
	p := &process{cmd: exec.Command(path, "serve", "--config", config), stderr: &output.Buffer{}, ended: make(chan error, 1)} //nolint:noctx // it lives until the test's end
	p.cmd.Dir = t.TempDir()
	p.cmd.Stderr = p.stderr
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatalf("starting %s: %v", path, err)
	}
	lines := make(chan string, 1)
	go func() {
		r := bufio.NewReader(stdout)
		line, _ := r.ReadString('\n') // its end without a line is told below
		lines <- line
		_, _ = io.Copy(io.Discard, r)
		p.ended <- p.cmd.Wait()
	}()
	t.Cleanup(func() { p.kill(t) })
	select {
	case line := <-lines:
		if m := servingLine.FindStringSubmatch(line); m != nil {
			p.url = m[1]
		} else {
			t.Fatalf("got %q on stdout, want the line that tells where it serves; stderr:\n%s", line, p.stderr)
		}
		// It is logged before that line is printed, but comes by another pipe.
		until(t, "the log tells where the operators' pages are", func() bool {
			m := adminEntry.FindStringSubmatch(p.stderr.String())
			if m != nil {
				p.admin = m[1]
			}
			return m != nil
		})
	case <-time.After(patience):
		t.Fatalf("it did not say within %v where it serves; stderr:\n%s", patience, p.stderr)
	}
	return p
}

// kill ends the process as a power cut would: it gets no chance to write anything.
func (p *process) kill(t *testing.T) {
	t.Helper()
	if err := p.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("killing the process: %v", err)
	}
	p.wait(t)
}

// terminate asks the process to stop, as an init system does.
func (p *process) terminate(t *testing.T) {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatalf("sending SIGTERM: %v", err)
	}
}

// wait returns the exit status, -1 for one that was killed.
func (p *process) wait(t *testing.T) int {
	t.Helper()
	select {
	case err := <-p.ended:
		p.ended <- err // for the next who asks
		return p.cmd.ProcessState.ExitCode()
	case <-time.After(patience):
		t.Fatalf("the process did not end within %v; stderr:\n%s", patience, p.stderr)
		return 0
	}
}

// site is a configuration for the site, and where its parts are.
type site struct {
	config  string // path of the file
	address string // "127.0.0.1:0" until it is known
	store   string // a line below session: that says where the sessions are
	more    string // further lines there
}

// newSite writes a configuration with an SQLite file of its own.
func newSite(t *testing.T) *site {
	t.Helper()
	return newSiteOn(t, onSQLite(t))
}

// newSiteOn writes a configuration with that store.
func newSiteOn(t *testing.T, store string) *site {
	t.Helper()
	s := &site{config: filepath.Join(t.TempDir(), "gyrfalcon.yaml"), address: "127.0.0.1:0", store: store}
	s.write(t)
	return s
}

// onSQLite keeps sessions in a new SQLite file.
func onSQLite(t *testing.T) string {
	t.Helper()
	return fmt.Sprintf("database: {driver: sqlite, path: %q}", filepath.Join(t.TempDir(), "sessions.db"))
}

// onMariaDB keeps sessions on a MariaDB server, in a table as Phalcon's documentation
// shows it.
func onMariaDB(t *testing.T) string {
	t.Helper()
	srv := servers.SharedMariaDB(t)
	name := srv.NewDatabase(t, "")
	srv.Exec(t, "CREATE TABLE "+name+".`session_data` (`session_id` VARCHAR(35) NOT NULL, `data` text NOT NULL,"+
		" `created_at` INT unsigned NOT NULL, `modified_at` INT unsigned DEFAULT NULL, PRIMARY KEY (`session_id`))")
	host, port, err := net.SplitHostPort(srv.Addr())
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("database: {driver: mysql, host: %s, port: %s, username: root, dbname: %s}", host, port, name)
}

func (s *site) write(t *testing.T) {
	t.Helper()
	text := fmt.Sprintf(`session:
  cookie: {name: session, secure: false}
  %s
%shttp: {address: %q, admin_address: "127.0.0.1:0"}
`, s.store, s.more, s.address)
	if err := os.WriteFile(s.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// start starts the site, and has it keep its address from then on.
func (s *site) start(t *testing.T) *process {
	t.Helper()
	p := start(t, s.config)
	s.address = strings.TrimPrefix(p.url, "http://")
	s.write(t)
	return p
}

// newClient is a client with cookies of its own, which does not follow redirects.
func newClient(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Jar: jar, Transport: transport, Timeout: patience, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// fetch returns an answer's status and text.
func fetch(t *testing.T, c *http.Client, method, url string, form string) (int, string, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(form))
	if err != nil {
		t.Fatal(err)
	}
	if form != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp, err := c.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(body), err
}

func mustURL(t *testing.T, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// mustFetch is fetch for an answer that must come with that status.
func mustFetch(t *testing.T, c *http.Client, method, url, form string, want int) string {
	t.Helper()
	status, body, err := fetch(t, c, method, url, form)
	if err != nil || status != want {
		t.Fatalf("%s %s: got status %d, %v, want %d; the page:\n%s", method, url, status, err, want, body)
	}
	return body
}

// until asks again and again whether something has happened that must happen.
func until(t *testing.T, what string, happened func() bool) {
	t.Helper()
	deadline := time.After(patience)
	for !happened() {
		select {
		case <-deadline:
			t.Fatalf("waited %v in vain until %s", patience, what)
		case <-time.After(5 * time.Millisecond):
		}
	}
}
