package integration_test

import (
	"os"
	"reflect"
	"strings"
	"testing"

	"go.uber.org/fx"

	"gyrfalcon/config"
	"gyrfalcon/providers"
	"gyrfalcon/providers/all"
	"gyrfalcon/session"
)

// The README says that its YAML is what the defaults are.
func TestTheReadmesYAMLIsTheDefaults(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(readme), "```yaml\n")
	text, _, found := strings.Cut(after, "```")
	if !found {
		t.Fatal("the README has no YAML")
	}
	shown, empty := optionsOf(t, text), optionsOf(t, "")
	if !reflect.DeepEqual(shown, empty) {
		t.Errorf("the README's YAML gives\n%+v\nand an empty file\n%+v", shown, empty)
	}
	cfg, err := config.Parse("README.md", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	none, err := config.Parse("", nil)
	if err != nil {
		t.Fatal(err)
	}
	if cfg.HTTP != none.HTTP || cfg.Log != none.Log {
		t.Errorf("the README's YAML gives %+v %+v, and an empty file %+v %+v", cfg.HTTP, cfg.Log, none.HTTP, none.Log)
	}
	// The blocks of the adapters that are not the default are read when they are chosen.
	for _, adapter := range []string{"memory", "mongo", "redis"} {
		optionsOf(t, strings.Replace(text, "adapter: database ", "adapter: "+adapter+" ", 1))
	}
}

// optionsOf returns what a configuration makes of the session service, without what
// cannot be compared.
func optionsOf(t *testing.T, text string) session.Options {
	t.Helper()
	cfg, err := config.Parse("README.md", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	var o session.Options
	app := fx.New(fx.NopLogger, providers.Module(cfg.Session, all.Backends...),
		fx.Invoke(fx.Annotate(func(m *session.Manager) { o = m.Options() }, fx.ParamTags(`name:"session"`))))
	if err := app.Err(); err != nil {
		t.Fatal(err)
	}
	o.ErrorHandler, o.OnEvent, o.Logger, o.Now = nil, nil, nil, nil
	return o
}
