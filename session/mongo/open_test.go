package mongo_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"

	"gyrfalcon/session"
	"gyrfalcon/session/mongo"
)

// wantParts looks for what a text must say.
func wantParts(t *testing.T, what, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%s = %q\nwant it to say %q", what, text, part)
		}
	}
}

// modifiedIndex is an index on modified.
func modifiedIndex(more ...bson.E) bson.D {
	return append(bson.D{field("v", 2), field("key", bson.D{field("modified", 1)}), field("name", "modified_1")}, more...)
}

// otherIndex is an index on something, of some kind.
func otherIndex(what string, kind any, more ...bson.E) bson.D {
	return append(bson.D{field("v", 2), field("key", bson.D{field(what, kind)}), field("name", "other")}, more...)
}

func collection(kind string, options ...bson.E) answer {
	return says(batch(bson.D{field("name", "session_data"), field("type", kind), field("options", append(bson.D{}, options...))}))
}

func TestOpenNamesTheMend(t *testing.T) {
	t.Parallel()
	unauthorized := says(refusal(13, "Unauthorized", "not authorized on test"))
	router := func(key bson.D) map[string]answer {
		return map[string]answer{"find": func(command bson.Raw) bson.D {
			if command.Lookup("find").StringValue() == "collections" {
				return batch(bson.D{field("_id", "test.session_data"), field("key", key)})
			}
			return batch()
		}}
	}
	for _, c := range []struct {
		name    string
		answers map[string]answer
		options mongo.Options
		router  bool
		parts   []string
	}{
		{name: "capped", answers: map[string]answer{"listCollections": collection("collection", field("capped", true), field("size", 4096))},
			parts: []string{`"session_data" is capped`, "make it anew without capped"}},
		{name: "a view", answers: map[string]answer{"listCollections": collection("view")},
			parts: []string{`"session_data" is a view`, "name another one"}},
		{name: "a time series", answers: map[string]answer{"listCollections": collection("timeseries")},
			parts: []string{`"session_data" is a timeseries`}},
		{name: "a collation", answers: map[string]answer{"listCollections": collection("collection", field("collation", bson.D{field("locale", "en"), field("strength", 2)}))},
			parts: []string{"has the collation", `"en"`, "make it anew without one"}},
		{name: "_id of another type", answers: map[string]answer{"find": says(batch(bson.D{field("_id", bson.NewObjectID())}))},
			parts: []string{"_id is of type objectID", "a collection of their own"}},
		{name: "may not write", answers: map[string]answer{"update": unauthorized},
			parts: []string{"cannot change documents", `"session_data"`, `readWrite on the database "test"`}},
		{name: "may not remove", answers: map[string]answer{"delete": unauthorized},
			parts: []string{"cannot remove documents", "readWrite"}},
		{name: "may not read", answers: map[string]answer{"find": unauthorized},
			parts: []string{"cannot read the collection", "readWrite"}},
		{name: "a TTL index that is too short", options: mongo.Options{Lifetime: time.Hour},
			answers: map[string]answer{"listIndexes": says(batch(modifiedIndex(field("expireAfterSeconds", 60))))},
			parts:   []string{`"modified_1"`, "60 s", "1h0m0s", `collMod: "session_data"`, "expireAfterSeconds: 7200"}},
		{name: "a partial TTL index that is too short", options: mongo.Options{Lifetime: time.Hour},
			answers: map[string]answer{"listIndexes": says(batch(modifiedIndex(field("expireAfterSeconds", 60), field("partialFilterExpression", bson.D{field("x", 1)}))))},
			parts:   []string{"60 s"}},
		{name: "a TTL index with another time", options: mongo.Options{Lifetime: time.Hour, TTLIndex: true},
			answers: map[string]answer{"listIndexes": says(batch(modifiedIndex(field("expireAfterSeconds", 86400))))},
			parts:   []string{"ttl_index", "7200 s", `"modified_1" with 86400 s`, `dropIndex("modified_1")`, "leave ttl_index out"}},
		{name: "a TTL index for some documents", options: mongo.Options{Lifetime: time.Hour, TTLIndex: true},
			answers: map[string]answer{"listIndexes": says(batch(modifiedIndex(field("expireAfterSeconds", 7200), field("partialFilterExpression", bson.D{field("x", 1)}))))},
			parts:   []string{"for some of them only", "dropIndex"}},
		{name: "a TTL index that leaves some out", options: mongo.Options{Lifetime: time.Hour, TTLIndex: true},
			answers: map[string]answer{"listIndexes": says(batch(modifiedIndex(field("expireAfterSeconds", 7200), field("sparse", true))))},
			parts:   []string{"for some of them only", "dropIndex"}},
		{name: "a unique index on the time", answers: map[string]answer{"listIndexes": says(batch(modifiedIndex(field("unique", true))))},
			parts: []string{`"modified_1" is unique`, `db.session_data.dropIndex("modified_1")`}},
		{name: "a unique and sparse index on the time", answers: map[string]answer{"listIndexes": says(batch(modifiedIndex(field("unique", true), field("sparse", true))))},
			parts: []string{`"modified_1" is unique`}},
		{name: "an index of places on the time", answers: map[string]answer{"listIndexes": says(batch(otherIndex("modified", "2dsphere")))},
			parts: []string{`"other" is one of places`, `dropIndex("other")`}},
		{name: "an index of places on the data", answers: map[string]answer{"listIndexes": says(batch(otherIndex("data", "2d")))},
			parts: []string{`"other" is one of places`}},
		{name: "a unique index on what no session has", answers: map[string]answer{"listIndexes": says(batch(otherIndex("user", 1, field("unique", true))))},
			parts: []string{`"other" is unique`}},
		{name: "sharded by something else", router: true, answers: router(bson.D{field("region", 1)}),
			parts: []string{"test.session_data", `"region"`, `{_id: "hashed"}`}},
		{name: "sharded by _id and something else", router: true, answers: router(bson.D{field("_id", 1), field("region", 1)}),
			parts: []string{"unique on its shard only"}},
		{name: "options", options: mongo.Options{TTLIndex: true}, parts: []string{"ttl_index", "Options.Lifetime"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			if c.router {
				s.greets(field("msg", "isdbgrid"))
			}
			for command, a := range c.answers {
				s.on(command, a)
			}
			a := mongo.New(s.collection(), c.options)
			err := a.Open(t.Context())
			if closing := a.Close(t.Context()); closing != nil {
				t.Errorf("Close after the failed Open = %v, want nil", closing)
			}
			if err == nil {
				t.Fatalf("Open = nil, want an error that says %q", c.parts)
			}
			wantParts(t, "Open", err.Error(), c.parts...)
			if n := len(s.commands("createIndexes")); n != 0 {
				t.Errorf("Open has made %d indexes in a collection that it refuses, want none", n)
			}
		})
	}
}

func TestOpenTakesAShardedCollectionThatServes(t *testing.T) {
	t.Parallel()
	for _, entry := range []bson.D{
		{field("key", bson.D{field("_id", 1)})},
		{field("key", bson.D{field("_id", "hashed")})},
		{field("key", bson.D{field("region", 1)}), field("dropped", true)}, // MongoDB 4.4 and older keep it
		nil,
	} {
		s := newServer(t)
		s.greets(field("msg", "isdbgrid"))
		s.on("find", func(command bson.Raw) bson.D {
			if command.Lookup("find").StringValue() == "collections" && entry != nil {
				return batch(append(bson.D{field("_id", "test.session_data")}, entry...))
			}
			return batch()
		})
		if w := s.open(mongo.Options{}).Warnings(); len(w) != 0 {
			t.Errorf("with the entry %v: Open has the warnings %q, want none", entry, w)
		}
	}
}

func TestOpenMakesTheIndexThatIsMissing(t *testing.T) {
	t.Parallel()
	ttl := mongo.Options{TTLIndex: true, Lifetime: time.Hour}
	for _, c := range []struct {
		name    string
		options mongo.Options
		have    bson.D
		want    string // the name of the index that is made
		clears  bool   // the server does
	}{
		{"a plain one", mongo.Options{}, nil, "modified_1", false},
		{"none where there is one", mongo.Options{}, modifiedIndex(), "", false},
		{"none where one begins with it", mongo.Options{}, bson.D{field("key", bson.D{field("modified", -1), field("x", 1)}), field("name", "both")}, "", false},
		{"a plain one beside one that is partial", mongo.Options{}, otherIndex("modified", 1, field("partialFilterExpression", bson.D{field("x", 1)})), "modified_1", false},
		{"a plain one beside one that is sparse", mongo.Options{}, otherIndex("modified", 1, field("sparse", true)), "modified_1", false},
		{"a plain one beside one that is hashed", mongo.Options{}, otherIndex("modified", "hashed"), "modified_1", false},
		{"a plain one beside one of all fields", mongo.Options{}, otherIndex("$**", 1), "modified_1", false},
		{"a plain one beside one of it and all fields", mongo.Options{}, bson.D{field("key", bson.D{field("modified", 1), field("$**", 1)}), field("name", "other")}, "modified_1", false},
		{"a plain one beside one of it and text", mongo.Options{}, bson.D{field("key", bson.D{field("modified", 1), field("_fts", "text"), field("_ftsx", 1)}), field("name", "other")}, "modified_1", false},
		{"a plain one beside one that has its name", mongo.Options{}, modifiedIndex(field("sparse", true)), "modified_1_gyrfalcon", false},
		{"none where one is written with other numbers", mongo.Options{}, otherIndex("modified", -1.0), "", false},
		{"none where a unique one has an _id too", mongo.Options{}, bson.D{field("key", bson.D{field("modified", 1), field("_id", 1)}), field("name", "other"), field("unique", true)}, "", false},
		{"a plain one beside a unique one that leaves sessions out", mongo.Options{}, otherIndex("user", 1, field("unique", true), field("sparse", true)), "modified_1", false},
		{"none where a TTL index is long enough", mongo.Options{Lifetime: time.Hour}, modifiedIndex(field("expireAfterSeconds", 3600)), "", false},
		{"a TTL index", ttl, nil, "modified_ttl", true},
		{"a TTL index beside one that is hashed", ttl, otherIndex("modified", "hashed"), "modified_ttl", true},
		{"a TTL index beside one that is sparse", ttl, otherIndex("modified", 1, field("sparse", true)), "modified_ttl", true},
		{"a TTL index beside one that descends", ttl, otherIndex("modified", -1), "modified_ttl", true},
		{"a TTL index beside one that has its name", ttl, bson.D{field("key", bson.D{field("modified", "hashed")}), field("name", "modified_ttl")}, "modified_ttl_gyrfalcon", true},
		{"none where there is that TTL index", ttl, modifiedIndex(field("expireAfterSeconds", 7200)), "", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			if c.have != nil {
				s.on("listIndexes", says(batch(c.have)))
			}
			a := mongo.New(s.collection(), c.options)
			t.Cleanup(func() { _ = a.Close(t.Context()) })
			if err := a.Open(t.Context()); err != nil {
				t.Fatalf("Open = %v, want nil", err)
			}
			if w := a.Warnings(); len(w) != 0 {
				t.Errorf("Open has the warnings %q, want none", w)
			}
			made := ""
			for _, command := range s.commands("createIndexes") {
				made += command.Lookup("indexes", "0", "name").StringValue()
				seconds, _ := command.Lookup("indexes", "0", "expireAfterSeconds").AsInt64OK()
				if want := map[bool]int64{true: 7200}[c.clears]; seconds != want {
					t.Errorf("the index that is made expires after %d s, want %d", seconds, want)
				}
			}
			if made != c.want {
				t.Errorf("Open has made the index %q, want %q", made, c.want)
			}
			s.forget()
			if _, _, err := a.GC(t.Context(), time.Hour, 10); err != nil {
				t.Fatal(err)
			}
			searches := map[bool]int{false: 2, true: 1}[c.clears] // for what has expired, and for what has no time yet
			if n := len(s.commands("find")); n != searches {
				t.Errorf("GC has searched %d times, want %d", n, searches)
			}
		})
	}
}

func TestOpenWarnsOnceOfWhatItMayNotDo(t *testing.T) {
	t.Parallel()
	unauthorized := says(refusal(13, "Unauthorized", "not authorized on test"))
	ttl := mongo.Options{TTLIndex: true, Lifetime: time.Hour}
	for _, c := range []struct {
		name    string
		answers map[string]answer
		options mongo.Options
		router  bool
		parts   []string
	}{
		{"make an index", map[string]answer{"createIndexes": unauthorized}, mongo.Options{}, false,
			[]string{"index on modified could not be made", "createIndex({modified: 1})", "not authorized"}},
		{"make a TTL index", map[string]answer{"createIndexes": unauthorized}, ttl, false,
			[]string{"TTL index", "cleared by GC instead", `createIndex({modified: 1}, {name: "modified_ttl", expireAfterSeconds: 7200})`}},
		{"make a TTL index on this server", map[string]answer{"createIndexes": func(command bson.Raw) bson.D {
			if _, err := command.LookupErr("indexes", "0", "expireAfterSeconds"); err == nil {
				return refusal(238, "NotImplemented", `Index option "expireAfterSeconds" is not implemented yet`)
			}
			return ok()
		}}, ttl, false, []string{"NotImplemented", "cleared by GC instead"}},
		{"make a TTL index beside another", map[string]answer{"listIndexes": says(batch(modifiedIndex()))}, ttl, false,
			[]string{`"modified_1"`, "stands in the way", `dropIndex("modified_1")`}},
		{"use an index that is hidden", map[string]answer{"listIndexes": says(batch(modifiedIndex(field("hidden", true))))}, mongo.Options{}, false,
			[]string{`"modified_1"`, "is hidden", `unhideIndex("modified_1")`}},
		{"list the collections", map[string]answer{"listCollections": unauthorized}, mongo.Options{}, false,
			[]string{"may not list the collections", "capped"}},
		{"list the indexes", map[string]answer{"listIndexes": unauthorized}, mongo.Options{}, false,
			[]string{"may not list the indexes", "TTL index"}},
		{"see how it is sharded", map[string]answer{"find": func(command bson.Raw) bson.D {
			if command.Lookup("find").StringValue() == "collections" {
				return refusal(13, "Unauthorized", "not authorized on config")
			}
			return batch()
		}}, mongo.Options{}, true, []string{"test.session_data", "must be by _id"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			if c.router {
				s.greets(field("msg", "isdbgrid"))
			}
			for command, a := range c.answers {
				s.on(command, a)
			}
			a := s.open(c.options)
			warnings := a.Warnings()
			if len(warnings) != 1 {
				t.Fatalf("Open has the warnings %q, want one", warnings)
			}
			wantParts(t, "the warning", warnings[0], c.parts...)
			// and the sessions are cleared all the same
			s.on("find", func(command bson.Raw) bson.D {
				if never(command) {
					return batch()
				}
				return batch(bson.D{field("_id", "a")})
			})
			if n, more, err := a.GC(t.Context(), time.Hour, 10); n != 1 || more || err != nil {
				t.Errorf("GC = %d, %v, %v; want 1, false, nil", n, more, err)
			}
		})
	}
}

// Where the lifetime is not known at Open, each call knows it.
func TestALifeThatATTLIndexWouldCutShortIsRefused(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.on("listIndexes", says(batch(modifiedIndex(field("expireAfterSeconds", 60)))))
	a := s.open(mongo.Options{})
	if _, err := a.Create(t.Context(), secretID, nil, time.Minute); err != nil {
		t.Errorf("Create for a minute = %v, want nil", err)
	}
	s.forget()
	_, err := a.Create(t.Context(), secretID, nil, time.Hour)
	if err == nil || len(s.commands("insert")) != 0 {
		t.Fatalf("Create for an hour = %v after %d inserts, want an error and none", err, len(s.commands("insert")))
	}
	wantParts(t, "Create", err.Error(), "60 s", "1h0m0s", "collMod")
}

func TestOptionsThatCannotStandAreRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		o    mongo.Options
		want []string
	}{
		{mongo.Options{}, nil},
		{mongo.Options{TTLIndex: true, Lifetime: time.Second, WriteConcern: writeconcern.W1()}, nil},
		{mongo.Options{TTLIndex: true}, []string{"ttl_index"}},
		{mongo.Options{TTLIndex: true, Lifetime: 100 * 365 * 24 * time.Hour}, []string{"ttl_index"}},
		{mongo.Options{TTLIndex: true, WriteConcern: writeconcern.Unacknowledged()}, []string{"ttl_index", "uri"}},
	} {
		var got []string
		err := c.o.Validate()
		if joined, ok := err.(interface{ Unwrap() []error }); ok {
			for _, e := range joined.Unwrap() {
				if oe, ok := errors.AsType[*session.OptionError](e); ok {
					got = append(got, oe.Option)
				}
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("Validate of %+v refuses %q (%v), want %q", c.o, got, err, c.want)
		}
	}
}
