package mongo_test

import (
	"context"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"gyrfalcon/integration/servers"
	"gyrfalcon/session/mongo"
)

func TestMain(m *testing.M) { servers.Main(m) }

const (
	life = time.Hour

	// name is the collection's, in a database of each test's own.
	name = "session_data"
)

// connect returns a client of its own, as an application makes it that has read the
// documentation.
func connect(uri string) (*driver.Client, error) {
	return driver.Connect(options.Client().ApplyURI(uri).SetConnectTimeout(5 * time.Second))
}

// newCollection returns a collection in a new database of the shared server.
func newCollection(t testing.TB) *driver.Collection {
	t.Helper()
	srv := servers.SharedMongo(t)
	database := srv.NewDatabase(t)
	return srv.Open(t).Database(database).Collection(name)
}

// open returns an open adapter, closed with the test.
func open(t testing.TB, c *driver.Collection, o mongo.Options) *mongo.Adapter {
	t.Helper()
	a := mongo.New(c, o)
	t.Cleanup(func() { _ = a.Close(context.Background()) })
	if err := a.Open(t.Context()); err != nil {
		t.Fatalf("Open = %v, want nil", err)
	}
	return a
}

// insert puts documents into the collection as somebody else may have.
func insert(t testing.TB, c *driver.Collection, docs ...bson.D) {
	t.Helper()
	for _, d := range docs {
		if _, err := c.InsertOne(t.Context(), d); err != nil {
			t.Fatal(err)
		}
	}
}

// document returns what is stored under an ID, or nil.
func document(t testing.TB, c *driver.Collection, id any) bson.M {
	t.Helper()
	var found []bson.M
	cursor, err := c.Find(t.Context(), bson.D{{Key: "_id", Value: id}})
	if err == nil {
		err = cursor.All(t.Context(), &found)
	}
	if err != nil {
		t.Fatal(err)
	}
	if len(found) == 0 {
		return nil
	}
	return found[0]
}
