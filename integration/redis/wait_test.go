package redis_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"gyrfalcon/integration/servers"
	"gyrfalcon/session"
	"gyrfalcon/session/redis"
)

// withReplica returns a server of its own, and its replica.
func withReplica(t *testing.T) (master, replica *servers.Redis) {
	t.Helper()
	master, replica = servers.NewRedis(t), servers.NewRedis(t)
	follow(t, replica, master.Addr())
	return master, replica
}

// follow makes a server the replica of the one that it reaches at an address.
func follow(t testing.TB, replica *servers.Redis, address string) {
	t.Helper()
	host, port := split(t, address)
	replica.Do(t, "REPLICAOF", host, port)
	until(t, "the replica has all of its master's data", func() bool {
		role, _ := replica.Do(t, "ROLE").([]any)
		return len(role) > 3 && role[3] == "connected"
	})
}

func TestOnlyWhatWasWrittenIsInDoubtWhenReplicasAreSilent(t *testing.T) {
	t.Parallel()
	master, replica := withReplica(t)
	a := openAdapter(t, one(master), redis.Options{Wait: &redis.Wait{Timeout: time.Second}})
	r, err := a.Create(t.Context(), "id", []byte("before"), life)
	if err != nil {
		t.Fatal(err)
	}
	replica.Pause(t)
	defer replica.Resume(t)
	stale := session.Record{Data: []byte("stale")}
	for _, c := range []struct {
		what string
		got  error
		want error // nil: none
	}{
		{"Swap", second(a.Swap(t.Context(), "id", r, []byte("after"), life)), session.ErrOutcomeUnknown},
		{"Create", second(a.Create(t.Context(), "new", []byte("x"), life)), session.ErrOutcomeUnknown},
		{"Swap of what has changed", second(a.Swap(t.Context(), "id", stale, []byte("x"), life)), session.ErrConflict},
		{"Swap of what has changed, by its digest", second(a.Swap(t.Context(), "id", session.Record{Data: make([]byte, 5000)}, []byte("x"), life)), session.ErrConflict},
		{"Swap of what is not there", second(a.Swap(t.Context(), "nobody", stale, []byte("x"), life)), session.ErrNotFound},
		{"Create of what is there", second(a.Create(t.Context(), "id", []byte("x"), life)), session.ErrExists},
		{"Destroy", a.Destroy(t.Context(), "id"), session.ErrOutcomeUnknown},
		{"Destroy of what is not there, on the master", a.Destroy(t.Context(), "id"), session.ErrOutcomeUnknown},
	} {
		if !errors.Is(c.got, c.want) || errors.Is(c.got, session.ErrOutcomeUnknown) != errors.Is(c.want, session.ErrOutcomeUnknown) {
			t.Errorf("%s while the replica is silent = %v, want %v", c.what, c.got, c.want)
		}
	}
	replica.Resume(t)
	if err := a.Destroy(t.Context(), "id"); err != nil {
		t.Errorf("Destroy once the replica answers = %v, want nil", err)
	}
	if left := keys(t, replica, "*id"); len(left) > 0 {
		t.Errorf("the replica still has %q, want nothing", left)
	}
}

// Nothing is written any more that a replica could be asked for, on whichever connection.
func TestASignOutIsConfirmedOnlyWhenTheReplicasHaveIt(t *testing.T) {
	t.Parallel()
	master, replica := withReplica(t)
	o := redis.Options{Wait: &redis.Wait{Timeout: time.Second}}
	a := openAdapter(t, one(master), o)
	if _, err := a.Create(t.Context(), "id", []byte("x"), life); err != nil {
		t.Fatal(err)
	}
	another := openAdapter(t, one(master), o)
	replica.Pause(t)
	for _, a := range []*redis.Adapter{a, a, another} {
		if err := a.Destroy(t.Context(), "id"); !errors.Is(err, session.ErrOutcomeUnknown) {
			t.Errorf("Destroy while the replica is silent = %v, want ErrOutcomeUnknown", err)
		}
	}
	replica.Resume(t)
	until(t, "the replica has heard of it", func() bool { return another.Destroy(t.Context(), "id") == nil })
	if left := keys(t, replica, "*id"); len(left) > 0 {
		t.Errorf("the replica still has %q, want nothing", left)
	}
	master.Do(t, "CONFIG", "SET", "maxmemory", "1")
	if err := a.Destroy(t.Context(), "id"); err != nil {
		t.Errorf("Destroy of what is not there, on a full server = %v, want nil", err)
	}
}

// A slot is on its way to a server that has none yet, as when a cluster grows: the keys that
// have gone are asked for there.
func TestWritesThatWaitFollowASlotThatMoves(t *testing.T) {
	t.Parallel()
	c := servers.NewCluster(t)
	prefix := "{moving}" + newPrefix() // all sessions in one slot
	from, to := c.Master(t, prefix), newMember(t, c)
	a := openAdapter(t, ofCluster(c), redis.Options{Prefix: &prefix, Wait: &redis.Wait{Timeout: 10 * time.Second}})
	records := map[string]session.Record{}
	var err error
	for _, id := range []string{"moved", "moved, read", "stays"} {
		if records[id], err = a.Create(t.Context(), id, []byte("before"), life); err != nil {
			t.Fatal(err)
		}
	}
	slot := from.Do(t, "CLUSTER", "KEYSLOT", prefix)
	to.Do(t, "CLUSTER", "SETSLOT", slot, "IMPORTING", memberID(t, from))
	from.Do(t, "CLUSTER", "SETSLOT", slot, "MIGRATING", memberID(t, to))
	host, port := split(t, to.Addr())
	for _, id := range []string{"moved", "moved, read"} {
		from.Do(t, "MIGRATE", host, port, prefix+id, 0, 5000)
	}
	write := func(when string) {
		t.Helper()
		for id, r := range records {
			data := fmt.Appendf(nil, "%s, %s", id, when)
			if records[id], err = a.Swap(t.Context(), id, r, data, life); err != nil {
				t.Fatalf("Swap of the one that %s, %s = %v, want nil", id, when, err)
			}
			if got, err := a.Read(t.Context(), id, life); err != nil || string(got.Data) != string(data) {
				t.Errorf("Read of the one that %s, %s = %q, %v; want %q", id, when, got.Data, err, data)
			}
		}
		created := strings.ReplaceAll(when, " ", "-")
		if _, err := a.Create(t.Context(), created, []byte("x"), life); err != nil {
			t.Errorf("Create %s = %v, want nil", when, err)
		}
		if err := second(a.Swap(t.Context(), created, session.Record{Data: []byte("stale")}, []byte("x"), life)); !errors.Is(err, session.ErrConflict) {
			t.Errorf("Swap of what has changed, %s = %v, want ErrConflict", when, err)
		}
		if err := a.Destroy(t.Context(), created); err != nil {
			t.Errorf("Destroy %s = %v, want nil", when, err)
		}
		if err := second(a.Read(t.Context(), created, life)); !errors.Is(err, session.ErrNotFound) {
			t.Errorf("Read after Destroy %s = %v, want ErrNotFound", when, err)
		}
	}
	write("under way")
	moveSlot(t, c, slot, from, to)
	write("there")
}

func memberID(t testing.TB, r *servers.Redis) string {
	t.Helper()
	return fmt.Sprint(r.Do(t, "CLUSTER", "MYID"))
}

// newMember adds a master without a slot to a cluster, and a replica for it.
func newMember(t *testing.T, c *servers.Cluster) *servers.Redis {
	t.Helper()
	started := func() *servers.Redis {
		return servers.NewRedis(t, "--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf", "--cluster-node-timeout", "2000")
	}
	master, replica := started(), started()
	host, port := split(t, c.Servers[0].Addr())
	for line := range strings.SplitSeq(fmt.Sprint(c.Servers[0].Do(t, "CLUSTER", "NODES")), "\n") {
		if !strings.Contains(line, "myself") {
			continue
		}
		_, bus, _ := strings.Cut(strings.Fields(line)[1], "@")
		bus, _, _ = strings.Cut(bus, ",")
		master.Do(t, "CLUSTER", "MEET", host, port, bus)
		replica.Do(t, "CLUSTER", "MEET", host, port, bus)
	}
	id := memberID(t, master)
	all := append([]*servers.Redis{master, replica}, c.Servers...)
	until(t, "all know each other", func() bool {
		for _, r := range all {
			if info, _ := r.Do(t, "CLUSTER", "INFO").(string); !strings.Contains(info, fmt.Sprintf("cluster_known_nodes:%d\r", len(all))) || !strings.Contains(info, "cluster_state:ok") {
				return false
			}
			if nodes, _ := r.Do(t, "CLUSTER", "NODES").(string); strings.Contains(nodes, "handshake") {
				return false
			}
		}
		return true
	})
	replica.Do(t, "CLUSTER", "REPLICATE", id)
	until(t, "the replica has all of its master's data", func() bool {
		role, _ := replica.Do(t, "ROLE").([]any)
		return len(role) > 3 && role[3] == "connected"
	})
	return master
}
