package integration_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"gyrfalcon/internal/output"
)

// Ctrl-C at a terminal is a SIGINT to all that runs there. `go run` makes exit status 1 of it, whatever its program says.
func TestMakeRunEndsByCtrlCWithoutAnError(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "gyrfalcon.yaml")
	text := "session: {adapter: memory}\nhttp: {address: \"127.0.0.1:0\", admin_address: \"127.0.0.1:0\"}\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var out output.Buffer
	cmd := exec.CommandContext(t.Context(), "make", "run", "ARGS=--config "+file)
	cmd.Dir, cmd.Stdout, cmd.Stderr = "..", &out, &out
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "MA") || strings.HasPrefix(v, "MFLAGS=") }) // of a make around this
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.WaitDelay = time.Second // where the test kills make, what make started may live on
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	until(t, "the site serves", func() bool { return strings.Contains(out.String(), "gyrfalcon: serving http://") })
	if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	err := cmd.Wait() // make itself ends by the signal
	if s := out.String(); !strings.Contains(s, "stopped") || strings.Contains(s, "***") {
		t.Errorf("got %v and\n%s\nwant the site to have stopped, and make to tell of no error", err, s)
	}
}
