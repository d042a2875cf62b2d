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
const chunk = 100

// GC finds up to limit expired sessions by the index on modified, and deletes
// them by their _id, a chunk at a time, if they are still expired. Where fewer
// have expired it gives those a time of last use that have none, so that they end
// one day too. With a TTL index it does that alone.
func (a *Adapter) GC(ctx context.Context, life time.Duration, limit int) (removed int, more bool, err error) {
	fit, err := a.use(ctx, life)
	if err != nil {
		return 0, false, err
	}
	now := a.opts.Now()
	found := 0
	if !fit.clears {
		old := bson.E{Key: fieldModified, Value: bson.D{{Key: "$lte", Value: down(now.Add(-life))}}}
		found, err = a.each(ctx, old, limit, func(some bson.D) error {
			r, err := a.coll.DeleteMany(ctx, some)
			if err == nil {
				removed += int(r.DeletedCount)
			}
			return err
		})
		if err != nil || found == limit {
			return removed, found == limit && err == nil, failed(err)
		}
	}
	never := bson.E{Key: fieldModified, Value: nil} // or missing
	begin := bson.D{{Key: "$set", Value: bson.D{{Key: fieldModified, Value: up(now)}}}}
	begun, err := a.each(ctx, never, limit-found, func(some bson.D) error {
		_, err := a.coll.UpdateMany(ctx, some, begin)
		return err
	})
	return removed, begun == limit-found && err == nil, failed(err)
}

// each finds up to limit sessions of which cond holds, and has do called with the
// filter of some of them at a time. cond is part of it, for they may have been
// used meanwhile. Documents that are no sessions by their _id are not found.
func (a *Adapter) each(ctx context.Context, cond bson.E, limit int, do func(some bson.D) error) (found int, err error) {
	cursor, err := a.coll.Find(ctx,
		bson.D{cond, {Key: fieldID, Value: bson.D{{Key: "$type", Value: "string"}}}},
		options.Find().SetProjection(bson.D{{Key: fieldID, Value: 1}}).SetLimit(int64(limit)))
	if err != nil {
		return 0, err
	}
	var docs []struct {
		ID string `bson:"_id"`
	}
	if err := cursor.All(ctx, &docs); err != nil {
		return 0, err
	}
	for some := range slices.Chunk(docs, chunk) {
		ids := make(bson.A, len(some))
		for i, d := range some {
			ids[i] = d.ID
		}
		if err := do(bson.D{{Key: fieldID, Value: bson.D{{Key: "$in", Value: ids}}}, cond}); err != nil {
			return 0, err
		}
	}
	return len(docs), nil
}
