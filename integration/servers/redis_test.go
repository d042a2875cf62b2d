package servers_test

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"gyrfalcon/integration/servers"
)

// connect returns a client with a short patience, closed with the test.
func connect(t *testing.T, o *redis.UniversalOptions) redis.UniversalClient {
	t.Helper()
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout = time.Second, time.Second, time.Second
	c := redis.NewUniversalClient(o)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// keep stores a value, which may take some attempts while servers change places.
func keep(t *testing.T, c redis.UniversalClient, key string, value int) {
	t.Helper()
	until(t, fmt.Sprintf("%s can be stored", key), func() bool { return c.Set(t.Context(), key, value, 0).Err() == nil })
}

func wantKept(t *testing.T, c redis.UniversalClient, key string, want int) {
	t.Helper()
	if got, err := c.Get(t.Context(), key).Int(); err != nil || got != want {
		t.Errorf("%s is %d, %v; want %d", key, got, err, want)
	}
}

func TestRedisServersAreSharedAndDatabasesAreNot(t *testing.T) { //nolint:tparallel // its end looks at what the subtest leaves
	t.Parallel()
	all := servers.SharedRedises(t)
	if len(all) != 3 || all[0].Addr() != servers.SharedRedis(t).Addr() || all[0].Addr() == all[1].Addr() || all[1].Addr() == all[2].Addr() {
		t.Fatalf("the shared servers are %v, want three of which SharedRedis is the first", all)
	}
	var key int
	t.Run("the test", func(t *testing.T) {
		key = all[1].NewDatabase(t)
		if other := all[1].NewDatabase(t); other == key {
			t.Errorf("database %d was given twice", key)
		}
		c := connect(t, &redis.UniversalOptions{Addrs: []string{all[1].Addr()}, DB: key})
		keep(t, c, "k", 1)
		wantKept(t, c, "k", 1)
	})
	c := connect(t, &redis.UniversalOptions{Addrs: []string{all[1].Addr()}, DB: key})
	if n := c.DBSize(t.Context()).Val(); n != 0 {
		t.Errorf("database %d has %d keys after its test, want 0", key, n)
	}
}

func TestASecondProcessUsesTheSharedRedis(t *testing.T) {
	if isChild() {
		srv := servers.SharedRedis(t)
		srv.Do(t, "INCR", os.Getenv("KEY"))
		return
	}
	t.Parallel()
	srv := servers.SharedRedis(t)
	srv.Do(t, "INCR", t.Name())
	if out, err := again(t, t.Name(), "KEY="+t.Name()).CombinedOutput(); err != nil {
		t.Fatalf("the second process: %v; it said:\n%s", err, out)
	}
	if got := srv.Do(t, "GET", t.Name()); got != "2" {
		t.Errorf("after both processes have counted the counter is %v, want 2", got)
	}
}

func TestARedisThatIsKilledKeepsWhatItAcknowledged(t *testing.T) {
	t.Parallel()
	srv := servers.NewRedis(t, "--requirepass", "guess")
	c := connect(t, &redis.UniversalOptions{Addrs: []string{srv.Addr()}, Password: "guess"})
	for i := range 3 {
		keep(t, c, "k", i)
		srv.Kill(t)
		if listens(t, srv.Addr()) {
			t.Fatal("the server was killed and still listens")
		}
		srv.Start(t)
		until(t, "the client is connected again", func() bool { return c.Ping(t.Context()).Err() == nil })
		wantKept(t, c, "k", i)
	}
	srv.Pause(t)
	if err := c.Ping(t.Context()).Err(); err == nil {
		t.Error("a paused server answers")
	}
	srv.Resume(t)
	until(t, "the server answers again", func() bool { return c.Ping(t.Context()).Err() == nil })
	if answer := srv.Do(t, "GET", "k"); answer != "2" {
		t.Errorf("Do with the server's password: got %v, want 2", answer)
	}
}

func TestRedisTakesArguments(t *testing.T) {
	t.Parallel()
	srv := servers.NewRedis(t, "--maxmemory", "1mb", "--maxmemory-policy", "noeviction")
	c := redis.NewClient(&redis.Options{Network: "unix", Addr: srv.Socket()})
	defer func() { _ = c.Close() }()
	if err := c.Set(t.Context(), "k", "v", 0).Err(); !redis.HasErrorPrefix(err, "OOM") {
		t.Errorf("a write to a full server, over its socket: %v, want OOM", err)
	}
}

func TestSentinelMakesTheReplicaMaster(t *testing.T) {
	t.Parallel()
	s := servers.NewSentinel(t)
	c := connect(t, &redis.UniversalOptions{MasterName: servers.MasterName, Addrs: s.Addrs()})
	keep(t, c, "before", 1)
	old := s.Master(t)
	if old != s.Servers[0] {
		t.Fatalf("at first the master is %s, want %s", old.Addr(), s.Servers[0].Addr())
	}
	if n, ok := old.Do(t, "WAIT", 1, 0).(int64); !ok || n != 1 {
		t.Fatalf("%d replicas have the write, want 1", n)
	}
	old.Kill(t)
	until(t, "the replica is master", func() bool { return s.Master(t) == s.Servers[1] })
	keep(t, c, "after", 2)
	wantKept(t, c, "before", 1)
	old.Start(t)
	s.AwaitWhole(t)
	if s.Master(t) != s.Servers[1] {
		t.Error("the old master has come back as the master, want it as the replica")
	}
	wantKept(t, c, "after", 2)
}

func TestAClusterReplacesAMaster(t *testing.T) {
	t.Parallel()
	cluster := servers.NewCluster(t)
	client := func() redis.UniversalClient {
		return connect(t, &redis.UniversalOptions{Addrs: cluster.Addrs(), IsClusterMode: true})
	}
	c := client()
	const keys = 50
	for i := range keys {
		keep(t, c, fmt.Sprint("k", i), i)
	}
	old := cluster.Master(t, "k0")
	for _, r := range cluster.Servers[:3] {
		r.Do(t, "WAIT", 1, 0) // it has a replica, which shall have them all
	}
	old.Kill(t)
	until(t, "another server has its slots", func() bool { return cluster.Master(t, "k0") != old })
	c = client() // the first one would dial the dead server again and again
	for i := range keys {
		keep(t, c, fmt.Sprint("after", i), i)
	}
	for i := range keys {
		wantKept(t, c, fmt.Sprint("k", i), i)
	}
	old.Start(t)
	cluster.AwaitWhole(t)
	for i := range keys {
		wantKept(t, c, fmt.Sprint("after", i), i)
	}
}

func TestSentinelAndClusterAreShared(t *testing.T) {
	t.Parallel()
	a, b := servers.SharedSentinel(t), servers.SharedSentinel(t)
	if a.Master(t).Addr() != b.Servers[0].Addr() || len(a.Addrs()) != 3 {
		t.Errorf("the shared Sentinels %v have %s for their master, want %s", a.Addrs(), a.Master(t).Addr(), b.Servers[0].Addr())
	}
	cluster := servers.SharedCluster(t)
	cluster.AwaitWhole(t)
	if n := len(cluster.Addrs()); n != 6 {
		t.Errorf("the cluster has %d servers, want 6", n)
	}
	c := connect(t, &redis.UniversalOptions{Addrs: cluster.Addrs(), IsClusterMode: true})
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := c.Set(ctx, t.Name(), 1, time.Minute).Err(); err != nil {
		t.Errorf("a write to the shared cluster: %v", err)
	}
}
