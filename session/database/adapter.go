package database

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"gyrfalcon/session"
)

var (
	_ session.Adapter = (*Adapter)(nil)
	_ session.Warner  = (*Adapter)(nil)
)

var (
	errClosed  = errors.New("session/database: the adapter is closed")
	errNotOpen = errors.New("session/database: the adapter is not open; call Open first")
)

// Adapter keeps sessions in a table. It is safe for concurrent use.
type Adapter struct {
	db   *sql.DB
	opts Options

	opening chan struct{} // holds one token while Open is at work

	mu     sync.Mutex
	table  table // nil before Open and after Close
	closed bool

	// walked is where GC goes on in a table that has no index on the times.
	gc     sync.Mutex
	walked string
}

// New returns an adapter for the table of o in db. It does no I/O: Open finds
// out what kind of server answers, and whether the table is fit. Options that
// Validate refuses are refused by Open.
func New(db *sql.DB, o Options) *Adapter {
	return &Adapter{db: db, opts: o.withDefaults(), opening: make(chan struct{}, 1)}
}

// Open recognizes the server, makes sure that the table is there and fit, or
// creates it (Options.Create), and prepares the statements. Its errors name the
// mend. Opening an open adapter does nothing.
func (a *Adapter) Open(ctx context.Context) error {
	select {
	case a.opening <- struct{}{}:
		defer func() { <-a.opening }()
	case <-ctx.Done():
		return ctx.Err()
	}
	switch _, err := a.use(ctx); {
	case !errors.Is(err, errNotOpen):
		return err
	case a.db == nil:
		return errors.New("session/database: New was given no *sql.DB")
	}
	if err := a.opts.Validate(); err != nil {
		return fmt.Errorf("session/database: %w", err)
	}
	t, err := openTable(ctx, a.db, a.opts)
	if err != nil {
		return fmt.Errorf("session/database: %w", err)
	}
	if !a.adopt(t) {
		return errors.Join(errClosed, t.close(context.WithoutCancel(ctx)))
	}
	return nil
}

// adopt makes t the table, unless the adapter was closed meanwhile.
func (a *Adapter) adopt(t table) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.closed {
		a.table = t
	}
	return !a.closed
}

// Read returns the session in one statement, which does not slide its expiry:
// that would be a write.
func (a *Adapter) Read(ctx context.Context, id string, life time.Duration) (session.Record, error) {
	t, err := a.use(ctx)
	if err != nil {
		return session.Record{}, err
	}
	data, used, err := t.read(ctx, id, a.oldest(life))
	if errors.Is(err, sql.ErrNoRows) {
		return session.Record{}, session.ErrNotFound
	}
	if err != nil {
		return session.Record{}, a.failed(err)
	}
	return record(data, used, life), nil
}

// Create inserts the session in one statement, which also replaces an expired
// one.
func (a *Adapter) Create(ctx context.Context, id string, data []byte, life time.Duration) (session.Record, error) {
	t, err := a.use(ctx)
	if err != nil {
		return session.Record{}, err
	}
	now := a.now()
	done, err := t.create(ctx, id, data, now, a.oldest(life))
	if err != nil {
		return session.Record{}, a.failed(err)
	}
	if !done {
		return session.Record{}, session.ErrExists
	}
	return record(data, now, life), nil
}

// Swap updates the session in one statement, if it has prev's content. A
// session that is missing or has expired is ErrConflict too: telling them apart
// would take a second statement.
func (a *Adapter) Swap(ctx context.Context, id string, prev session.Record, next []byte, life time.Duration) (session.Record, error) {
	t, err := a.use(ctx)
	if err != nil {
		return session.Record{}, err
	}
	now := a.now()
	done, err := t.swap(ctx, id, prev, next, now, a.oldest(life))
	if err != nil {
		return session.Record{}, a.failed(err)
	}
	if !done {
		return session.Record{}, session.ErrConflict
	}
	r := record(next, now, life)
	if prev.Expires.After(r.Expires) { // the clock was set back, which takes nothing from the session
		r.Expires = prev.Expires
	}
	return r, nil
}

// Touch slides the expiry in one statement.
func (a *Adapter) Touch(ctx context.Context, id string, life time.Duration) error {
	t, err := a.use(ctx)
	if err != nil {
		return err
	}
	done, err := t.touch(ctx, id, a.now(), a.oldest(life))
	if err != nil {
		return a.failed(err)
	}
	if !done {
		return session.ErrNotFound
	}
	return nil
}

// Destroy deletes the session in one statement.
func (a *Adapter) Destroy(ctx context.Context, id string) error {
	t, err := a.use(ctx)
	if err != nil {
		return err
	}
	return a.failed(t.destroy(ctx, id))
}

// Close closes the statements and, with Options.OwnDB, the *sql.DB. A second
// Close does nothing.
func (a *Adapter) Close(ctx context.Context) error {
	a.mu.Lock()
	t, again := a.table, a.closed
	a.table, a.closed = nil, true
	a.mu.Unlock()
	if again {
		return nil
	}
	var errs []error
	if t != nil {
		errs = append(errs, t.close(ctx))
	}
	if a.opts.OwnDB && a.db != nil {
		errs = append(errs, a.db.Close())
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("session/database: %w", err)
	}
	return nil
}

// Warnings returns what Open has found that works, but not as it was meant to, each
// with the mend (session.Warner): a table without an index by which GC finds what has
// expired, and one whose engine keeps nothing when a server is killed.
func (a *Adapter) Warnings() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.table == nil {
		return nil
	}
	return a.table.warnings()
}

// use returns the table for one call.
func (a *Adapter) use(ctx context.Context) (table, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.closed:
		return nil, errClosed
	case a.table == nil:
		return nil, errNotOpen
	}
	return a.table, ctx.Err()
}

// failed says whose error it is.
func (a *Adapter) failed(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("session/database: %w", err)
}

// now is the time as PHP's time() gives it: in whole seconds, cut off.
func (a *Adapter) now() int64 { return a.opts.Now().Unix() }

// oldest is the earliest last use of a session that lives now. PHP's adapter
// lets a session live while last use + lifetime >= time(), all in whole
// seconds; this is the same with the table's side by itself, so that an index
// can serve it.
func (a *Adapter) oldest(life time.Duration) int64 { return a.now() - seconds(life) }

// seconds rounds up.
func seconds(life time.Duration) int64 {
	s := int64(life / time.Second)
	if life%time.Second > 0 {
		s++
	}
	return s
}

// record makes the record of a session that was last used at the second used.
// It is gone when that second's end lies a lifetime back.
func record(data []byte, used int64, life time.Duration) session.Record {
	digest := sha256.Sum256(data)
	return session.Record{
		Data:    slices.Clip(data),
		Version: hex.EncodeToString(digest[:]),
		Expires: time.Unix(used+seconds(life)+1, 0),
	}
}
