package database_test

import (
	"context"
	"testing"
	"time"

	"gyrfalcon/session"
	"gyrfalcon/session/database"
	"gyrfalcon/session/database/sqlite"
	"gyrfalcon/session/sessiontest"
)

func TestHazards(t *testing.T) {
	t.Parallel()
	sessiontest.TestHazards(t, sessiontest.Harness{
		NewStore: newFile,
		Open: func(_ context.Context, store string, now func() time.Time) (session.Adapter, error) {
			db, err := sqlite.Open(store, sqlite.Options{Synchronous: sqlite.Normal})
			if err != nil {
				return nil, err
			}
			return database.New(db, database.Options{OwnDB: true, Now: now}), nil
		},
		Resolution: time.Second,
	})
}
