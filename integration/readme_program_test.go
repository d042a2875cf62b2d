package integration_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"gyrfalcon/internal/output"
)

// readmesProgram builds the program with which the README begins, as it stands there.
func readmesProgram(t *testing.T) string {
	t.Helper()
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(readme), "```go\n")
	text, _, found := strings.Cut(after, "```")
	if !found || !strings.HasPrefix(text, "package main\n") {
		t.Fatal("the README does not begin with a program")
	}
	dir := t.TempDir()
	source, path := filepath.Join(dir, "main.go"), filepath.Join(dir, "program")
	if err := os.WriteFile(source, []byte(text), 0o600); err != nil { //nolint:gosec // G703: the test names the file
		t.Fatal(err)
	}
	goTool(t, ".", "build", "-o", path, source)
	return path
}

var servesLine = regexp.MustCompile(`"serving","address":"([^"]+)"`)

// Who has followed the README has a program that tells a mistake in its place, that counts, and that ends as it should.
func TestTheReadmesProgramTellsMistakesAndServes(t *testing.T) {
	t.Parallel()
	program := readmesProgram(t)
	for _, c := range []struct {
		what, file string // no file where it is empty
		want       string
	}{
		{"no file", "", "open gyrfalcon.yaml: no such file or directory"},
		{"a misspelt key", "session:\n  lifetme: 1h\n", "gyrfalcon.yaml:2:3: session.lifetme: unknown key"},
		{"a misspelt adapter", "session: {adapter: memroy}\n", `did you mean "memory"?`},
		{"a misspelt key of a further service", "services: {admin: {lifetme: 1h}}\n", "gyrfalcon.yaml:1:20"},
	} {
		t.Run(c.what, func(t *testing.T) {
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), program)
			cmd.Dir = t.TempDir()
			if c.file != "" {
				if err := os.WriteFile(filepath.Join(cmd.Dir, "gyrfalcon.yaml"), []byte(c.file), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			out, err := cmd.CombinedOutput()
			if status := cmd.ProcessState.ExitCode(); status != 1 || !strings.Contains(string(out), c.want) || strings.Contains(string(out), "panic") {
				t.Errorf("got exit status %d (%v) and\n%s\nwant 1 and %q", status, err, out, c.want)
			}
		})
	}
	t.Run("a file", func(t *testing.T) {
		t.Parallel()
		serveReadmes(t, program)
	})
}

func serveReadmes(t *testing.T, program string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program)
	cmd.Dir = t.TempDir()
	file := "session: {adapter: memory, interop: php}\nservices: {admin: {adapter: memory}}\nhttp: {address: \"127.0.0.1:0\"}\n"
	if err := os.WriteFile(filepath.Join(cmd.Dir, "gyrfalcon.yaml"), []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	var stderr output.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill() }() // where the test has not ended it
	address := ""
	until(t, "the log tells where the program serves", func() bool {
		if m := servesLine.FindStringSubmatch(stderr.String()); m != nil {
			address = m[1]
		}
		return address != ""
	})
	var cookies []*http.Cookie
	for n := 1; n <= 2; n++ {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		r.Close = true
		for _, c := range cookies {
			r.AddCookie(c)
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if want := fmt.Sprintf("visit %d\n", n); err != nil || string(body) != want {
			t.Errorf("got %q, %v; want %q", body, err, want)
		}
		cookies = append(cookies, resp.Cookies()...)
	}
	if !strings.Contains(stderr.String(), "shared with PHP") {
		t.Errorf("what must be true on PHP's side is not in the log:\n%s", &stderr)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("told to stop: got %v, want exit status 0; stderr:\n%s", err, &stderr)
	}
}
