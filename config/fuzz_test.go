package config_test

import (
	"strings"
	"testing"

	"gyrfalcon/config"
)

// canary is the secret that FuzzParse looks for: it stands in the environment, and
// in the file as a password.
const canary = "Zq7canaryXw"

// checkError holds an error to what every error of this package promises.
func checkError(t *testing.T, err error, yaml string) {
	t.Helper()
	if err == nil {
		return
	}
	for line := range strings.Lines(err.Error()) {
		if !strings.HasPrefix(line, file) {
			t.Errorf("error line %q does not begin with the file's name, for:\n%q", line, yaml)
		}
	}
	if strings.Contains(err.Error(), canary) {
		t.Errorf("error shows the secret: %v\nfor:\n%q", err, yaml)
	}
}

// FuzzParse writes a password between two arbitrary pieces of a file, with a
// secret behind every variable, and walks all that can be reached from there.
func FuzzParse(f *testing.F) {
	for _, seed := range [][2]string{
		{"session:\n  database:", "    host: x\n"},
		{"session:\n  adapter: ${A}\n  database:", "    hots: ${B:-x}\nhttp: {address: \"${C}\"}\n"},
		{"session: {cookie: {name: \"", "\"}}\n"},
		{"session:\n  database: &a", "    <<: *a\n"},
		{"services:\n  a:\n    redis: {path: \"tcp://u:p@h:1?auth=x\"}\n    x: |", "  b:\n    interop: php\n"},
		{"session:\n  database: {a: [1, 2, {b: c}]}\n  lifetime: 1h\n  lifetime: 2h\n  redis:", "log: {level: loud}\n---\n"},
		{"? {a: b}\n: c\n\t'", "'\n"},
		{"\ufeff!!map", "\r\n  é: \u2028\x00\xff"},
	} {
		f.Add(seed[0], seed[1])
	}
	lookup := config.WithEnv(func(name string) (string, bool) { return canary, !strings.HasPrefix(name, "MISSING") })
	f.Fuzz(func(t *testing.T, before, after string) {
		yaml := before + "\n    password: " + canary + "\n" + after
		c, err := config.Parse(file, []byte(yaml), lookup)
		checkError(t, err, yaml)
		if (c == nil) == (err == nil) {
			t.Fatalf("Parse: got %v and error %v, want one of them", c, err)
		}
		if err != nil {
			return
		}
		sessions := []config.Session{c.Session}
		for _, s := range c.Services {
			sessions = append(sessions, s)
		}
		for _, s := range sessions {
			_, err := s.Select([]string{"database", "redis"})
			checkError(t, err, yaml)
			for _, name := range []string{"database", "redis"} {
				b := s.Block(name)
				checkError(t, b.Decode(new(options)), yaml)
				checkError(t, b.Errorf("text", "is wrong"), yaml)
			}
		}
	})
}
