package redis

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"time"
)

// Path is a parsed save_path: the servers on which sessions are kept, in the form in
// which phpredis is told of them. ParsePath makes one.
type Path struct{ target }

// kind is how the servers of a target belong together.
type kind int

const (
	servers  kind = iota // each by itself, a session on the one that its ID chooses
	sentinel             // one master, of which Sentinels tell where it is
	cluster              // Redis Cluster
)

// target is where sessions are kept, however it was written.
type target struct {
	kind  kind
	hosts []host // of servers: in the order of the path

	seeds  []string // of sentinel and cluster: who is asked first
	master string   // of sentinel: the name that the Sentinels have for the group
	access          // of sentinel and cluster: how to come in
	asked  login    // of sentinel: at the Sentinels themselves
}

// host is one of several servers.
type host struct {
	network string // tcp or unix
	address string
	weight  uint32
	access
}

// access is how to come in.
type access struct {
	login

	tls         *TLS          // nil for none
	database    int           // that is selected
	chosen      bool          // whether the path says which
	prefix      *string       // of the keys, where the path says so
	dialTimeout time.Duration // 0 for the default
	readTimeout time.Duration // 0 for the default
}

// login is a user's name and password; the name is empty for the default user.
type login struct{ username, password string }

// ParsePath reads a save_path as phpredis does. It has one of three forms:
//
//	tcp://10.0.0.1:6379?weight=2, tls://cache.example.com, unix:///run/redis.sock?database=1, 10.0.0.2:6379
//	cluster:seed[]=10.0.0.1:7000&seed[]=10.0.0.2:7000&timeout=2    (phpredis writes it without "cluster:")
//	sentinel:master=mymaster&seed[]=10.0.0.1:26379&seed[]=10.0.0.2:26379
//
// The first, with commas or spaces between the servers, has per server the options weight
// (1 by default), timeout (of connecting) and read_timeout in seconds, prefix, database,
// auth=password, auth[]=user&auth[]=password or auth[user]=…&auth[pass]=…, and stream[…]
// for TLS; persistent, persistent_id and retry_interval are taken and mean nothing here,
// where connections are always kept in a pool. The other two have them, too, but for
// weight, and Sentinels' own password in sentinel_auth. In values % and + are as in a
// URL's query.
//
// What phpredis would ignore or misread in silence is an error that says what to write in
// its place. No error shows any part of the path but the names of known options: a
// password may stand where it does not belong.
func ParsePath(path string) (Path, error) {
	t, err := parsePath(path)
	if err != nil {
		return Path{}, fmt.Errorf("session/redis: the path is malformed: %w", err)
	}
	return Path{t}, nil
}

// Server returns the address of the server that keeps the session of an ID: for the bare
// ID it is the one on which phpredis looks for it. In a cluster, and behind Sentinels,
// where the server is not ours to choose, it is empty.
func (p Path) Server(id string) string {
	if p.kind != servers || len(p.hosts) == 0 {
		return ""
	}
	return p.hosts[choose(id, weights(p.hosts))].address
}

// String returns the path without its secrets, for logs.
func (p Path) String() string {
	switch p.kind {
	case cluster:
		return "cluster:" + strings.Join(p.seeds, ",")
	case sentinel:
		return "sentinel:" + p.master + "@" + strings.Join(p.seeds, ",")
	case servers:
	}
	var parts []string
	for _, h := range p.hosts {
		scheme := h.network
		if h.tls != nil {
			scheme = "tls"
		}
		parts = append(parts, fmt.Sprintf("%s://%s?weight=%d&database=%d", scheme, h.address, h.weight, h.database))
	}
	return strings.Join(parts, ",")
}

// Place says where sessions are kept, so that two services can be told to be in one
// place. It holds no secret.
func (s Servers) Place(o Options) string {
	o = o.withDefaults()
	t, err := s.target()
	if err != nil {
		return ""
	}
	if t.kind != servers {
		seeds := slices.Sorted(slices.Values(t.seeds))
		return fmt.Sprintf("%s %v %d %q", t.master, seeds, t.database, o.prefix(t.prefix, t.kind == cluster))
	}
	var parts []string
	for _, h := range t.hosts {
		parts = append(parts, fmt.Sprintf("%s %d %q", h.address, h.database, o.prefix(h.prefix, false)))
	}
	return strings.Join(parts, ", ")
}

// GoString is String.
func (p Path) GoString() string { return p.String() }

func parsePath(path string) (target, error) {
	trimmed := strings.TrimSpace(path)
	switch {
	case trimmed == "":
		return target{}, fmt.Errorf("it is empty; write tcp://127.0.0.1:6379, or leave it out")
	case strings.HasPrefix(trimmed, "cluster:"):
		return parseGroup(cluster, strings.TrimPrefix(trimmed, "cluster:"))
	case strings.HasPrefix(trimmed, "seed["):
		return parseGroup(cluster, trimmed)
	case strings.HasPrefix(trimmed, "sentinel:"):
		return parseGroup(sentinel, strings.TrimPrefix(trimmed, "sentinel:"))
	}
	return parseServers(path)
}

// parseServers reads the form with one URL for each server.
func parseServers(path string) (target, error) {
	t := target{kind: servers}
	urls := strings.FieldsFunc(path, func(r rune) bool { return r == ',' || r < 128 && strings.ContainsRune(" \t\r\n\v\f", r) })
	if len(urls) == 0 {
		return t, fmt.Errorf("it names no server; write tcp://127.0.0.1:6379")
	}
	total := uint64(0)
	secret := false
	for i, u := range urls {
		// phpredis takes the rest of a password after a comma for a server, and looks
		// its name up in the DNS.
		if secret && !strings.Contains(u, "://") {
			return t, fmt.Errorf("server %d has no scheme, and follows one with auth: write tcp:// before it, or %%2C for a comma and %%20 for a space in a password", i+1)
		}
		h, err := parseServer(u)
		if err != nil {
			return t, fmt.Errorf("server %d: %w", i+1, err)
		}
		secret = secret || h.password != ""
		if total += uint64(h.weight); total > maxWeight {
			return t, fmt.Errorf("the weights add up to more than %d; give smaller ones in the same proportion", maxWeight)
		}
		t.hosts = append(t.hosts, h)
	}
	return t, nil
}

// maxWeight is the largest sum of weights: phpredis's is a C int.
const maxWeight = 1<<31 - 1

func parseServer(u string) (host, error) {
	h := host{network: "tcp", weight: 1}
	scheme, rest, found := strings.Cut(u, "://")
	if !found {
		scheme, rest = "", u
		if strings.Contains(rest, "?") {
			return h, fmt.Errorf("options need a scheme before the host, or phpredis ignores them; write tcp:// before it")
		}
	}
	rest, query, _ := strings.Cut(rest, "?")
	switch scheme {
	case "", "tcp":
	case "tls":
		h.tls = &TLS{}
	case "unix":
		h.network = "unix"
	case "redis":
		return h, fmt.Errorf("redis:// is no scheme of phpredis's; write tcp://host:port?database=0&auth=password")
	case "rediss", "ssl":
		return h, fmt.Errorf("that is no scheme of phpredis's for TLS; write tls://")
	default:
		return h, fmt.Errorf("unknown scheme; write tcp://, tls:// or unix://")
	}
	if h.network == "unix" {
		if !strings.HasPrefix(rest, "/") {
			return h, fmt.Errorf("a socket's path is absolute; write unix:///run/redis/redis.sock")
		}
		h.address = rest
	} else {
		var err error
		if h.address, err = parseAddress(rest, "6379"); err != nil {
			return h, err
		}
	}
	opts, err := parseQuery(query)
	if err != nil {
		return h, err
	}
	if err := opts.weight(&h.weight); err != nil {
		return h, err
	}
	if len(opts.all("stream")) > 0 && h.tls == nil {
		return h, fmt.Errorf("stream[…] is about TLS, which tcp:// does not speak; write tls://")
	}
	if err := opts.access(&h.access); err != nil {
		return h, err
	}
	return h, opts.rest(serverOptions)
}

// parseGroup reads the form of a cluster, or of a master that Sentinels watch.
func parseGroup(k kind, query string) (target, error) {
	t := target{kind: k}
	port, known := "6379", clusterOptions
	if k == sentinel {
		port, known = "26379", sentinelOptions
	}
	if strings.Contains(query, "://") {
		return t, fmt.Errorf("the servers of a cluster, or Sentinels, are written as seed[]=host:port&seed[]=host:port")
	}
	opts, err := parseQuery(query)
	if err != nil {
		return t, err
	}
	for i, seed := range opts.list("seed") {
		address, err := parseAddress(seed, port)
		if err != nil {
			return t, fmt.Errorf("seed %d: %w", i+1, err)
		}
		t.seeds = append(t.seeds, address)
	}
	if len(t.seeds) == 0 {
		return t, fmt.Errorf("it has no seed; write seed[]=host:port for one or more of the servers")
	}
	if k == sentinel {
		if t.master, err = opts.one("master"); err != nil {
			return t, err
		}
		if t.master == "" {
			return t, fmt.Errorf("it names no master; write master=mymaster, the name in sentinel.conf's \"sentinel monitor\"")
		}
		if err := opts.login("sentinel_auth", &t.asked); err != nil {
			return t, err
		}
	} else if err := opts.failover(); err != nil {
		return t, err
	}
	if err := opts.access(&t.access); err != nil {
		return t, err
	}
	if k == cluster && t.database != 0 {
		return t, fmt.Errorf("a cluster has the database 0 only; remove database")
	}
	return t, opts.rest(known)
}

// parseAddress reads host:port. It shows no part of what it refuses.
func parseAddress(text, port string) (string, error) {
	switch {
	case text == "":
		return "", fmt.Errorf("the host is missing; write host:port")
	case strings.Contains(text, "@"):
		return "", fmt.Errorf("phpredis ignores user:password@ before the host; write ?auth[user]=…&auth[pass]=…, or ?auth=… for the default user")
	case strings.ContainsAny(text, "/#"):
		return "", fmt.Errorf("nothing follows the port but ?options; write ?database=1 for a database")
	}
	name := text
	if i := strings.LastIndexByte(text, ':'); i >= 0 && !strings.HasSuffix(text, "]") {
		name, port = text[:i], text[i+1:]
	}
	bracketed := strings.HasPrefix(name, "[") && strings.HasSuffix(name, "]")
	if bracketed {
		name = name[1 : len(name)-1]
		if net.ParseIP(name) == nil {
			return "", fmt.Errorf("what stands in brackets is no IPv6 address; write [::1]:6379")
		}
	}
	switch {
	case name == "":
		return "", fmt.Errorf("the host is missing before the port; write host:port")
	case !bracketed && strings.Contains(name, ":"):
		return "", fmt.Errorf("an IPv6 address stands in brackets; write [::1]:6379")
	case strings.ContainsAny(name, "[]&=%"):
		return "", fmt.Errorf("the host holds a character that no host's name has; options begin with ?")
	}
	n, err := number(port, 1, 65535)
	if err != nil {
		return "", fmt.Errorf("the port is not a number from 1 to 65535")
	}
	return net.JoinHostPort(name, fmt.Sprint(n)), nil
}
