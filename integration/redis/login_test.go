package redis_test

import (
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"gyrfalcon/integration/servers"
	"gyrfalcon/session/redis"
)

// What sessions need, and not a right more, as the error for those who lack one says.
func TestAnACLUserNeedsWhatTheErrorSays(t *testing.T) {
	t.Parallel()
	srv := servers.NewRedis(t)
	rights := append([]any{"~PHPREDIS_SESSION:*"}, userRights...)
	user := func(name string, rights ...any) redis.Servers {
		srv.Do(t, append([]any{"ACL", "SETUSER", name, "on", ">hunter2"}, rights...)...)
		return redis.Servers{Path: "tcp://" + srv.Addr() + "?auth[user]=" + name + "&auth[pass]=hunter2"}
	}
	a := openAdapter(t, user("sessions", rights...), redis.Options{Lock: &redis.Lock{}})
	r, err := a.Create(t.Context(), "id", []byte("x"), life)
	if err != nil {
		t.Fatal(err)
	}
	lock, err := a.Lock(t.Context(), "id")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lock.Swap(t.Context(), r, []byte("y"), life); err != nil {
		t.Errorf("Swap = %v, want nil", err)
	}
	if err := errors.Join(lock.Release(t.Context()), a.Touch(t.Context(), "id", life), a.Destroy(t.Context(), "id")); err != nil {
		t.Error(err)
	}
	for i := range rights[1:] {
		srv.Do(t, "SCRIPT", "FLUSH") // or EVAL is not needed
		less := append(append([]any{}, rights[:i+1]...), rights[i+2:]...)
		wantOpenError(t, user(fmt.Sprint("less", i), less...), redis.Options{}, "+getex +get +set")
	}
	wantOpenError(t, user("elsewhere", append([]any{"~OTHER:*"}, rights[1:]...)...), redis.Options{}, "~PREFIX*")
}

func TestASocketAndTLSAreWaysIn(t *testing.T) {
	t.Parallel()
	cert, key := servers.Certificate(t)
	srv := servers.NewRedis(t, "--tls-cert-file", cert, "--tls-key-file", key, "--tls-ca-cert-file", cert, "--requirepass", "hunter2")
	mutual := "&stream[cafile]=" + cert + "&stream[local_cert]=" + cert + "&stream[local_pk]=" + key
	for name, s := range map[string]redis.Servers{
		"socket":                 {Path: "unix://" + srv.Socket() + "?auth=hunter2"},
		"TLS of the path":        {Path: "tls://" + srv.TLSAddr() + "?auth=hunter2" + mutual},
		"TLS of YAML":            {Path: "tls://" + srv.TLSAddr(), Password: "hunter2", TLS: &redis.TLS{CA: cert, Cert: cert, Key: key}},
		"TLS of YAML over tcp:":  {Path: srv.TLSAddr(), Password: "hunter2", TLS: &redis.TLS{CA: cert, Cert: cert, Key: key, ServerName: "localhost"}},
		"TLS that trusts anyone": {Path: srv.TLSAddr(), Password: "hunter2", TLS: &redis.TLS{SkipVerify: true, Cert: cert, Key: key}},
	} {
		a := openAdapter(t, s, redis.Options{})
		if _, err := a.Create(t.Context(), name, []byte("x"), life); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	wantOpenError(t, redis.Servers{Path: "tls://" + srv.TLSAddr(), TLS: &redis.TLS{Cert: cert, Key: key}}, redis.Options{}, "certificate")
	wantOpenError(t, redis.Servers{Path: "tls://" + srv.TLSAddr(), TLS: &redis.TLS{CA: cert, Cert: cert, Key: key, ServerName: "elsewhere.example.com"}}, redis.Options{}, "certificate")
	wantOpenError(t, redis.Servers{Path: "tls://" + srv.Addr(), TLS: &redis.TLS{SkipVerify: true}}, redis.Options{}, "write tcp:// in place of tls://")
}

// userRights are those that the error for who lacks one names.
var userRights = []any{"+getex", "+get", "+set", "+del", "+eval", "+evalsha", "+pexpire", "+pttl"}

// secured are the arguments of servers that speak TLS and want a password, and what a client
// must know of the former.
func secured(t *testing.T) (args []string, client redis.TLS) {
	t.Helper()
	cert, key := servers.Certificate(t)
	return []string{"--tls-cert-file", cert, "--tls-key-file", key, "--tls-ca-cert-file", cert, "--requirepass", "hunter2"},
		redis.TLS{CA: cert, Cert: cert, Key: key}
}

// query is what a client must know of TLS, in a path.
func query(c redis.TLS) string {
	return "&stream[cafile]=" + c.CA + "&stream[local_cert]=" + c.Cert + "&stream[local_pk]=" + c.Key
}

func tlsAddrs(all []*servers.Redis) []string {
	var addrs []string
	for _, r := range all {
		addrs = append(addrs, r.TLSAddr())
	}
	return addrs
}

// live has a few sessions live and end, on all servers of a cluster.
func live(t *testing.T, a *redis.Adapter) {
	t.Helper()
	for i := range 12 {
		id := fmt.Sprint("id", i)
		r, err := a.Create(t.Context(), id, []byte("a"), life)
		if err == nil {
			r, err = a.Swap(t.Context(), id, r, []byte("b"), life)
		}
		if err == nil {
			r, err = a.Read(t.Context(), id, life)
		}
		if err != nil || string(r.Data) != "b" {
			t.Errorf("after Create and Swap, Read = %q, %v; want b", r.Data, err)
		}
		if err := errors.Join(a.Touch(t.Context(), id, 2*life), a.Destroy(t.Context(), id)); err != nil {
			t.Errorf("Touch and Destroy = %v, want nil", err)
		}
	}
}

func TestAClusterIsReachedByTLSAndAsAUser(t *testing.T) { //nolint:tparallel // a cluster is started for them all
	t.Parallel()
	args, client := secured(t)
	c := servers.NewCluster(t, args...)
	rights := append([]any{"~PHPREDIS_CLUSTER_SESSION:*", "+wait", "+asking", "+cluster|slots"}, userRights...)
	for _, r := range c.Servers {
		r.Do(t, append([]any{"ACL", "SETUSER", "sessions", "on", ">hunter3"}, rights...)...)
		r.Do(t, append([]any{"ACL", "SETUSER", "blind", "on", ">hunter3", "~*"}, userRights...)...)
	}
	seeds := tlsAddrs(c.Servers)
	path := "cluster:seed[]=" + strings.Join(seeds, "&seed[]=") + query(client)
	for name, s := range map[string]redis.Servers{
		"a path, with the password":    {Path: path + "&auth=hunter2"},
		"a path, with a user":          {Path: path + "&auth[user]=sessions&auth[pass]=hunter3"},
		"YAML, with the password":      {Cluster: &redis.Cluster{Seeds: seeds}, Password: "hunter2", TLS: &client},
		"YAML, with a user":            {Cluster: &redis.Cluster{Seeds: seeds[2:3]}, Username: "sessions", Password: "hunter3", TLS: &client},
		"a path, and the rest by YAML": {Path: "seed[]=" + seeds[1], Username: "sessions", Password: "hunter3", TLS: &client},
	} {
		t.Run(name, func(t *testing.T) {
			live(t, openAdapter(t, s, redis.Options{}))
			live(t, openAdapter(t, s, redis.Options{Wait: &redis.Wait{Timeout: 10 * time.Second}}))
		})
	}
	for name, b := range map[string]struct {
		servers redis.Servers
		says    []string
	}{
		"no password":                  {redis.Servers{Path: path}, []string{"NOAUTH", "give auth= in the path"}},
		"a wrong password":             {redis.Servers{Path: path + "&auth=hunter2x"}, []string{"WRONGPASS", "refuses"}},
		"no such user":                 {redis.Servers{Path: path + "&auth[user]=nobody&auth[pass]=hunter2"}, []string{"WRONGPASS"}},
		"who may not ask for slots":    {redis.Servers{Path: path + "&auth[user]=blind&auth[pass]=hunter3"}, []string{"NOPERM", "+cluster|slots"}},
		"an authority that is unknown": {redis.Servers{Cluster: &redis.Cluster{Seeds: seeds}, Password: "hunter2", TLS: &redis.TLS{Cert: client.Cert, Key: client.Key}}, []string{"certificate"}},
		"no certificate of our own":    {redis.Servers{Cluster: &redis.Cluster{Seeds: seeds}, Password: "hunter2", TLS: &redis.TLS{CA: client.CA}}, []string{"give tls its cert and key"}},
	} {
		t.Run(name, func(t *testing.T) { wantOpenError(t, b.servers, redis.Options{}, b.says...) })
	}
}

func TestSentinelsAreReachedByTLSAndAsUsers(t *testing.T) { //nolint:tparallel // the master is killed after them
	t.Parallel()
	args, client := secured(t)
	group := servers.NewSentinel(t, args...)
	for _, r := range group.Servers {
		r.Do(t, append([]any{"ACL", "SETUSER", "sessions", "on", ">hunter3", "~PHPREDIS_SESSION:*"}, userRights...)...)
	}
	seeds := tlsAddrs(group.Sentinels)
	for _, r := range group.Sentinels {
		r.Do(t, "SENTINEL", "CONFIG", "SET", "sentinel-pass", "hunter4") // of each to the others
		r.Do(t, "ACL", "SETUSER", "asker", "on", ">hunter5", "&*", "+sentinel|get-master-addr-by-name", "+sentinel|sentinels", "+subscribe")
		r.Do(t, "ACL", "SETUSER", "mute", "on", ">hunter5")
		r.Do(t, "ACL", "SETUSER", "default", "resetpass", ">hunter4") // Do has none, from here on
	}
	path := "sentinel:master=" + servers.MasterName + "&seed[]=" + strings.Join(seeds, "&seed[]=") + query(client)
	yaml := func(user, password, asker, pass string) redis.Servers {
		return redis.Servers{
			Sentinel: &redis.Sentinel{Master: servers.MasterName, Seeds: seeds, Username: asker, Password: pass},
			Username: user, Password: password, TLS: &client,
		}
	}
	var last *redis.Adapter
	for name, s := range map[string]redis.Servers{
		"a path, with passwords": {Path: path + "&auth=hunter2&sentinel_auth=hunter4"},
		"a path, with users":     {Path: path + "&auth[]=sessions&auth[]=hunter3&sentinel_auth[user]=asker&sentinel_auth[pass]=hunter5"},
		"YAML, with passwords":   yaml("", "hunter2", "", "hunter4"),
		"YAML, with users":       yaml("sessions", "hunter3", "asker", "hunter5"),
	} {
		last = openAdapter(t, s, redis.Options{})
		t.Run(name, func(t *testing.T) { live(t, last) })
	}
	for name, b := range map[string]struct {
		servers redis.Servers
		says    []string
	}{
		"no password for the Sentinels":      {redis.Servers{Path: path + "&auth=hunter2"}, []string{"no Sentinel tells", "want a password of their own", "sentinel.password"}},
		"a user of theirs without rights":    {yaml("", "hunter2", "mute", "hunter5"), []string{"no Sentinel tells", "+sentinel|sentinels"}},
		"a wrong password for the Sentinels": {yaml("", "hunter2", "", "hunter2"), []string{"no Sentinel tells", "refuse", "sentinel.password"}},
		"no password for the master":         {redis.Servers{Path: path + "&sentinel_auth=hunter4"}, []string{"NOAUTH"}},
		"a wrong password for the master":    {yaml("", "hunter4", "", "hunter4"), []string{"WRONGPASS"}},
	} {
		t.Run(name, func(t *testing.T) { wantOpenError(t, b.servers, redis.Options{}, b.says...) })
	}
	group.Servers[0].Kill(t)
	until(t, "the replica serves in its place", func() bool {
		return second(last.Create(t.Context(), rand.Text(), []byte("x"), life)) == nil
	})
}
