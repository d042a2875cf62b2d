package integration_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// outsideMain is a program in another module that takes the session package alone.
const outsideMain = `package main

import (
	"context"
	"fmt"
	"net/http"

	"gyrfalcon/session"
	"gyrfalcon/session/memory"
)

func main() {
	m := session.New(memory.New(memory.Options{}), session.Options{})
	if err := m.Start(context.Background()); err != nil {
		panic(err)
	}
	_ = m.Middleware(http.NotFoundHandler())
	fmt.Println(m.Stop(context.Background()))
}
`

func TestAnOutsideModuleThatUsesSessionAloneLinksNeitherFxNorAnyDriver(t *testing.T) {
	t.Parallel()
	repo, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil { //nolint:gosec // G703: the names stand below
			t.Fatal(err)
		}
	}
	sums, err := os.ReadFile(filepath.Join(repo, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	write("main.go", outsideMain)
	write("go.sum", string(sums))
	write("go.mod", "module outside\n\ngo 1.26.0\n\nrequire gyrfalcon v0.0.0\n\nreplace gyrfalcon => "+repo+"\n")

	// The commands that the README gives.
	goTool(t, dir, "mod", "tidy")
	if got := goTool(t, dir, "run", "."); strings.TrimSpace(got) != "<nil>" {
		t.Errorf("the program printed %q, want <nil>", got)
	}
	linked := strings.Fields(goTool(t, dir, "list", "-deps", "-f", "{{with .Module}}{{.Path}}{{end}}", "."))
	slices.Sort(linked)
	linked = slices.Compact(linked)
	if want := []string{"go.uber.org/multierr", "go.uber.org/zap", "gyrfalcon", "outside"}; !slices.Equal(linked, want) {
		t.Errorf("modules linked: got %q, want %q", linked, want)
	}
}

func goTool(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = dir
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, stderr.String())
	}
	return string(out)
}
