package redis_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"

	"gyrfalcon/integration/servers"
	"gyrfalcon/session"
	"gyrfalcon/session/redis"
	"gyrfalcon/session/sessiontest"
)

func TestMain(m *testing.M) {
	flag.Parse()
	// Redis's own clock expires sessions, so that most tests spend their time waiting.
	if err := flag.Set("test.parallel", "24"); err != nil {
		panic(err)
	}
	logging.Disable() // the errors come here, too
	servers.Main(m)
}

const (
	life     = time.Hour
	patience = time.Minute // bounds what a test waits for
)

// place is a kind of servers.
type place struct {
	name    string
	servers func(t testing.TB) redis.Servers
	masters func(t testing.TB) []*servers.Redis // all of them
}

var (
	standalone = place{"one server",
		func(t testing.TB) redis.Servers { return redis.Servers{Path: "tcp://" + servers.SharedRedis(t).Addr()} },
		func(t testing.TB) []*servers.Redis { return servers.SharedRedises(t)[:1] },
	}
	weighted = place{"two servers by weight",
		func(t testing.TB) redis.Servers {
			all := servers.SharedRedises(t)
			return redis.Servers{Path: fmt.Sprintf("tcp://%s?weight=1 tcp://%s?weight=2", all[1].Addr(), all[2].Addr())}
		},
		func(t testing.TB) []*servers.Redis { return servers.SharedRedises(t)[1:] },
	}
	sentinels = place{"Sentinels",
		func(t testing.TB) redis.Servers { return ofSentinel(servers.SharedSentinel(t)) },
		func(t testing.TB) []*servers.Redis { return servers.SharedSentinel(t).Servers[:1] },
	}
	clusters = place{"a cluster",
		func(t testing.TB) redis.Servers { return ofCluster(servers.SharedCluster(t)) },
		func(t testing.TB) []*servers.Redis { return servers.SharedCluster(t).Servers[:3] },
	}
	places = []place{standalone, weighted, sentinels, clusters}
)

func ofSentinel(s *servers.Sentinel) redis.Servers {
	return redis.Servers{Sentinel: &redis.Sentinel{Master: servers.MasterName, Seeds: s.Addrs()}}
}

func ofCluster(c *servers.Cluster) redis.Servers {
	return redis.Servers{Path: "seed[]=" + strings.Join(c.Addrs(), "&seed[]=")}
}

// onPlaces runs a test on every kind of servers.
func onPlaces(t *testing.T, test func(t *testing.T, p place)) {
	t.Helper()
	for _, p := range places {
		t.Run("on "+p.name, func(t *testing.T) {
			t.Parallel()
			test(t, p)
		})
	}
}

// newPrefix is one that no other test has.
func newPrefix() string { return rand.Text() + ":" }

// store is what a second process must know of one.
type store struct {
	Servers redis.Servers
	Prefix  string
}

// pausing lets one test at a time pause servers: the end of one pause would end all.
var pausing sync.Mutex

// harness is the suites' view of a kind of servers.
func (p place) harness(flavor string) sessiontest.Harness {
	return sessiontest.Harness{
		NewStore: func(t testing.TB) string {
			text, err := json.Marshal(store{p.servers(t), newPrefix()})
			if err != nil {
				t.Fatal(err)
			}
			return string(text)
		},
		Open: func(_ context.Context, text string, _ func() time.Time) (session.Adapter, error) {
			var s store
			if err := json.Unmarshal([]byte(text), &s); err != nil {
				return nil, err
			}
			return redis.Dial(s.Servers, redis.Options{Prefix: &s.Prefix, Flavor: flavor}), nil
		},
		ServerClock:   true,
		ExpiresItself: true,
		Stall: func(t testing.TB, _ string) func() {
			pausing.Lock()
			masters := p.masters(t)
			for _, r := range masters {
				r.Do(t, "CLIENT", "PAUSE", patience.Milliseconds(), "WRITE")
			}
			return func() {
				for _, r := range masters {
					r.Do(t, "CLIENT", "UNPAUSE")
				}
				pausing.Unlock()
			}
		},
	}
}

// openAdapter opens one that is closed with the test.
func openAdapter(t testing.TB, s redis.Servers, o redis.Options) *redis.Adapter {
	t.Helper()
	a := redis.Dial(s, o)
	t.Cleanup(func() {
		if err := a.Close(context.Background()); err != nil {
			t.Errorf("Close = %v, want nil", err)
		}
	})
	if err := a.Open(t.Context()); err != nil {
		t.Fatalf("Open = %v, want nil", err)
	}
	return a
}

// one is a server by its address.
func one(r *servers.Redis) redis.Servers { return redis.Servers{Path: "tcp://" + r.Addr()} }

// connectDB returns a plain client, which is closed with the test.
func connectDB(t testing.TB, r *servers.Redis, database int) *goredis.Client {
	t.Helper()
	c := goredis.NewClient(&goredis.Options{Addr: r.Addr(), DB: database})
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func split(t testing.TB, address string) (host, port string) {
	t.Helper()
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	return host, port
}
