package servers_test

import (
	"bufio"
	"context"
	"errors"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"gyrfalcon/integration/servers"
)

func TestMain(m *testing.M) { servers.Main(m) }

// patience bounds what a test waits for.
const patience = time.Minute

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

// child says that this process was started by a test, and which.
const child = "GYRFALCON_SERVERS_TEST_CHILD"

// again is this test binary, to be run for one test as a second process, with env on top
// of this process's environment.
func again(t *testing.T, test string, env ...string) *exec.Cmd {
	t.Helper()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, binary, "-test.run=^"+regexp.QuoteMeta(test)+"$", "-test.count=1", "-test.v")
	cmd.Env = append(append(os.Environ(), child+"=1"), env...)
	return cmd
}

func isChild() bool { return os.Getenv(child) != "" }

// said returns the text that a second process has printed behind a word.
func said(t *testing.T, out, word string) string {
	t.Helper()
	for line := range strings.Lines(out) {
		if text, ok := strings.CutPrefix(strings.TrimSpace(line), word+" "); ok {
			return text
		}
	}
	t.Fatalf("the second process did not say %q; it said:\n%s", word, out)
	return ""
}

func TestASecondProcessUsesTheSharedServersAndStartsNone(t *testing.T) {
	if isChild() {
		srv := servers.SharedMariaDB(t)
		db := srv.Open(t, os.Getenv("DATABASE"))
		if _, err := db.ExecContext(t.Context(), "INSERT INTO t VALUES (2)"); err != nil {
			t.Fatal(err)
		}
		_, _ = os.Stdout.WriteString("\naddr " + srv.Addr() + "\n")
		return
	}
	t.Parallel()
	srv := servers.SharedMariaDB(t)
	name := srv.NewDatabase(t, "")
	srv.Exec(t, "CREATE TABLE "+name+".t (n INT)", "INSERT INTO "+name+".t VALUES (1)")
	out, err := again(t, t.Name(), "DATABASE="+name).CombinedOutput()
	if err != nil {
		t.Fatalf("the second process: %v; it said:\n%s", err, out)
	}
	if got := said(t, string(out), "addr"); got != srv.Addr() {
		t.Errorf("the second process used the server at %s, want the shared one, %s", got, srv.Addr())
	}
	var sum int
	if err := srv.Open(t, name).QueryRowContext(t.Context(), "SELECT SUM(n) FROM t").Scan(&sum); err != nil || sum != 3 {
		t.Errorf("after both processes have written the sum is %d, %v; want 3: the second one must not have ended the server", sum, err)
	}
}

func TestASecondProcessCannotStartServers(t *testing.T) {
	if isChild() {
		servers.NewMariaDB(t)
		return
	}
	t.Parallel()
	servers.SharedMariaDB(t)
	out, err := again(t, t.Name()).CombinedOutput()
	if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.ExitCode() != 1 || !strings.Contains(string(out), "starts no servers") {
		t.Errorf("a second process that calls NewMariaDB: got %v, want a failure that says why; it said:\n%s", err, out)
	}
}

func TestServersDoNotOutliveATestProcessThatIsKilled(t *testing.T) {
	if isChild() {
		srv := servers.NewMariaDB(t)
		srv.Pause(t) // it shall die in any state
		_, _ = os.Stdout.WriteString("\naddr " + srv.Addr() + "\nsocket " + srv.Socket() + "\nready \n")
		<-t.Context().Done()
		return
	}
	t.Parallel()
	// It belongs to nobody: what this process shares is none of its business.
	cmd := again(t, t.Name(), "GYRFALCON_TEST_SERVERS=")
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for lines := bufio.NewScanner(stdout); lines.Scan() && lines.Text() != "ready "; {
		out.WriteString(lines.Text() + "\n")
	}
	socket := said(t, out.String(), "socket")
	if _, err := os.Stat(socket); err != nil {
		t.Fatalf("the server's socket: %v, want it there", err)
	}
	if !listens(t, said(t, out.String(), "addr")) {
		t.Fatal("nothing listens on the server's port, want the server")
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	until(t, "the server is gone", func() bool { return !listens(t, said(t, out.String(), "addr")) })
	until(t, "its folder is gone", func() bool {
		_, err := os.Stat(socket)
		return errors.Is(err, os.ErrNotExist)
	})
}
