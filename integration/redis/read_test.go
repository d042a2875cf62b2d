package redis_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"gyrfalcon/integration/proxy"
	"gyrfalcon/integration/servers"
	"gyrfalcon/session"
	"gyrfalcon/session/redis"
)

// A server without GETEX stands in for one before Redis 6.2: each knows that command
// under another name.
func TestAServerWithoutGETEXIsReadByAScriptInOneTrip(t *testing.T) {
	t.Parallel()
	srv := servers.NewRedis(t, "--rename-command", "GETEX", "")
	p := proxy.New(t, srv.Addr())
	a := openAdapter(t, redis.Servers{Path: "tcp://" + p.Addr()}, redis.Options{})
	if _, err := a.Create(t.Context(), "id", []byte("x"), life); err != nil {
		t.Fatal(err)
	}
	srv.Do(t, "PEXPIRE", redis.DefaultPrefix+"id", 5000)
	p.Mark()
	r, err := a.Read(t.Context(), "id", life)
	if err != nil || string(r.Data) != "x" || !r.Slid {
		t.Errorf("Read = %q, slid %v, %v; want x, slid", r.Data, r.Slid, err)
	}
	if n := p.Trips(); n != 1 {
		t.Errorf("Read made %d trips, want 1: Open has found out and made the script known", n)
	}
	if ms, _ := srv.Do(t, "PTTL", redis.DefaultPrefix+"id").(int64); ms < life.Milliseconds()-10_000 {
		t.Errorf("the session lives for %d ms after Read, want %v", ms, life)
	}
	if _, err := a.Read(t.Context(), "nobody", life); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("Read of an unknown ID = %v, want ErrNotFound", err)
	}
	srv.Do(t, "SCRIPT", "FLUSH")
	if r, err := a.Read(t.Context(), "id", life); err != nil || string(r.Data) != "x" {
		t.Errorf("Read after SCRIPT FLUSH = %q, %v; want x", r.Data, err)
	}
}

func TestWhatIsStoredIsThePlainSessionUnderPhpredisKey(t *testing.T) {
	t.Parallel()
	srv := servers.SharedRedis(t)
	at := one(srv)
	at.Database = srv.NewDatabase(t)
	for _, c := range []struct {
		options    redis.Options
		path       string
		key, value string
		ms         int64 // of a life of 1.5 s
	}{
		{redis.Options{}, "", "PHPREDIS_SESSION:id1", "a|i:1;", 1500},
		{redis.Options{PHP: true}, "", "PHPREDIS_SESSION:id2", "a|i:1;", 2000},
		{redis.Options{Flavor: redis.Phalcon5}, "", "sess-reds-id3", `s:6:"a|i:1;";`, 1500},
		{redis.Options{}, "?prefix=APP:", "APP:id4", "a|i:1;", 1500},
		{redis.Options{}, "?prefix=", "id5", "a|i:1;", 1500},
	} {
		at := at
		at.Path += c.path
		a := openAdapter(t, at, c.options)
		id := c.key[strings.LastIndexAny(c.key, ":-")+1:]
		if _, err := a.Create(t.Context(), id, []byte("a|i:1;"), 1500*time.Millisecond); err != nil {
			t.Fatal(err)
		}
		client := connectDB(t, srv, at.Database)
		got, err := client.Get(t.Context(), c.key).Result()
		if err != nil || got != c.value {
			t.Errorf("%s holds %q, %v; want %q", c.key, got, err, c.value)
		}
		if left := client.PTTL(t.Context(), c.key).Val().Milliseconds(); left > c.ms || left < c.ms-1000 {
			t.Errorf("%s lives for %d ms, want nearly %d", c.key, left, c.ms)
		}
	}
}
