package database_test

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"

	"go.uber.org/fx"
	"go.uber.org/goleak"

	"gyrfalcon/config"
	"gyrfalcon/providers"
	"gyrfalcon/providers/database"
	"gyrfalcon/providers/internal/yamltest"
	"gyrfalcon/session/database/sqlite"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// build prepares an application with this block, and returns what is wrong with it.
func build(block string, more ...providers.Option) error {
	return yamltest.Graph("session:\n  database: "+block+"\n", append(more, database.Backend),
		fx.Supply(fx.Annotate(&sql.DB{}, fx.ResultTags(`name:"main"`))))
}

func TestABlockThatCannotStandIsRefusedInItsPlace(t *testing.T) {
	t.Parallel()
	shared := []providers.Option{providers.Share("main")}
	for _, c := range []struct {
		block string
		more  []providers.Option
		parts []string
	}{
		{"{driver: mariadb}", nil, []string{":2:22: session.database.driver", "driver: mysql"}},
		{"{driver: mysql}", nil, []string{":2:3: session.database.dbname", "dbname: test"}},
		{"{driver: mysql, dbname: test, path: x.db}", nil, []string{":2:49: session.database.path", "driver: sqlite"}},
		{"{driver: mysql, dbname: test, synchronous: full}", nil, []string{"session.database.synchronous", "driver: sqlite"}},
		{"{host: localhost}", nil, []string{":2:20: session.database.host", "driver: mysql"}},
		{"{timezone: Europe/Kyiv}", nil, []string{"session.database.timezone", "driver: mysql"}},
		{"{driver: mysql, dbname: test, timezone: Europe/Kiew}", nil, []string{":2:53: session.database.timezone", "date.timezone"}},
		{"{driver: mysql, dbname: test, charset: latin-1}", nil, []string{"session.database.charset", "utf8mb4"}},
		{"{driver: mysql, dbname: test, port: 66000}", nil, []string{":2:49: session.database.port", "3306"}},
		{"{driver: mysql, dbname: test, max_open_conn: 5}", nil, []string{"max_open_conns"}},
		{"{driver: mysql, dbname: test, lock_timeout: 100ms}", nil, []string{"session.database.lock_timeout", "whole seconds"}},
		{`{driver: mysql, dsn: "root:hunter2@nowhere"}`, nil, []string{":2:34: session.database.dsn", "user:password@tcp"}},
		{`{driver: mysql, dsn: "root@tcp(localhost)/test", password: hunter2}`, nil, []string{"session.database.password", "dsn"}},
		{"{driver: mysql}", shared, []string{":2:22: session.database.driver", "providers.Share"}},
		{"{password: hunter2}", shared, []string{"session.database.password", "providers.Share"}},
		{"{path: x.db}", shared, []string{"session.database.path", "providers.Share"}},
	} {
		yamltest.Refuses(t, c.block, build(c.block, c.more...), c.parts...)
	}
}

func TestBlocksThatStand(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		block string
		more  []providers.Option
	}{
		{block: "{}"},
		{block: "{driver: mysql, host: localhost, username: root, password: secret, dbname: test}"},
		{block: "{driver: mysql, socket: /run/mysqld/mysqld.sock, dbname: test, tls: skip-verify, charset: latin1, timezone: Europe/Kyiv, create: true}"},
		{block: "{driver: mysql, host: \"::1\", port: 3307, dbname: test, max_open_conns: 64, max_idle_conns: 16, conn_max_lifetime: 10m, conn_max_idle_time: 1m, connect_timeout: 1s, read_timeout: 10s, write_timeout: 10s, lock_timeout: 1s}"},
		{block: "{driver: mysql, dsn: \"root:secret@tcp(localhost:3306)/test?tls=preferred\", table: visitors}"},
		{block: "{charset: latin1, timezone: Europe/Kyiv, table: visitors}", more: []providers.Option{providers.Share("main")}},
	} {
		if err := build(c.block, c.more...); err != nil {
			t.Errorf("database: %s\ngot %v, want nil", c.block, err)
		}
	}
}

// Two services in one place clear each other's sessions if their lifetimes differ.
func TestOneTableOnOneServerIsOnePlace(t *testing.T) {
	t.Parallel()
	const session = "session: {lifetime: 24m, database: {driver: mysql, host: db.example.com, dbname: test}}\n"
	for _, c := range []struct {
		services string
		one      bool
	}{
		{`{lifetime: 1h, database: {driver: mysql, host: db.example.com, port: 3306, username: other, dbname: test}}`, true},
		{`{lifetime: 1h, database: {driver: mysql, dsn: "u:p@tcp(db.example.com)/test"}}`, true},
		{`{lifetime: 1h, database: {driver: mysql, host: db.example.com, dbname: test, table: admin_sessions}}`, false},
		{`{lifetime: 1h, database: {driver: mysql, host: db.example.com, dbname: admin}}`, false},
	} {
		err := yamltest.Graph(session+"services: {admin: "+c.services+"}\n", []providers.Option{database.Backend})
		if one := err != nil && strings.Contains(err.Error(), "same place"); one != c.one || !one && err != nil {
			t.Errorf("beside %s is %s: got %v, want one place: %v", strings.TrimSpace(session), c.services, err, c.one)
		}
	}
}

// An application whose sessions are kept in a table beside its own, on its own
// connection.
func Example_share() {
	cfg, err := config.Parse("gyrfalcon.yaml", []byte("session: {database: {table: visitors}}"))
	if err != nil {
		fmt.Println(err)
		return
	}
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
