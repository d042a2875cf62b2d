package mongo

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"
)

// due is how long a session goes unrenewed while it is read: never longer than a
// manager waits before it would renew it by Touch, a twentieth of its life or a
// minute, for that would be a second trip.
func due(life time.Duration) time.Duration { return min(life/20, time.Minute) }

var slideOptions = options.FindOneAndUpdate().
	SetReturnDocument(options.After).
	SetProjection(bson.D{{Key: fieldID, Value: 0}, {Key: fieldModified, Value: 1}, {Key: fieldData, Value: 1}})

// slide is the pipeline that makes modified now in a session that lives and that
// has not been renewed for a while, or has no such time yet, and leaves any other
// as it is. Only a date is between two dates, so that nothing else is touched.
func slide(now time.Time, life time.Duration) bson.A {
	const modified = "$" + fieldModified
	alive := bson.D{{Key: "$gt", Value: bson.A{modified, down(now.Add(-life))}}}
	late := bson.D{{Key: "$lte", Value: bson.A{modified, down(now.Add(-due(life)))}}}
	timeless := bson.D{{Key: "$eq", Value: bson.A{bson.D{{Key: "$ifNull", Value: bson.A{modified, nil}}}, nil}}}
	turn := bson.D{{Key: "$or", Value: bson.A{bson.D{{Key: "$and", Value: bson.A{alive, late}}}, timeless}}}
	ours := bson.D{{Key: "$in", Value: bson.A{bson.D{{Key: "$type", Value: "$" + fieldData}}, dataTypes}}}
	when := bson.D{{Key: "$and", Value: bson.A{turn, ours}}}
	return bson.A{bson.D{{Key: "$set", Value: bson.D{{Key: fieldModified, Value: bson.D{
		{Key: "$cond", Value: bson.A{when, up(now), modified}},
	}}}}}}
}

// The commands that write. Each says what it does to one document; living and
// expired are both relative to cutoff, the last moment of use of a session that
// has just expired. A session whose modified is null or missing lives.

func (a *Adapter) insert(id string, now time.Time, content any) bson.D {
	return a.command("insert", "documents", bson.D{
		{Key: fieldID, Value: id}, {Key: fieldModified, Value: now}, {Key: fieldData, Value: content},
	})
}

func (a *Adapter) replaceExpired(id string, cutoff, now time.Time, content any) bson.D {
	return a.update(
		bson.D{{Key: fieldID, Value: id}, {Key: fieldModified, Value: bson.D{{Key: "$lte", Value: cutoff}, noArray}}},
		bson.D{{Key: "$set", Value: bson.D{{Key: fieldModified, Value: now}, {Key: fieldData, Value: content}}}},
	)
}

func (a *Adapter) swap(id string, prev any, cutoff, now time.Time, content any) bson.D {
	return a.update(
		bson.D{{Key: fieldID, Value: id}, {Key: fieldData, Value: bson.D{{Key: "$eq", Value: prev}, noArray}}, living(cutoff)},
		bson.D{{Key: "$set", Value: bson.D{{Key: fieldData, Value: content}}}, renewed(now)},
	)
}

func (a *Adapter) touch(id string, cutoff, now time.Time) bson.D {
	data := bson.E{Key: fieldData, Value: bson.D{{Key: "$type", Value: dataTypes}, noArray}}
	return a.update(bson.D{{Key: fieldID, Value: id}, data, living(cutoff)}, bson.D{renewed(now)})
}

// remove has no limit, though no two documents have one _id: FerretDB 2.7.0 deletes
// nothing with a limit of 1 when somebody else changes the document meanwhile.
func (a *Adapter) remove(id string) bson.D {
	return a.command("delete", "deletes", bson.D{
		{Key: "q", Value: bson.D{{Key: fieldID, Value: id}}}, {Key: "limit", Value: 0},
	})
}

// dataTypes are the types that a session's data have.
var dataTypes = bson.A{"string", "binData"}

// noArray stands where a document is looked for by what it holds: a condition holds of
// an array as soon as it holds of anything in it.
var noArray = bson.E{Key: "$not", Value: bson.D{{Key: "$type", Value: "array"}}}

// never is that a session has no time yet: null, or missing.
var never = bson.E{Key: fieldModified, Value: bson.D{{Key: "$eq", Value: nil}, noArray}}

// living says what lives, rather than that it has not expired: a modified of another type
// is no session's, and $max would put the time in its place.
func living(cutoff time.Time) bson.E {
	return bson.E{Key: "$or", Value: bson.A{
		bson.D{{Key: fieldModified, Value: bson.D{{Key: "$gt", Value: cutoff}, noArray}}},
		bson.D{never},
	}}
}

// renewed moves modified forwards only: $max, to which null is less than a date.
func renewed(now time.Time) bson.E {
	return bson.E{Key: "$max", Value: bson.D{{Key: fieldModified, Value: now}}}
}

func (a *Adapter) update(q, u bson.D) bson.D {
	return a.command("update", "updates", bson.D{{Key: "q", Value: q}, {Key: "u", Value: u}})
}

// command is a write of one statement, with our write concern: the driver adds
// none to a command that it is handed.
func (a *Adapter) command(name, list string, statement bson.D) bson.D {
	c := bson.D{{Key: name, Value: a.coll.Name()}, {Key: list, Value: bson.A{statement}}}
	if wc := concern(a.opts.WriteConcern); len(wc) > 0 {
		c = append(c, bson.E{Key: "writeConcern", Value: wc})
	}
	return c
}

func concern(wc *writeconcern.WriteConcern) bson.D {
	var d bson.D
	if wc.W != nil {
		d = append(d, bson.E{Key: "w", Value: wc.W})
	}
	if wc.Journal != nil {
		d = append(d, bson.E{Key: "j", Value: *wc.Journal})
	}
	return d
}

// write sends a command that writes, and returns how many documents it has found.
// The driver repeats no command that it is handed; one that a server has refused
// because it is no primary is sent again, once the driver has found the primary.
// The driver does not always wait for that: it may know of no change (a router, or
// a server whose refusal is older than its last greeting), so we do.
func (a *Adapter) write(ctx context.Context, command bson.D) (n int, err error) {
	for wait := firstWait; ; wait = min(2*wait, longestWait) {
		var reply struct {
			N int `bson:"n"`
		}
		err := a.coll.Database().RunCommand(ctx, command).Decode(&reply)
		if !refused(err) {
			return reply.N, err
		}
		timer := time.NewTimer(wait/2 + rand.N(wait/2)) //nolint:gosec // a jitter
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return 0, fmt.Errorf("no server takes the write (%w): %w", told(err), ctx.Err())
		}
	}
}

// How long a refused write waits before it is sent again, at first and at most; it
// waits between half of that and all of it. An election takes some seconds.
const (
	firstWait   = 20 * time.Millisecond
	longestWait = 500 * time.Millisecond
)
