package redis_test

import (
	"strings"
	"testing"

	goredis "github.com/redis/go-redis/v9"
	"go.uber.org/fx"
	"go.uber.org/goleak"

	"gyrfalcon/providers"
	"gyrfalcon/providers/internal/yamltest"
	"gyrfalcon/providers/redis"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// graph builds the application's graph for a block, without starting anything.
func graph(block string, opts ...providers.Option) error {
	return yamltest.Graph(yamltest.Block("redis", "", block), append(opts, redis.Backend))
}

func TestEveryFormIsTaken(t *testing.T) {
	t.Parallel()
	for _, block := range []string{
		"{}",
		`path: "tcp://127.0.0.1:6379?weight=1"`,
		"path: tls://a?auth[user]=u&auth[pass]=p, unix:///run/redis.sock",
		"path: seed[]=a:7000&seed[]=b:7000",
		"cluster: {seeds: [\"a:7000\", b]}\nusername: u\npassword: p\ntls: {}",
		"sentinel: {master: m, seeds: [a], password: p}\ndatabase: 2",
		"prefix: \"APP:\"\nflavor: phalcon5\nlock: {}\nwait: {}\npool_size: 3\ndial_timeout: 1s\nread_timeout: 2",
		"lock: {wait: 1s, expire: 10s, every: 10ms}\nwait: {replicas: 2, timeout: 100ms}",
	} {
		if err := graph(block); err != nil {
			t.Errorf("%s\ngives %v, want nil", block, err)
		}
	}
}

func TestWhatCannotStandIsToldWithItsPlaceAndWithoutSecrets(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ block, place, says string }{
		{"pth: tcp://a", "4:5: session.redis.pth", `did you mean "path"?`},
		{"path: redis://u:hunter2@a", "4:11: session.redis.path", "write tcp://"},
		{"path: tcp://a?weight=0&auth=hunter2", "4:11: session.redis.path", "leave the server out"},
		{"path: tcp://a?auht=hunter2", "4:11: session.redis.path", "did you mean auth?"},
		{"path: seed[]=a&auht=hunter2", "4:11: session.redis.path", "did you mean auth?"},
		{"path: \"tcp://a?hunter2\"", "4:11: session.redis.path", "write name=value"},
		{"path: tcp://a\ncluster: {seeds: [b]}", "4:11: session.redis.path", "keep one"},
		{"cluster: {seeds: []}", "4:22: session.redis.cluster.seeds", "names no server"},
		{"sentinel: {seeds: [a]}", "session.redis.sentinel.master", "sentinel monitor"},
		{"sentinel: {mastre: m}", "4:16: session.redis.sentinel.mastre", `did you mean "master"?`},
		{"password: hunter2\nusernam: u", "5:5: session.redis.usernam", `did you mean "username"?`},
		{"username: u", "session.redis.password", "without a password"},
		{"password: [hunter2]", "4:15: session.redis.password", "single value"},
		{"flavor: phalcon", "4:13: session.redis.flavor", "phalcon5"},
		{"lock: {expires: 30s}", "4:12: session.redis.lock.expires", `did you mean "expire"?`},
		{"lock: {expire: 10ms}", "4:20: session.redis.lock.expire", "least is 1s"},
		{"lock: true", "4:11: session.redis.lock", "mapping"},
		{"wait: {replicas: -1}", "4:22: session.redis.wait.replicas", "negative"},
		{"database: -1", "4:15: session.redis.database", "negative"},
		{"pool_size: 100000", "4:16: session.redis.pool_size", "1 to 10000"},
	} {
		yamltest.Refuses(t, c.block, graph(c.block), "gyrfalcon.yaml:", c.place, c.says)
	}
}

func TestHowToConnectIsRefusedWhereTheConnectionIsShared(t *testing.T) {
	t.Parallel()
	shared := providers.Share("main")
	for _, block := range []string{
		"path: tcp://a", "cluster: {seeds: [a]}", "sentinel: {}", "username: u", "password: hunter2", "database: 1",
		"tls: {}", "dial_timeout: 1s", "read_timeout: 1s", "pool_size: 1",
	} {
		key, _, _ := strings.Cut(block, ":")
		yamltest.Refuses(t, block+" with Share", graph(block, shared), "session.redis."+key, "providers.Share")
	}
	yamltest.Refuses(t, "a flavor that is none, with Share", graph("flavor: phalcon", shared), "4:13")
}

// Redis expires sessions itself: nobody clears another's. Under PHP's own IDs a prefix is
// one service's.
func TestServicesMayShareAPrefixButNotWithPHP(t *testing.T) {
	t.Parallel()
	services := func(first, second string) error {
		return yamltest.Graph("session: {adapter: redis, "+first+"}\nservices: {admin: {adapter: redis, "+second+"}}", []providers.Option{redis.Backend})
	}
	if err := services("lifetime: 1h", "lifetime: 15m"); err != nil {
		t.Errorf("two lifetimes on one prefix: %v, want nil", err)
	}
	const php = "interop: php, cookie: {name: admin}"
	yamltest.Refuses(t, "a service beside one of PHP's on one prefix", services("lifetime: 1h", php), "a prefix of its own")
	yamltest.Refuses(t, "the default path and the same written out, one of them PHP's",
		services("lifetime: 1h", php+`, redis: {path: "127.0.0.1:6379"}`), "a prefix of its own")
	client := goredis.NewClient(&goredis.Options{})
	t.Cleanup(func() { _ = client.Close() })
	for _, same := range []string{"{}", "{flavor: phpredis}", `{prefix: "PHPREDIS_SESSION:"}`, `{prefix: "PHPREDIS_CLUSTER_SESSION:"}`} {
		file := "session: {adapter: redis}\nservices: {admin: {adapter: redis, " + php + ", redis: " + same + "}}"
		err := yamltest.Graph(file, []providers.Option{redis.Backend, providers.Share("main")},
			fx.Supply(fx.Annotate(client, fx.As(new(goredis.UniversalClient)), fx.ResultTags(`name:"main"`))))
		yamltest.Refuses(t, same+" on a shared client", err, "a prefix of its own")
	}
	if err := services("lifetime: 1h", php+`, redis: {prefix: "ADMIN:"}`); err != nil && strings.Contains(err.Error(), "a prefix of its own") {
		t.Errorf("a prefix of its own for PHP: %v", err)
	}
}
