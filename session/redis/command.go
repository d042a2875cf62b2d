package redis

import (
	"context"
	"crypto/sha1" //nolint:gosec // Redis names scripts by their SHA-1
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"gyrfalcon/session"
)

// once is a command that the driver may not repeat. It still follows a cluster's MOVED
// and ASK: a server that says so has done nothing.
type once struct{ *goredis.Cmd }

var _ goredis.Cmder = once{}

// NoRetry is asked by the driver after each failure.
func (once) NoRetry() bool { return true }

// marked is an argument that notes when the driver writes it out. Until then a command
// has certainly not been executed, whatever went wrong: that tells a connection that
// could not be made, or logged in, from an answer that was lost.
type marked struct {
	data []byte
	sent *atomic.Bool
}

// MarshalBinary is called by the driver as it writes the command into the connection's
// buffer.
func (m marked) MarshalBinary() ([]byte, error) {
	m.sent.Store(true)
	return m.data, nil
}

// write runs a command that must not be run twice, in one trip. last is its argument that
// is marked; args holds it, too.
func (n *node) write(ctx context.Context, key string, last marked, w *Wait, args ...any) (any, error) {
	cmd := once{goredis.NewCmd(ctx, args...)}
	if w == nil {
		err := n.client.Process(ctx, cmd)
		return n.outcome(ctx, cmd, last, err)
	}
	return n.writeAndWait(ctx, key, cmd, last, *w)
}

// outcome says what is known about a write.
func (n *node) outcome(ctx context.Context, cmd once, last marked, err error) (any, error) {
	switch {
	case err == nil:
		return cmd.Val(), nil
	case isNothing(err):
		return nil, nil
	case isReply(err), !last.sent.Load(), unsent(err):
		return nil, n.failed(ctx, err)
	}
	return nil, fmt.Errorf("%w (%w)", session.ErrOutcomeUnknown, n.failed(ctx, err))
}

// isReply says whether err is what the server answered. A script of ours that ends in an
// error has written nothing: the write is its last step.
func isReply(err error) bool {
	_, reply := errors.AsType[goredis.Error](err)
	return reply
}

// writeAndWait sends the command and WAIT on one connection, in one trip.
func (n *node) writeAndWait(ctx context.Context, key string, cmd once, last marked, w Wait) (any, error) {
	timeout := w.Timeout
	if deadline, ok := ctx.Deadline(); ok {
		timeout = min(timeout, max(time.Until(deadline)*9/10, time.Millisecond))
	}
	var waited *goredis.Cmd
	send := func() error {
		client, err := n.master(ctx, key)
		if err != nil {
			return err
		}
		pipe := client.Pipeline()
		_ = pipe.Process(ctx, cmd)
		waited = pipe.Do(ctx, "wait", w.Replicas, milliseconds(timeout))
		_, err = pipe.Exec(ctx)
		if own := cmd.Err(); own != nil {
			err = own
		} else if isNothing(err) {
			err = nil
		}
		return err
	}
	err := send()
	if c, clustered := n.client.(*goredis.ClusterClient); clustered && err != nil && (goredis.HasErrorPrefix(err, "MOVED") || goredis.IsReadOnlyError(err)) {
		c.ReloadState(ctx) // the server has done nothing
		cmd.SetErr(nil)
		err = send()
	}
	value, err := n.outcome(ctx, cmd, last, firstError(cmd.Err(), err))
	if err != nil || value == nil {
		return value, err
	}
	if have, err := waited.Int(); err != nil {
		return nil, fmt.Errorf("%w (the answer to WAIT: %w)", session.ErrOutcomeUnknown, n.failed(ctx, err))
	} else if have < w.Replicas {
		return nil, fmt.Errorf("%w (session/redis: stored, but after %v %d of the %d replicas that wait asks for have it)", session.ErrOutcomeUnknown, timeout, have, w.Replicas)
	}
	return value, nil
}

// master is the client of the one server that has the key's slot: WAIT is about what its
// own connection has written.
func (n *node) master(ctx context.Context, key string) (goredis.UniversalClient, error) {
	if c, clustered := n.client.(*goredis.ClusterClient); clustered {
		return c.MasterForKey(ctx, key)
	}
	return n.client, nil
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// script is a Lua script that writes nothing but in its last step.
type script struct{ text, sha string }

func newScript(text string) script {
	text = strings.TrimSpace(text)
	sum := sha1.Sum([]byte(text)) //nolint:gosec // Redis names scripts by their SHA-1
	return script{text, hex.EncodeToString(sum[:])}
}

// run runs a script, by its name first. A server that does not know it says so without
// doing anything, and is then sent the text: at most once, as the text makes it known.
func (n *node) run(ctx context.Context, s script, w *Wait, last []byte, keys []string, args ...any) (int64, error) {
	mark := marked{last, new(atomic.Bool)}
	all := make([]any, 0, 4+len(keys)+len(args))
	all = append(all, "evalsha", s.sha, len(keys))
	for _, k := range keys {
		all = append(all, k)
	}
	all = append(append(all, args...), mark)
	reply, err := n.write(ctx, keys[0], mark, w, all...)
	if err != nil && goredis.HasErrorPrefix(err, "NOSCRIPT") {
		all[0], all[1] = "eval", s.text
		mark.sent.Store(false)
		reply, err = n.write(ctx, keys[0], mark, w, all...)
	}
	if err != nil {
		return 0, err
	}
	code, ok := reply.(int64)
	if !ok {
		return 0, fmt.Errorf("session/redis: the server answers a script with %T in place of a number; is it a proxy?", reply)
	}
	return code, nil
}

// milliseconds rounds up.
func milliseconds(d time.Duration) int64 {
	ms := int64(d / time.Millisecond)
	if d%time.Millisecond > 0 {
		ms++
	}
	return ms
}
