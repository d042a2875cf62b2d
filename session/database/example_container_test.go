package database_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"gyrfalcon/di"
	"gyrfalcon/session"
	"gyrfalcon/session/database"
	"gyrfalcon/session/database/sqlite"
)

// Phalcon's $di->set('session', function() { … }) in Go: the connection, the adapter on
// its table, the started service, registered as "session".
func Example_container() {
	folder, err := os.MkdirTemp("", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(folder) }()

	c := di.New()
	err = di.SetShared(c, "session", func(ctx context.Context, _ *di.Container) (*session.Manager, error) {
		// Create a connection
		connection, err := sqlite.Open(filepath.Join(folder, "test.db"), sqlite.Options{})
		if err != nil {
			return nil, err
		}
		m := session.New(database.New(connection, database.Options{
			Table: "session_data",
			OwnDB: true, // the connection is closed with the session
		}), session.Options{Lifetime: time.Hour})
		return m, m.Start(ctx)
	})
	if err != nil {
		fmt.Println(err)
		return
	}

	ctx := context.Background()
	defer func() { _ = c.Stop(ctx) }()
	sessions, err := di.Get[*session.Manager](ctx, c, "session")
	if err != nil {
		fmt.Println(err)
		return
	}
	s, err := sessions.Load(ctx, "") // in a handler: sessions.From(r.Context())
	if err != nil {
		fmt.Println(err)
		return
	}
	_ = s.Set("auth", "ada")
	fmt.Println(s.Commit(ctx))
	auth, err := session.Get[string](s, "auth")
	fmt.Println(auth, err)
	// Output:
	// <nil>
	// ada <nil>
}
