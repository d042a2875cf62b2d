package redis

import (
	"context"
	"errors"
	"fmt"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// node is one server, or one group of them that is used as one.
type node struct {
	client goredis.UniversalClient
	weight uint32
	prefix string
	name   string // for errors, where there are several
	tls    *TLS   // nil for none
	state
	crew crew
	owed owed
}

// connect makes the clients of t. Nothing is dialled before they are used.
func (t target) connect(s Servers, o Options) ([]*node, error) {
	switch t.kind {
	case cluster, sentinel:
		client, err := t.group(s)
		if err != nil {
			return nil, err
		}
		return []*node{{client: client, weight: 1, prefix: o.prefix(t.prefix, t.kind == cluster), tls: t.tls}}, nil
	case servers:
	}
	var nodes []*node
	for _, h := range t.hosts {
		client, err := h.client(s)
		if err != nil {
			return nil, errors.Join(err, closeClients(nodes))
		}
		n := &node{client: client, weight: h.weight, prefix: o.prefix(h.prefix, false), tls: h.tls}
		if len(t.hosts) > 1 {
			n.name = h.address
		}
		nodes = append(nodes, n)
	}
	return nodes, nil
}

// dismiss lets the nodes' goroutines go.
func dismiss(nodes []*node) {
	for _, n := range nodes {
		n.crew.close()
	}
}

// closeAll closes the nodes' clients. A client that looks for its master closes when it is
// done with that; it is not waited for when ctx has ended.
func closeAll(ctx context.Context, nodes []*node) error {
	closed := make(chan error, 1)
	go func() { closed <- closeClients(nodes) }()
	select {
	case err := <-closed:
		return err
	case <-ctx.Done():
		return fmt.Errorf("session/redis: connections are still being closed: %w", ctx.Err())
	}
}

func closeClients(nodes []*node) error {
	var errs []error
	for _, n := range nodes {
		if err := n.client.Close(); err != nil && !errors.Is(err, goredis.ErrClosed) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// What is set for every client, and why:
//
// ContextTimeoutEnabled lets the context's deadline end a call; without it the driver
// looks at its own time-outs only. Reads may be repeated by the driver; writes never are,
// see once. A dead server is dialled once per call, not five times. RESP2 does all that
// is needed here, and no connection begins with questions about notices of maintenance
// and the library's name, which old servers and proxies do not know.
const (
	protocol      = 2
	dialerRetries = 1
	noPipelines   = -1 // they take connections of the pool
)

func quiet() *maintnotifications.Config {
	return &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
}

func (h host) client(s Servers) (goredis.UniversalClient, error) {
	conf, err := h.tls.config()
	if err != nil {
		return nil, err
	}
	return goredis.NewClient(&goredis.Options{
		Network: h.network, Addr: h.address, DB: h.database,
		Username: h.username, Password: h.password, TLSConfig: conf,
		DialTimeout: h.dialTimeout, ReadTimeout: h.readTimeout, PoolSize: s.PoolSize,
		ContextTimeoutEnabled: true, DialerRetries: dialerRetries, Protocol: protocol, PipelinePoolSize: noPipelines,
		DisableIdentity: true, MaintNotificationsConfig: quiet(),
	}), nil
}

func (t target) group(s Servers) (goredis.UniversalClient, error) {
	conf, err := t.tls.config()
	if err != nil {
		return nil, err
	}
	if t.kind == sentinel {
		return goredis.NewFailoverClient(&goredis.FailoverOptions{
			MasterName: t.master, SentinelAddrs: t.seeds, DB: t.database,
			SentinelUsername: t.asked.username, SentinelPassword: t.asked.password,
			Username: t.username, Password: t.password, TLSConfig: conf,
			DialTimeout: t.dialTimeout, ReadTimeout: t.readTimeout, PoolSize: s.PoolSize,
			ContextTimeoutEnabled: true, DialerRetries: dialerRetries, Protocol: protocol, PipelinePoolSize: noPipelines,
			DisableIdentity: true,
		}), nil
	}
	return goredis.NewClusterClient(&goredis.ClusterOptions{
		Addrs: t.seeds, Username: t.username, Password: t.password, TLSConfig: conf,
		DialTimeout: t.dialTimeout, ReadTimeout: t.readTimeout, PoolSize: s.PoolSize,
		ContextTimeoutEnabled: true, DialerRetries: dialerRetries, Protocol: protocol, PipelinePoolSize: noPipelines,
		DisableIdentity: true, MaintNotificationsConfig: quiet(),
		// A slot's server is followed by what it answers; how long one that is silent
		// is avoided is for a master that has just been promoted in its place.
		FailingTimeoutSeconds: 1, ClusterStateReloadInterval: 10 * time.Second,
		DisableRoutingPolicies: true, // one key each: there is nothing to route by policy
	}), nil
}

// heeding refuses a client that the application made without letting contexts end its
// calls: a request would wait for the driver's own time-outs.
func heeding(client goredis.UniversalClient) error {
	heeds := true
	switch c := client.(type) {
	case *goredis.Client:
		heeds = c.Options().ContextTimeoutEnabled
	case *goredis.ClusterClient:
		heeds = c.Options().ContextTimeoutEnabled
	case *goredis.Ring:
		return errors.New("a Ring forgets the sessions of a server that does not answer, and spreads them otherwise than phpredis; give the servers in a path")
	}
	if !heeds {
		return fmt.Errorf("the client that was handed in does not heed contexts; set ContextTimeoutEnabled: true in its options")
	}
	return nil
}

func clustered(client goredis.UniversalClient) bool {
	_, is := client.(*goredis.ClusterClient)
	return is
}
