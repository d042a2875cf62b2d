package mongo

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/readpref"

	"gyrfalcon/session"
)

var (
	_ session.Adapter = (*Adapter)(nil)
	_ session.Warner  = (*Adapter)(nil)
)

// Adapter keeps sessions in a collection. It is safe for concurrent use.
type Adapter struct {
	given *driver.Collection
	coll  *driver.Collection // with our concerns
	opts  Options

	opening chan struct{} // holds one token while Open is at work

	mu     sync.Mutex
	fit    *fitness // nil before Open and after Close
	closed bool
}

// New returns an adapter for the documents of a collection. It does no I/O: Open
// finds out whether the collection is fit. Options that Validate refuses are
// refused by Open.
func New(c *driver.Collection, o Options) *Adapter {
	o = o.withDefaults()
	a := &Adapter{given: c, opts: o, opening: make(chan struct{}, 1)}
	if c != nil {
		a.coll = c.Clone(options.Collection().SetWriteConcern(o.WriteConcern).SetReadPreference(readpref.Primary()))
	}
	return a
}

// Read returns the session, and slides its expiry where that is due, in one
// command.
func (a *Adapter) Read(ctx context.Context, id string, life time.Duration) (session.Record, error) {
	if _, err := a.use(ctx, life); err != nil {
		return session.Record{}, err
	}
	now := a.opts.Now()
	var found stored
	err := a.coll.FindOneAndUpdate(ctx, bson.D{{Key: fieldID, Value: id}}, slide(now, life), slideOptions).Decode(&found)
	if errors.Is(err, driver.ErrNoDocuments) {
		return session.Record{}, session.ErrNotFound
	}
	if err != nil {
		return session.Record{}, failed(err)
	}
	modified, err := found.modified()
	if err != nil {
		return session.Record{}, err
	}
	if !now.Before(modified.Add(life)) {
		return session.Record{}, session.ErrNotFound
	}
	data, stored, err := found.data()
	if err != nil {
		return session.Record{}, err
	}
	r := record(stored, data, modified, life)
	r.Slid = modified.Equal(up(now))
	return r, nil
}

// Create inserts the session in one command. A second one replaces an expired
// session that has the ID.
func (a *Adapter) Create(ctx context.Context, id string, data []byte, life time.Duration) (session.Record, error) {
	if _, err := a.use(ctx, life); err != nil {
		return session.Record{}, err
	}
	content, stored, err := a.encode(data)
	if err != nil {
		return session.Record{}, err
	}
	now := a.opts.Now()
	_, err = a.write(ctx, a.insert(id, up(now), content))
	if code, _ := answer(err); code == codeDuplicateKey {
		n, err := a.write(ctx, a.replaceExpired(id, down(now.Add(-life)), up(now), content))
		switch {
		case err != nil:
			return session.Record{}, outcome(err)
		case n == 0:
			return session.Record{}, session.ErrExists
		}
	} else if err != nil {
		return session.Record{}, outcome(err)
	}
	return record(stored, data, up(now), life), nil
}

// Swap updates the session in one command, if it has prev's content. A session
// that is missing or has expired is ErrConflict too: telling them apart would
// take a second command.
func (a *Adapter) Swap(ctx context.Context, id string, prev session.Record, next []byte, life time.Duration) (session.Record, error) {
	if _, err := a.use(ctx, life); err != nil {
		return session.Record{}, err
	}
	content, stored, err := a.encode(next)
	if err != nil {
		return session.Record{}, err
	}
	if n := len(prev.Data) + len(next); n > mostCommand {
		return session.Record{}, fmt.Errorf("session/mongo: the session as it was and as it shall be are %d bytes together, more than one command can hold (16 MiB); "+
			"keep less in it, or lower max_data to 8 MiB", n)
	}
	now := a.opts.Now()
	n, err := a.write(ctx, a.swap(id, filter(prev), down(now.Add(-life)), up(now), content))
	switch {
	case err != nil:
		return session.Record{}, outcome(err)
	case n == 0:
		return session.Record{}, session.ErrConflict
	}
	r := record(stored, next, up(now), life)
	if prev.Expires.After(r.Expires) { // the clock was set back, which takes nothing from the session
		r.Expires = prev.Expires
	}
	return r, nil
}

// Touch slides the expiry in one command. A document that is no session, by its
// modified or its data, is left as it is and is ErrNotFound.
func (a *Adapter) Touch(ctx context.Context, id string, life time.Duration) error {
	if _, err := a.use(ctx, life); err != nil {
		return err
	}
	now := a.opts.Now()
	n, err := a.write(ctx, a.touch(id, down(now.Add(-life)), up(now)))
	switch {
	case err != nil:
		return outcome(err)
	case n == 0:
		return session.ErrNotFound
	}
	return nil
}

// Destroy deletes the session in one command, and any other document that has the
// ID: what is none to Read may be a session to an adapter of PHP's.
func (a *Adapter) Destroy(ctx context.Context, id string) error {
	if _, err := a.use(ctx, 0); err != nil {
		return err
	}
	_, err := a.write(ctx, a.remove(id))
	return outcome(err)
}

// Close disconnects the client with Options.OwnClient. A second Close does nothing.
func (a *Adapter) Close(ctx context.Context) error {
	a.mu.Lock()
	again := a.closed
	a.fit, a.closed = nil, true
	a.mu.Unlock()
	if again || !a.opts.OwnClient || a.given == nil {
		return nil
	}
	if err := a.given.Database().Client().Disconnect(ctx); err != nil && !errors.Is(err, driver.ErrClientDisconnected) {
		return fmt.Errorf("session/mongo: %w", err)
	}
	return nil
}
