package database

import (
	"context"
	"slices"
	"time"
)

// chunk is how many sessions one statement deletes: few enough that requests
// do not feel how long it holds its locks.
const chunk = 64

// GC selects the IDs of up to limit expired sessions, then deletes them by
// their key if they are still expired, some at a time. In a table that has no
// index on the times it examines the next limit rows in the order of their IDs
// instead, and the call after it goes on from there.
func (a *Adapter) GC(ctx context.Context, life time.Duration, limit int) (removed int, more bool, err error) {
	t, err := a.use(ctx)
	if err != nil {
		return 0, false, err
	}
	a.gc.Lock()
	oldest := a.oldest(life)
	ids, next, more, err := t.expired(ctx, a.walked, oldest, limit)
	if err == nil {
		a.walked = next
	}
	a.gc.Unlock()
	if err != nil {
		return 0, false, a.failed(err)
	}
	// In the order of the key all who delete lock the same way round.
	slices.Sort(ids)
	for some := range slices.Chunk(ids, chunk) {
		n, err := t.clear(ctx, some, oldest)
		removed += n
		if err != nil {
			return removed, more, a.failed(err)
		}
	}
	return removed, more, nil
}
