package servers_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"gyrfalcon/integration/servers"
)

func documents(t *testing.T, c *mongo.Collection) int64 {
	t.Helper()
	n, err := c.CountDocuments(t.Context(), bson.D{})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestTheSharedMongoSaysWhatItIs(t *testing.T) {
	t.Parallel()
	srv := servers.SharedMongo(t)
	if !strings.Contains(srv.Name(), "MongoDB ") || srv.Addr() == "" {
		t.Errorf("the server's name is %q and its address %q, want its version, and an address", srv.Name(), srv.Addr())
	}
	c := srv.Open(t).Database(srv.NewDatabase(t)).Collection("c")
	if _, err := c.InsertOne(t.Context(), bson.D{}); err != nil || documents(t, c) != 1 {
		t.Errorf("an insert into a new database: %v, and it has %d documents; want nil and 1", err, documents(t, c))
	}
}

func TestAMongoThatWasKilledHasWhatItAcknowledged(t *testing.T) {
	t.Parallel()
	srv := servers.NewMongo(t)
	c := srv.Open(t).Database(srv.NewDatabase(t)).Collection("c")
	want := int64(0)
	for range 2 {
		for range 20 {
			if _, err := c.InsertOne(t.Context(), bson.D{}); err != nil {
				t.Fatal(err)
			}
			want++
		}
		srv.Kill(t)
		if srv.Running() {
			t.Fatal("the server runs after Kill")
		}
		srv.Start(t)
		if got := documents(t, c); got != want {
			t.Fatalf("after a kill it has %d documents, want the %d that it acknowledged", got, want)
		}
	}
}

func TestAPausedMongoAnswersNobodyUntilItIsResumed(t *testing.T) {
	t.Parallel()
	srv := servers.NewMongo(t)
	client := srv.Open(t)
	ping := func(patience time.Duration) error {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		return client.Ping(ctx, nil)
	}
	if err := ping(patience); err != nil {
		t.Fatal(err)
	}
	srv.Pause(t)
	if err := ping(100 * time.Millisecond); err == nil {
		t.Error("a paused server has answered")
	}
	srv.Resume(t)
	if err := ping(patience); err != nil {
		t.Errorf("after Resume: %v, want nil", err)
	}
}

func TestAGuardedMongoKnowsOneUser(t *testing.T) {
	t.Parallel()
	srv := servers.NewGuardedMongo(t, "hugo", "s3cret")
	for _, c := range []struct {
		user, password string
		ok             bool
	}{{"hugo", "s3cret", true}, {"hugo", "wrong", false}, {"", "", false}} {
		o := options.Client()
		if c.user != "" {
			o.SetAuth(options.Credential{Username: c.user, Password: c.password})
		}
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		_, err := srv.Open(t, o).Database("test").ListCollectionNames(ctx, bson.D{})
		cancel()
		if (err == nil) != c.ok {
			t.Errorf("user %q, password %q: %v, want success: %v", c.user, c.password, err, c.ok)
		}
	}
}

func TestAReaderOfAMongoReadsAllAndChangesNothing(t *testing.T) {
	t.Parallel()
	all, reader := servers.NewReadOnlyMongo(t)
	mine, theirs := all.Open(t).Database("test").Collection("c"), reader.Open(t).Database("test").Collection("c")
	if _, err := mine.InsertOne(t.Context(), bson.D{{Key: "_id", Value: "a"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := theirs.InsertOne(t.Context(), bson.D{{Key: "_id", Value: "b"}}); err == nil {
		t.Error("the reader's insert succeeds, want it refused")
	}
	if n := documents(t, theirs); n != 1 {
		t.Errorf("the reader sees %d documents, want the one", n)
	}
	if _, err := theirs.DeleteMany(t.Context(), bson.D{}); err == nil || documents(t, mine) != 1 {
		t.Errorf("the reader's delete: %v, and %d documents are left; want an error and one", err, documents(t, mine))
	}
}
