package servers

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"gyrfalcon/integration/internal/ports"
)

// Redis is one Redis server. The Node is nil, and its methods stop the test, where the
// server was started by another process.
type Redis struct {
	*Node

	place redisPlace
}

// redisPlace is where a Redis server is.
type redisPlace struct {
	Addr     string // of the node, host:port
	TLS      string // "" without
	Socket   string // "" for a Sentinel
	Password string
}

// SharedRedis returns the Redis server that all tests of the process share. Take a
// database of your own on it (NewDatabase); what acts on all of them (SCRIPT FLUSH,
// CLIENT KILL, FLUSHALL, CONFIG SET) is for servers that a test has for itself.
func SharedRedis(t testing.TB) *Redis {
	t.Helper()
	return SharedRedises(t)[0]
}

// SharedRedises returns three Redis servers without any connection between them, as one
// uses them with weights. The first is SharedRedis.
func SharedRedises(t testing.TB) []*Redis {
	t.Helper()
	return sharedNodes(t, sharedRedises.get(t), sharedRedisNodes)
}

// sharedRedisNodes is set by the start of sharedRedises, and in no second process.
var sharedRedisNodes []*Node

var sharedRedises = shared[[]redisPlace]{name: "Redis", start: func() ([]redisPlace, error) {
	var places []redisPlace
	for range 3 {
		r, err := newRedis(nil)
		if err != nil {
			return nil, err
		}
		places, sharedRedisNodes = append(places, r.place), append(sharedRedisNodes, r.forAll())
	}
	return places, nil
}}

// sharedNodes puts servers together from their places and, if they are this process's
// own, their nodes. Those must be alive.
func sharedNodes(t testing.TB, places []redisPlace, nodes []*Node) []*Redis {
	t.Helper()
	all := make([]*Redis, len(places))
	for i, p := range places {
		all[i] = &Redis{place: p}
		if nodes != nil {
			all[i].Node = nodes[i]
			if err := nodes[i].died(); err != nil {
				t.Fatal(err)
			}
		}
	}
	return all
}

// NewRedis starts a Redis server for one test, with which it ends. args are further
// arguments of redis-server, such as "--maxmemory", "2mb", which prevail over those that
// it has from here. With --tls-cert-file among them it listens for TLS on a port too.
func NewRedis(t testing.TB, args ...string) *Redis {
	t.Helper()
	starter(t)
	r, err := newRedis(args)
	if err != nil {
		t.Fatal(err)
	}
	r.endWith(t)
	return r
}

// databases is how many databases a server has: enough for a run of all tests.
const databases = 10_000

// newRedis starts a server that is on its own. Its append-only file is with the system
// before a write is acknowledged, so that SIGKILL loses nothing; with the usual everysec
// it could, while an fsync is under way.
func newRedis(args []string) (*Redis, error) {
	own := []string{"--databases", strconv.Itoa(databases), "--appendonly", "yes", "--appendfsync", "no", "--auto-aof-rewrite-percentage", "0"}
	return startRedis("redis", append(own, args...))
}

// startRedis starts a server on new data.
func startRedis(name string, args []string) (*Redis, error) {
	path, err := find("redis-server")
	if err != nil {
		return nil, err
	}
	dir, err := theWatchdog.folder(name)
	if err != nil {
		return nil, err
	}
	r := &Redis{place: redisPlace{Socket: filepath.Join(dir, "sock"), Password: argument(args, "--requirepass")}}
	withTLS := slices.Contains(args, "--tls-cert-file")
	node, err := startNode(program{
		name:  name,
		path:  path,
		dir:   dir,
		ports: 3, // for clients, for other nodes of a cluster, for TLS
		args: func(addrs []ports.Port) ([]string, error) {
			a := []string{
				"--port", strconv.Itoa(addrs[0].Number), "--bind", ports.Host, "--unixsocket", r.place.Socket,
				"--dir", dir, "--save", "", "--daemonize", "no", "--repl-diskless-sync-delay", "0",
			}
			if slices.Contains(args, "--cluster-enabled") {
				a = append(a, "--cluster-port", strconv.Itoa(addrs[1].Number))
			}
			if withTLS {
				a = append(a, "--tls-port", strconv.Itoa(addrs[2].Number))
			}
			return append(a, args...), nil
		},
		// Its socket is its own; on its port a stranger might answer.
		ready: func(ctx context.Context, _ []ports.Port) error {
			return r.answers(ctx, "unix", r.place.Socket)
		},
	})
	if err != nil {
		return nil, err
	}
	r.Node = node
	if r.place.Addr = node.ports[0].Addr(); withTLS {
		r.place.TLS = node.ports[2].Addr()
	}
	return r, nil
}

// argument returns what follows a name among arguments, the last time.
func argument(args []string, name string) string {
	value := ""
	for i, a := range args[:max(0, len(args)-1)] {
		if a == name {
			value = args[i+1]
		}
	}
	return value
}

// Addr is the server's address, host:port.
func (r *Redis) Addr() string { return r.place.Addr }

// Socket is the path of the server's Unix socket.
func (r *Redis) Socket() string { return r.place.Socket }

// TLSAddr is the address at which the server speaks TLS, or "" if it was started without.
func (r *Redis) TLSAddr() string { return r.place.TLS }

// lastDatabase is the last database that NewDatabase gave out.
var lastDatabase atomic.Int64

// NewDatabase returns the number of a database that nobody else has, on no server of
// this process: one number serves for several weighted servers. It is emptied with the
// test on this one.
func (r *Redis) NewDatabase(t testing.TB) int {
	t.Helper()
	n := int(lastDatabase.Add(1))
	if n >= databases {
		t.Fatalf("the tests have used up all of the %d databases", databases)
	}
	t.Cleanup(func() {
		if !r.Running() {
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		o := r.options()
		o.DB = n
		if _, err := do(ctx, o, "FLUSHDB"); err != nil {
			t.Logf("empty database %d: %v", n, err) // a test may have left its server in any state
		}
	})
	return n
}

// Do sends one command, on a connection of its own, and returns the answer as go-redis
// gives it. An error stops the test.
func (r *Redis) Do(t testing.TB, args ...any) any {
	t.Helper()
	answer, err := r.do(args...)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

func (r *Redis) do(args ...any) (any, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return do(ctx, r.options(), args...)
}

func (r *Redis) options() *redis.Options {
	return &redis.Options{Addr: r.place.Addr, Password: r.place.Password}
}

// do sends one command.
func do(ctx context.Context, o *redis.Options, args ...any) (any, error) {
	o.MaxRetries, o.Protocol, o.DisableIdentity = -1, 2, true
	c := redis.NewClient(o)
	defer func() { _ = c.Close() }()
	answer, err := c.Do(ctx, args...).Result()
	if err != nil {
		return nil, fmt.Errorf("%v at %s: %w", args, o.Addr, err)
	}
	return answer, nil
}

// answers returns nil once the server answers, if only that it wants a password.
func (r *Redis) answers(ctx context.Context, network, addr string) error {
	o := r.options()
	o.Network, o.Addr = network, addr
	o.DialTimeout, o.ReadTimeout = time.Second, time.Second
	_, err := do(ctx, o, "PING")
	if err != nil && (strings.Contains(err.Error(), "NOAUTH") || strings.Contains(err.Error(), "NOPERM") || strings.Contains(err.Error(), "WRONGPASS")) {
		return nil
	}
	return err
}

// info returns a field of the server's INFO.
func (r *Redis) info(section, field string) (string, error) {
	answer, err := r.do("INFO", section)
	if err != nil {
		return "", err
	}
	return fieldOf(answer, field), nil
}

// fieldOf finds a field in a text of lines name:value.
func fieldOf(answer any, field string) string {
	text, _ := answer.(string)
	for line := range strings.Lines(text) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), field+":"); ok {
			return value
		}
	}
	return ""
}

// follows returns nil once the server is a replica that has all of its master's data.
func (r *Redis) follows() error {
	answer, err := r.do("INFO", "replication")
	if err != nil {
		return err
	}
	if role, link := fieldOf(answer, "role"), fieldOf(answer, "master_link_status"); role != "slave" || link != "up" {
		return fmt.Errorf("%s is a %s whose link to its master is %q", r.Addr(), role, link)
	}
	return nil
}

// eventually calls a condition until it returns nil.
func eventually(condition func() error) error {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	end := time.After(patience)
	for {
		err := condition()
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-end:
			return fmt.Errorf("after %v: %w", patience, err)
		}
	}
}

// discardAll ends servers of which not all could be started.
func discardAll(all []*Redis) {
	for _, r := range all {
		r.discard()
	}
}
