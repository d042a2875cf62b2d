package handlersocket_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"go.uber.org/fx"
	"go.uber.org/goleak"

	"gyrfalcon/config"
	"gyrfalcon/providers"
	"gyrfalcon/providers/handlersocket"
	"gyrfalcon/providers/internal/yamltest"
	"gyrfalcon/session"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// build builds the application's graph for a service and its block, and starts nothing.
func build(service, block string, opts ...providers.Option) (m *session.Manager, err error) {
	err = yamltest.Graph(yamltest.Block("handlersocket", service, block), append(opts, handlersocket.Backend),
		fx.Populate(fx.Annotate(&m, fx.ParamTags(`name:"session"`))))
	return m, err
}

func TestPhalconsOptionsAreTaken(t *testing.T) {
	t.Parallel()
	m, err := build("  cookie: {name: PHPSESSID}\n", "cookie_path: /shop\ncookie_domain: example.com\nlifetime: 600\nserver: {host: localhost, port: 9999, dbname: session, dbtable: php_session}")
	if err != nil {
		t.Fatal(err)
	}
	if o := m.Options(); o.Lifetime != 10*time.Minute || o.Cookie.Path != "/shop" || o.Cookie.Domain != "example.com" {
		t.Errorf("the service has the lifetime %v and the cookie %+v, want what the block says", o.Lifetime, o.Cookie)
	}
	m, err = build("", "{}")
	if err != nil {
		t.Fatal(err)
	}
	if o := m.Options(); o.Lifetime != time.Hour || o.Cookie.Path != "/" || o.Cookie.Domain != "" {
		t.Errorf("with an empty block the service has the lifetime %v and the cookie %+v, want the defaults", o.Lifetime, o.Cookie)
	}
	if _, err := build("", "server: {port: 9998}\nport_wr: 9999\nsecret: a\nsecret_wr: b\ntimezone: Europe/Kyiv\npool: 3\ntimeout: 1s\nmax_lead: 1m\ncharset: binary\ndata_bytes: 16777215\nid_chars: 64"); err != nil {
		t.Errorf("with every option: %v, want nil", err)
	}
}

func TestWhatCannotStandIsToldWithItsPlaceAndWithoutSecrets(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ service, block, place, says string }{
		{"", "serve: {}", "4:5: session.handlersocket.serve", `did you mean "server"?`},
		{"", "server: {dbtabel: a}", "4:14: session.handlersocket.server.dbtabel", `did you mean "dbtable"?`},
		{"", "server: {port: 99999}", "4:20: session.handlersocket.server.port", "is no port"},
		{"", "timezone: Kyiv", "4:15: session.handlersocket.timezone", "date.timezone"},
		{"", "charset: ucs2", "4:14: session.handlersocket.charset", "utf8mb4"},
		{"", "secret: [hunter2]", "4:13: session.handlersocket.secret", "single value"},
		{"", "lifetime: 1ms", "4:15: session.handlersocket.lifetime", "too short"},
		{"  lifetime: 1h\n", "lifetime: 3600", "5:15: session.handlersocket.lifetime", "keep one"},
		{"  cookie: {path: /}\n", "cookie_path: /", "5:18: session.handlersocket.cookie_path", "keep one"},
		{"  cookie: {domain: \"\"}\n", "cookie_domain: \"\"", "5:20: session.handlersocket.cookie_domain", "keep one"},
	} {
		_, err := build(c.service, c.block)
		yamltest.Refuses(t, c.block, err, c.place, c.says)
	}
	_, err := build("", "{}", providers.Share("main"))
	yamltest.Refuses(t, "{} with Share", err, "leave Share out")
}

// Two services on one table clear each other's sessions, unless their lifetimes agree.
func TestTwoServicesOnOneTableHaveOneLifetime(t *testing.T) {
	t.Parallel()
	const file = "session: {adapter: handlersocket, handlersocket: {lifetime: 600}}\nservices: {admin: {adapter: handlersocket}}\n"
	yamltest.Refuses(t, file, yamltest.Graph(file, []providers.Option{handlersocket.Backend}), "a lifetime of 10m0s")
}

// An application whose sessions are kept by way of HandlerSocket. Here nobody listens.
func Example() {
	cfg, err := config.Parse("gyrfalcon.yaml", []byte("session: {adapter: handlersocket, handlersocket: {server: {host: 127.0.0.1, port: 1}}}"))
	if err != nil {
		fmt.Println(err)
		return
	}
	app := fx.New(
		fx.NopLogger,
		providers.Module(cfg.Session, handlersocket.Backend),
	)
	err = app.Start(context.Background())
	fmt.Println(strings.Contains(err.Error(), "see that the server runs with the plugin"))
	// Output: true
}
