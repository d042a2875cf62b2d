package redis

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"
)

// text is what a test says that it got, or wanted.
func (t target) text() string {
	type told struct {
		Login          login
		TLS            *TLS
		Database       int
		Prefix         *string
		Dial, Read     time.Duration
		Network, Where string
		Weight         uint32
	}
	tell := func(a access) told {
		return told{Login: a.login, TLS: a.tls, Database: a.database, Prefix: a.prefix, Dial: a.dialTimeout, Read: a.readTimeout}
	}
	all := []any{t.kind, t.seeds, t.master, tell(t.access), t.asked}
	for _, h := range t.hosts {
		one := tell(h.access)
		one.Network, one.Where, one.Weight = h.network, h.address, h.weight
		all = append(all, one)
	}
	b, err := json.Marshal(all)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// MarshalText has a login be seen in text.
func (l login) MarshalText() ([]byte, error) { return []byte(l.username + "|" + l.password), nil }

// tcp is a server at an address, of weight 1, with what the path says of it.
func tcp(address string, says ...func(*host)) host {
	h := host{network: "tcp", address: address, weight: 1}
	for _, say := range says {
		say(&h)
	}
	return h
}

func user(name, password string) func(*host) {
	return func(h *host) { h.login = login{name, password} }
}

func on(hosts ...host) target { return target{kind: servers, hosts: hosts} }

func TestAPathIsReadAsPhpredisReadsIt(t *testing.T) {
	t.Parallel()
	app, none := "APP:", ""
	for path, want := range map[string]target{
		"tcp://127.0.0.1:6379":          on(tcp("127.0.0.1:6379")),
		"tcp://127.0.0.1:6379?weight=1": on(tcp("127.0.0.1:6379")),
		"127.0.0.1:6380":                on(tcp("127.0.0.1:6380")),
		"redis.example.com":             on(tcp("redis.example.com:6379")),
		"tcp://a, tcp://b:1?weight=2 \n c:2,,": on(
			tcp("a:6379"), tcp("b:1", func(h *host) { h.weight = 2 }), tcp("c:2")),
		// A name that reminds of auth is no password.
		"auth.example.com, b:1":               on(tcp("auth.example.com:6379"), tcp("b:1")),
		"tcp://oauth:1?prefix=auth%3A c:2":    on(tcp("oauth:1", func(h *host) { p := "auth:"; h.prefix = &p }), tcp("c:2")),
		"tcp://a?auth=hunter2,tcp://b:1":      on(tcp("a:6379", user("", "hunter2")), tcp("b:1")),
		"tcp://[::1]:6380?database=3":         on(tcp("[::1]:6380", func(h *host) { h.database, h.chosen = 3, true })),
		"tcp://[::1]":                         on(tcp("[::1]:6379")),
		"tls://a":                             on(tcp("a:6379", func(h *host) { h.tls = &TLS{} })),
		"unix:///run/redis.sock?database=1":   on(host{network: "unix", address: "/run/redis.sock", weight: 1, access: access{database: 1, chosen: true}}),
		"tcp://a?prefix=":                     on(tcp("a:6379", func(h *host) { h.prefix = &none })),
		"tcp://a?prefix=APP%3A&persistent=no": on(tcp("a:6379", func(h *host) { h.prefix = &app })),
		"tls://a?stream[verify_peer]=0&stream[cafile]=/ca.pem&stream[local_cert]=/c.pem&stream[local_pk]=/k.pem&stream[peer_name]=b": on(
			tcp("a:6379", func(h *host) {
				h.tls = &TLS{CA: "/ca.pem", Cert: "/c.pem", Key: "/k.pem", ServerName: "b", SkipVerify: true}
			})),
		"tls://a?stream[verify_peer]=1&stream[verify_peer_name]=0": on(tcp("a:6379", func(h *host) { h.tls = &TLS{SkipVerify: true} })),
		// What is about keeping connections changes nothing.
		"tcp://a?timeout=2.5&read_timeout=0&persistent=1&persistent_id=x&retry_interval=100": on(
			tcp("a:6379", func(h *host) { h.dialTimeout = 2500 * time.Millisecond })),
		"tcp://a?read_timeout=1.25": on(tcp("a:6379", func(h *host) { h.readTimeout = 1250 * time.Millisecond })),
		"tcp://a?timeout=86400":     on(tcp("a:6379", func(h *host) { h.dialTimeout = 24 * time.Hour })),

		"tcp://a?auth=hunter%26+2":                     on(tcp("a:6379", user("", "hunter& 2"))),
		"tcp://a?auth=hunter2#not-a-fragment":          on(tcp("a:6379", user("", "hunter2#not-a-fragment"))),
		"tcp://a?auth[]=hunter2":                       on(tcp("a:6379", user("", "hunter2"))),
		"tcp://a?auth[]=u&auth[]=hunter2":              on(tcp("a:6379", user("u", "hunter2"))),
		"tcp://a?auth[pass]=hunter2&auth[user]=u":      on(tcp("a:6379", user("u", "hunter2"))),
		"tcp://a?auth[1]=hunter2&auth[0]=u&database=2": on(tcp("a:6379", user("u", "hunter2"), func(h *host) { h.database, h.chosen = 2, true })),
		"tcp://a?%61uth=hunter2":                       on(tcp("a:6379", user("", "hunter2"))),

		"seed[]=a:7000&seed[]=b:7001&timeout=2&read_timeout=3&persistent=1": {
			kind: cluster, seeds: []string{"a:7000", "b:7001"}, access: access{dialTimeout: 2 * time.Second, readTimeout: 3 * time.Second}},
		"cluster:seed[0]=a&auth[]=u&auth[]=hunter2&failover=none&prefix=APP:": {
			kind: cluster, seeds: []string{"a:6379"}, access: access{login: login{"u", "hunter2"}, prefix: &app}},
		"seed[]=a:7000&stream[cafile]=/ca.pem": {
			kind: cluster, seeds: []string{"a:7000"}, access: access{tls: &TLS{CA: "/ca.pem"}}},
		"sentinel:master=mymaster&seed[]=a&seed[]=b:26380&auth=hunter2": {
			kind: sentinel, master: "mymaster", seeds: []string{"a:26379", "b:26380"}, access: access{login: login{"", "hunter2"}}},
		"sentinel:master=m&seed[]=a&sentinel_auth=hunter2&database=1": {
			kind: sentinel, master: "m", seeds: []string{"a:26379"}, access: access{database: 1, chosen: true}, asked: login{"", "hunter2"}},
		"sentinel:master=m&seed[]=a&sentinel_auth[user]=s&sentinel_auth[pass]=hunter3&auth[]=u&auth[]=hunter2": {
			kind: sentinel, master: "m", seeds: []string{"a:26379"}, access: access{login: login{"u", "hunter2"}}, asked: login{"s", "hunter3"}},
	} {
		p, err := ParsePath(path)
		if err != nil {
			t.Errorf("ParsePath(%q) = %v, want nil", path, err)
			continue
		}
		if !reflect.DeepEqual(p.target, want) {
			t.Errorf("ParsePath(%q)\n got %s\nwant %s", path, p.text(), want.text())
		}
	}
}

// What YAML says beside a path holds where the path says nothing.
func TestWhatStandsBesideThePathCompletesIt(t *testing.T) {
	t.Parallel()
	beside := Servers{
		Username: "all", Password: "hunter3", Database: 7, DialTimeout: time.Second, ReadTimeout: 2 * time.Second,
		TLS: &TLS{CA: "/ca.pem", Cert: "/c.pem", Key: "/k.pem", ServerName: "all.example.com"},
	}
	rest := access{login: login{"all", "hunter3"}, database: 7, dialTimeout: time.Second, readTimeout: 2 * time.Second, tls: beside.TLS}
	own := access{
		login: login{"u", "hunter2"}, database: 1, chosen: true, dialTimeout: 3 * time.Second, readTimeout: 4 * time.Second,
		tls: &TLS{CA: "/own.pem", Cert: "/c.pem", Key: "/k.pem", ServerName: "all.example.com"},
	}
	for path, want := range map[string]target{
		"tls://a:1?auth[]=u&auth[]=hunter2&database=1&timeout=3&read_timeout=4&stream[cafile]=/own.pem, tcp://b:2": on(
			host{network: "tcp", address: "a:1", weight: 1, access: own}, host{network: "tcp", address: "b:2", weight: 1, access: rest}),
		"sentinel:master=m&seed[]=a:1&database=0": {kind: sentinel, master: "m", seeds: []string{"a:1"},
			access: access{login: rest.login, chosen: true, dialTimeout: time.Second, readTimeout: 2 * time.Second, tls: beside.TLS}},
		"sentinel:master=m&seed[]=a:1":                 {kind: sentinel, master: "m", seeds: []string{"a:1"}, access: rest},
		"sentinel:master=m&seed[]=a:1&sentinel_auth=x": {kind: sentinel, master: "m", seeds: []string{"a:1"}, access: rest, asked: login{"", "x"}},
	} {
		beside.Path = path
		got, err := beside.target()
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s\n got %s, %v\nwant %s", path, got.text(), err, want.text())
		}
	}
	for name, c := range map[string]struct {
		servers Servers
		want    target
	}{
		"nothing": {Servers{}, on(tcp("127.0.0.1:6379"))},
		"a cluster": {Servers{Cluster: &Cluster{Seeds: []string{"a", "b:1"}}, Username: "u", Password: "hunter2"},
			target{kind: cluster, seeds: []string{"a:6379", "b:1"}, access: access{login: login{"u", "hunter2"}}}},
		"Sentinels": {Servers{Sentinel: &Sentinel{Master: "m", Seeds: []string{"a"}, Username: "s", Password: "hunter3"}, Password: "hunter2"},
			target{kind: sentinel, master: "m", seeds: []string{"a:26379"}, access: access{login: login{"", "hunter2"}}, asked: login{"s", "hunter3"}}},
	} {
		got, err := c.servers.target()
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s\n got %s, %v\nwant %s", name, got.text(), err, c.want.text())
		}
	}
}
