package servers

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
)

// Cluster is a Redis Cluster of three masters, each with a replica that takes its place
// some five seconds after it has died.
type Cluster struct {
	Servers []*Redis // at first: three masters, then their replicas, in the same order
}

// masters is how many masters a Cluster has, and how many replicas.
const masters = 3

// slots is how many hash slots a Redis Cluster has.
const slots = 16384

// SharedCluster returns the cluster that all tests of the process share. It has one
// database, in which each test needs a prefix of its own; else what is said of
// SharedRedis holds.
func SharedCluster(t testing.TB) *Cluster {
	t.Helper()
	return &Cluster{Servers: sharedNodes(t, sharedCluster.get(t), sharedClusterNodes)}
}

// sharedClusterNodes is set by the start of sharedCluster, and in no second process.
var sharedClusterNodes []*Node

var sharedCluster = shared[[]redisPlace]{name: "Cluster", start: func() ([]redisPlace, error) {
	c, err := newCluster(nil)
	if err != nil {
		return nil, err
	}
	var places []redisPlace
	places, sharedClusterNodes = forAll(c.Servers)
	return places, nil
}}

// NewCluster starts a cluster for one test, with which it ends. args are further
// arguments of all its servers. With --tls-cert-file among them they speak TLS with each
// other, and listen for it too.
func NewCluster(t testing.TB, args ...string) *Cluster {
	t.Helper()
	starter(t)
	c, err := newCluster(args)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range c.Servers {
		r.endWith(t)
	}
	return c
}

func newCluster(args []string) (*Cluster, error) {
	c := &Cluster{}
	err := c.start(args)
	if err == nil {
		err = c.join()
	}
	if err == nil {
		err = eventually(c.whole)
	}
	if err != nil {
		discardAll(c.Servers)
		return nil, fmt.Errorf("a Redis Cluster: %w", err)
	}
	return c, nil
}

func (c *Cluster) start(args []string) error {
	own := []string{
		"--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf", "--cluster-node-timeout", "2000",
		"--appendonly", "yes", "--appendfsync", "no", "--auto-aof-rewrite-percentage", "0",
	}
	if password := argument(args, "--requirepass"); password != "" {
		own = append(own, "--masterauth", password)
	}
	if argument(args, "--tls-cert-file") != "" {
		own = append(own, "--tls-cluster", "yes", "--tls-replication", "yes")
	}
	for range 2 * masters {
		r, err := startRedis("redis-cluster", slices.Concat(own, args))
		if err != nil {
			return err
		}
		c.Servers = append(c.Servers, r)
	}
	return nil
}

// join makes a cluster of the servers, as redis-cli --cluster create does, without the
// pauses of seconds that it makes.
func (c *Cluster) join() error {
	for i, r := range c.Servers {
		if _, err := r.do("CLUSTER", "SET-CONFIG-EPOCH", i+1); err != nil {
			return err
		}
		if i >= masters {
			continue
		}
		if _, err := r.do("CLUSTER", "ADDSLOTSRANGE", slots*i/masters, slots*(i+1)/masters-1); err != nil {
			return err
		}
	}
	for _, r := range c.Servers[1:] {
		host, port, err := net.SplitHostPort(r.Addr())
		if err != nil {
			return err
		}
		if _, err := c.Servers[0].do("CLUSTER", "MEET", host, port, r.ports[1].Number); err != nil {
			return err
		}
	}
	for i, r := range c.Servers[masters:] {
		id, err := c.Servers[i].do("CLUSTER", "MYID")
		if err != nil {
			return err
		}
		// It refuses until it has heard of the other one.
		if err := eventually(func() error { _, err := r.do("CLUSTER", "REPLICATE", id); return err }); err != nil {
			return err
		}
	}
	return nil
}

// Addrs are the servers' addresses, each host:port.
func (c *Cluster) Addrs() []string { return addrsOf(c.Servers) }

// Master returns the server that is master for a key, as the first server that runs
// sees it.
func (c *Cluster) Master(t testing.TB, key string) *Redis {
	t.Helper()
	for _, r := range c.Servers {
		if !r.Running() {
			continue
		}
		slot, _ := r.Do(t, "CLUSTER", "KEYSLOT", key).(int64)
		ranges, _ := r.Do(t, "CLUSTER", "SLOTS").([]any)
		for _, entry := range ranges {
			e, ok := entry.([]any)
			if !ok || len(e) < 3 {
				t.Fatalf("CLUSTER SLOTS answered %v", entry)
			}
			first, _ := e[0].(int64)
			last, _ := e[1].(int64)
			node, _ := e[2].([]any)
			if slot < first || slot > last || len(node) < 2 {
				continue
			}
			master, err := at(c.Servers, fmt.Sprintf("%v:%v", node[0], node[1]))
			if err != nil {
				t.Fatal(err)
			}
			return master
		}
		t.Fatalf("nobody has slot %d", slot)
	}
	t.Fatal("no server of the cluster runs")
	return nil
}

// AwaitWhole waits until all servers run, are agreed that every slot is served, and each
// master has a replica with all of its data: so it is at the beginning, and again a while
// after a server that was killed has been started again.
func (c *Cluster) AwaitWhole(t testing.TB) {
	t.Helper()
	if err := eventually(c.whole); err != nil {
		t.Fatal(err)
	}
}

func (c *Cluster) whole() error {
	for _, r := range c.Servers {
		answer, err := r.do("CLUSTER", "INFO")
		if err != nil {
			return err
		}
		text, _ := answer.(string)
		if fieldOf(answer, "cluster_state") != "ok" || fieldOf(answer, "cluster_known_nodes") != fmt.Sprint(len(c.Servers)) || fieldOf(answer, "cluster_size") != fmt.Sprint(masters) {
			return fmt.Errorf("the server at %s sees:\n%s", r.Addr(), text)
		}
		if answer, err = r.do("CLUSTER", "NODES"); err != nil {
			return err
		}
		if text, _ = answer.(string); strings.Count(text, "slave") != len(c.Servers)-masters || strings.Contains(text, "fail") {
			return fmt.Errorf("the server at %s sees these nodes:\n%s", r.Addr(), text)
		}
		role, err := r.info("replication", "role")
		if err != nil {
			return err
		}
		if role != "master" {
			if err := r.follows(); err != nil {
				return err
			}
		}
	}
	return nil
}
