package mongo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// What Open sends holds no ID and no data, so that its errors may tell the
// server's own words.

// unreachable says what did not work, with what may be done about it.
func (a *Adapter) unreachable(doing string, err error) error {
	if forbidden(err) {
		return fmt.Errorf("%s: %w; grant the user the role readWrite on the database %q", doing, err, a.coll.Database().Name())
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// examineServer greets the server, and asks a router how the collection is
// sharded.
func (a *Adapter) examineServer(ctx context.Context, fit *fitness) error {
	var hello struct {
		Msg string `bson:"msg"`
	}
	if err := a.coll.Database().RunCommand(ctx, bson.D{{Key: "hello", Value: 1}}).Decode(&hello); err != nil {
		if notSent(err) {
			return fmt.Errorf("no server that takes writes could be reached; see whether uri names it, and user, password and authSource are right: %w", err)
		}
		return a.unreachable("greeting the server", err)
	}
	if hello.Msg != "isdbgrid" {
		return nil
	}
	var entry struct {
		Key     bson.Raw `bson:"key"`
		Dropped bool     `bson:"dropped"`
	}
	space := a.coll.Database().Name() + "." + a.coll.Name()
	err := a.coll.Database().Client().Database("config").Collection("collections").
		FindOne(ctx, bson.D{{Key: fieldID, Value: space}}).Decode(&entry)
	switch code, _ := answer(err); {
	case errors.Is(err, driver.ErrNoDocuments):
		return nil // not sharded
	case code == codeUnauthorized:
		fit.warn("the user may not see by what the collection %s is sharded; it must be by _id (sh.shardCollection with {_id: 1} or {_id: \"hashed\"})", space)
		return nil
	case err != nil:
		return a.unreachable("asking how the collection is sharded", err)
	case entry.Dropped:
		return nil // MongoDB 4.4 and older keep the entry of a collection that is gone
	}
	return shardedByID(space, entry.Key)
}

// shardedByID refuses another key: each shard has an index on _id of its own,
// so that two could take the same ID.
func shardedByID(space string, key bson.Raw) error {
	elements, err := key.Elements()
	if err != nil {
		return fmt.Errorf("the shard key of %s: %w", space, err)
	}
	if len(elements) == 1 && elements[0].Key() == fieldID {
		return nil
	}
	return fmt.Errorf("the collection %s is sharded by %s, so that an _id is unique on its shard only; shard it by {_id: \"hashed\"}, or name one that is not sharded", space, key)
}

// kind is what listCollections tells of the collection.
type kind struct {
	Type    string `bson:"type"`
	Options struct {
		Capped    bool     `bson:"capped"`
		Collation bson.Raw `bson:"collation"`
	} `bson:"options"`
}

func (a *Adapter) examineKind(ctx context.Context, fit *fitness) error {
	cursor, err := a.coll.Database().ListCollections(ctx, bson.D{{Key: "name", Value: a.coll.Name()}})
	if code, _ := answer(err); code == codeUnauthorized && !notSent(err) {
		fit.warn("the user may not list the collections of the database %q, so that it is not known whether %q is capped or has a collation, which it must not", a.coll.Database().Name(), a.coll.Name())
		return nil
	}
	if err != nil {
		return a.unreachable("asking what the collection is", err)
	}
	var found []kind
	if err := cursor.All(ctx, &found); err != nil {
		return a.unreachable("asking what the collection is", err)
	}
	if len(found) == 0 {
		return nil // made with the index, or with the first session
	}
	return found[0].fit(a.coll.Name())
}

func (k kind) fit(name string) error {
	switch {
	case k.Type != "" && k.Type != "collection":
		return fmt.Errorf("%q is a %s, and sessions need a plain collection; name another one", name, k.Type)
	case k.Options.Capped:
		return fmt.Errorf("the collection %q is capped: its server would remove the oldest sessions, living or not; name another one, or make it anew without capped", name)
	case len(k.Options.Collation) > 0:
		return fmt.Errorf("the collection %q has the collation %s, to which IDs and data that differ may be equal; make it anew without one", name, k.Options.Collation)
	}
	return nil
}

// examineRights has the server refuse now what it would refuse later, by writes
// that find nothing to write.
func (a *Adapter) examineRights(ctx context.Context, _ *fitness) error {
	nobody := bson.D{{Key: fieldID, Value: bson.D{{Key: "$in", Value: bson.A{}}}}}
	nothing := bson.D{{Key: "$set", Value: bson.D{{Key: fieldModified, Value: time.Unix(0, 0)}}}}
	if _, err := a.coll.UpdateMany(ctx, nobody, nothing); err != nil {
		return a.unreachable(fmt.Sprintf("the user cannot change documents of the collection %q", a.coll.Name()), err)
	}
	if _, err := a.coll.DeleteMany(ctx, nobody); err != nil {
		return a.unreachable(fmt.Sprintf("the user cannot remove documents of the collection %q", a.coll.Name()), err)
	}
	return nil
}

// examineIDs looks at the first and the last _id. In the order of an index all
// strings stand together, so these two tell whether all are strings.
func (a *Adapter) examineIDs(ctx context.Context, _ *fitness) error {
	for _, direction := range []int{1, -1} {
		var edge struct {
			ID bson.RawValue `bson:"_id"`
		}
		err := a.coll.FindOne(ctx, bson.D{}, options.FindOne().
			SetSort(bson.D{{Key: fieldID, Value: direction}}).SetProjection(bson.D{{Key: fieldID, Value: 1}})).Decode(&edge)
		switch {
		case errors.Is(err, driver.ErrNoDocuments):
			return nil
		case err != nil:
			return a.unreachable(fmt.Sprintf("the user cannot read the collection %q", a.coll.Name()), err)
		case edge.ID.Type != bson.TypeString:
			return fmt.Errorf("the collection %q has documents whose _id is of type %s, and a session's is a string: it holds something else; give the sessions a collection of their own", a.coll.Name(), edge.ID.Type)
		}
	}
	return nil
}
