package mongo

import (
	"context"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// chunk is how many sessions one command deletes: few enough that requests do not
// feel it.
const chunk = 20

// GC finds up to limit expired sessions by the index on modified, and deletes
// them by their _id, a chunk at a time, if they are still expired. The call after
// it goes on from the last one's moment of use, for a server may keep what was
// deleted in its index for a while, and would pass all of it each time. Where
// fewer have expired it gives those a time of last use that have none, so that
// they end one day too. With a TTL index it does that alone. It goes by the _id and the
// time, whatever the data are.
func (a *Adapter) GC(ctx context.Context, life time.Duration, limit int) (removed int, more bool, err error) {
	fit, err := a.use(ctx, life)
	if err != nil {
		return 0, false, err
	}
	now := a.opts.Now()
	if !fit.clears {
		removed, more, err = a.clear(ctx, fit, down(now.Add(-life)), limit)
		if err != nil || more {
			return removed, more && err == nil, failed(err)
		}
	}
	begin := bson.D{{Key: "$set", Value: bson.D{{Key: fieldModified, Value: up(now)}}}}
	found, err := a.find(ctx, fit, never, limit-removed)
	if err == nil {
		err = inChunks(ctx, found, never, func(some bson.D) error {
			_, err := a.coll.UpdateMany(ctx, some, begin)
			return err
		})
	}
	return removed, len(found) == limit-removed && err == nil, failed(err)
}

// span is the part of the times at which GC looks next. Its zero value is all of
// them, up to the cutoff.
type span struct {
	from, to time.Time
	back     bool // the server reads its index backwards
}

// longest is longer than any session has been waiting for GC.
const longest = 10 * 365 * 24 * time.Hour

// behind returns the span behind one in which that was found, on the side to which
// the server reads its index: MongoDB from the oldest on, FerretDB 2.7.0 from the
// youngest back. It is bounded on its far side too, by how far a full batch has
// reached and then by more and more, because FerretDB reads the whole of a span to
// find the first sessions in it. Behind the last one there is all of them again.
func (s span) behind(found []candidate, limit int, cutoff time.Time) span {
	if len(found) == limit {
		first, last := found[0].Modified, found[limit-1].Modified
		if width := first.Sub(last); width > 0 {
			return span{last.Add(-2*width - time.Second), last, true}
		}
		return span{last, last.Add(2*last.Sub(first) + time.Second), false}
	}
	width := 8 * s.to.Sub(s.from)
	switch {
	case s.from.IsZero() || s.to.IsZero() || !s.to.Before(cutoff):
		return span{}
	case s.back && width > longest:
		return span{to: s.from, back: true}
	case s.back:
		return span{s.from.Add(-width), s.from, true}
	}
	return span{s.to, s.to.Add(width), false}
}

// clear deletes sessions that were last used at cutoff or before, from where the
// call before has ended. There is more until a call that began at the beginning
// has found less than its limit.
func (a *Adapter) clear(ctx context.Context, fit *fitness, cutoff time.Time, limit int) (removed int, more bool, err error) {
	fit.gc.Lock()
	left := fit.left
	fit.gc.Unlock()
	to := cutoff
	if !left.to.IsZero() && left.to.Before(cutoff) {
		to = left.to
	}
	used := bson.D{{Key: "$lte", Value: to}, noArray}
	if !left.from.IsZero() {
		used = append(used, bson.E{Key: "$gte", Value: left.from})
	}
	old := bson.E{Key: fieldModified, Value: used}
	found, err := a.find(ctx, fit, old, limit)
	if err == nil {
		err = inChunks(ctx, found, old, func(some bson.D) error {
			r, err := a.coll.DeleteMany(ctx, some)
			if err == nil {
				removed += int(r.DeletedCount)
			}
			return err
		})
	}
	if err != nil {
		return removed, false, err
	}
	fit.gc.Lock()
	fit.left = left.behind(found, limit, cutoff)
	fit.gc.Unlock()
	return removed, len(found) == limit || left != span{}, nil
}

// candidate is what GC reads of a session.
type candidate struct {
	ID       string    `bson:"_id"`
	Modified time.Time `bson:"modified"`
}

// find returns up to limit sessions of which cond holds. Documents that are no
// sessions by their _id are not found. The index is named, where there is one:
// FerretDB 2.7.0 would read all that have expired to find the first of them.
func (a *Adapter) find(ctx context.Context, fit *fitness, cond bson.E, limit int) ([]candidate, error) {
	if limit <= 0 {
		return nil, nil
	}
	filter := bson.D{cond, {Key: fieldID, Value: bson.D{{Key: "$type", Value: "string"}}}}
	o := options.Find().SetProjection(bson.D{{Key: fieldID, Value: 1}, {Key: fieldModified, Value: 1}}).SetLimit(int64(limit))
	hinted := options.Find()
	if fit.index != "" {
		hinted.SetHint(fit.index)
	}
	cursor, err := a.coll.Find(ctx, filter, o, hinted)
	if code, _ := answer(err); code == codeBadValue && fit.index != "" { // it was dropped
		cursor, err = a.coll.Find(ctx, filter, o)
	}
	if err != nil {
		return nil, err
	}
	var found []candidate
	err = cursor.All(ctx, &found)
	return found, err
}

// inChunks has do called with the filter of some sessions at a time. cond is part
// of it, for they may have been used meanwhile. Between two calls the server has as
// long for others as the call took, unless half of the context's time is over.
func inChunks(ctx context.Context, found []candidate, cond bson.E, do func(some bson.D) error) error {
	deadline, bounded := ctx.Deadline()
	half := deadline.Add(-time.Until(deadline) / 2)
	for some := range slices.Chunk(found, chunk) {
		ids := make(bson.A, len(some))
		for i, d := range some {
			ids[i] = d.ID
		}
		began := time.Now()
		if err := do(bson.D{{Key: fieldID, Value: bson.D{{Key: "$in", Value: ids}}}, cond}); err != nil {
			return err
		}
		if bounded && time.Now().After(half) {
			continue
		}
		select {
		case <-time.After(time.Since(began)):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}
