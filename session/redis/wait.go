package redis

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"gyrfalcon/session"
)

// sendAndWait sends the command and WAIT on one connection, in one trip. What has written
// nothing needs no replica to know of it.
func (n *node) sendAndWait(ctx context.Context, key string, cmd once, last marked, w Wait) (any, error) {
	timeout := w.Timeout
	if deadline, ok := ctx.Deadline(); ok {
		timeout = min(timeout, max(time.Until(deadline)*9/10, time.Millisecond))
	}
	waited := goredis.NewCmd(ctx, "wait", w.Replicas, milliseconds(timeout))
	var err error
	if c, is := n.client.(*goredis.ClusterClient); is {
		err = inCluster(ctx, c, key, cmd, last, waited)
	} else {
		err = pipe(ctx, n.client, cmd, last, waited)
	}
	if code, is := cmd.Val().(int64); is && code <= 0 {
		return code, nil
	}
	if err != nil {
		return nil, err
	}
	have, err := waited.Int()
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w (the answer to WAIT: %w)", session.ErrOutcomeUnknown, n.failed(ctx, err))
	case have < w.Replicas:
		return nil, fmt.Errorf("%w (session/redis: stored, but after %v %d of the %d replicas that wait asks for have it)", session.ErrOutcomeUnknown, timeout, have, w.Replicas)
	}
	return cmd.Val(), nil
}

// pipe sends commands of which cmd, with its marked argument, is the one that counts. It
// returns cmd's own error, or the pipeline's; but not that the server refuses another one. A
// refusal before cmd was sent is of the connection, and the driver tells it by the pipeline's
// error alone.
func pipe(ctx context.Context, client goredis.UniversalClient, cmd once, last marked, then *goredis.Cmd, first ...goredis.Cmder) error {
	pipe := client.Pipeline()
	for _, c := range append(first, cmd, then) {
		_ = pipe.Process(ctx, c) // is told by Exec
	}
	_, err := pipe.Exec(ctx)
	if own := cmd.Err(); own != nil {
		return own
	}
	if isReply(err) && last.state.Load() == sent {
		return nil
	}
	return err
}

// redirects is how often a command of a pipeline is sent elsewhere: as often as the driver
// does it with others.
const redirects = 3

// inCluster is pipe to the one server that has the key's slot: WAIT is about what its own
// connection has written. The driver would send WAIT to any of them. A server that says where
// else the slot is has done nothing.
func inCluster(ctx context.Context, c *goredis.ClusterClient, key string, cmd once, last marked, then *goredis.Cmd) error {
	client, err := c.MasterForKey(ctx, key)
	if err != nil {
		return err
	}
	err = pipe(ctx, client, cmd, last, then)
	for range redirects {
		moved, isMoved := goredis.IsMovedError(err)
		ask, isAsk := goredis.IsAskError(err)
		switch {
		case isMoved, isAsk:
			to, closing := at(ctx, c, moved+ask, client)
			var first []goredis.Cmder
			if isAsk {
				first = []goredis.Cmder{goredis.NewStatusCmd(ctx, "asking")}
			}
			cmd.SetErr(nil)
			last.again()
			err = pipe(ctx, to, cmd, last, then, first...)
			closing()
		case goredis.IsReadOnlyError(err): // its replica has taken its place
			_ = mastersOf(ctx, c, func(*goredis.Client) {})
			to, unknown := c.MasterForKey(ctx, key)
			if unknown != nil || to == client {
				return err
			}
			client = to
			cmd.SetErr(nil)
			last.again()
			err = pipe(ctx, client, cmd, last, then)
		default:
			return err
		}
	}
	return err
}

// at is a client of a cluster's server, and what is to be called when it is not needed any
// more. One that has no slot yet, as when the cluster grows, is none that the driver tells
// of: it is reached as like is, on a connection of its own.
func at(ctx context.Context, c *goredis.ClusterClient, address string, like *goredis.Client) (client *goredis.Client, closing func()) {
	if i := strings.LastIndexByte(address, ':'); i >= 0 { // IPv6 comes without brackets
		address = net.JoinHostPort(strings.Trim(address[:i], "[]"), address[i+1:])
	}
	_ = mastersOf(ctx, c, func(m *goredis.Client) { // whoever is not told of is reached otherwise
		if m.Options().Addr == address {
			client = m
		}
	})
	if client != nil {
		return client, func() {}
	}
	o := *like.Options()
	o.Addr, o.PoolSize, o.MinIdleConns = address, 1, 0
	client = goredis.NewClient(&o)
	return client, func() { _ = client.Close() }
}

// mastersOf asks the cluster for its masters, and calls f with each, one after the other.
func mastersOf(ctx context.Context, c *goredis.ClusterClient, f func(*goredis.Client)) error {
	var mu sync.Mutex
	return c.ForEachMaster(ctx, func(_ context.Context, m *goredis.Client) error {
		mu.Lock()
		defer mu.Unlock()
		f(m)
		return nil
	})
}
