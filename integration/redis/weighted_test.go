package redis_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"testing"

	"gyrfalcon/integration/servers"
	"gyrfalcon/session/redis"
)

// A server that has just been started again is as good as one that will be.
func TestAServerThatLoadsItsDataAmongWeightedOnesLetsOpenPass(t *testing.T) {
	t.Parallel()
	alive, slow := servers.SharedRedis(t), loads(t)
	s := redis.Servers{Path: fmt.Sprintf("tcp://%s,tcp://%s", alive.Addr(), slow.Addr())}
	path, err := redis.ParsePath(s.Path)
	if err != nil {
		t.Fatal(err)
	}
	a := openAdapter(t, s, redis.Options{})
	seen := map[string]bool{}
	for len(seen) < 2 {
		id := rand.Text()
		at := path.Server(id)
		seen[at] = true
		err := second(a.Create(t.Context(), id, []byte("x"), life))
		if at == alive.Addr() && err != nil {
			t.Errorf("Create on the server that is ready = %v, want nil", err)
		}
		if at == slow.Addr() {
			wantPromise(t, "Create on the server that loads", err, "still loading", slow.Addr())
		}
	}
	wantOpenError(t, one(slow), redis.Options{}, "LOADING", "still loading")
	wantOpenError(t, redis.Servers{Path: fmt.Sprintf("tcp://%s,tcp://127.0.0.1:1", slow.Addr())}, redis.Options{},
		"none of the 2 servers", "still loading", "connection refused")
}

// What will not mend itself is told at once.
func TestAServerThatRefusesAmongWeightedOnesFailsOpen(t *testing.T) {
	t.Parallel()
	alive, full := servers.SharedRedis(t), servers.NewRedis(t, "--maxmemory-policy", "noeviction", "--maxmemory", "1")
	for reply, bad := range map[string]string{
		"OOM":      full.Addr(),
		"READONLY": servers.SharedSentinel(t).Servers[1].Addr(),
		"NOAUTH":   servers.NewRedis(t, "--requirepass", "hunter2").Addr(),
	} {
		wantOpenError(t, redis.Servers{Path: fmt.Sprintf("tcp://%s,tcp://%s", alive.Addr(), bad)}, redis.Options{}, reply, bad)
	}
}

// loads returns a server that loads its data for longer than a test takes.
func loads(t *testing.T) *servers.Redis {
	t.Helper()
	srv := servers.NewRedis(t, "--enable-debug-command", "yes", "--loading-process-events-interval-bytes", "1024", "--rdbcompression", "no")
	client := connectDB(t, srv, 0)
	for range 1000 {
		if err := client.Set(t.Context(), rand.Text(), strings.Repeat("x", 500), 0).Err(); err != nil {
			t.Fatal(err)
		}
	}
	srv.Do(t, "CONFIG", "SET", "key-load-delay", 50_000) // microseconds
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		client.Do(context.Background(), "DEBUG", "RELOAD")
	}()
	t.Cleanup(func() {
		srv.Kill(t)
		<-answered
	})
	until(t, "the server loads its data", func() bool {
		err := client.Ping(t.Context()).Err()
		return err != nil && strings.HasPrefix(err.Error(), "LOADING")
	})
	return srv
}
