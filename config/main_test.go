package config_test

import (
	"testing"

	"go.uber.org/goleak"

	"gyrfalcon/config"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// file is the name of the configuration in the tests below.
const file = "gyrfalcon.yaml"

// env looks variables up in a map.
func env(vars map[string]string) config.Option {
	return config.WithEnv(func(name string) (string, bool) {
		v, ok := vars[name]
		return v, ok
	})
}

// parse parses what must be valid.
func parse(t *testing.T, yaml string, vars map[string]string) *config.Config {
	t.Helper()
	c, err := config.Parse(file, []byte(yaml), env(vars))
	if err != nil {
		t.Fatalf("Parse: got error %v, want none, for:\n%s", err, yaml)
	}
	return c
}

// refusal is a file and the whole text of the error that it must cause.
type refusal struct {
	name, yaml, want string
}

// refuse parses each file and compares the error.
func refuse(t *testing.T, vars map[string]string, cases []refusal) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := config.Parse(file, []byte(c.yaml), env(vars))
			if err == nil {
				t.Fatalf("Parse: got no error, want\n%s\nfor:\n%s", c.want, c.yaml)
			}
			if got := err.Error(); got != c.want {
				t.Errorf("Parse: got error\n%s\nwant\n%s\nfor:\n%s", got, c.want, c.yaml)
			}
		})
	}
}
