package handlersocket_test

import (
	"context"
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"

	"gyrfalcon/integration/servers"
	"gyrfalcon/session"
	bysql "gyrfalcon/session/database"
	"gyrfalcon/session/database/mysql"
	"gyrfalcon/session/handlersocket/hs"
)

// both is a table that suits this adapter and that for SQL.
const both = "CREATE TABLE `%s` (" +
	"id VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL, data MEDIUMBLOB NOT NULL, " +
	"created_at DATETIME NOT NULL DEFAULT '2020-01-01 00:00:00', modified DATETIME(6) NULL, " +
	"PRIMARY KEY (id), KEY modified (modified)) ENGINE=InnoDB"

// BenchmarkAdapters compares this adapter with that for SQL, on one server and one table,
// with a log that is flushed at each commit. Each client has a session of 520 bytes.
func BenchmarkAdapters(b *testing.B) {
	srv := servers.NewMariaDB(b, "--innodb-flush-log-at-trx-commit=1")
	p := newTable(b, srv, both)
	o := p.binary()
	o.Pool = 32
	byHandlerSocket := open(b, o)
	pool, err := mysql.Open(mysql.Options{DSN: srv.Config(database).FormatDSN(), MaxOpenConns: 32, MaxIdleConns: 32})
	if err != nil {
		b.Fatal(err)
	}
	bySQL := bysql.New(pool, bysql.Options{Table: p.table, ColumnSessionID: "id", ColumnModifiedAt: "modified", Timezone: "UTC", OwnDB: true})
	if err := bySQL.Open(b.Context()); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = bySQL.Close(context.Background()) })
	adapters := []struct {
		name string
		a    session.Adapter
	}{{"handlersocket", byHandlerSocket}, {"database", bySQL}}
	for _, clients := range []int{1, 64} {
		for _, to := range adapters {
			b.Run(fmt.Sprintf("Read/clients=%d/%s", clients, to.name), func(b *testing.B) {
				withClients(b, clients, to.a, func(id string, _ *session.Record, _ int) error {
					_, err := to.a.Read(b.Context(), id, life)
					return err
				})
			})
		}
		for _, to := range adapters {
			b.Run(fmt.Sprintf("Swap/clients=%d/%s", clients, to.name), func(b *testing.B) {
				withClients(b, clients, to.a, func(id string, r *session.Record, i int) (err error) {
					*r, err = to.a.Swap(b.Context(), id, *r, content(i), life)
					return err
				})
			})
		}
	}
}

var sessions atomic.Int64

func content(i int) []byte {
	return fmt.Appendf(nil, "%0520d", i)
}

// withClients has each client do something with its session over and over.
func withClients(b *testing.B, clients int, a session.Adapter, do func(id string, r *session.Record, i int) error) {
	b.SetParallelism(max(clients/runtime.GOMAXPROCS(0), 1))
	client := func(next func() bool) {
		id := fmt.Sprintf("session%d", sessions.Add(1))
		r, err := a.Create(b.Context(), id, content(0), life)
		for i := 1; err == nil && next(); i++ {
			err = do(id, &r, i)
		}
		if err != nil {
			b.Error(err)
		}
	}
	b.ReportAllocs()
	if clients == 1 {
		client(b.Loop)
		return
	}
	b.RunParallel(func(pb *testing.PB) { client(pb.Next) })
}

// BenchmarkFind compares single finds with those of a batch. An operation is one find.
func BenchmarkFind(b *testing.B) {
	p := newTable(b, servers.SharedMariaDB(b), things)
	c := client(b, hs.Options{Address: p.writes})
	x := index(b, c, p.table, "", "k", "n", "s")
	if _, err := x.Insert(b.Context(), hs.String("k"), hs.Int(1), hs.Bytes(content(1))); err != nil {
		b.Fatal(err)
	}
	c = client(b, hs.Options{Address: p.reads})
	x = index(b, c, p.table, "", "k", "n", "s")
	q := hs.Query{Key: str("k")}
	ctx := context.Background()
	b.Run("single", func(b *testing.B) {
		var rows hs.Rows
		b.ReportAllocs()
		for b.Loop() {
			if err := x.Find(ctx, &rows, q); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("16 in a batch", func(b *testing.B) {
		batch := c.NewBatch()
		b.ReportAllocs()
		for n := 0; b.Loop(); n++ {
			if n%16 > 0 {
				continue
			}
			batch.Reset()
			for range 16 {
				batch.Find(x, q)
			}
			if err := batch.Do(ctx); err != nil {
				b.Fatal(err)
			}
		}
	})
}
