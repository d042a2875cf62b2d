package redis_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"gyrfalcon/session"
	"gyrfalcon/session/redis"
)

func TestOptionsThatCannotStandAreRefusedByName(t *testing.T) {
	t.Parallel()
	for option, c := range map[string]struct {
		servers redis.Servers
		options redis.Options
		mend    string
	}{
		"path":                {servers: redis.Servers{Path: "redis://a"}, mend: "write tcp://"},
		"path of three":       {servers: redis.Servers{Path: "tcp://a", Cluster: &redis.Cluster{Seeds: []string{"b"}}}, mend: "keep one"},
		"cluster.seeds":       {servers: redis.Servers{Cluster: &redis.Cluster{}}, mend: "host:6379"},
		"cluster.seeds of it": {servers: redis.Servers{Cluster: &redis.Cluster{Seeds: []string{"a", "user:hunter2@b"}}}, mend: "seed 2"},
		"sentinel.seeds":      {servers: redis.Servers{Sentinel: &redis.Sentinel{Master: "m"}}, mend: "host:26379"},
		"sentinel.master":     {servers: redis.Servers{Sentinel: &redis.Sentinel{Seeds: []string{"a"}}}, mend: "sentinel monitor"},
		"sentinel.password":   {servers: redis.Servers{Sentinel: &redis.Sentinel{Master: "m", Seeds: []string{"a"}, Username: "u"}}, mend: "without a password"},
		"password":            {servers: redis.Servers{Username: "u"}, mend: "without a password"},
		"database":            {servers: redis.Servers{Database: -1}, mend: "negative"},
		"database of cluster": {servers: redis.Servers{Path: "seed[]=a", Database: 1}, mend: "database 0 only"},
		"dial_timeout":        {servers: redis.Servers{DialTimeout: -1}, mend: "negative"},
		"read_timeout":        {servers: redis.Servers{ReadTimeout: -1}, mend: "negative"},
		"pool_size":           {servers: redis.Servers{PoolSize: -1}, mend: "1 to 10000"},
		"tls":                 {servers: redis.Servers{TLS: &redis.TLS{Cert: "c"}}, mend: "give both"},
		"flavor":              {options: redis.Options{Flavor: "phalcon"}, mend: "phalcon5"},
		"lock.wait":           {options: redis.Options{Lock: &redis.Lock{Wait: -1}}, mend: "negative"},
		"lock.expire":         {options: redis.Options{Lock: &redis.Lock{Expire: time.Millisecond}}, mend: "least is 1s"},
		"lock.every":          {options: redis.Options{Lock: &redis.Lock{Every: -1}}, mend: "negative"},
		"lock of cluster":     {servers: redis.Servers{Path: "seed[]=a"}, options: redis.Options{Lock: &redis.Lock{}}, mend: "no locks in a cluster"},
		"wait.replicas":       {options: redis.Options{Wait: &redis.Wait{Replicas: -1}}, mend: "negative"},
		"wait.timeout":        {options: redis.Options{Wait: &redis.Wait{Timeout: 1}}, mend: "least is 1ms"},
	} {
		a := redis.Dial(c.servers, c.options)
		err := a.Open(t.Context())
		refused, ok := errors.AsType[*session.OptionError](err)
		name, _, _ := strings.Cut(option, " ")
		if !ok || refused.Option != name || !strings.Contains(refused.Why, c.mend) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: Open = %v, want an *OptionError for %s that says %q", option, err, name, c.mend)
		}
		if err := a.Close(t.Context()); err != nil {
			t.Errorf("%s: Close after the failed Open = %v, want nil", option, err)
		}
	}
}

func TestClientsThatDoNotHeedContextsAreRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		client goredis.UniversalClient
		mend   string
	}{
		"server":  {goredis.NewClient(&goredis.Options{Addr: "127.0.0.1:1"}), "ContextTimeoutEnabled: true"},
		"cluster": {goredis.NewClusterClient(&goredis.ClusterOptions{Addrs: []string{"127.0.0.1:1"}}), "ContextTimeoutEnabled: true"},
		"ring":    {goredis.NewRing(&goredis.RingOptions{Addrs: map[string]string{"a": "127.0.0.1:1"}}), "give the servers in a path"},
		"nil":     {nil, "no client"},
	} {
		a := redis.New(c.client, redis.Options{OwnClient: true})
		if err := a.Open(t.Context()); err == nil || !strings.Contains(err.Error(), c.mend) {
			t.Errorf("%s: Open = %v, want an error that says %q", name, err, c.mend)
		}
		if err := a.Close(t.Context()); err != nil {
			t.Errorf("%s: Close = %v, want nil", name, err)
		}
	}
}

func TestALockInAClusterIsRefusedForAClientHandedInToo(t *testing.T) {
	t.Parallel()
	client := goredis.NewClusterClient(&goredis.ClusterOptions{Addrs: []string{"127.0.0.1:1"}, ContextTimeoutEnabled: true})
	a := redis.New(client, redis.Options{OwnClient: true, Lock: &redis.Lock{}})
	if err := a.Open(t.Context()); err == nil || !strings.Contains(err.Error(), "no locks in a cluster") {
		t.Errorf("Open = %v, want an error about the lock", err)
	}
	if err := a.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestMethodsBeforeOpenFail(t *testing.T) {
	t.Parallel()
	a := redis.Dial(redis.Servers{}, redis.Options{})
	if _, err := a.Read(t.Context(), "id", time.Hour); err == nil || !strings.Contains(err.Error(), "call Open first") {
		t.Errorf("Read before Open = %v, want an error that says so", err)
	}
	if err := a.Close(t.Context()); err != nil {
		t.Errorf("Close = %v, want nil", err)
	}
}

// A server that takes connections and says nothing.
func TestOpenHeedsItsDeadline(t *testing.T) {
	t.Parallel()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	a := redis.Dial(redis.Servers{Path: "tcp://" + l.Addr().String()}, redis.Options{})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := a.Open(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Open of a silent server = %v, want %v", err, context.DeadlineExceeded)
	}
	if err := a.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestOpenSaysThatNobodyListens(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"tcp://127.0.0.1:1", "tcp://127.0.0.1:1,tcp://127.0.0.1:2", "unix:///nonexistent/redis.sock"} {
		a := redis.Dial(redis.Servers{Path: path}, redis.Options{})
		err := a.Open(t.Context())
		if err == nil || errors.Is(err, session.ErrOutcomeUnknown) {
			t.Errorf("Open of %s = %v, want an error, and nobody in doubt about an outcome", path, err)
		}
		if err := a.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
}
