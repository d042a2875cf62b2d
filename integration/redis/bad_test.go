package redis_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"gyrfalcon/integration/servers"
	"gyrfalcon/session"
	"gyrfalcon/session/redis"
)

// wantOpenError opens an adapter that cannot be opened, and looks for what its error must
// say. Close must work after it.
func wantOpenError(t *testing.T, s redis.Servers, o redis.Options, parts ...string) {
	t.Helper()
	a := redis.Dial(s, o)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	err := a.Open(ctx)
	if closing := a.Close(t.Context()); closing != nil {
		t.Errorf("Close after the failed Open = %v, want nil", closing)
	}
	if err == nil {
		t.Fatalf("Open = nil, want an error that says %q", parts)
	}
	for _, part := range append(parts, "session/redis: ") {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("Open = %v\nwant it to say %q", err, part)
		}
	}
	for _, secret := range []string{"hunter2", "gyrfalcon-try"} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("Open = %v, which shows a password or a key", err)
		}
	}
}

func TestOpenNamesTheMend(t *testing.T) {
	t.Parallel()
	closed := servers.NewRedis(t, "--requirepass", "hunter2")
	open := servers.SharedRedis(t)
	group := servers.SharedSentinel(t)
	web := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(web.Close)
	for name, c := range map[string]struct {
		servers redis.Servers
		options redis.Options
		says    []string
	}{
		"no password":                   {servers: one(closed), says: []string{"NOAUTH", "give auth= in the path, or password"}},
		"wrong password":                {servers: redis.Servers{Path: "tcp://" + closed.Addr() + "?auth=hunter2x"}, says: []string{"WRONGPASS", "refuses"}},
		"wrong user":                    {servers: redis.Servers{Path: "tcp://" + closed.Addr(), Username: "nobody", Password: "hunter2"}, says: []string{"WRONGPASS"}},
		"a database too many":           {servers: redis.Servers{Path: "tcp://" + open.Addr() + "?database=10001"}, says: []string{"fewer databases"}},
		"a replica":                     {servers: one(group.Servers[1]), says: []string{"READONLY", "name its master, or use sentinel"}},
		"a server as a cluster":         {servers: redis.Servers{Path: "seed[]=" + open.Addr()}, says: []string{"cluster support disabled", "write tcp://"}},
		"a cluster as a server":         {servers: one(servers.SharedCluster(t).Servers[0]), says: []string{"MOVED", "write cluster:seed[]="}},
		"a server as a Sentinel":        {servers: redis.Servers{Sentinel: &redis.Sentinel{Master: "mymaster", Seeds: []string{open.Addr()}}}, says: []string{"no Sentinel tells"}},
		"a group that Sentinels lack":   {servers: redis.Servers{Sentinel: &redis.Sentinel{Master: "theirmaster", Seeds: group.Addrs()}}, says: []string{"no Sentinel tells", "sentinel.master"}},
		"a Sentinel as a server":        {servers: one(group.Sentinels[0]), says: []string{"does not know a command"}},
		"TLS where there is none":       {servers: redis.Servers{Path: "tls://" + open.Addr()}, says: []string{"write tcp:// in place of tls://"}},
		"nobody":                        {servers: redis.Servers{Path: "tcp://127.0.0.1:1"}, says: []string{"connection refused", "is it running"}},
		"another protocol":              {servers: redis.Servers{Path: strings.TrimPrefix(web.URL, "http://")}, says: []string{"what answers there is no Redis"}},
		"nobody, twice":                 {servers: redis.Servers{Path: "127.0.0.1:1 127.0.0.1:2"}, says: []string{"none of the 2 servers"}},
		"no replica to wait for":        {servers: one(open), options: redis.Options{Wait: &redis.Wait{Timeout: 10 * time.Millisecond}}, says: []string{"0 of the 1 replicas"}},
		"a file of no authorities":      {servers: redis.Servers{Path: "tls://" + open.Addr(), TLS: &redis.TLS{CA: "/nonexistent.pem"}}, says: []string{"authorities", "/nonexistent.pem"}},
		"a certificate that is missing": {servers: redis.Servers{Path: "tls://" + open.Addr(), TLS: &redis.TLS{Cert: "/nonexistent.pem", Key: "/nonexistent.pem"}}, says: []string{"our own certificate"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantOpenError(t, c.servers, c.options, c.says...)
		})
	}
}

// wantPromise wants an error that promises that nothing was written.
func wantPromise(t *testing.T, what string, err error, parts ...string) {
	t.Helper()
	if err == nil || errors.Is(err, session.ErrOutcomeUnknown) {
		t.Errorf("%s = %v, want an error that promises that nothing was written", what, err)
		return
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%s = %v\nwant it to say %q", what, err, part)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestAFullServerLosesNothing(t *testing.T) {
	t.Parallel()
	srv := servers.NewRedis(t, "--maxmemory-policy", "noeviction")
	a := openAdapter(t, one(srv), redis.Options{})
	r, err := a.Create(t.Context(), "id", []byte("before"), life)
	if err != nil {
		t.Fatal(err)
	}
	srv.Do(t, "CONFIG", "SET", "maxmemory", "1")
	const mend = "reached its maxmemory"
	wantPromise(t, "Create", second(a.Create(t.Context(), "new", []byte("x"), life)), "OOM", mend)
	wantPromise(t, "Swap", second(a.Swap(t.Context(), "id", r, []byte("after"), life)), "OOM", mend)
	if r, err := a.Read(t.Context(), "id", life); err != nil || string(r.Data) != "before" {
		t.Errorf("Read of a full server = %q, %v; want what is stored", r.Data, err)
	}
	wantOpenError(t, one(srv), redis.Options{}, mend)
	if err := a.Destroy(t.Context(), "id"); err != nil {
		t.Errorf("Destroy on a full server = %v, want nil", err)
	}
	srv.Do(t, "CONFIG", "SET", "maxmemory", "0")
	if _, err := a.Create(t.Context(), "new", []byte("x"), life); err != nil {
		t.Errorf("Create once there is room = %v, want nil", err)
	}
}

func TestAServerThatBecomesAReplicaRefusesWritesAndLosesNothing(t *testing.T) {
	t.Parallel()
	srv := servers.NewRedis(t)
	a := openAdapter(t, one(srv), redis.Options{})
	r, err := a.Create(t.Context(), "id", []byte("before"), life)
	if err != nil {
		t.Fatal(err)
	}
	srv.Do(t, "REPLICAOF", "127.0.0.1", "1")
	const mend = "name its master"
	wantPromise(t, "Create", second(a.Create(t.Context(), "new", []byte("x"), life)), mend)
	wantPromise(t, "Swap", second(a.Swap(t.Context(), "id", r, []byte("after"), life)), mend)
	wantPromise(t, "Touch", a.Touch(t.Context(), "id", 2*life), mend)
	wantPromise(t, "Destroy", a.Destroy(t.Context(), "id"), mend)
	srv.Do(t, "REPLICAOF", "NO", "ONE")
	if r, err := a.Read(t.Context(), "id", life); err != nil || string(r.Data) != "before" {
		t.Errorf("Read = %q, %v; want what was stored before", r.Data, err)
	}
}

func TestAKeyOfAnotherTypeIsLeftAlone(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		on      place
		options redis.Options
	}{
		"as phpredis":               {on: standalone},
		"as Phalcon 5":              {on: standalone, options: redis.Options{Flavor: redis.Phalcon5}},
		"with its lock":             {on: standalone, options: redis.Options{Lock: &redis.Lock{}}},
		"while a replica is waited": {on: sentinels, options: redis.Options{Wait: &redis.Wait{}}},
		"in a cluster":              {on: clusters},
		"in a cluster that waits":   {on: clusters, options: redis.Options{Wait: &redis.Wait{}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			prefix := newPrefix()
			c.options.Prefix = &prefix
			a, key := openAdapter(t, c.on.servers(t), c.options), prefix+"id"
			srv := c.on.masters(t)[0]
			if len(c.on.masters(t)) > 1 {
				srv = servers.SharedCluster(t).Master(t, key)
			}
			srv.Do(t, "RPUSH", key, "somebody else's")
			const mend = "choose another"
			if c.options.Lock != nil {
				lock, err := a.Lock(t.Context(), "id")
				if err != nil {
					t.Fatal(err)
				}
				wantPromise(t, "Swap under the lock", second(lock.Swap(t.Context(), session.Record{}, []byte("x"), life)), mend)
				if err := lock.Release(t.Context()); err != nil {
					t.Error(err)
				}
			}
			if err := second(a.Read(t.Context(), "id", life)); err == nil || !strings.Contains(err.Error(), mend) {
				t.Errorf("Read of a list = %v, want an error that says %q", err, mend)
			}
			wantPromise(t, "Swap", second(a.Swap(t.Context(), "id", session.Record{}, []byte("x"), life)), mend)
			wantPromise(t, "Touch", a.Touch(t.Context(), "id", life), mend)
			wantPromise(t, "Destroy", a.Destroy(t.Context(), "id"), mend)
			if err := second(a.Create(t.Context(), "id", []byte("x"), life)); !errors.Is(err, session.ErrExists) {
				t.Errorf("Create where a list is = %v, want ErrExists", err)
			}
			if got, _ := srv.Do(t, "LRANGE", key, 0, -1).([]any); len(got) != 1 || got[0] != "somebody else's" {
				t.Errorf("the list holds %v, want what it held", got)
			}
			if left := srv.Do(t, "PTTL", key); left != int64(-1) {
				t.Errorf("the list expires in %v ms, want it never to expire, as before", left)
			}
			srv.Do(t, "DEL", key)
		})
	}
}

func TestADeadServerAmongWeightedOnesHasErrorsForItsShareOnly(t *testing.T) {
	t.Parallel()
	alive, dead := servers.SharedRedis(t), servers.NewRedis(t)
	text := fmt.Sprintf("tcp://%s?weight=1,tcp://%s?weight=1", alive.Addr(), dead.Addr())
	path, err := redis.ParsePath(text)
	if err != nil {
		t.Fatal(err)
	}
	prefix := newPrefix()
	s, o := redis.Servers{Path: text}, redis.Options{Prefix: &prefix}
	before := openAdapter(t, s, o)
	records := map[string]session.Record{}
	for i := range 40 {
		id := fmt.Sprintf("%s-%d", rand.Text(), i)
		if records[id], err = before.Create(t.Context(), id, []byte(id), life); err != nil {
			t.Fatal(err)
		}
	}
	dead.Kill(t)
	// Also an adapter that is opened just now.
	for what, a := range map[string]*redis.Adapter{"that was open": before, "opened since": openAdapter(t, s, o)} {
		shares := map[string]int{}
		for id, r := range records {
			server := path.Server(id)
			shares[server]++
			got, err := a.Read(t.Context(), id, life)
			if server == alive.Addr() {
				if err != nil || string(got.Data) != id {
					t.Errorf("an adapter %s reads %q, %v from the living server; want %q", what, got.Data, err, id)
				}
				continue
			}
			if err == nil || errors.Is(err, session.ErrNotFound) || !strings.Contains(err.Error(), dead.Addr()) {
				t.Errorf("an adapter %s reads %q, %v from the dead server; want an error that names it", what, got.Data, err)
			}
			wantPromise(t, "Swap on the dead server", second(a.Swap(t.Context(), id, r, []byte("x"), life)), dead.Addr())
			wantPromise(t, "Destroy on the dead server", a.Destroy(t.Context(), id), dead.Addr())
		}
		if len(shares) != 2 {
			t.Fatalf("the IDs are spread as %v, want some on each server", shares)
		}
	}
	dead.Start(t)
	for id := range records {
		awaitRead(t, before, id, id)
	}
}

// awaitRead reads until a server that was dead is used again.
func awaitRead(t *testing.T, a *redis.Adapter, id, want string) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		r, err := a.Read(t.Context(), id, life)
		if err == nil && string(r.Data) == want {
			return
		}
		if errors.Is(err, session.ErrNotFound) || time.Now().After(deadline) {
			t.Fatalf("Read = %q, %v; want %q", r.Data, err, want)
		}
	}
}
