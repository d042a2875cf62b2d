package app_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"gyrfalcon/app"
	"gyrfalcon/internal/output"
)

// ran is what a command that has ended left behind.
type ran struct {
	status         int
	stdout, stderr string
}

func run(t *testing.T, args ...string) ran {
	t.Helper()
	var out, errs bytes.Buffer
	status := app.Main(t.Context(), args, &out, &errs)
	return ran{status, out.String(), errs.String()}
}

// writeConfig writes a configuration file and returns its path.
func writeConfig(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "gyrfalcon.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAWrongCommandLineIsOneLineAndStatus2(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"unknown command":  {[]string{"sevre"}, `there is no command "sevre"`},
		"unknown flag":     {[]string{"serve", "--port", "80"}, "flag provided but not defined"},
		"flag of no value": {[]string{"serve", "--config"}, "flag needs an argument"},
		"empty file name":  {[]string{"serve", "--config", ""}, "--config needs the name of a file"},
		"file as argument": {[]string{"serve", "gyrfalcon.yaml"}, "--config FILE"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := run(t, c.args...)
			if got.status != 2 || got.stdout != "" {
				t.Errorf("got status %d and %q on stdout, want 2 and nothing", got.status, got.stdout)
			}
			wantOneLine(t, got.stderr, c.want, "gyrfalcon help")
		})
	}
}

func TestNoCommandIsAskedForWithTheUsage(t *testing.T) {
	t.Parallel()
	if got := run(t); got.status != 2 || !strings.HasPrefix(got.stderr, "usage: ") {
		t.Errorf("got status %d and %q on stderr, want 2 and the usage", got.status, got.stderr)
	}
}

func TestHelpAndVersionArePrinted(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"help"}, {"--help"}, {"serve", "-h"}} {
		if got := run(t, args...); got.status != 0 || !strings.HasPrefix(got.stdout, "usage: ") || got.stderr != "" {
			t.Errorf("gyrfalcon %v: got %+v, want status 0 and the usage on stdout", args, got)
		}
	}
	if got := run(t, "version"); got.status != 0 || !strings.HasPrefix(got.stdout, "gyrfalcon ") {
		t.Errorf("gyrfalcon version: got %+v, want status 0 and the version on stdout", got)
	}
}

func wantOneLine(t *testing.T, text string, parts ...string) {
	t.Helper()
	if strings.Count(text, "\n") != 1 || !strings.HasPrefix(text, "gyrfalcon: ") || !strings.HasSuffix(text, "\n") {
		t.Errorf("got %q, want one line that begins with gyrfalcon:", text)
	}
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("got %q, want %q in it", text, part)
		}
	}
}

func TestAStartThatFailsIsOneLineThatSaysWhatToDo(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	garbage := filepath.Join(dir, "garbage")
	if err := os.WriteFile(garbage, bytes.Repeat([]byte("no database "), 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	taken, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = taken.Close() })
	const free = "http: {address: \"127.0.0.1:0\", admin_address: \"127.0.0.1:0\"}\n"
	for name, c := range map[string]struct {
		config string
		want   []string
	}{
		"unknown key":     {"session: {lifetme: 1h}\n", []string{"gyrfalcon.yaml:1:11", `did you mean "lifetime"?`}},
		"unknown adapter": {"session: {adapter: memori}\n", []string{`did you mean "memory"?`}},
		"no folder": {free + "session: {database: {path: " + filepath.Join(dir, "none", "s.db") + "}}\n",
			[]string{"none does not exist", "create it"}},
		"no database": {free + "session: {database: {path: " + garbage + "}}\n",
			[]string{"is not an SQLite database"}},
		"port taken": {fmt.Sprintf("http: {address: %q, admin_address: \"127.0.0.1:0\"}\nsession: {adapter: memory}\n", taken.Addr()),
			[]string{"http.address: cannot listen on " + taken.Addr().String(), "choose another port"}},
		"operators' port taken": {fmt.Sprintf("http: {address: \"127.0.0.1:0\", admin_address: %q}\nsession: {adapter: memory}\n", taken.Addr()),
			[]string{"http.admin_address: cannot listen on", "choose another port"}},
		"foreign address": {"http: {address: \"192.0.2.1:0\", admin_address: \"127.0.0.1:0\"}\nsession: {adapter: memory}\n",
			[]string{"http.address: cannot listen on 192.0.2.1:0", "this machine has no such address"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := run(t, "serve", "--config", writeConfig(t, c.config))
			if got.status != 1 || got.stdout != "" {
				t.Errorf("got status %d and %q on stdout, want 1 and nothing", got.status, got.stdout)
			}
			wantOneLine(t, got.stderr, c.want...)
			for _, wrapping := range []string{"fx.", "dig", "could not build", "providers/", "its Start failed"} {
				if strings.Contains(got.stderr, wrapping) {
					t.Errorf("got %q, which wraps the cause in %q", got.stderr, wrapping)
				}
			}
		})
	}
}

func TestAConfigurationThatIsNotThereIsOneLine(t *testing.T) {
	t.Parallel()
	got := run(t, "serve", "--config", filepath.Join(t.TempDir(), "none.yaml"))
	if got.status != 1 {
		t.Errorf("got status %d, want 1", got.status)
	}
	wantOneLine(t, got.stderr, "none.yaml", "no such file")
}

func TestEachMistakeInTheConfigurationHasALine(t *testing.T) {
	t.Parallel()
	got := run(t, "serve", "--config", writeConfig(t, "session:\n  lifetme: 1h\n  codex: json\n"))
	if lines := strings.Count(got.stderr, "\n"); lines != 2 {
		t.Errorf("got %d lines, want 2:\n%s", lines, got.stderr)
	}
	wantText(t, got.stderr, ":2:3: session.lifetme", ":3:3: session.codex")
}

func TestNothingIsLeftOpenByAStartThatFails(t *testing.T) {
	t.Parallel()
	taken, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	admin := freeAddress(t)
	file := filepath.Join(t.TempDir(), "sessions.db")
	got := run(t, "serve", "--config", writeConfig(t, fmt.Sprintf(
		"http: {address: %q, admin_address: %q}\nsession: {database: {path: %s}}\n", taken.Addr(), admin, file)))
	if got.status != 1 {
		t.Fatalf("got status %d, want 1 (the port is taken)", got.status)
	}
	if _, err := os.Stat(file); err != nil {
		t.Fatalf("the store was not opened before the port was found to be taken, so that nothing is shown: %v", err)
	}
	for _, open := range openFiles(t) {
		if strings.HasPrefix(open, file) {
			t.Errorf("%s is still open", open)
		}
	}
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", admin)
	if err != nil {
		t.Fatalf("the operators' address is still taken: %v", err)
	}
	_ = l.Close()
}

// freeAddress is one that was free a moment ago.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// openFiles are the paths of the files that this process has open.
func openFiles(t *testing.T) []string {
	t.Helper()
	entries, err := os.ReadDir("/dev/fd")
	if err != nil {
		t.Fatalf("the system does not tell which files are open: %v", err)
	}
	var paths []string
	for _, e := range entries {
		if path, err := os.Readlink("/dev/fd/" + e.Name()); err == nil {
			paths = append(paths, path)
		}
	}
	return paths
}

// running is a command that serves in this process.
type running struct {
	url    string // of the site
	admin  string // of the operators' pages
	stop   context.CancelFunc
	ended  chan ran
	stderr *output.Buffer
}

var (
	servingLine = regexp.MustCompile(`^gyrfalcon: serving (http://\S+) \(sessions: [^)]+\)\n$`)
	adminEntry  = regexp.MustCompile(`operators' pages.*"address": ?"(http://[^"]+)"`)
)

func serveHere(t *testing.T, config string) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	read, write := io.Pipe()
	r := &running{stop: cancel, ended: make(chan ran, 1), stderr: &output.Buffer{}}
	path := writeConfig(t, config)
	go func() {
		status := app.Main(ctx, []string{"serve", "--config", path}, write, r.stderr)
		_ = write.Close()
		r.ended <- ran{status, "", r.stderr.String()}
	}()
	line, err := bufio.NewReader(read).ReadString('\n')
	if err != nil {
		t.Fatalf("it did not say where it serves: %v; stderr: %s", err, (<-r.ended).stderr)
	}
	go func() { _, _ = io.Copy(io.Discard, read) }()
	site, admin := servingLine.FindStringSubmatch(line), adminEntry.FindStringSubmatch(r.stderr.String())
	if site == nil || admin == nil {
		t.Fatalf("got the line %q and the log\n%s\nwant both addresses told", line, r.stderr)
	}
	r.url, r.admin = site[1], admin[1]
	return r
}

func TestItServesUntilItIsToldToStop(t *testing.T) {
	t.Parallel()
	r := serveHere(t, "http: {address: \"127.0.0.1:0\", admin_address: \"127.0.0.1:0\"}\nsession: {adapter: memory}\n")
	browser := newBrowser(t)
	status := func(url string) int {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := browser.Do(req)
		if err != nil {
			t.Fatalf("GET %s: %v", url, err)
		}
		defer func() { _ = resp.Body.Close() }()
		return resp.StatusCode
	}
	for url, want := range map[string]int{
		r.url + "/":          http.StatusOK,
		r.url + "/healthz":   http.StatusNotFound,
		r.admin + "/healthz": http.StatusOK,
		r.admin + "/":        http.StatusOK,
		r.admin + "/basket":  http.StatusNotFound,
	} {
		if got := status(url); got != want {
			t.Errorf("GET %s: got status %d, want %d", url, got, want)
		}
	}
	browser.CloseIdleConnections()
	r.stop()
	got := <-r.ended
	if got.status != 0 {
		t.Errorf("told to stop: got status %d, want 0; stderr: %s", got.status, got.stderr)
	}
	wantNoText(t, got.stderr, "WARN", "ERROR")
}

func TestAnOperatorsAddressThatOthersReachIsWarnedAbout(t *testing.T) {
	t.Parallel()
	r := serveHere(t, "http: {address: \"127.0.0.1:0\", admin_address: \"0.0.0.0:0\"}\nsession: {adapter: memory}\nlog: {format: json}\n")
	r.stop()
	got := <-r.ended
	if got.status != 0 {
		t.Errorf("got status %d, want 0", got.status)
	}
	wantText(t, got.stderr, `"level":"warn"`, "can be reached from other machines")
}

func TestFxsEventsAreLoggedAtDebugOnly(t *testing.T) {
	t.Parallel()
	for level, want := range map[string]bool{"debug": true, "info": false} {
		r := serveHere(t, "http: {address: \"127.0.0.1:0\", admin_address: \"127.0.0.1:0\"}\nsession: {adapter: memory}\nlog: {format: json, level: "+level+"}\n")
		r.stop()
		got := <-r.ended
		if has := strings.Contains(got.stderr, `"logger":"fx"`); has != want {
			t.Errorf("log level %s: events of fx in the log: %v, want %v", level, has, want)
		}
	}
}

func TestToldToStopBeforeItHasStartedItLeavesNothing(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out, errs bytes.Buffer
	status := app.Main(ctx, []string{"serve", "--config", writeConfig(t, "http: {address: \"127.0.0.1:0\", admin_address: \"127.0.0.1:0\"}\n"+
		"session: {database: {path: "+filepath.Join(t.TempDir(), "s.db")+"}}\n")}, &out, &errs)
	if status != 1 || out.String() != "" {
		t.Errorf("got status %d and %q on stdout, want 1 and nothing", status, out.String())
	}
	wantOneLine(t, errs.String(), "told to stop while it was starting")
}
