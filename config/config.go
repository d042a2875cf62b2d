package config

import (
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
)

// Config is the configuration of an application.
type Config struct {
	// Session is the service named "session".
	Session Session

	// Services are further session services by their names. A cookie's name
	// belongs to one service. Hand them to providers.Further: nothing starts them else.
	Services map[string]Session

	// HTTP says where the application listens.
	HTTP HTTP

	// Log says what it logs.
	Log Log
}

// HTTP says where the application listens, if it obeys: the example site does, and
// nothing of package providers reads it. Both addresses are host:port; no host
// is every interface, port 0 is any that is free.
type HTTP struct {
	// Address serves the visitors. The default is 127.0.0.1:8080.
	Address string `yaml:"address"`

	// AdminAddress serves the operators, and nobody else should reach it. The
	// default is 127.0.0.1:8081.
	AdminAddress string `yaml:"admin_address"`
}

// Log says what is logged, if the application makes its logger so: the example site
// does, and nothing of package providers reads it.
type Log struct {
	// Level is debug, info, warn or error: what is below it is not logged. The
	// default is info.
	Level string `yaml:"level"`

	// Format is console, the default, for people, or json for machines.
	Format string `yaml:"format"`
}

// development is the configuration without a file: it answers to this machine
// alone, without TLS, and so without the Secure cookie that browsers would not
// send. The name follows: one with the prefix __Host- must be Secure.
const development = `session:
  adapter: database
  cookie: {name: session, secure: false}
  database: {driver: sqlite, path: gyrfalcon.db}
http: {address: "127.0.0.1:8080", admin_address: "127.0.0.1:8081"}
`

// Default returns the configuration for an application that has no file, which is
// one in development: sessions in an SQLite file gyrfalcon.db in the working
// directory, loopback addresses only, and a cookie that is not Secure. An empty
// file is another thing: its cookie is Secure.
func Default() *Config {
	c, err := Parse("(built-in configuration)", []byte(development))
	if err != nil {
		panic(err) // never: the text above is tested
	}
	return c
}

// An Option changes how a file is parsed.
type Option func(*options)

type options struct {
	lookup func(string) (string, bool)
}

// WithEnv has variables looked up in another place than the environment. lookup
// is that of [os.LookupEnv]; it is called during Parse only.
func WithEnv(lookup func(name string) (value string, ok bool)) Option {
	return func(o *options) { o.lookup = lookup }
}

// Load reads the file at path and parses it with the environment's variables. A
// file that cannot be read is an *fs.PathError; for the rest see [Parse]. With an
// error there is no Config: end there, before anything looks into it.
func Load(path string) (*Config, error) {
	f, err := os.Open(path) //nolint:gosec // G304: the operator names the file
	if err != nil {
		return nil, fmt.Errorf("cannot read the configuration: %w", err)
	}
	defer func() { _ = f.Close() }() // it was only read
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("cannot read the configuration: %w", err)
	}
	return Parse(path, data)
}

// Parse parses a configuration; name stands for it in errors. An empty one is
// valid: everything is at its default.
//
// Errors are of type *[Error], joined if there are several: all that is wrong is
// told at once, up to ten errors, except where the file is no YAML.
func Parse(name string, data []byte, opts ...Option) (*Config, error) {
	o := options{lookup: os.LookupEnv}
	for _, opt := range opts {
		opt(&o)
	}
	doc := &document{name: name}
	p := doc.read(data, o.lookup)
	c := &Config{
		HTTP: HTTP{Address: "127.0.0.1:8080", AdminAddress: "127.0.0.1:8081"},
		Log:  Log{Level: "info", Format: "console"},
	}
	if doc.root != nil || len(p) == 0 {
		c.parse(doc, &p)
	}
	if err := p.err(doc); err != nil {
		return nil, err
	}
	return c, nil
}

func (c *Config) parse(doc *document, p *problems) {
	var d decoder
	blocks := map[string]Block{}
	for _, key := range []string{"session", "services", "http", "log"} {
		blocks[key] = Block{doc: doc, path: key}
	}
	if doc.root != nil && d.wants(doc.root, mapping) {
		for _, e := range doc.root.entries {
			if _, ok := blocks[e.key.text]; !ok {
				unknownKey(p, e.key, names(blocks))
				continue
			}
			blocks[e.key.text] = Block{doc: doc, path: e.key.text, node: e.value, near: e.key}
		}
	}
	*p = append(*p, d.problems...)
	c.Session = parseSession("session", blocks["session"], p)
	c.parseServices(blocks["services"], p)
	c.parseHTTP(blocks["http"], p)
	c.parseLog(blocks["log"], p)
}

var serviceName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.-]{0,63}$`)

func (c *Config) parseServices(b Block, p *problems) {
	var d decoder
	if b.node == nil || !d.wants(b.node, mapping) {
		*p = append(*p, d.problems...)
		return
	}
	c.Services = map[string]Session{}
	for _, e := range b.node.entries {
		name := e.key.text
		switch {
		case name == "session":
			p.add(e.key, `the service named "session" stands under session:, not here`)
		case !serviceName.MatchString(name):
			p.add(e.key, "a service's name is a letter and then letters, digits, _, . and -, at most 64 in all")
		default:
			c.Services[name] = parseSession(name, Block{doc: b.doc, path: b.path + "." + name, node: e.value, near: e.key}, p)
		}
	}
	c.checkCookieNames(p)
}

// checkCookieNames keeps two services from overwriting each other's cookie.
func (c *Config) checkCookieNames(p *problems) {
	owner := map[string]string{c.Session.Cookie.Name: "session"}
	for _, name := range slices.Sorted(maps.Keys(c.Services)) {
		s := c.Services[name]
		if first, taken := owner[s.Cookie.Name]; taken {
			*p = append(*p, s.own.problem("cookie.name", "%s is the cookie of the service %q already; give this one another name", s.own.describe("cookie.name", s.Cookie.Name), first))
			continue
		}
		owner[s.Cookie.Name] = name
	}
}

func (c *Config) parseHTTP(b Block, p *problems) {
	if !decodeBlock(b, &c.HTTP, p) {
		return
	}
	check := checker{b, p}
	host, port, ok := address(c.HTTP.Address)
	check.require("address", ok, "%s is not host:port, such as 127.0.0.1:8080", b.describe("address", c.HTTP.Address))
	adminHost, adminPort, adminOK := address(c.HTTP.AdminAddress)
	check.require("admin_address", adminOK, "%s is not host:port, such as 127.0.0.1:8081", b.describe("admin_address", c.HTTP.AdminAddress))
	same := port == adminPort && port != 0 && (host == adminHost || host == "" || adminHost == "")
	check.require("admin_address", !ok || !adminOK || !same, "takes the same port as address; give it one of its own")
}

// decodeBlock decodes one of the file's own blocks and reports whether its values
// may be checked.
func decodeBlock(b Block, into any, p *problems) bool {
	if b.node == nil {
		return true
	}
	var d decoder
	d.value(b.node, reflect.ValueOf(into).Elem())
	*p = append(*p, d.problems...)
	return len(d.problems) == 0
}

// address parts host:port; the host is empty for every interface.
func address(s string) (host string, port int, ok bool) {
	host, digits, err := net.SplitHostPort(s)
	if err != nil || host != "" && !validHost(host) {
		return "", 0, false
	}
	n, err := strconv.ParseUint(digits, 10, 16)
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = ""
	}
	return host, int(n), err == nil
}

func (c *Config) parseLog(b Block, p *problems) {
	if !decodeBlock(b, &c.Log, p) {
		return
	}
	check := checker{b, p}
	check.oneOf("level", c.Log.Level, "debug", "info", "warn", "error")
	check.oneOf("format", c.Log.Format, "console", "json")
}
