package handlersocket_test

import (
	"fmt"
	"testing"
	"time"

	"go.uber.org/fx"

	"gyrfalcon/config"
	"gyrfalcon/integration/servers"
	"gyrfalcon/providers"
	"gyrfalcon/providers/all"
	"gyrfalcon/session"
)

// YAML chooses the plugin, under Phalcon's names.
func TestYAMLBringsAServiceToThePlugin(t *testing.T) {
	t.Parallel()
	p := newTable(t, servers.SharedMariaDB(t), phalcons)
	o := p.options()
	cfg, err := config.Parse("gyrfalcon.yaml", fmt.Appendf(nil, `
session:
  adapter: handlersocket
  handlersocket:
    lifetime: 600
    server: {host: %s, port: %d, dbname: %s, dbtable: %s}
    port_wr: %d
    charset: utf8mb4
`, o.Server.Host, o.Server.Port, o.Server.DBName, o.Server.DBTable, o.PortWr))
	if err != nil {
		t.Fatal(err)
	}
	var m *session.Manager
	app := fx.New(fx.NopLogger, providers.Module(cfg.Session, all.Backends...), fx.Populate(fx.Annotate(&m, fx.ParamTags(`name:"session"`))))
	if err := app.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	s, err := m.Load(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Set("user", "falcon \U0001f985"); err != nil {
		t.Fatal(err)
	}
	if err := s.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	again, err := m.Load(t.Context(), s.ID())
	if err != nil {
		t.Fatal(err)
	}
	if user, err := session.Get[string](again, "user"); err != nil || user != "falcon \U0001f985" {
		t.Errorf("the session holds %q, %v", user, err)
	}
	if m.Options().Lifetime != 10*time.Minute {
		t.Errorf("the lifetime is %v, want the block's", m.Options().Lifetime)
	}
	if err := app.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}
