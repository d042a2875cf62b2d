package servers

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"gyrfalcon/integration/internal/ports"
)

// Sentinel is a Redis server with a replica, and three Sentinels which watch over it:
// they take a master for dead that has not answered for one second, and make the replica
// master in its place.
type Sentinel struct {
	Servers   []*Redis // at first: the master, the replica
	Sentinels []*Redis // they speak Redis's protocol, and know other commands
}

// MasterName is the name under which the Sentinels know the master.
const MasterName = "mymaster"

// SharedSentinel returns the master, the replica and the Sentinels that all tests of the
// process share. Let the master be master there; else what is said of SharedRedis holds.
func SharedSentinel(t testing.TB) *Sentinel {
	t.Helper()
	all := sharedNodes(t, sharedSentinel.get(t), sharedSentinelNodes)
	return &Sentinel{Servers: all[:2], Sentinels: all[2:]}
}

// sharedSentinelNodes is set by the start of sharedSentinel, and in no second process.
var sharedSentinelNodes []*Node

var sharedSentinel = shared[[]redisPlace]{name: "Sentinel", start: func() ([]redisPlace, error) {
	s, err := newSentinel(nil)
	if err != nil {
		return nil, err
	}
	var places []redisPlace
	places, sharedSentinelNodes = forAll(s.nodes())
	return places, nil
}}

// forAll has the tests of the process share servers.
func forAll(all []*Redis) (places []redisPlace, nodes []*Node) {
	for _, r := range all {
		places, nodes = append(places, r.place), append(nodes, r.forAll())
	}
	return places, nodes
}

// NewSentinel starts a master, its replica and three Sentinels for one test, with which
// they end. args are further arguments of the master's and the replica's. With
// --tls-cert-file among them all speak TLS with each other, and the Sentinels too listen for
// it on a port, each with the same certificates.
func NewSentinel(t testing.TB, args ...string) *Sentinel {
	t.Helper()
	starter(t)
	s, err := newSentinel(args)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range s.nodes() {
		r.endWith(t)
	}
	return s
}

func newSentinel(args []string) (*Sentinel, error) {
	s := &Sentinel{}
	err := s.start(args)
	if err == nil {
		err = eventually(s.whole)
	}
	if err != nil {
		discardAll(s.nodes())
		return nil, err
	}
	return s, nil
}

func (s *Sentinel) start(args []string) error {
	password := argument(args, "--requirepass")
	if password != "" {
		args = append(slices.Clone(args), "--masterauth", password)
	}
	if argument(args, "--tls-cert-file") != "" {
		args = append(slices.Clone(args), "--tls-replication", "yes")
	}
	master, err := newRedis(args)
	if err != nil {
		return err
	}
	s.Servers = append(s.Servers, master)
	host, port, err := net.SplitHostPort(master.known())
	if err != nil {
		return err
	}
	replica, err := newRedis(append(slices.Clone(args), "--replicaof", host+" "+port))
	if err != nil {
		return err
	}
	s.Servers = append(s.Servers, replica)
	for range 3 {
		watcher, err := startSentinel(host, port, args)
		if err != nil {
			return err
		}
		s.Sentinels = append(s.Sentinels, watcher)
	}
	return nil
}

// known is the address under which Sentinels know a server of theirs.
func (r *Redis) known() string {
	if r.place.TLS != "" {
		return r.place.TLS
	}
	return r.place.Addr
}

// startSentinel starts a Sentinel for the master at host and port, which was started with
// args.
func startSentinel(host, port string, args []string) (*Redis, error) {
	path, err := find("redis-server")
	if err != nil {
		return nil, err
	}
	dir, err := theWatchdog.folder("sentinel")
	if err != nil {
		return nil, err
	}
	// A Sentinel keeps what it knows in its configuration: it is written once.
	file := func(addrs []ports.Port) string { return filepath.Join(dir, strconv.Itoa(addrs[0].Number)+".conf") }
	r := &Redis{}
	withTLS := argument(args, "--tls-cert-file") != ""
	r.Node, err = startNode(program{
		name: "sentinel", path: path, dir: dir, ports: 2, // for all, for TLS
		args: func(addrs []ports.Port) ([]string, error) {
			if _, err := os.Stat(file(addrs)); errors.Is(err, os.ErrNotExist) {
				text := fmt.Sprintf("port %d\nbind %s\ndir %s\nsentinel monitor %s %s %s 2\n", addrs[0].Number, ports.Host, dir, MasterName, host, port)
				text += fmt.Sprintf("sentinel down-after-milliseconds %s 1000\nsentinel failover-timeout %s 3000\n", MasterName, MasterName)
				if withTLS {
					text += fmt.Sprintf("tls-port %d\ntls-replication yes\ntls-cert-file %s\ntls-key-file %s\ntls-ca-cert-file %s\n", addrs[1].Number,
						argument(args, "--tls-cert-file"), argument(args, "--tls-key-file"), argument(args, "--tls-ca-cert-file"))
				}
				if password := argument(args, "--requirepass"); password != "" {
					text += fmt.Sprintf("sentinel auth-pass %s %s\n", MasterName, password)
				}
				if err := os.WriteFile(file(addrs), []byte(text), 0o600); err != nil {
					return nil, err
				}
			}
			return []string{file(addrs), "--sentinel"}, nil
		},
		ready: func(ctx context.Context, addrs []ports.Port) error {
			answer, err := do(ctx, &redis.Options{Addr: addrs[0].Addr()}, "INFO", "server")
			if err == nil && fieldOf(answer, "config_file") != file(addrs) {
				err = fmt.Errorf("a stranger answers at %s", addrs[0].Addr())
			}
			return err
		},
	})
	if err != nil {
		return nil, err
	}
	if r.place.Addr = r.ports[0].Addr(); withTLS {
		r.place.TLS = r.ports[1].Addr()
	}
	return r, nil
}

// nodes are all servers, the Sentinels last.
func (s *Sentinel) nodes() []*Redis { return slices.Concat(s.Servers, s.Sentinels) }

// Addrs are the Sentinels' addresses, each host:port.
func (s *Sentinel) Addrs() []string { return addrsOf(s.Sentinels) }

func addrsOf(all []*Redis) []string {
	addrs := make([]string, len(all))
	for i, r := range all {
		addrs[i] = r.Addr()
	}
	return addrs
}

// Master returns the server that the first Sentinel which runs takes for the master.
func (s *Sentinel) Master(t testing.TB) *Redis {
	t.Helper()
	r, err := s.master()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (s *Sentinel) master() (*Redis, error) {
	for _, watcher := range s.Sentinels {
		if !watcher.Running() {
			continue
		}
		answer, err := watcher.do("SENTINEL", "GET-MASTER-ADDR-BY-NAME", MasterName)
		if err != nil {
			return nil, err
		}
		parts, _ := answer.([]any)
		if len(parts) != 2 {
			return nil, fmt.Errorf("a Sentinel answered %v when it was asked for the master", answer)
		}
		addr := net.JoinHostPort(fmt.Sprint(parts[0]), fmt.Sprint(parts[1]))
		if i := slices.IndexFunc(s.Servers, func(r *Redis) bool { return r.known() == addr }); i >= 0 {
			return s.Servers[i], nil
		}
		return nil, fmt.Errorf("a Sentinel takes %s for the master, which is none of the servers", addr)
	}
	return nil, errors.New("no Sentinel runs")
}

// at returns the server with the address.
func at(all []*Redis, addr string) (*Redis, error) {
	i := slices.IndexFunc(all, func(r *Redis) bool { return r.Addr() == addr })
	if i < 0 {
		return nil, fmt.Errorf("nobody knows a server at %s, only %v", addr, addrsOf(all))
	}
	return all[i], nil
}

// AwaitWhole waits until all that run are agreed on one master, its replica has all of
// its data, and the Sentinels could change them over: so it is at the beginning, and
// again a while after a server that was killed has been started again.
func (s *Sentinel) AwaitWhole(t testing.TB) {
	t.Helper()
	if err := eventually(s.whole); err != nil {
		t.Fatal(err)
	}
}

func (s *Sentinel) whole() error {
	master, err := s.master()
	if err != nil {
		return err
	}
	if role, err := master.info("replication", "role"); err != nil || role != "master" {
		return fmt.Errorf("%s, which the Sentinels take for the master, is a %s: %w", master.Addr(), role, err)
	}
	for _, r := range s.Servers {
		if r.Addr() != master.Addr() {
			if err := r.follows(); err != nil {
				return err
			}
		}
	}
	for _, watcher := range s.Sentinels {
		if err := watcher.sees(master.known(), len(s.Servers)-1, len(s.Sentinels)-1); err != nil {
			return err
		}
	}
	return nil
}

// sees returns nil if a Sentinel knows the master, so many replicas and so many others.
func (r *Redis) sees(master string, replicas, others int) error {
	if !r.Running() {
		return nil
	}
	answer, err := r.do("INFO", "sentinel")
	if err != nil {
		return err
	}
	got := fieldOf(answer, "master0")
	want := fmt.Sprintf("name=%s,status=ok,address=%s,slaves=%d,sentinels=%d", MasterName, master, replicas, others+1)
	if !strings.Contains(got, want) {
		return fmt.Errorf("the Sentinel at %s sees %s, want %s", r.Addr(), got, want)
	}
	return nil
}
