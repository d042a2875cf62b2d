package redis

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"sync"
	"time"

	"gyrfalcon/session"
)

// errLockLost is what a write gets when the lock under which it was to be made has gone to
// somebody else, or is gone: the process stood still for longer than lock.expire, or the
// server forgot it.
var errLockLost = fmt.Errorf("%w (session/redis: the session's lock was lost; raise lock.expire if the process can stand still for that long)", session.ErrBusy)

// release is phpredis's script, byte for byte: a server on which PHP has released a lock
// knows it already.
var release = script{
	text: `if redis.call("get",KEYS[1]) == ARGV[1] then return redis.call("del",KEYS[1]) else return 0 end`,
	sha:  "b70c2384248f88e6b75b9f89241a180f856ad852",
}

var renew = newScript(`if redis.call('get', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('pexpire', KEYS[1], ARGV[2])`)

// locks are those that this adapter holds.
type locks struct {
	mu      sync.Mutex
	held    map[*held]struct{}
	closed  bool
	working sync.WaitGroup // those who renew locks, and who give them back late

	open context.Context // ends with the adapter
	end  context.CancelFunc
}

// held is one of them.
type held struct {
	a           *Adapter
	node        *node
	id          string // of the session, as stored
	key, secret string
	stop        func() // ends the renewing
	released    sync.Once
}

var _ session.Lock = (*held)(nil)

func (l *locks) init() {
	l.held = make(map[*held]struct{})
	l.open, l.end = context.WithCancel(context.Background())
}

// take notes a lock and has it renewed, unless the adapter is closed.
func (l *locks) take(h *held, expire time.Duration) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false
	}
	l.held[h] = struct{}{}
	var renewing context.Context
	renewing, h.stop = context.WithCancel(l.open)
	l.working.Go(func() { h.renew(renewing, expire) })
	return true
}

func (l *locks) drop(h *held) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.held, h)
}

// close releases what is left, all at once: its requests are over. What cannot be released
// before ctx ends expires.
func (l *locks) close(ctx context.Context) {
	l.mu.Lock()
	l.closed = true
	left := slices.Collect(maps.Keys(l.held))
	l.mu.Unlock()
	l.end()
	idle := make(chan struct{})
	for _, h := range left {
		l.working.Go(func() { _ = h.Release(ctx) })
	}
	go func() {
		defer close(idle)
		l.working.Wait()
	}()
	select {
	case <-idle:
	case <-ctx.Done():
	}
}

// Lock implements session.Locker, with the key, the value and the release script of
// phpredis (or of Phalcon 5's adapter, with that flavor), so that PHP's requests and ours
// keep each other out. Without Options.Lock it locks nothing.
//
// The lock is kept alive until it is released. Its Swap is refused once it is lost.
func (a *Adapter) Lock(ctx context.Context, id string) (session.Lock, error) {
	o := a.opts.Lock
	if o == nil {
		return nil, nil
	}
	n, err := a.server(ctx, id)
	if err != nil {
		return nil, err
	}
	h := &held{a: a, node: n, id: id, key: a.opts.lockKey(n.prefix + id), secret: secret()}
	if err := h.acquire(ctx, *o); err != nil {
		return nil, err
	}
	if !a.locks.take(h, o.Expire) {
		return nil, errors.Join(errClosed, h.giveBack(ctx))
	}
	return h, nil
}

// lockKey is the key of a session's lock.
func (o Options) lockKey(key string) string {
	if o.Flavor == Phalcon5 {
		return key + "-lock"
	}
	return key + "_LOCK"
}

// secret is a value that no other holder has. phpredis's is host|pid.
func secret() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return fmt.Sprintf("%s|%d-%s", host, os.Getpid(), rand.Text())
}

// acquire tries until nobody else has the lock.
func (h *held) acquire(ctx context.Context, o Lock) error {
	patience, cancel := context.WithTimeout(ctx, o.Wait)
	defer cancel()
	for {
		value := mark([]byte(h.secret))
		reply, err := h.node.write(ctx, h.key, value, nil, "set", h.key, value, "nx", "px", milliseconds(o.Expire))
		switch {
		case errors.Is(err, session.ErrOutcomeUnknown):
			// Perhaps we have it, or are about to: a server that stands still executes
			// what it was sent when it goes on.
			h.a.locks.owe(h, o.Expire)
			return fmt.Errorf("%w (taking the session's lock: %s)", session.ErrBusy, err.Error())
		case err != nil:
			return err
		case reply != nil:
			return nil
		}
		t := time.NewTimer(o.Every)
		select {
		case <-t.C:
		case <-patience.Done():
			t.Stop()
			return fmt.Errorf("%w (session/redis: another request holds the session's lock)", session.ErrBusy)
		}
	}
}

// renew keeps the lock alive until it is released, or lost.
func (h *held) renew(ctx context.Context, expire time.Duration) {
	every := expire / 3
	t := time.NewTicker(every)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		once, cancel := context.WithTimeout(ctx, every)
		n, err := h.node.run(attentive{once}, renew, nil, fmt.Append(nil, milliseconds(expire)), []string{h.key}, h.secret)
		cancel()
		if err == nil && n == 0 {
			return // lost: the next Swap is refused
		}
	}
}

// Swap is the adapter's, in the same call of the script, for as long as the lock is ours.
func (h *held) Swap(ctx context.Context, prev session.Record, next []byte, life time.Duration) (session.Record, error) {
	return h.a.swap(ctx, h.id, prev, next, life, h)
}

// Release gives the lock to the next, on the session's own server. (phpredis 5.3.7 and
// 6.1.0 release it on another one where there are several.) Where it fails, it is tried
// again in the background until the lock has expired, or the adapter is closed.
func (h *held) Release(ctx context.Context) (err error) {
	h.released.Do(func() {
		h.stop() // a renewal that is under way renews nothing that is released
		h.a.locks.drop(h)
		if err = h.giveBack(ctx); err != nil && !errors.Is(err, errLockLost) {
			h.a.locks.owe(h, h.a.opts.Lock.Expire)
		}
	})
	return err
}

// giveBack tries it once. Nothing is wrong with doing it twice: nobody else has the secret.
func (h *held) giveBack(ctx context.Context) error {
	n, err := h.node.run(ctx, release, nil, []byte(h.secret), []string{h.key})
	if err == nil && n == 0 {
		err = errLockLost
	}
	return err
}
