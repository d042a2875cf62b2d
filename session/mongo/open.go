package mongo

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// fitness is what Open has found out about the collection.
type fitness struct {
	// clears says that our TTL index has the server clear.
	clears bool

	// index is the name of one that finds expired sessions, or "".
	index string

	// left is where the next GC goes on.
	gc   sync.Mutex
	left span

	// ttl is the TTL index that removes sessions first, or nil.
	ttl *index

	warnings []string
}

func (f *fitness) warn(format string, args ...any) {
	f.warnings = append(f.warnings, "session/mongo: "+fmt.Sprintf(format, args...))
}

// serves refuses lives in the midst of which the server would remove the session.
func (f *fitness) serves(coll string, life time.Duration) error {
	if f.ttl == nil || seconds(life) <= f.ttl.after() {
		return nil
	}
	return fmt.Errorf("session/mongo: %w", f.ttl.tooShort(coll, life))
}

// Open makes sure that the server can be reached, that the user may read and
// write the collection, and that it is fit; it makes the index on modified where
// there is none. Its errors name the mend. A collection that does not exist is
// made, as always with MongoDB. Opening an open adapter does nothing.
func (a *Adapter) Open(ctx context.Context) error {
	select {
	case a.opening <- struct{}{}:
		defer func() { <-a.opening }()
	case <-ctx.Done():
		return ctx.Err()
	}
	switch _, err := a.use(ctx, 0); {
	case !errors.Is(err, errNotOpen):
		return err
	case a.given == nil:
		return errors.New("session/mongo: New was given no *mongo.Collection")
	case ctx.Err() != nil:
		return ctx.Err()
	}
	if err := a.opts.Validate(); err != nil {
		return fmt.Errorf("session/mongo: %w", err)
	}
	fit := &fitness{}
	for _, examine := range []func(context.Context, *fitness) error{
		a.examineServer, a.examineKind, a.examineRights, a.examineIDs, a.examineIndexes,
	} {
		if err := examine(ctx, fit); err != nil {
			return fmt.Errorf("session/mongo: %w", err)
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return errClosed
	}
	a.fit = fit
	return nil
}

// Warnings returns what Open has found that works, but not as it was meant to,
// each with the mend (session.Warner).
func (a *Adapter) Warnings() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.fit == nil {
		return nil
	}
	return a.fit.warnings
}

// use returns what is known of the collection, for one call with sessions of that
// life.
func (a *Adapter) use(ctx context.Context, life time.Duration) (*fitness, error) {
	a.mu.Lock()
	fit, closed := a.fit, a.closed
	a.mu.Unlock()
	switch {
	case closed:
		return nil, errClosed
	case fit == nil:
		return nil, errNotOpen
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return fit, fit.serves(a.coll.Name(), life)
}
