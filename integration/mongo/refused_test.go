package mongo_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"

	"gyrfalcon/integration/servers"
	"gyrfalcon/session"
	"gyrfalcon/session/mongo"
)

func TestOpenSaysWhyThereIsNoServer(t *testing.T) {
	t.Parallel()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0") // where nobody answers
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	guarded := servers.NewGuardedMongo(t, "hugo", "s3cret")
	at := func(account string) string { return "mongodb://" + account + guarded.Addr() }
	for _, c := range []struct {
		name, uri string
		within    time.Duration
		parts     []string
	}{
		{"nobody listens", "mongodb://127.0.0.1:1", 500 * time.Millisecond, []string{"no server that takes writes could be reached", "whether uri names it", "refused"}},
		{"nobody answers", "mongodb://" + l.Addr().String(), 500 * time.Millisecond, []string{"no server that takes writes could be reached"}},
		{"the password is wrong", at("hugo:wr0ng-one@"), time.Minute, []string{"user, password and authSource", "AuthenticationFailed"}},
		{"the user is unknown", at("nobody:wr0ng-one@"), time.Minute, []string{"user, password and authSource"}},
		{"no user is given", at(""), time.Minute, []string{"cannot change documents", `"session_data"`, `readWrite on the database "test"`, "Unauthorized"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			client, err := connect(c.uri)
			if err != nil {
				t.Fatal(err)
			}
			a := mongo.New(client.Database("test").Collection(name), mongo.Options{OwnClient: true})
			ctx, cancel := context.WithTimeout(t.Context(), c.within)
			defer cancel()
			err = a.Open(ctx)
			if closing := a.Close(t.Context()); closing != nil {
				t.Errorf("Close after the failed Open = %v, want nil", closing)
			}
			if err == nil {
				t.Fatalf("Open = nil, want an error that says %q", c.parts)
			}
			for _, part := range c.parts {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("Open = %q\nwant it to say %q", err, part)
				}
			}
			if strings.Contains(err.Error(), "wr0ng-one") {
				t.Error("the error holds the password") // and is not repeated here
			}
		})
	}
	t.Run("all is right", func(t *testing.T) {
		t.Parallel()
		client, err := connect(at("hugo:s3cret@"))
		if err != nil {
			t.Fatal(err)
		}
		open(t, client.Database("test").Collection(name), mongo.Options{OwnClient: true})
	})
}

func TestAUserWhoMayOnlyReadIsToldWhatIsMissing(t *testing.T) {
	t.Parallel()
	all, reader := servers.NewReadOnlyMongo(t)
	coll := all.Open(t).Database("test").Collection(name)
	insert(t, coll, doc("id", time.Now(), "x"))
	a := mongo.New(reader.Open(t).Database("test").Collection(name), mongo.Options{})
	err := a.Open(t.Context())
	_ = a.Close(t.Context())
	t.Logf("%s: %v", reader.Name(), err)
	for _, part := range []string{"cannot change documents", `"session_data"`, `the role readWrite on the database "test"`} {
		if !strings.Contains(fmt.Sprint(err), part) {
			t.Errorf("Open = %v\nwant it to say %q", err, part)
		}
	}
	if got := indexes(t, coll); len(got) != 0 {
		t.Errorf("there are the indexes %v, want none made", got)
	}
	// and one who may do it finds all as it was
	b := open(t, coll, mongo.Options{})
	if r, err := b.Read(t.Context(), "id", life); err != nil || string(r.Data) != "x" {
		t.Errorf("Read = %q, %v; want the session", r.Data, err)
	}
}

// listed is what the server says that the collection is.
func listed(t *testing.T, c *driver.Collection) (kind string, options bson.M) {
	t.Helper()
	cursor, err := c.Database().ListCollections(t.Context(), bson.D{{Key: "name", Value: c.Name()}})
	var all []struct {
		Type    string `bson:"type"`
		Options bson.M `bson:"options"`
	}
	if err == nil {
		err = cursor.All(t.Context(), &all)
	}
	if err != nil || len(all) != 1 {
		t.Fatalf("the server lists %d collections of the name, %v; want one", len(all), err)
	}
	return all[0].Type, all[0].Options
}

// A server that takes the command and makes a plain collection all the same, as FerretDB
// 2.7.0 does with most, has to have made one that serves.
func TestACollectionThatIsNotPlainIsRefused(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		create bson.D // options of the command
		made   func(kind string, options bson.M) bool
		part   string
	}{
		"capped": {bson.D{{Key: "capped", Value: true}, {Key: "size", Value: 4096}, {Key: "max", Value: 2}},
			func(_ string, options bson.M) bool { return options["capped"] == true }, "is capped"},
		"a time series": {bson.D{{Key: "timeseries", Value: bson.D{{Key: "timeField", Value: "modified"}}}},
			func(kind string, _ bson.M) bool { return kind == "timeseries" }, "is a timeseries"},
		"with a collation": {bson.D{{Key: "collation", Value: bson.D{{Key: "locale", Value: "en"}, {Key: "strength", Value: 2}}}},
			func(_ string, options bson.M) bool { return options["collation"] != nil }, "has the collation"},
		"a view": {bson.D{{Key: "viewOn", Value: "others"}, {Key: "pipeline", Value: bson.A{}}},
			func(kind string, _ bson.M) bool { return kind == "view" }, "is a view"},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			coll := newCollection(t)
			if err := coll.Database().RunCommand(t.Context(), append(bson.D{{Key: "create", Value: name}}, c.create...)).Err(); err != nil {
				t.Fatal(err)
			}
			kind, options := listed(t, coll)
			t.Logf("asked for %v, %s has made a %s with the options %v", c.create, servers.SharedMongo(t).Name(), kind, options)
			if !c.made(kind, options) {
				wantPlain(t, coll)
				return
			}
			a := mongo.New(coll, mongo.Options{})
			err := a.Open(t.Context())
			_ = a.Close(t.Context())
			if err == nil || !strings.Contains(err.Error(), `"session_data" `+c.part) {
				t.Errorf("Open = %v, want an error that says that it %s", err, c.part)
			}
		})
	}
}

// wantPlain wants a collection to keep what is put there: many sessions, large ones, and
// two whose IDs differ in case.
func wantPlain(t *testing.T, coll *driver.Collection) {
	t.Helper()
	a := open(t, coll, mongo.Options{})
	ids := []string{"id", "ID", "other"}
	for _, id := range ids {
		if _, err := a.Create(t.Context(), id, []byte(strings.Repeat(id, 5000)), life); err != nil {
			t.Errorf("Create = %v, want nil", err)
		}
	}
	for _, id := range ids {
		r, err := a.Read(t.Context(), id, life)
		if err != nil || string(r.Data) != strings.Repeat(id, 5000) {
			t.Errorf("Read of the session %q = %d bytes, %v; want all of it", id, len(r.Data), err)
			continue
		}
		if _, err := a.Swap(t.Context(), id, session.Record{Data: r.Data, Version: r.Version, Expires: r.Expires}, []byte("y"), life); err != nil {
			t.Errorf("Swap = %v, want nil", err)
		}
	}
}

// A server that is no router of a cluster shards nothing, and says so.
func TestACollectionThatIsShardedByAnotherFieldIsRefused(t *testing.T) {
	t.Parallel()
	coll := newCollection(t)
	admin := coll.Database().Client().Database("admin")
	err := admin.RunCommand(t.Context(), bson.D{
		{Key: "shardCollection", Value: coll.Database().Name() + "." + name}, {Key: "key", Value: bson.D{{Key: "region", Value: "hashed"}}},
	}).Err()
	t.Logf("asked to shard a collection, %s says: %v", servers.SharedMongo(t).Name(), err)
	if refusal, ok := errors.AsType[driver.CommandError](err); ok && refusal.Name == "CommandNotFound" {
		wantPlain(t, coll)
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	a := mongo.New(coll, mongo.Options{})
	err = a.Open(t.Context())
	_ = a.Close(t.Context())
	if err == nil || !strings.Contains(err.Error(), "is sharded by") {
		t.Errorf("Open = %v, want an error that names the key", err)
	}
}
