package redis

import (
	"context"
	"crypto/sha1" //nolint:gosec // it tells contents apart, as Redis's redis.sha1hex does
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"gyrfalcon/session"
)

var _ session.Locker = (*Adapter)(nil)

var (
	errClosed  = errors.New("session/redis: the adapter is closed")
	errNotOpen = errors.New("session/redis: the adapter is not open; call Open first")
)

// Adapter keeps sessions in Redis. New and Dial make one. It is safe for concurrent use.
type Adapter struct {
	opts    Options
	connect func() ([]*node, error)
	own     bool // the clients are ours to close

	opening chan struct{} // holds one token while Open is at work

	mu     sync.Mutex
	nodes  []*node // nil before Open and after Close
	closed bool

	weights []uint32 // of nodes
	locks   locks
}

// New returns an adapter on a client of the application's own: a server's, a cluster's, or
// one for Sentinels. Its options must have ContextTimeoutEnabled. It does no I/O; what
// cannot stand is refused by Open. The client stays open after Close unless
// Options.OwnClient.
func New(client goredis.UniversalClient, o Options) *Adapter {
	o = o.withDefaults()
	return newAdapter(o, o.OwnClient, func() ([]*node, error) {
		if client == nil {
			return nil, errors.New("session/redis: New was given no client")
		}
		n := &node{client: client, weight: 1, prefix: o.prefix(nil, clustered(client))}
		return []*node{n}, nil
	})
}

// Dial returns an adapter with connections of its own, which Open makes and Close closes.
// It does no I/O; what cannot stand is refused by Open.
func Dial(s Servers, o Options) *Adapter {
	o = o.withDefaults()
	return newAdapter(o, true, func() ([]*node, error) {
		t, err := s.target()
		if err != nil {
			return nil, err
		}
		if o.Lock != nil && t.kind == cluster {
			return nil, errLockInCluster
		}
		return t.connect(s, o)
	})
}

var errLockInCluster = &session.OptionError{
	Option: "lock", Why: "phpredis has no locks in a cluster, so that they would lock nobody out; leave lock out",
}

func newAdapter(o Options, own bool, connect func() ([]*node, error)) *Adapter {
	a := &Adapter{opts: o, own: own, connect: connect, opening: make(chan struct{}, 1)}
	a.locks.init()
	return a
}

// Open makes the clients and tries on each server everything that sessions need. Its
// errors name the mend. Where there are several servers by weight, those that cannot be
// reached, or are still loading their data, are left to answer later, as long as one answers:
// their sessions have errors until then. Opening an open adapter does nothing.
func (a *Adapter) Open(ctx context.Context) error {
	select {
	case a.opening <- struct{}{}:
		defer func() { <-a.opening }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if _, err := a.use(ctx); !errors.Is(err, errNotOpen) {
		return err
	}
	if err := a.opts.Validate(); err != nil {
		return fmt.Errorf("session/redis: %w", err)
	}
	nodes, err := a.connect()
	if err != nil {
		return fmt.Errorf("session/redis: %w", err)
	}
	if err = a.try(ctx, nodes); err == nil && a.adopt(nodes) {
		return nil
	}
	if err == nil {
		err = errClosed
	}
	dismiss(nodes)
	if a.own {
		err = errors.Join(err, closeAll(ctx, nodes))
	}
	return err
}

// try tries the servers, all at once.
func (a *Adapter) try(ctx context.Context, nodes []*node) error {
	errs := make([]error, len(nodes))
	var wg sync.WaitGroup
	for i, n := range nodes {
		wg.Go(func() { errs[i] = n.try(ctx, a.opts) })
	}
	wg.Wait()
	reached := 0
	var away []error
	for i, err := range errs {
		if err == nil {
			reached++
		} else if passing(err) && len(nodes) > 1 && ctx.Err() == nil {
			away, errs[i] = append(away, err), nil
		}
	}
	if err := errors.Join(errs...); err != nil || reached > 0 {
		return err
	}
	return fmt.Errorf("session/redis: none of the %d servers can be reached:\n%w", len(nodes), errors.Join(away...))
}

// passing says whether a server may do better by itself: it is dead, or it loads its data.
// What it refuses for another reason it will refuse until somebody mends it.
func passing(err error) bool {
	return !isReply(err) && !errors.Is(err, errUnfit) || strings.HasPrefix(reply(err), "LOADING")
}

// adopt makes nodes the servers, unless the adapter was closed meanwhile.
func (a *Adapter) adopt(nodes []*node) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return false
	}
	for _, n := range nodes {
		a.weights = append(a.weights, n.weight)
	}
	a.nodes = nodes
	return true
}

// Read returns the session and slides its expiry, in one trip.
func (a *Adapter) Read(ctx context.Context, id string, life time.Duration) (session.Record, error) {
	n, err := a.server(ctx, id)
	if err != nil {
		return session.Record{}, err
	}
	began := time.Now()
	stored, err := n.read(ctx, n.prefix+id, a.life(life))
	if err != nil {
		return session.Record{}, err
	}
	r := a.record(stored, began, life)
	r.Slid = true
	return r, nil
}

// Create stores a new session by SET NX PX.
func (a *Adapter) Create(ctx context.Context, id string, data []byte, life time.Duration) (session.Record, error) {
	n, err := a.server(ctx, id)
	if err != nil {
		return session.Record{}, err
	}
	began := time.Now()
	stored := a.opts.wrap(data)
	value := mark(stored)
	key := n.prefix + id
	reply, err := n.write(ctx, key, value, a.opts.Wait, "set", key, value, "nx", "px", a.life(life))
	switch {
	case err != nil:
		return session.Record{}, err
	case reply == nil:
		return session.Record{}, session.ErrExists
	}
	return a.record(stored, began, life), nil
}

// Swap replaces prev's content by next, in one call of a script.
func (a *Adapter) Swap(ctx context.Context, id string, prev session.Record, next []byte, life time.Duration) (session.Record, error) {
	return a.swap(ctx, id, prev, next, life, nil)
}

// swap is Swap, under a lock unless it is nil.
func (a *Adapter) swap(ctx context.Context, id string, prev session.Record, next []byte, life time.Duration, lock *held) (session.Record, error) {
	n, err := a.server(ctx, id)
	if err != nil {
		return session.Record{}, err
	}
	began := time.Now()
	stored := a.opts.wrap(next)
	how, was := a.compare(prev)
	keys, secret := []string{n.prefix + id}, ""
	if lock != nil {
		keys, secret = append(keys, lock.key), lock.secret
	}
	code, err := n.run(ctx, swap, a.opts.Wait, stored, keys, how, was, a.life(life), secret)
	switch {
	case err != nil:
		return session.Record{}, err
	case code == swapMissing:
		return session.Record{}, session.ErrNotFound
	case code == swapConflict:
		return session.Record{}, session.ErrConflict
	case code == swapUnlocked:
		return session.Record{}, errLockLost
	}
	return a.record(stored, began, life), nil
}

// Touch slides the expiry, in one call of a script.
func (a *Adapter) Touch(ctx context.Context, id string, life time.Duration) error {
	n, err := a.server(ctx, id)
	if err != nil {
		return err
	}
	ms := strconv.AppendInt(nil, a.life(life), 10)
	code, err := n.run(ctx, touch, nil, ms, []string{n.prefix + id})
	if err == nil && code == swapMissing {
		err = session.ErrNotFound
	}
	return err
}

// Destroy removes the session. With Options.Wait it waits for the replicas also where the
// session is gone already, so that a Destroy can be repeated until they have it.
//
// It does so whether or not a lock is still held that was taken for it, as phpredis's own
// session_destroy does: whoever signs out is better signed out. A PHP request that has the
// lock by then may write its session back.
func (a *Adapter) Destroy(ctx context.Context, id string) error {
	n, err := a.server(ctx, id)
	if err != nil {
		return err
	}
	return n.remove(ctx, n.prefix+id, a.opts.Wait)
}

// GC does nothing: Redis removes what has expired.
func (a *Adapter) GC(ctx context.Context, _ time.Duration, _ int) (removed int, more bool, err error) {
	_, err = a.use(ctx)
	return 0, false, err
}

// Close releases the locks that are still held, and closes the clients that are the
// adapter's own. When ctx ends first it returns, and they are closed all the same. A second
// Close does nothing.
func (a *Adapter) Close(ctx context.Context) error {
	a.mu.Lock()
	nodes, again := a.nodes, a.closed
	a.nodes, a.closed = nil, true
	a.mu.Unlock()
	if again {
		return nil
	}
	a.locks.close(ctx)
	dismiss(nodes)
	if !a.own {
		return nil
	}
	if nodes == nil {
		return a.closeUnopened(ctx)
	}
	return closeAll(ctx, nodes)
}

// closeUnopened closes a client that was handed in to be owned, though Open never had it
// work.
func (a *Adapter) closeUnopened(ctx context.Context) error {
	if !a.opts.OwnClient {
		return nil
	}
	nodes, err := a.connect()
	if err != nil {
		return nil //nolint:nilerr // there is no client to close
	}
	return closeAll(ctx, nodes)
}

// use returns the servers for one call.
func (a *Adapter) use(ctx context.Context) ([]*node, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.closed:
		return nil, errClosed
	case a.nodes == nil:
		return nil, errNotOpen
	}
	return a.nodes, ctx.Err()
}

// server returns the one that keeps the session of id.
func (a *Adapter) server(ctx context.Context, id string) (*node, error) {
	nodes, err := a.use(ctx)
	if err != nil || len(nodes) == 1 {
		if err != nil {
			return nil, err
		}
		return nodes[0], nil
	}
	return nodes[choose(id, a.weights)], nil
}

// life is a lifetime as it is stored, in milliseconds.
func (a *Adapter) life(life time.Duration) int64 {
	ms := milliseconds(life)
	if rest := ms % 1000; a.opts.PHP && rest > 0 {
		ms += 1000 - rest
	}
	return ms
}

// wholeMost is the largest session in bytes that Swap sends whole to be compared; of a
// larger one it sends the digest.
const wholeMost = 4 << 10

// compare says how a script is to compare what is stored with prev, and with what.
func (a *Adapter) compare(prev session.Record) (how, was any) {
	if a.opts.Flavor == Phpredis && len(prev.Data) <= wholeMost {
		return "whole", prev.Data
	}
	if len(prev.Version) != 2*sha1.Size {
		return "sha1", digest(a.opts.wrap(prev.Data))
	}
	return "sha1", prev.Version
}

// record makes the record of what is stored. began is before the server knew of it, so
// that Expires is never too late.
func (a *Adapter) record(stored []byte, began time.Time, life time.Duration) session.Record {
	data := a.opts.unwrap(stored)
	return session.Record{
		Data:    slices.Clip(data),
		Version: digest(stored),
		Expires: began.Add(life),
	}
}

func digest(stored []byte) string {
	sum := sha1.Sum(stored) //nolint:gosec // as redis.sha1hex
	var text [2 * sha1.Size]byte
	hex.Encode(text[:], sum[:])
	return string(text[:])
}
