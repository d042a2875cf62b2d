package redis_test

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
	"time"

	"gyrfalcon/integration/servers"
	"gyrfalcon/session"
	"gyrfalcon/session/redis"
)

// What becomes of sessions under way when the administrator changes what their user may do.
// Each way of writing has its own way to tell.
func TestARefusalWhileSessionsAreLiveIsToldAndLosesNothing(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]redis.Options{
		"plain": {}, "with replicas": {Wait: &redis.Wait{Timeout: 10 * time.Second}}, "with locks": {Lock: &redis.Lock{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := servers.NewRedis(t)
			if o.Wait != nil {
				follow(t, servers.NewRedis(t), srv.Addr())
			}
			user(t, srv, ">first", "+@all")
			a := openAdapter(t, redis.Servers{Path: "tcp://" + srv.Addr(), Username: "app", Password: "first"}, o)
			r, err := a.Create(t.Context(), "id", []byte("0"), life)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range []struct {
				what       string
				begin, end func()
				mend       []string
				reads      bool // goes on
			}{
				{"the password is changed", func() {
					user(t, srv, "resetpass", ">second")
					srv.Do(t, "CLIENT", "KILL", "TYPE", "normal")
				}, func() { user(t, srv, "resetpass", ">first") }, []string{"WRONGPASS", "refuses the user or the password"}, false},
				{"the user is removed", func() { srv.Do(t, "ACL", "DELUSER", "app") },
					func() { user(t, srv, ">first", "+@all") }, []string{"WRONGPASS"}, false},
				{"a right is withdrawn", func() { user(t, srv, "-eval", "-evalsha", "-set") },
					func() { user(t, srv, "+@all") }, []string{"NOPERM", "lacks a right"}, true},
				{"the keys are withdrawn", func() { user(t, srv, "resetkeys", "~elsewhere:*") },
					func() { user(t, srv, "resetkeys", "~*") }, []string{"NOPERM", "lacks a right"}, false},
				{"the server is full", func() { srv.Do(t, "CONFIG", "SET", "maxmemory", "1") },
					func() { srv.Do(t, "CONFIG", "SET", "maxmemory", "0") }, []string{"OOM", "maxmemory"}, true},
			} {
				lock := lockOf(t, a)
				c.begin()
				wantPromise(t, "Swap when "+c.what, second(swapUnder(t, a, lock, r, []byte("lost"))), c.mend...)
				wantPromise(t, "Create when "+c.what, second(a.Create(t.Context(), "new", []byte("x"), life)), c.mend...)
				if c.mend[0] != "OOM" { // else it is done
					wantPromise(t, "Destroy when "+c.what, a.Destroy(t.Context(), "id"), c.mend...)
				}
				if _, err := a.Read(t.Context(), "id", life); (err == nil) != c.reads || errors.Is(err, session.ErrNotFound) {
					t.Errorf("Read when %s = %v, want it to succeed: %t", c.what, err, c.reads)
				}
				if o.Lock != nil {
					wantPromise(t, "Lock when "+c.what, second(a.Lock(t.Context(), "another")), c.mend...)
				}
				c.end()
				data := fmt.Appendf(nil, "after %s", c.what)
				if err := second(a.Read(t.Context(), "new", life)); !errors.Is(err, session.ErrNotFound) {
					t.Errorf("Read of what was refused when %s = %v, want ErrNotFound", c.what, err)
				}
				if now, err := a.Read(t.Context(), "id", life); err != nil || !bytes.Equal(now.Data, r.Data) {
					t.Errorf("Read after %s = %q, %v; want %q, as before", c.what, now.Data, err, r.Data)
				}
				if r, err = swapUnder(t, a, lock, r, data); err != nil {
					t.Fatalf("Swap after %s = %v, want nil", c.what, err)
				}
				if lock != nil {
					if err := lock.Release(t.Context()); err != nil {
						t.Errorf("Release after %s = %v, want nil", c.what, err)
					}
				}
			}
		})
	}
}

// user makes the user app, or changes what it may do.
func user(t *testing.T, srv *servers.Redis, rules ...any) {
	t.Helper()
	srv.Do(t, append([]any{"ACL", "SETUSER", "app", "on", "~*", "&*"}, rules...)...)
}

// lockOf takes the lock of the session id, if there are locks.
func lockOf(t *testing.T, a *redis.Adapter) session.Lock {
	t.Helper()
	lock, err := a.Lock(t.Context(), "id")
	if err != nil {
		t.Fatal(err)
	}
	return lock
}

func swapUnder(t *testing.T, a *redis.Adapter, lock session.Lock, r session.Record, next []byte) (session.Record, error) {
	t.Helper()
	if lock != nil {
		return lock.Swap(t.Context(), r, next, life)
	}
	return a.Swap(t.Context(), "id", r, next, life)
}
