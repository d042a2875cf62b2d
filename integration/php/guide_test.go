package php_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.uber.org/fx"

	"gyrfalcon/config"
	"gyrfalcon/providers"
	"gyrfalcon/providers/all"
	"gyrfalcon/session"
)

// guides are the pages that show how to share sessions with PHP, or the part of one.
var guides = map[string]string{
	"../../session/php/MIGRATING.md": "",
	"../../README.md":                "## Beside PHP",
}

// snippet is a fenced block, without the indentation of the list that it stands in.
type snippet struct {
	page, language, text string
	line                 int
}

func (s snippet) String() string { return fmt.Sprintf("%s:%d", s.page, s.line) }

// snippets returns the blocks of the guides.
func snippets(t *testing.T, language string) []snippet {
	t.Helper()
	var found []snippet
	known := map[string]bool{"yaml": true, "go": true, "php": true, "ini": true, "nginx": true}
	for page, part := range guides {
		data, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		var open *snippet
		inside, indent := part == "", ""
		for i, line := range strings.Split(string(data), "\n") {
			fence, isFence := strings.CutPrefix(strings.TrimSpace(line), "```")
			switch {
			case open == nil && strings.HasPrefix(line, "## "):
				inside = part == "" || line == part
			case isFence && open == nil:
				indent = line[:strings.Index(line, "`")]
				open = &snippet{page: page, language: fence, line: i + 1}
				if inside && !known[fence] {
					t.Errorf("%v: a block in %q, which nobody checks", open, fence)
				}
			case isFence:
				if inside && open.language == language {
					found = append(found, *open)
				}
				open = nil
			case open != nil:
				open.text += strings.TrimPrefix(line, indent) + "\n"
			}
		}
	}
	if len(found) == 0 {
		t.Fatalf("the guides show no %s", language)
	}
	return found
}

func TestTheYAMLOfTheGuidesIsTaken(t *testing.T) {
	t.Parallel()
	secrets := func(string) (string, bool) { return "a secret", true }
	for _, s := range snippets(t, "yaml") {
		cfg, err := config.Parse(s.page, []byte(s.text), config.WithEnv(secrets))
		if err != nil {
			t.Errorf("%v: %v", s, err)
			continue
		}
		app := fx.New(fx.NopLogger, providers.Module(cfg.Session, all.Backends...),
			fx.Invoke(fx.Annotate(func(m *session.Manager) {
				if m.Options().Interop != session.PHP {
					t.Errorf("%v: the session is not shared with PHP", s)
				}
			}, fx.ParamTags(`name:"session"`))))
		if err := app.Err(); err != nil {
			t.Errorf("%v: %v", s, err)
		}
	}
}

func TestTheGoOfTheGuidesIsThatOfTheExamples(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("../../session/php/example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	var compiled strings.Builder
	for line := range strings.Lines(string(data)) {
		compiled.WriteString(strings.TrimSpace(line) + "\n")
	}
	for _, s := range snippets(t, "go") {
		var want strings.Builder
		for line := range strings.Lines(s.text) {
			want.WriteString(strings.TrimSpace(line) + "\n")
		}
		if !strings.Contains(compiled.String(), want.String()) {
			t.Errorf("%v: no example of session/php holds\n%s", s, want.String())
		}
	}
}

// The page that compares PHP's settings is run with some, and says which of them differ.
func TestThePHPOfTheGuidesRuns(t *testing.T) {
	t.Parallel()
	path, err := exec.LookPath("php")
	if err != nil {
		t.Fatalf("this test needs PHP 8.1 or later (`make deps` installs it): %v", err)
	}
	for _, s := range snippets(t, "php") {
		run := func(arguments ...string) string {
			cmd := exec.CommandContext(t.Context(), path, append([]string{"-n", "-d", "display_errors=stderr"}, arguments...)...)
			cmd.Stdin = strings.NewReader(s.text)
			var out, problems bytes.Buffer
			cmd.Stdout, cmd.Stderr = &out, &problems
			if err := cmd.Run(); err != nil || problems.Len() > 0 {
				t.Errorf("%v: %v\n%s%s", s, err, out.String(), problems.String())
			}
			return out.String()
		}
		run("-l")
		same := []string{"-d", "session.cookie_secure=1", "-d", "session.cookie_httponly=1", "-d", "session.cookie_samesite=Lax", "-d", "serialize_precision=-1"}
		if got := run(same...); got != "" {
			t.Errorf("%v: with Go's settings: got %q, want nothing", s, got)
		}
		if got, want := run(append(same, "-d", "session.name=SHOP")...), "session.name is 'SHOP', and Go has 'PHPSESSID'\n"; got != want {
			t.Errorf("%v: with another name: got %q, want %q", s, got, want)
		}
	}
}

// A save_path is the same in php.ini as in YAML, where php.ini has it in quotes.
func TestTheIniOfTheGuidesSaysWhatTheirYAMLDoes(t *testing.T) {
	t.Parallel()
	path, err := exec.LookPath("php")
	if err != nil {
		t.Fatalf("this test needs PHP 8.1 or later (`make deps` installs it): %v", err)
	}
	for _, s := range snippets(t, "ini") {
		file := filepath.Join(t.TempDir(), "php.ini")
		if err := os.WriteFile(file, []byte(s.text), 0o600); err != nil {
			t.Fatal(err)
		}
		read, err := exec.CommandContext(t.Context(), path, "-n", "-c", file, "-r", `echo ini_get("session.save_path");`).CombinedOutput()
		if err != nil || !slices.ContainsFunc(snippets(t, "yaml"), func(y snippet) bool { return strings.Contains(y.text, fmt.Sprintf("redis: {path: %q}", read)) }) {
			t.Errorf("%v: PHP reads %q, %v; want the path of a YAML", s, read, err)
		}
	}
}
