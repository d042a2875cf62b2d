package redis_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
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

// Up to 4 KiB a session is sent whole to be compared, above by its digest.
func TestASwapSendsALargeSessionsDigestInItsPlace(t *testing.T) {
	t.Parallel()
	srv := servers.SharedRedis(t)
	p := proxy.New(t, srv.Addr())
	prefix := newPrefix()
	a := openAdapter(t, redis.Servers{Path: "tcp://" + p.Addr()}, redis.Options{Prefix: &prefix})
	for size, digest := range map[int]bool{0: false, 4095: false, 4096: false, 4097: true, 60000: true} {
		id, data := fmt.Sprint(size), bytes.Repeat([]byte("x"), size)
		r, err := a.Create(t.Context(), id, data, life)
		if err != nil {
			t.Fatal(err)
		}
		var mu sync.Mutex
		var sent []byte
		p.Decide(func(request []byte) proxy.Action {
			mu.Lock()
			defer mu.Unlock()
			sent = append(sent, request...)
			return proxy.Pass
		})
		other := append(bytes.Clone(data), 'y')
		if size > 0 {
			other = append(bytes.Clone(data[1:]), 'y')
		}
		if err := second(a.Swap(t.Context(), id, session.Record{Data: other}, []byte("z"), life)); !errors.Is(err, session.ErrConflict) {
			t.Errorf("Swap of %d bytes of which the last is another = %v, want ErrConflict", size, err)
		}
		mu.Lock()
		sent = nil
		mu.Unlock()
		if r, err = a.Swap(t.Context(), id, r, []byte("next"), life); err != nil {
			t.Errorf("Swap of %d bytes = %v, want nil", size, err)
		}
		mu.Lock()
		if got := !bytes.Contains(sent, []byte("\r\n$5\r\nwhole\r\n")); got != digest || len(sent) > 4096+600 {
			t.Errorf("Swap of %d bytes sends %d bytes, by the digest: %t; want %t", size, len(sent), got, digest)
		}
		mu.Unlock()
		p.Decide(nil)
		if got, err := a.Read(t.Context(), id, life); err != nil || string(got.Data) != "next" || got.Version != r.Version {
			t.Errorf("Read after Swap of %d bytes = %q, %v; want next, of Swap's version", size, got.Data, err)
		}
	}
}

// The manager stores a session under the digest of its ID: it is by this that the server is
// chosen, as no PHP shares the session.
func TestTheServerOfAHashedIDIsChosenByWhatIsStored(t *testing.T) {
	t.Parallel()
	all := servers.SharedRedises(t)
	text := fmt.Sprintf("tcp://%s?weight=1 tcp://%s?weight=2", all[1].Addr(), all[2].Addr())
	path, err := redis.ParsePath(text)
	if err != nil {
		t.Fatal(err)
	}
	prefix := newPrefix()
	m := started(t, redis.Dial(redis.Servers{Path: text}, redis.Options{Prefix: &prefix}), session.Options{GCInterval: -1})
	bare := map[string]int{}
	for range 60 {
		s, err := m.Load(t.Context(), "")
		if err == nil {
			err = errors.Join(s.Set("n", 1), s.Commit(t.Context()))
		}
		if err != nil {
			t.Fatal(err)
		}
		bare[path.Server(s.ID())]++
		if again, err := m.Load(t.Context(), s.ID()); err != nil || again.ID() != s.ID() {
			t.Errorf("Load of a session that was just stored = %v, want it", err)
		}
	}
	stored := map[string]int{}
	for _, r := range all[1:] {
		for _, key := range keys(t, r, prefix+"*") {
			stored[r.Addr()]++
			if want := path.Server(strings.TrimPrefix(key, prefix)); want != r.Addr() {
				t.Errorf("a session is on %s, want it on %s, by the ID under which it is stored", r.Addr(), want)
			}
		}
	}
	if n := stored[all[1].Addr()] + stored[all[2].Addr()]; n != 60 || len(stored) != 2 {
		t.Errorf("the sessions are spread as %v, want 60, and some on each server", stored)
	}
	t.Logf("by the IDs as stored %v, by those that visitors have %v", stored, bare)
}
