package database_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"gyrfalcon/session/database"
	"gyrfalcon/session/database/sqlite"
)

// A session outlives the process that stored it.
func Example() {
	dir, err := os.MkdirTemp("", "sessions")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(dir) }()
	ctx := context.Background()

	start := func() (*database.Adapter, error) {
		db, err := sqlite.Open(filepath.Join(dir, "sessions.db"), sqlite.Options{})
		if err != nil {
			return nil, err
		}
		a := database.New(db, database.Options{Table: "session_data", OwnDB: true})
		return a, a.Open(ctx)
	}

	before, err := start()
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = before.Create(ctx, "id", []byte(`{"visits":1}`), time.Hour)
	fmt.Println(err, before.Close(ctx))

	after, err := start()
	if err != nil {
		fmt.Println(err)
		return
	}
	r, err := after.Read(ctx, "id", time.Hour)
	fmt.Println(string(r.Data), err, after.Close(ctx))

	// Output:
	// <nil> <nil>
	// {"visits":1} <nil> <nil>
}
