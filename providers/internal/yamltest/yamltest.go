// Package yamltest is for the tests of what a YAML file makes of a backend: which blocks
// stand, and how those are refused that do not.
package yamltest

import (
	"strings"
	"testing"

	"go.uber.org/fx"

	"gyrfalcon/config"
	"gyrfalcon/providers"
)

// Secret is the password of the tests' files, which no error may tell.
const Secret = "hunter2"

// Graph builds the application's graph for a file, its further services included, and
// starts nothing. more are fx's own options.
func Graph(file string, opts []providers.Option, more ...fx.Option) error {
	cfg, err := config.Parse("gyrfalcon.yaml", []byte(file))
	if err != nil {
		return err
	}
	opts = append(opts, providers.Further(cfg.Services))
	return fx.New(append(more, fx.NopLogger, providers.Module(cfg.Session, opts...))...).Err()
}

// Block is a file in which the session has that adapter. Its block begins in line 4, or
// as much later as service, lines of the session's own, has lines.
func Block(adapter, service, block string) string {
	return "session:\n  adapter: " + adapter + "\n" + service + "  " + adapter + ":\n    " + strings.ReplaceAll(block, "\n", "\n    ") + "\n"
}

// Refuses fails the test unless err says each of the parts, and no secret. what is what
// was refused.
func Refuses(t *testing.T, what string, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Errorf("%s\ngives no error, want one that says %q", what, parts)
		return
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%s\ngives %v\nwant it to say %q", what, err, part)
		}
	}
	if strings.Contains(err.Error(), Secret) || strings.Contains(err.Error(), Secret[len(Secret)/2:]) {
		t.Errorf("%s\nshows the password: %v", what, err)
	}
}
