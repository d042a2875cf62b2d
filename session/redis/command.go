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
	data  []byte
	state *atomic.Int32
}

// The states of a marked argument.
const (
	pending   = iota
	sent      // the driver has written it out, or is about to
	abandoned // nobody waits for it any more, and it must not be sent
)

func mark(data []byte) marked { return marked{data, new(atomic.Int32)} }

var errAbandoned = errors.New("session/redis: the call was given up before it was sent")

// MarshalBinary is called by the driver as it writes the command into the connection's
// buffer.
func (m marked) MarshalBinary() ([]byte, error) {
	if !m.state.CompareAndSwap(pending, sent) && m.state.Load() != sent {
		return nil, errAbandoned
	}
	return m.data, nil
}

// sent says whether the command may have reached the server. If it says no, it does not
// do so later either.
func (m marked) sent() bool {
	return !m.state.CompareAndSwap(pending, abandoned) && m.state.Load() == sent
}

// again has a command be sent anew of which the server has said that it has done nothing.
func (m marked) again() { m.state.CompareAndSwap(sent, pending) }

// write runs a command that must not be run twice, in one trip. last is its argument that
// is marked; args holds it, too.
func (n *node) write(ctx context.Context, key string, last marked, w *Wait, args ...any) (any, error) {
	reply, err := await(ctx, n, func() (any, error) {
		cmd := once{goredis.NewCmd(ctx, args...)}
		if w != nil {
			return n.sendAndWait(ctx, key, cmd, last, *w)
		}
		err := n.client.Process(ctx, cmd)
		return cmd.Val(), err
	})
	switch {
	case err == nil:
		return reply, nil
	case isNothing(err):
		return nil, nil // as for SET NX of a key that is there
	case errors.Is(err, session.ErrOutcomeUnknown):
		return nil, err
	case isReply(err), !last.sent(), unsent(err):
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
	final := mark(last)
	all := make([]any, 0, 4+len(keys)+len(args))
	all = append(all, "evalsha", s.sha, len(keys))
	for _, k := range keys {
		all = append(all, k)
	}
	all = append(append(all, args...), final)
	reply, err := n.write(ctx, keys[0], final, w, all...)
	if err != nil && goredis.HasErrorPrefix(err, "NOSCRIPT") {
		all[0], all[1] = "eval", s.text
		final.again()
		reply, err = n.write(ctx, keys[0], final, w, all...)
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
