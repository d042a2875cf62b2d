package redis

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync/atomic"

	goredis "github.com/redis/go-redis/v9"

	"gyrfalcon/session"
)

// What the scripts answer.
const (
	swapConflict = 0
	swapDone     = 1
	swapMissing  = -1
	swapUnlocked = -2
)

// KEYS: the session's, and that of its lock where we hold it. ARGV: how to compare, with
// what, the lifetime in milliseconds, the lock's secret, the new content.
var swap = newScript(`
if KEYS[2] and redis.call('get', KEYS[2]) ~= ARGV[4] then return -2 end
local now = redis.call('get', KEYS[1])
if not now then return -1 end
if ARGV[1] == 'sha1' then now = redis.sha1hex(now) end
if now ~= ARGV[2] then return 0 end
redis.call('set', KEYS[1], ARGV[5], 'px', ARGV[3])
return 1
`)

// PEXPIRE has GT only since Redis 7. A session that somebody stored without an expiry gets
// one. Unlike PTTL and PEXPIRE, GET fails where there is no string: what somebody else keeps
// under the key stays as it is.
var touch = newScript(`
if not redis.call('get', KEYS[1]) then return -1 end
local left = redis.call('pttl', KEYS[1])
if left < tonumber(ARGV[1]) then redis.call('pexpire', KEYS[1], ARGV[1]) end
return 1
`)

// GET is for what somebody else keeps under the key, as in touch. DEL comes in any case: a
// replica refuses it, and cannot know whether the session is there. GETDEL would do both, since
// Redis 6.2, but send the session back.
//
// Where replicas are waited for, they are also where the session is gone: a Destroy before
// may have failed because they did not have it. WAIT is about what was written, so something is.
// SET after DEL, within a script, is done on a full server, too.
var destroy = newScript(`
redis.call('get', KEYS[1])
if redis.call('del', KEYS[1]) == 0 and ARGV[1] == 'wait' then
  redis.call('set', KEYS[1], '', 'px', 1)
  redis.call('del', KEYS[1])
end
return 1
`)

// getex is for servers before Redis 6.2, which have no GETEX.
var getex = newScript(`
local now = redis.call('get', KEYS[1])
if now then redis.call('pexpire', KEYS[1], ARGV[1]) end
return now
`)

// state is what is known of a server.
type state struct {
	old atomic.Bool // it has no GETEX
}

// read returns what is stored, and makes it live for ms milliseconds from now.
func (n *node) read(ctx context.Context, key string, ms int64) ([]byte, error) {
	if !n.old.Load() {
		stored, err := n.ask(ctx, "getex", key, "px", ms)
		if !unknownCommand(err) {
			return n.found(ctx, stored, err)
		}
		n.old.Store(true)
	}
	stored, err := n.ask(ctx, "evalsha", getex.sha, 1, key, ms)
	if err != nil && goredis.HasErrorPrefix(err, "NOSCRIPT") {
		stored, err = n.ask(ctx, "eval", getex.text, 1, key, ms)
	}
	return n.found(ctx, stored, err)
}

// ask runs a command that the driver may repeat.
func (n *node) ask(ctx context.Context, args ...any) ([]byte, error) {
	return await(ctx, n, func() ([]byte, error) {
		cmd := goredis.NewStringCmd(ctx, args...)
		if err := n.client.Process(ctx, cmd); err != nil {
			return nil, err
		}
		return cmd.Bytes()
	})
}

func (n *node) found(ctx context.Context, stored []byte, err error) ([]byte, error) {
	switch {
	case isNothing(err):
		return nil, session.ErrNotFound
	case err != nil:
		return nil, n.failed(ctx, err)
	}
	return stored, nil
}

// remove deletes a session.
func (n *node) remove(ctx context.Context, key string, w *Wait) error {
	var how []byte
	if w != nil {
		how = []byte("wait")
	}
	_, err := n.run(ctx, destroy, w, how, []string{key})
	return err
}

// unsent says whether err is one that a driver has before it sends anything.
func unsent(err error) bool {
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
		return true
	}
	for _, e := range []error{goredis.ErrPoolTimeout, goredis.ErrPoolExhausted, goredis.ErrClosed} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// errUnfit marks what is wrong with a client and not with its server.
var errUnfit = errors.New("session/redis")

// probeLife is how long what try leaves behind lives, should it not come to its end.
const probeLife = 10_000

// try does once what sessions need, under a key of its own.
func (n *node) try(ctx context.Context, o Options) error {
	err := n.probe(ctx, o)
	switch {
	case err == nil || n.tls == nil || isReply(err):
	case ctx.Err() != nil:
		err = fmt.Errorf("%w; is it TLS that the server speaks on this port? Else write tcp:// in place of tls://, and leave tls out", err)
	case n.tls.Cert == "" && turnedAway(err):
		err = fmt.Errorf("%w; if the server wants a certificate of ours (tls-auth-clients, on by default), give tls its cert and key (stream[local_cert] and stream[local_pk] in a path)", err)
	}
	return err
}

func (n *node) probe(ctx context.Context, o Options) error {
	if err := heeding(n.client); err != nil {
		return fmt.Errorf("%w: %w", errUnfit, err)
	}
	if o.Lock != nil && clustered(n.client) {
		return fmt.Errorf("%w: %w", errUnfit, errLockInCluster)
	}
	key := n.prefix + "gyrfalcon-try-" + rand.Text()
	value := mark(nil)
	if _, err := n.write(ctx, key, value, nil, "set", key, value, "nx", "px", probeLife); err != nil {
		return err
	}
	if _, err := n.read(ctx, key, probeLife); err != nil {
		if errors.Is(err, session.ErrNotFound) {
			err = fmt.Errorf("session/redis: what was just stored is gone: the server, or a proxy before it, keeps nothing")
		}
		return err
	}
	ms := strconv.AppendInt(nil, 2*probeLife, 10)
	if _, err := n.run(ctx, touch, nil, ms, []string{key}); err != nil {
		return err
	}
	if _, err := n.run(ctx, swap, o.Wait, []byte("x"), []string{key}, "whole", "", probeLife, ""); err != nil {
		if errors.Is(err, session.ErrOutcomeUnknown) && o.Wait != nil {
			err = fmt.Errorf("session/redis: what the option wait asks for is not to be had: %w", err)
		}
		return err
	}
	if err := n.remove(ctx, key, nil); err != nil || clustered(n.client) {
		return err
	}
	return n.whole(ctx)
}

// whole looks whether the server has all keys, and not only those of its part of a
// cluster: one that has half of them shows it all but surely.
func (n *node) whole(ctx context.Context) error {
	cmds, err := await(ctx, n, func() ([]goredis.Cmder, error) {
		return n.client.Pipelined(ctx, func(pipe goredis.Pipeliner) error {
			for range 16 {
				pipe.Get(ctx, n.prefix+"gyrfalcon-try-"+rand.Text())
			}
			return nil
		})
	})
	for _, cmd := range cmds {
		if goredis.HasErrorPrefix(cmd.Err(), "MOVED") {
			return n.failed(ctx, cmd.Err())
		}
	}
	if err != nil && !isNothing(err) {
		return n.failed(ctx, err)
	}
	return nil
}
