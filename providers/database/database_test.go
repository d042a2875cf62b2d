package database_test

import (
	"context"
	"database/sql"
	"fmt"
	"testing"

	"go.uber.org/fx"
	"go.uber.org/goleak"

	"gyrfalcon/config"
	"gyrfalcon/providers"
	"gyrfalcon/providers/database"
	"gyrfalcon/session/database/sqlite"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// An application whose sessions are kept in a table beside its own, on its own
// connection.
func Example_share() {
	cfg, err := config.Parse("gyrfalcon.yaml", []byte("session: {database: {table: visitors}}"))
	ctx := context.Background()
	open := func(lc fx.Lifecycle) (*sql.DB, error) {
		db, err := sqlite.Open(sqlite.Memory, sqlite.Options{})
		if err == nil {
			lc.Append(fx.Hook{OnStop: func(context.Context) error { return db.Close() }})
		}
		return db, err
	}
	var db *sql.DB
	app := fx.New(
		fx.NopLogger,
		fx.Error(err), // nil is no error
		fx.Provide(fx.Annotate(open, fx.ResultTags(`name:"main"`))),
		providers.Module(cfg.Session, database.Backend, providers.Share("main")),
		fx.Populate(fx.Annotate(&db, fx.ParamTags(`name:"main"`))),
	)
	fmt.Println(app.Start(ctx))
	var tables int
	err = db.QueryRowContext(ctx, "SELECT COUNT(*) FROM sqlite_master WHERE name = 'visitors'").Scan(&tables)
	fmt.Println(tables, err)
	fmt.Println(app.Stop(ctx))
	// Output:
	// <nil>
	// 1 <nil>
	// <nil>
}
