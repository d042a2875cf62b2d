package redis_test

import (
	"strings"
	"testing"

	"gyrfalcon/session/redis"
)

// What a path comes to in every part is in path_internal_test.go.
func TestAPathIsWrittenWithoutItsSecrets(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"tcp://a, tcp://b:1?weight=2&auth=hunter2 \n tcp://c:2,,":       "tcp://a:6379?weight=1&database=0,tcp://b:1?weight=2&database=0,tcp://c:2?weight=1&database=0",
		"tls://a?auth[]=u&auth[]=hunter2&prefix=APP%3A":                 "tls://a:6379?weight=1&database=0",
		"unix:///run/redis.sock?database=1&weight=3":                    "unix:///run/redis.sock?weight=3&database=1",
		"cluster:seed[]=a:7000&seed[]=b:7001&auth=hunter2":              "cluster:a:7000,b:7001",
		"sentinel:master=m&seed[]=a&seed[]=b:1&sentinel_auth[]=hunter2": "sentinel:m@a:26379,b:1",
	} {
		p, err := redis.ParsePath(path)
		if err != nil {
			t.Errorf("ParsePath(%q) = %v, want nil", path, err)
			continue
		}
		for _, got := range []string{p.String(), p.GoString()} {
			if got != want {
				t.Errorf("ParsePath(%q)\n got %s\nwant %s", path, got, want)
			}
		}
	}
}

// Each case says what to write in its place. Where a password stands, rightly or not, it
// is hunter2.
func TestMalformedPathsAreRefusedWithTheMend(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ path, mend string }{
		{"", "write tcp://127.0.0.1:6379"},
		{" , ,", "names no server"},
		{"redis://127.0.0.1:6379", "write tcp://host:port"},
		{"redis://user:hunter2@127.0.0.1:6379/1", "?database=0&auth=password"},
		{"rediss://127.0.0.1:6379", "write tls://"},
		{"ssl://127.0.0.1:6379", "write tls://"},
		{"http://127.0.0.1", "write tcp://, tls:// or unix://"},
		{"tcp://", "write host:port"},
		{"tcp://:6379", "host is missing before the port"},
		{"tcp://?weight=1", "write host:port"},
		{"tcp://a:port", "from 1 to 65535"},
		{"tcp://a:0", "from 1 to 65535"},
		{"tcp://a:65536", "from 1 to 65535"},
		{"tcp://a:-1", "from 1 to 65535"},
		{"tcp://a:", "from 1 to 65535"},
		{"tcp://::1:6379", "in brackets"},
		{"tcp://[::1:6379", "brackets"},
		{"tcp://[a]:6379", "no IPv6 address"},
		{"tcp://user:hunter2@a:6379", "auth[user]="},
		{"tcp://:hunter2@a", "?auth=… for the default user"},
		{"tcp://a/2", "?database=1"},
		{"tcp://a#hunter2", "?options"},
		{"tcp://a&auth=hunter2", "begin with ?"},
		{"a:6379?auth=hunter2", "write tcp:// before it"},
		{"unix://run/redis.sock", "unix:///run/redis/redis.sock"},
		{"tcp://a?weight=0", "leave the server out"},
		{"tcp://a?weight=-1", "at least 1"},
		{"tcp://a?weight=1.5", "whole number"},
		{"tcp://a?weight=2x", "whole number"},
		{"tcp://a?weight=", "weight has no value"},
		{"tcp://a?weight=1&weight=2", "remove the others"},
		{"tcp://a?weight[]=1", "no brackets"},
		{"tcp://a?weight=2000000000,tcp://b?weight=2000000000", "smaller ones in the same proportion"},
		{"tcp://a?wieght=2", "did you mean weight?"},
		{"tcp://a?weigth=2", "did you mean weight?"},
		{"tcp://a?pasword=hunter2", "there are weight, timeout"},
		{"tcp://a?auht=hunter2", "did you mean auth?"},
		{"tcp://a?auth=hun&ter=hunter2", "written as %26"},
		{"tcp://a?auth=hun&hunter2", "%26 for an &"},
		{"tcp://a?auth=hunter2,hunter2", "%2C for a comma"},
		{"tcp://a?auth=x hunter2", "%20 for a space"},
		{"tcp://a?auth=", "auth has an empty password"},
		{"tcp://a?auth=hunter2%", "write %25"},
		{`tcp://a?auth=["u"%2C"hunter2"]`, "JSON array"},
		{"tcp://a?auth[]=u&auth[]=hunter2&auth[]=x", "3 entries"},
		{"tcp://a?auth=u&auth=hunter2", "auth is given twice"},
		{"tcp://a?auth[user]=hunter2", "names a user and no password"},
		{"tcp://a?auth[user]=u&auth[user]=hunter2", "same index twice"},
		{"tcp://a?auth[user]=u&auth[password]=hunter2", "neither user nor pass"},
		{"tcp://a?auth[user]=&auth[pass]=hunter2", "for the default user"},
		{"tcp://a?auth[pass=hunter2", "bracket that is not closed"},
		{"tcp://a?timeout=0", "leave it out for the default"},
		{"tcp://a?timeout=-2", "number of seconds"},
		{"tcp://a?read_timeout=soon", "number of seconds"},
		{"tcp://a?read_timeout=NaN", "number of seconds"},
		{"tcp://a?database=-1", "at least 0"},
		{"tcp://a?database=first", "at least 0"},
		{"tcp://a?persistent=maybe", "neither 1 nor 0"},
		{"tcp://a?retry_interval=x", "milliseconds"},
		{"tcp://a?stream[verify_peer]=0", "write tls://"},
		{"tls://a?stream[verify_peer]=maybe", "neither 1 nor 0"},
		{"tls://a?stream[ciphers]=x", "verify_peer"},
		{"tcp://a?weight=1&", "remove one &"},
		{"tcp://a?weight=1&&database=1", "remove one &"},
		{"cluster:", "write seed[]=host:port"},
		{"cluster:timeout=2", "write seed[]=host:port"},
		{"cluster:tcp://a:7000", "seed[]=host:port&seed[]"},
		{"seed[]=a:7000&database=1", "remove database"},
		{"seed[]=a:7000&failover=distribute", "leave it out"},
		{"seed[]=a:7000&weight=2", "there are seed"},
		{"seed[]=:7000", "seed 1"},
		{"sentinel:seed[]=a:26379", "master=mymaster"},
		{"sentinel:master=m", "write seed[]=host:port"},
		{"sentinel:master=m&seed[]=a:x", "seed 1"},
		{"sentinel:master=m&seed[]=a&sentinel_auth[]=a&sentinel_auth[]=b&sentinel_auth[]=hunter2", "3 entries"},
	} {
		p, err := redis.ParsePath(c.path)
		if err == nil {
			t.Errorf("ParsePath(%q) = %v, want an error that says %q", c.path, p, c.mend)
			continue
		}
		if !strings.Contains(err.Error(), c.mend) {
			t.Errorf("ParsePath(%q) = %v\nwant it to say %q", c.path, err, c.mend)
		}
		if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("the error of ParsePath(%q) shows the password: %v", c.path, err)
		}
	}
}

// Worked out by hand from the rule; against phpredis itself it is tested in
// integration/redis.
func TestTheServerIsChosenByTheFirstFourBytes(t *testing.T) {
	t.Parallel()
	p, err := redis.ParsePath("tcp://a:1?weight=1,tcp://b:2?weight=2,tcp://c:3?weight=3")
	if err != nil {
		t.Fatal(err)
	}
	// "\x00\x00\x00\x00" is 0, "\x01…" 1, and "\x00\x01…" 256, which is 4 modulo 6.
	for id, want := range map[string]string{
		"\x00\x00\x00\x00rest": "c:3", "\x02\x00\x00\x00rest": "c:3",
		"\x03\x00\x00\x00rest": "b:2", "\x04\x00\x00\x00rest": "b:2", "\x00\x01\x00\x00": "b:2",
		"\x05\x00\x00\x00rest": "a:1", "\x05": "a:1", "": "c:3",
	} {
		if got := p.Server(id); got != want {
			t.Errorf("Server(%q) = %s, want %s", id, got, want)
		}
	}
	group, err := redis.ParsePath("seed[]=a:1")
	if err != nil {
		t.Fatal(err)
	}
	if got := group.Server("abcd"); got != "" {
		t.Errorf("Server of a cluster = %q, want none: the cluster chooses", got)
	}
}

func FuzzParsePath(f *testing.F) {
	for _, path := range []string{
		"tcp://127.0.0.1:6379?weight=1&auth[user]=u&auth[pass]=p", "unix:///a?database=1", "seed[]=a:1&seed[]=b",
		"sentinel:master=m&seed[]=a", "tls://a?stream[cafile]=x, b:1", "tcp://[::1]:1?timeout=2.5",
	} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		p, err := redis.ParsePath(path)
		if err != nil {
			return
		}
		if a, b := p.Server("abcdefgh"), p.Server("abcd"); a != b {
			t.Errorf("Server of IDs that begin alike: %q and %q, want one", a, b)
		}
	})
}
