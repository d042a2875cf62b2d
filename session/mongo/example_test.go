package mongo_test

import (
	"context"
	"fmt"
	"time"

	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"gyrfalcon/di"
	"gyrfalcon/session"
	"gyrfalcon/session/mongo"
)

// As Phalcon's documentation has it, with $mongo->test->session_data.
func ExampleNew() {
	c := di.New()
	err := di.SetShared(c, "session", func(ctx context.Context, _ *di.Container) (*session.Manager, error) {
		// Create a connection to mongo
		client, err := driver.Connect(options.Client().ApplyURI("mongodb://localhost:27017"))
		if err != nil {
			return nil, err
		}

		// Passing a collection to the adapter
		m := session.New(mongo.New(client.Database("test").Collection("session_data"), mongo.Options{
			OwnClient: true, // the client is disconnected with the session
		}), session.Options{Lifetime: time.Hour})

		return m, m.Start(ctx)
	})
	fmt.Println(c.Has("session"), err)
	// Output: true <nil>
}
