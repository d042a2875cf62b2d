package memory

import (
	"bytes"
	"context"
	"errors"
	"hash/maphash"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"gyrfalcon/session"
)

var _ session.Adapter = (*Adapter)(nil)

// errClosed is what every method but Close returns after Close.
var errClosed = errors.New("session/memory: the adapter is closed, and its sessions are gone; make a new one")

// Adapter keeps sessions in memory. New makes one; it needs no Open before use,
// and Close forgets its sessions.
type Adapter struct {
	opts    Options
	refused error // what Validate said, for Open
	seed    maphash.Seed
	shards  []shard
	closed  atomic.Bool

	// content numbers the contents that were ever stored, so that no two have
	// the same Record.Version.
	content atomic.Uint64

	// next is the shard at which the next GC begins.
	next atomic.Uint64
}

// New returns an empty store. Options that Validate refuses are refused by Open.
func New(o Options) *Adapter {
	a := &Adapter{opts: o.withDefaults(), refused: o.Validate(), seed: maphash.MakeSeed()}
	a.shards = make([]shard, a.opts.Shards)
	for i := range a.shards {
		a.shards[i].init()
	}
	return a
}

// Open refuses options that Validate refuses, and a closed adapter.
func (a *Adapter) Open(ctx context.Context) error {
	if a.refused != nil {
		return a.refused
	}
	return a.usable(ctx)
}

// Read returns the session and slides its expiry.
func (a *Adapter) Read(ctx context.Context, id string, life time.Duration) (session.Record, error) {
	if err := a.usable(ctx); err != nil {
		return session.Record{}, err
	}
	s := a.shard(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	now := a.opts.Now()
	e := s.living(id, now, life)
	if e == nil {
		return session.Record{}, session.ErrNotFound
	}
	s.use(e, now)
	r := e.record(life)
	r.Slid = true
	return r, nil
}

// Create stores a new session.
func (a *Adapter) Create(ctx context.Context, id string, data []byte, life time.Duration) (session.Record, error) {
	if err := a.usable(ctx); err != nil {
		return session.Record{}, err
	}
	version := a.version()
	s := a.shard(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	if a.closed.Load() { // Close may have emptied the shard since usable
		return session.Record{}, errClosed
	}
	now := a.opts.Now()
	if s.living(id, now, life) != nil {
		return session.Record{}, session.ErrExists
	}
	e := s.entries[id]
	if e == nil {
		e = &entry{id: id}
		s.add(e)
	}
	// Clipped, so that nobody appends to a Record's Data into the store's bytes.
	e.data, e.version, e.kept = slices.Clip(data), version, now
	s.use(e, now)
	return e.record(life), nil
}

// Swap replaces prev's content by next.
func (a *Adapter) Swap(ctx context.Context, id string, prev session.Record, next []byte, life time.Duration) (session.Record, error) {
	if err := a.usable(ctx); err != nil {
		return session.Record{}, err
	}
	version := a.version()
	s := a.shard(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	now := a.opts.Now()
	e := s.living(id, now, life)
	if e == nil {
		return session.Record{}, session.ErrNotFound
	}
	if !bytes.Equal(e.data, prev.Data) {
		return session.Record{}, session.ErrConflict
	}
	e.data, e.version = slices.Clip(next), version
	s.use(e, now)
	return e.record(life), nil
}

// Touch slides the expiry.
func (a *Adapter) Touch(ctx context.Context, id string, life time.Duration) error {
	_, err := a.Read(ctx, id, life)
	return err
}

// Destroy removes the session.
func (a *Adapter) Destroy(ctx context.Context, id string) error {
	if err := a.usable(ctx); err != nil {
		return err
	}
	s := a.shard(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.entries[id]; e != nil {
		s.remove(e)
	}
	return nil
}

// GC removes expired sessions, those first that were used longest ago.
func (a *Adapter) GC(ctx context.Context, life time.Duration, limit int) (removed int, more bool, err error) {
	// Each call goes on where the last one ran out of its limit, so that no
	// shard waits behind those before it for ever.
	first := a.next.Load()
	for i := range uint64(len(a.shards)) {
		if err := a.usable(ctx); err != nil {
			return removed, false, err
		}
		at := (first + i) % uint64(len(a.shards))
		removed += a.shards[at].expire(a.opts.Now(), life, limit-removed)
		if removed == limit {
			a.next.Store(at)
			return removed, true, nil
		}
	}
	return removed, false, nil
}

// Close forgets all sessions. A second Close does nothing.
func (a *Adapter) Close(context.Context) error {
	if a.closed.Swap(true) {
		return nil
	}
	for i := range a.shards {
		s := &a.shards[i]
		s.mu.Lock()
		s.init()
		s.mu.Unlock()
	}
	return nil
}

func (a *Adapter) usable(ctx context.Context) error {
	if a.closed.Load() {
		return errClosed
	}
	return ctx.Err()
}

func (a *Adapter) shard(id string) *shard {
	return &a.shards[maphash.String(a.seed, id)%uint64(len(a.shards))]
}

func (a *Adapter) version() string {
	return strconv.FormatUint(a.content.Add(1), 36)
}
