package php_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"go.uber.org/fx"
	"go.uber.org/fx/fxtest"

	"gyrfalcon/config"
	"gyrfalcon/integration/servers"
	"gyrfalcon/providers"
	"gyrfalcon/providers/all"
	"gyrfalcon/session"
)

// backend is a place where PHP and Go keep one visitor's session.
type backend struct {
	name string

	// store makes an empty place.
	store func(t testing.TB) place

	length int  // of the longest ID that the store has room for
	text   bool // the store takes valid UTF-8 only

	// What PHP's handler does.

	writesUnchanged bool // it writes what no request has changed
	updatesOnly     bool // it creates nothing where it has found a session
	skipsEmpty      bool // it does not store a new session that is empty
}

// place is where sessions are, as each side is told.
type place struct {
	php  map[string]any // for site.php
	yaml string         // the adapter, and its block
}

var backends = []backend{
	{name: "redis", length: 256, store: onRedis},
	{name: "redis of Phalcon 5", length: 256, writesUnchanged: true, store: onPhalconsRedis},
	{name: "database", length: 35, text: true, writesUnchanged: true, store: onDatabase("database", phalcon3)},
	{name: "database, data as bytes", length: 35, writesUnchanged: true, store: onDatabase("database", "")},
	{name: "database of Phalcon 5", length: 35, text: true, writesUnchanged: true, store: onDatabase("database5", phalcon5)},
	{name: "mongo", length: 256, text: true, skipsEmpty: true, store: onMongo("mongo")},
	{name: "mongo of Phalcon 5", length: 256, text: true, skipsEmpty: true, store: onMongo("mongo5")},
	{name: "handlersocket", length: 32, text: true, writesUnchanged: true, updatesOnly: true, store: onHandlerSocket},
}

// onRedis is phpredis's own session handler, on three servers by weight.
func onRedis(t testing.TB) place {
	nodes := servers.SharedRedises(t)
	n := nodes[0].NewDatabase(t)
	var urls []string
	for i, r := range nodes {
		urls = append(urls, fmt.Sprintf("tcp://%s?weight=%d&database=%d", r.Addr(), i+1, n))
	}
	path := strings.Join(urls, ", ")
	return place{
		php:  map[string]any{"backend": "redis", "path": path},
		yaml: fmt.Sprintf("adapter: redis, redis: {path: %q}", path),
	}
}

// onPhalconsRedis is Phalcon 5's own adapter, which knows one server.
func onPhalconsRedis(t testing.TB) place {
	srv := servers.SharedRedis(t)
	n := srv.NewDatabase(t)
	host, text, err := net.SplitHostPort(srv.Addr())
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return place{
		php:  map[string]any{"backend": "redis5", "host": host, "port": port, "index": n},
		yaml: fmt.Sprintf("adapter: redis, redis: {path: \"tcp://%s?database=%d\", flavor: phalcon5}", srv.Addr(), n),
	}
}

// The tables of Phalcon's adapters.
const (
	phalcon3 = "CREATE TABLE session_data (session_id VARCHAR(35) NOT NULL, data text NOT NULL, created_at INT unsigned NOT NULL, " +
		"modified_at INT unsigned DEFAULT NULL, PRIMARY KEY (session_id))"
	phalcon5 = "CREATE TABLE session_data (session_id VARCHAR(35) NOT NULL, data text NOT NULL, created_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, " +
		"modified_at TIMESTAMP NULL DEFAULT NULL, PRIMARY KEY (session_id))"
)

// onDatabase is Phalcon's adapter on MariaDB, on a table that it was given, or on the one
// that Go's adapter creates.
func onDatabase(handler, create string) func(t testing.TB) place {
	return func(t testing.TB) place {
		srv := servers.SharedMariaDB(t)
		name := srv.NewDatabase(t, "")
		if create != "" {
			srv.Exec(t, "USE "+name, create)
		}
		host, port, err := net.SplitHostPort(srv.Addr())
		if err != nil {
			t.Fatal(err)
		}
		dsn := fmt.Sprintf("mysql:host=%s;port=%s;dbname=%s;charset=utf8mb4", host, port, name)
		return place{
			php: map[string]any{"backend": handler, "dsn": dsn, "table": "session_data"},
			yaml: fmt.Sprintf("adapter: database, database: {driver: mysql, host: %s, port: %s, username: root, dbname: %s, create: %t, timezone: UTC}",
				host, port, name, create == ""),
		}
	}
}

// onMongo is Phalcon's adapter on MongoDB, or what stands for it.
func onMongo(handler string) func(t testing.TB) place {
	return func(t testing.TB) place {
		srv := servers.SharedMongo(t)
		name := srv.NewDatabase(t)
		return place{
			php:  map[string]any{"backend": handler, "uri": srv.URI(), "collection": name + ".session_data"},
			yaml: fmt.Sprintf("adapter: mongo, mongo: {uri: %q, database: %s}", srv.URI(), name),
		}
	}
}

// hsTables counts the tables of HandlerSocket's. They are not dropped: that would wait
// for each of its connections, whatever table it has open.
var hsTables atomic.Int64

// onHandlerSocket is Phalcon's table, but for its character set: utf8 cannot hold all
// that a visitor may write.
func onHandlerSocket(t testing.TB) place {
	srv := servers.SharedMariaDB(t)
	const name = "php_hs"
	table := fmt.Sprintf("php_session_%d", hsTables.Add(1))
	srv.Exec(t, "CREATE DATABASE IF NOT EXISTS "+name, "CREATE TABLE "+name+"."+table+" (id VARCHAR(32) NOT NULL DEFAULT '', modified DATETIME NOT NULL DEFAULT '0000-00-00 00:00:00', "+
		"data TEXT, PRIMARY KEY (id), KEY modified (modified)) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4")
	_, address := srv.HandlerSocket(t)
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	const zone = "Europe/Kyiv"
	return place{
		php: map[string]any{"backend": "handlersocket", "address": address, "db": name, "table": table, "zone": zone},
		yaml: fmt.Sprintf("adapter: handlersocket, handlersocket: {server: {host: %s, port: %s, dbname: %s, dbtable: %s}, charset: utf8mb4, timezone: %s}",
			host, port, name, table, zone),
	}
}

func onEachBackend(t *testing.T, test func(t *testing.T, b backend)) {
	t.Helper()
	t.Parallel()
	for _, b := range backends {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			test(t, b)
		})
	}
}

// shared is a visitor's two sites: PHP's, and Go's.
type shared struct {
	t      testing.TB
	php    *site
	m      *session.Manager
	config map[string]any // of PHP's
}

// newShared starts both sites on an empty store. ini are PHP's settings beside its
// defaults.
func newShared(t testing.TB, b backend, format string, ini map[string]string) *shared {
	t.Helper()
	at := b.store(t)
	at.php["ini"] = settings(format, ini)
	sh := &shared{t: t, config: at.php}
	sh.m = sh.service(at.yaml, format)
	sh.php = sh.site()
	return sh
}

func settings(format string, ini map[string]string) map[string]string {
	all := map[string]string{"session.serialize_handler": format}
	maps.Copy(all, ini)
	return all
}

// service starts Go's site as an application does.
func (sh *shared) service(yaml, format string) *session.Manager {
	sh.t.Helper()
	text := fmt.Sprintf("session: {interop: php, codec: %s, timeout: 20s, gc_interval: 1h, %s}", format, yaml)
	cfg, err := config.Parse("gyrfalcon.yaml", []byte(text))
	if err != nil {
		sh.t.Fatal(err)
	}
	var m *session.Manager
	app := fxtest.New(sh.t, fx.NopLogger, providers.Module(cfg.Session, all.Backends...), fx.Populate(fx.Annotate(&m, fx.ParamTags(`name:"session"`))))
	app.RequireStart()
	sh.t.Cleanup(func() { app.RequireStop() })
	return m
}

// site is a PHP site: site.php.
type site struct{ *peer }

// site starts another process of PHP's site.
func (sh *shared) site() *site {
	sh.t.Helper()
	config, err := json.Marshal(sh.config)
	if err != nil {
		sh.t.Fatal(err)
	}
	return &site{startPHP(sh.t, "site.php", string(config))}
}

// told is what PHP's site is told.
type told struct {
	Op     string         `json:"op"`
	ID     string         `json:"id,omitempty"`
	IDs    []string       `json:"ids,omitempty"`
	N      int            `json:"n,omitempty"`
	Seed   int            `json:"seed"`
	Text   bool           `json:"text"`
	Length int            `json:"length"`
	Delete bool           `json:"delete"`
	Set    map[string]any `json:"set,omitempty"`
}

// answer is what it answers.
type answer struct {
	OK        bool           `json:"ok"`
	Exception string         `json:"exception"`
	Said      []string       `json:"said"` // notices and warnings
	ID        string         `json:"id"`
	IDs       []string       `json:"ids"`
	All       [][]described  `json:"all"`
	Count     int            `json:"count"`
	Intact    bool           `json:"intact"`
	Session   map[string]any `json:"session"`
}

// try has a visitor do something on PHP's site.
func (p *site) try(t testing.TB, what told) answer {
	t.Helper()
	var a answer
	p.call(t, what, &a)
	return a
}

// visit is try of what must work without a warning.
func (p *site) visit(t testing.TB, what told) answer {
	t.Helper()
	a := p.try(t, what)
	if !a.OK || len(a.Said) > 0 {
		t.Fatalf("PHP, %s: ok %t, %s, and said %q; want it done, and nothing said", what.Op, a.OK, a.Exception, a.Said)
	}
	return a
}

// ids are of PHP's own making, in all its alphabets and lengths that the store has room for.
func (sh *shared) ids(b backend, n int) []string {
	sh.t.Helper()
	return sh.php.visit(sh.t, told{Op: "ids", N: n, Length: b.length}).IDs
}

// load returns Go's view of a session.
func (sh *shared) load(id string) *session.Session {
	sh.t.Helper()
	s, err := sh.m.Load(sh.t.Context(), id)
	if err != nil {
		sh.t.Fatalf("Load: %v", err)
	}
	return s
}

// change has Go's site do something to a session, and commit.
func (sh *shared) change(id string, do func(s *session.Session) error) error {
	s, err := sh.m.Load(sh.t.Context(), id)
	if err == nil {
		err = do(s)
	}
	if err == nil {
		err = s.Commit(sh.t.Context())
	}
	return err
}

func countUp(s *session.Session) error {
	_, err := session.Update(s, "n", func(n int) int { return n + 1 })
	return err
}

// found describes what Go finds in a session.
func found(t testing.TB, s *session.Session, describe func(testing.TB, any) string) []described {
	t.Helper()
	names, err := s.Names()
	if err != nil {
		t.Fatalf("Names: %v", err)
	}
	var all []described
	for _, name := range names {
		var v any
		if err := s.Decode(name, &v); err != nil {
			t.Fatalf("Decode of %q: %v", name, err)
		}
		all = append(all, described{name, describe(t, v)})
	}
	return all
}

// visible is what PHP has found, without what Go keeps there for itself.
func visible(all []described) []described {
	return slices.DeleteFunc(all, func(d described) bool { return d.name == "_gyrfalcon" })
}
