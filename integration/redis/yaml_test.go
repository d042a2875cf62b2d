package redis_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	goredis "github.com/redis/go-redis/v9"
	"go.uber.org/fx"

	"gyrfalcon/config"
	"gyrfalcon/integration/internal/visit"
	"gyrfalcon/integration/servers"
	"gyrfalcon/providers"
	"gyrfalcon/providers/redis"
	"gyrfalcon/session"
)

// runFrom runs an application from YAML for as long as use lasts.
func runFrom(t *testing.T, yaml string, use func(m *session.Manager), opts ...fx.Option) {
	t.Helper()
	cfg, err := config.Parse("gyrfalcon.yaml", []byte(yaml))
	if err != nil {
		t.Fatal(err)
	}
	var m *session.Manager
	module := []providers.Option{redis.Backend}
	if len(opts) > 0 {
		module = append(module, providers.Share("main"))
	}
	app := fx.New(append(opts, fx.NopLogger, providers.Module(cfg.Session, module...),
		fx.Populate(fx.Annotate(&m, fx.ParamTags(`name:"session"`))))...)
	if err := app.Start(t.Context()); err != nil {
		t.Fatalf("start from\n%s\n= %v", yaml, err)
	}
	use(m)
	if err := app.Stop(context.WithoutCancel(t.Context())); err != nil {
		t.Errorf("Stop = %v, want nil", err)
	}
}

// A user who outgrows one Redis changes what stands under redis:, and nothing else.
func TestEachFormOfServersIsChosenInYAML(t *testing.T) {
	t.Parallel()
	all, sentinel, cluster := servers.SharedRedises(t), servers.SharedSentinel(t), servers.SharedCluster(t)
	list := func(addrs []string) string { return `["` + strings.Join(addrs, `", "`) + `"]` }
	for name, block := range map[string]string{
		"one server":       "path: tcp://" + all[0].Addr() + "?weight=1",
		"two by weight":    fmt.Sprintf("path: tcp://%s?weight=1 tcp://%s?weight=2", all[1].Addr(), all[2].Addr()),
		"Sentinels":        "sentinel: {master: mymaster, seeds: " + list(sentinel.Addrs()) + "}",
		"Sentinels' path":  "path: sentinel:master=mymaster&seed[]=" + strings.Join(sentinel.Addrs(), "&seed[]="),
		"a cluster":        "cluster: {seeds: " + list(cluster.Addrs()) + "}\n    wait: {replicas: 1, timeout: 5s}",
		"a cluster's path": "path: cluster:seed[]=" + cluster.Addrs()[0],
		"with locks":       "path: " + all[0].Addr() + "\n    lock: {wait: 2s, expire: 30s}",
		"as Phalcon 5":     "path: unix://" + all[0].Socket() + "\n    flavor: phalcon5",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			yaml := "session:\n  adapter: redis\n  redis:\n    prefix: \"" + newPrefix() + "\"\n    " + block
			runFrom(t, yaml, func(m *session.Manager) {
				s, err := m.Load(t.Context(), "")
				if err == nil {
					err = errors.Join(visit.Count(s), s.Commit(t.Context()))
				}
				if err != nil {
					t.Fatal(err)
				}
				if s, err = m.Load(t.Context(), s.ID()); err == nil {
					err = errors.Join(visit.Count(s), s.Commit(t.Context()))
				}
				if n, gone := session.Get[int](s, "n"); n != 2 || errors.Join(err, gone) != nil {
					t.Errorf("after two counts n is %d, %v; want 2", n, errors.Join(err, gone))
				}
			})
		})
	}
}

// The service that fx starts holds the lock while a handler runs.
func TestALockOfYAMLIsHeldWhileARequestRuns(t *testing.T) {
	t.Parallel()
	srv := servers.SharedRedis(t)
	prefix := newPrefix()
	runFrom(t, "session: {adapter: redis, redis: {path: "+srv.Addr()+", prefix: \""+prefix+"\", lock: {}}}", func(m *session.Manager) {
		v := &visit.Visitor{T: t, Manager: m}
		v.Send(v.With(visit.Count))
		v.Send(v.With(func(s *session.Session) error {
			if held := keys(t, srv, prefix+"*_LOCK"); len(held) != 1 {
				t.Errorf("%q are held while the handler runs, want one lock", held)
			}
			return visit.Count(s)
		}))
		if held := keys(t, srv, prefix+"*_LOCK"); len(held) != 0 {
			t.Errorf("%q are held afterwards, want none", held)
		}
	})
}

func TestAnApplicationsOwnClientIsSharedAndStaysOpen(t *testing.T) {
	t.Parallel()
	srv := servers.SharedRedis(t)
	prefix := newPrefix()
	client := goredis.NewUniversalClient(&goredis.UniversalOptions{Addrs: []string{srv.Addr()}, ContextTimeoutEnabled: true})
	defer func() { _ = client.Close() }()
	provide := fx.Provide(fx.Annotate(func() goredis.UniversalClient { return client }, fx.ResultTags(`name:"main"`)))
	runFrom(t, "session: {adapter: redis, redis: {prefix: \""+prefix+"\"}}", func(m *session.Manager) {
		w := httptest.NewRecorder()
		m.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			s, err := m.From(r.Context())
			if err == nil {
				err = visit.Count(s)
			}
			if err != nil {
				session.Error(w, r, err)
			}
		})).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "https://localhost/", http.NoBody))
		if w.Code != http.StatusOK {
			t.Errorf("status %d, want 200", w.Code)
		}
	}, provide)
	if stored := keys(t, srv, prefix+"*"); len(stored) != 1 {
		t.Errorf("%q are stored, want one session", stored)
	}
	if err := client.Ping(t.Context()).Err(); err != nil {
		t.Errorf("the application's client after the stop: %v, want it open", err)
	}
}
