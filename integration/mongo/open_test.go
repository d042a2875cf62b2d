package mongo_test

import (
	"errors"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"gyrfalcon/session/mongo"
)

// indexes returns the collection's indexes on modified, and after how many seconds
// each removes a document.
func indexes(t *testing.T, c *driver.Collection) map[string]int64 {
	t.Helper()
	cursor, err := c.Indexes().List(t.Context())
	var all []struct {
		Name   string         `bson:"name"`
		Key    bson.Raw       `bson:"key"`
		Expire *bson.RawValue `bson:"expireAfterSeconds"`
	}
	if err == nil {
		err = cursor.All(t.Context(), &all)
	}
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]int64{}
	for _, i := range all {
		if _, err := i.Key.LookupErr("modified"); err != nil {
			continue
		}
		found[i.Name] = 0
		if i.Expire != nil {
			found[i.Name], _ = i.Expire.AsInt64OK()
		}
	}
	return found
}

func TestOpenMakesTheIndexOnce(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		options mongo.Options
		index   string
		seconds int64
	}{
		{"for GC", mongo.Options{}, "modified_1", 0},
		{"for the server", mongo.Options{TTLIndex: true, Lifetime: life}, "modified_ttl", 7200},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			coll := newCollection(t)
			for range 2 {
				a := open(t, coll, c.options)
				if w := a.Warnings(); len(w) != 0 {
					t.Errorf("Open has the warnings %q, want none", w)
				}
				if got := indexes(t, coll); len(got) != 1 || got[c.index] != c.seconds {
					t.Errorf("the indexes on modified are %v, want %s with %d s", got, c.index, c.seconds)
				}
			}
		})
	}
}

// What begins with modified need not find all sessions by their time: a hashed index has no
// order, and a sparse or a partial one leaves some out.
func TestAnIndexThatCannotServeIsNotTakenForOneThatCan(t *testing.T) {
	t.Parallel()
	field := func(key string, value any) bson.E { return bson.E{Key: key, Value: value} }
	modified := func(kind any, more ...bson.E) bson.D {
		return append(bson.D{field("key", bson.D{field("modified", kind)}), field("name", "modified_1")}, more...)
	}
	for what, c := range map[string]struct {
		index bson.D
		made  string // by Open
	}{
		"hashed":                {modified("hashed"), "modified_1_gyrfalcon"},
		"sparse":                {modified(1, field("sparse", true)), "modified_1_gyrfalcon"},
		"partial":               {modified(1, field("partialFilterExpression", bson.D{field("user", bson.D{field("$exists", true)})})), "modified_1_gyrfalcon"},
		"of text":               {bson.D{field("key", bson.D{field("modified", "text")}), field("name", "words")}, "modified_1"},
		"of another field":      {bson.D{field("key", bson.D{field("user", 1), field("modified", 1)}), field("name", "users")}, "modified_1"},
		"in descending order":   {modified(-1), ""},
		"of the time and more":  {bson.D{field("key", bson.D{field("modified", 1), field("user", 1)}), field("name", "both")}, ""},
		"with an odd direction": {modified(2.5), ""},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			coll, clock := newCollection(t), newClock()
			err := coll.Database().RunCommand(t.Context(), bson.D{field("createIndexes", name), field("indexes", bson.A{c.index})}).Err()
			if err != nil {
				t.Fatal(err)
			}
			before := indexes(t, coll)
			a := open(t, coll, mongo.Options{Now: clock.Now})
			if w := a.Warnings(); len(w) != 0 {
				t.Errorf("Open has the warnings %q, want none", w)
			}
			made := ""
			for i := range indexes(t, coll) {
				if _, there := before[i]; !there {
					made += i
				}
			}
			if made != c.made {
				t.Errorf("Open has made the index %q, want %q", made, c.made)
			}
			insert(t, coll, doc("expired", clock.Now().Add(-2*life), "x"), without("modified", doc("without a time", nil, "x")))
			if n, _, err := a.GC(t.Context(), life, 10); n != 1 || err != nil {
				t.Errorf("GC = %d, %v; want 1, nil", n, err)
			}
			if got := document(t, coll, "without a time")["modified"]; got != bson.NewDateTimeFromTime(clock.Now()) {
				t.Errorf("a session without a time has %v after GC, want now, %v", got, clock.Now())
			}
		})
	}
}

func TestAnIndexThatWouldRefuseSessionsIsToldAndItsMendHelps(t *testing.T) {
	t.Parallel()
	for what, index := range map[string]driver.IndexModel{
		"is unique":        {Keys: bson.D{{Key: "modified", Value: 1}}, Options: options.Index().SetName("other").SetUnique(true)},
		"is one of places": {Keys: bson.D{{Key: "modified", Value: "2dsphere"}}, Options: options.Index().SetName("other")},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			coll := newCollection(t)
			if _, err := coll.Indexes().CreateOne(t.Context(), index); err != nil {
				t.Fatal(err)
			}
			now := newClock().Now()
			insert(t, coll, doc("a", nil, "x"))
			_, _ = coll.UpdateMany(t.Context(), bson.D{}, bson.D{{Key: "$set", Value: bson.D{{Key: "modified", Value: now}}}})
			if _, err := coll.InsertOne(t.Context(), doc("b", now, "x")); err == nil {
				t.Error("the server has stored two sessions, want it to refuse one: this shows nothing")
			}
			a := mongo.New(coll, mongo.Options{})
			err := a.Open(t.Context())
			_ = a.Close(t.Context())
			if err == nil || !strings.Contains(err.Error(), what) || !strings.Contains(err.Error(), `db.session_data.dropIndex("other")`) {
				t.Fatalf("Open = %v, want an error that says what the index is, and to drop it", err)
			}
			if err := coll.Indexes().DropOne(t.Context(), "other"); err != nil {
				t.Fatal(err)
			}
			open(t, coll, mongo.Options{})
		})
	}
}

func TestAPlainIndexOfOursStandsInTheWayOfATTLIndexAndIsToldOf(t *testing.T) {
	t.Parallel()
	coll := newCollection(t)
	open(t, coll, mongo.Options{})
	a := open(t, coll, mongo.Options{TTLIndex: true, Lifetime: life})
	if w := a.Warnings(); len(w) != 1 || !strings.Contains(w[0], `dropIndex("modified_1")`) {
		t.Fatalf("Open has the warnings %q, want one that names the index to drop", w)
	}
	// and what it says helps
	if err := coll.Indexes().DropOne(t.Context(), "modified_1"); err != nil {
		t.Fatal(err)
	}
	if w := open(t, coll, mongo.Options{TTLIndex: true, Lifetime: life}).Warnings(); len(w) != 0 {
		t.Errorf("Open has the warnings %q, want none", w)
	}
}

func TestATTLIndexThatWouldRemoveLivingSessionsIsRefusedAndItsMendHelps(t *testing.T) {
	t.Parallel()
	coll := newCollection(t)
	if _, err := coll.Indexes().CreateOne(t.Context(), driver.IndexModel{
		Keys: bson.D{{Key: "modified", Value: 1}}, Options: options.Index().SetName("cleaner").SetExpireAfterSeconds(60),
	}); err != nil {
		t.Fatal(err)
	}
	a := mongo.New(coll, mongo.Options{Lifetime: life})
	err := a.Open(t.Context())
	_ = a.Close(t.Context())
	const mend = `db.runCommand({collMod: "session_data", index: {name: "cleaner", expireAfterSeconds: 7200}})`
	if err == nil || !strings.Contains(err.Error(), mend) {
		t.Fatalf("Open = %v, want an error that says %s", err, mend)
	}
	if err := coll.Database().RunCommand(t.Context(), bson.D{
		{Key: "collMod", Value: name}, {Key: "index", Value: bson.D{{Key: "name", Value: "cleaner"}, {Key: "expireAfterSeconds", Value: 7200}}},
	}).Err(); err != nil {
		t.Fatal(err)
	}
	open(t, coll, mongo.Options{Lifetime: life})
	open(t, coll, mongo.Options{Lifetime: life, TTLIndex: true})
}

func TestACollectionOfSomethingElseIsRefused(t *testing.T) {
	t.Parallel()
	for kind, id := range map[string]any{"objectID": bson.NewObjectID(), "32-bit integer": int32(7)} {
		coll := newCollection(t)
		insert(t, coll, doc("a string too", nil, "x"), doc(id, nil, "x"))
		a := mongo.New(coll, mongo.Options{})
		err := a.Open(t.Context())
		_ = a.Close(t.Context())
		if err == nil || !strings.Contains(err.Error(), kind) || !strings.Contains(err.Error(), "a collection of their own") {
			t.Errorf("Open of a collection with an _id of type %s = %v, want an error that names the type and the mend", kind, err)
		}
		if document(t, coll, id) == nil {
			t.Error("the document is gone, want it left")
		}
	}
}

func TestANilCollectionIsTold(t *testing.T) {
	t.Parallel()
	a := mongo.New(nil, mongo.Options{})
	err := a.Open(t.Context())
	if err == nil || !strings.Contains(err.Error(), "no *mongo.Collection") {
		t.Errorf("Open = %v, want an error that says so", err)
	}
	if err := errors.Join(a.Close(t.Context()), a.Close(t.Context())); err != nil {
		t.Errorf("Close = %v, want nil", err)
	}
}
