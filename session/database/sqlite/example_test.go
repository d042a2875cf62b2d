package sqlite_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"gyrfalcon/session/database/sqlite"
)

// The file is made by the first connection, for its owner's eyes only.
func ExampleOpen() {
	folder, err := os.MkdirTemp("", "sessions")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(folder) }()

	path := filepath.Join(folder, "sessions.db")
	db, err := sqlite.Open(path, sqlite.Options{Synchronous: sqlite.Full})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = db.Close() }()
	if err := db.PingContext(context.Background()); err != nil {
		fmt.Println(err)
		return
	}
	info, err := os.Stat(path)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(info.Mode())
	// Output: -rw-------
}
