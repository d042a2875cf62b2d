package mysql_test

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gyrfalcon/integration/servers"
	"gyrfalcon/session"
	"gyrfalcon/session/database"
)

// fill inserts n sessions that were last used at that time, an expression: half of them
// have a modified_at. Their IDs are spread,
// begin with the prefix, and come in order, which is quick.
func fill(prefix string, n int, used string) string {
	digits := "(SELECT 0 AS d UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4" +
		" UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9)"
	number, from := "0", []string{}
	for i, ten := 0, 1; ten < n; i, ten = i+1, ten*10 {
		number += fmt.Sprintf(" + %d * n%d.d", ten, i)
		from = append(from, fmt.Sprintf("%s AS n%d", digits, i))
	}
	return fmt.Sprintf("INSERT INTO session_data (session_id, data, created_at, modified_at)"+
		" SELECT CONCAT('%s', LEFT(SHA2(n, 256), 31)), REPEAT('x', 300), %[2]s, IF(n %% 2, NULL, %[2]s) FROM (SELECT %[3]s AS n FROM %[4]s) AS numbers WHERE n < %[5]d ORDER BY 1",
		prefix, used, number, strings.Join(from, ", "), n)
}

// forget sets the counters of this connection to 0: the answer of examined is itself read
// from a table, and would count.
func forget(t testing.TB, db *sql.DB) { run(t, db, "FLUSH STATUS") }

// examined is how many rows and index entries this connection has looked at since forget.
func examined(t testing.TB, db *sql.DB) (n int) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), "SHOW SESSION STATUS LIKE 'Handler_read%'")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var name string
		var times int
		if err := rows.Scan(&name, &times); err != nil {
			t.Fatal(err)
		}
		n += times
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return n
}

// On a table without an index each call looks at its limit of rows, whatever is in them;
// with one, at those that have expired. Each that it deletes is looked at once more.
func TestGCExaminesNoMoreThanItsLimit(t *testing.T) {
	t.Parallel()
	onServers(t, func(t *testing.T, srv *servers.SQL) {
		created, unix, ago := createdTable(t, srv), "UNIX_TIMESTAMP() - %d", "NOW() - INTERVAL %d SECOND"
		for _, c := range []struct {
			name, table, used string
			walks             bool
		}{
			{"on Phalcon's table", seedTable, unix, true},
			{"on Phalcon 5's table", phalcon5, ago, true},
			{"on Phalcon's table with an index", vary(seedTable, "PRIMARY KEY", "KEY (modified_at, created_at), PRIMARY KEY"), unix, false},
			{"on Phalcon 5's table with an index", vary(phalcon5, "PRIMARY KEY", "KEY (modified_at, created_at), PRIMARY KEY"), ago, false},
			{"on a table that it created", created, unix, false},
		} {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				const expired, living, limit = 2000, 1000, 300
				name := makeDatabase(t, srv, "", c.table,
					fill("e", expired, fmt.Sprintf(c.used, 7200)), fill("l", living, fmt.Sprintf(c.used, 60)), "ANALYZE TABLE session_data")
				db, err := handedIn(srv, name)
				if err != nil {
					t.Fatal(err)
				}
				db.SetMaxOpenConns(1) // whose counters are looked at
				a := openAdapter(t, db, database.Options{})
				removed, calls := 0, 0
				for again := true; again; calls++ {
					forget(t, db)
					n, more, err := a.GC(t.Context(), life, limit)
					if err != nil {
						t.Fatal(err)
					}
					again = more
					removed += n
					// A search begins with a look at the index: one or two for each statement, of which there are one for the search, or two, and one for 64 to delete.
					if got, most := examined(t, db), limit+n+2*(2+n/64+1); got > most {
						t.Errorf("call %d removed %d sessions and examined %d rows, want at most %d with a limit of %d", calls+1, n, got, most, limit)
					}
				}
				if removed != expired {
					t.Errorf("%d calls have removed %d sessions, want the %d that had expired", calls, removed, expired)
				}
				want := expired/limit + 1
				if c.walks {
					want = (expired+living)/limit + 1
				}
				if calls != want {
					t.Errorf("GC took %d calls, want %d", calls, want)
				}
			})
		}
	})
}

// A million expired sessions among a hundred thousand that live: what GC costs those who
// use theirs meanwhile, as the manager runs it.
func BenchmarkGC(b *testing.B) {
	srv := servers.NewMariaDB(b, "--innodb-buffer-pool-size=1G", "--innodb-log-file-size=256M")
	for _, c := range []struct{ name, table string }{
		{"seed", seedTable},
		{"created", vary(seedTable, "VARCHAR(35)", "VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin", "text", "MEDIUMBLOB",
			"PRIMARY KEY", "KEY `last_use` (`modified_at`, `created_at`), PRIMARY KEY")},
	} {
		b.Run(c.name, func(b *testing.B) {
			const expired, living, limit = 1_000_000, 100_000, 1000
			name := makeDatabase(b, srv, "", c.table,
				fill("e", expired, "UNIX_TIMESTAMP() - 7200"), fill("l", living, "UNIX_TIMESTAMP() - 60"), "ANALYZE TABLE session_data")
			open := func() (*database.Adapter, *sql.DB) {
				db, err := ours(srv, name)
				if err != nil {
					b.Fatal(err)
				}
				return openAdapter(b, db, database.Options{}), db
			}
			users, _ := open()
			gc, db := open()
			db.SetMaxOpenConns(1)
			b.ResetTimer()
			alone := requests(b, users, 10*time.Second, nil)
			ended, besides := make(chan struct{}), make(chan []time.Duration, 1)
			go func() { besides <- requests(b, users, time.Hour, ended) }()
			removed, calls, most, began := 0, 0, 0, time.Now()
			for again := true; again; calls++ {
				forget(b, db)
				n, more, err := gc.GC(b.Context(), life, limit)
				if err != nil {
					b.Fatal(err)
				}
				again = more
				removed += n
				most = max(most, examined(b, db)-n)
			}
			took := time.Since(began)
			close(ended)
			beside := <-besides
			if removed != expired {
				b.Errorf("GC has removed %d sessions, want %d", removed, expired)
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(float64(percentile(alone, 50).Microseconds()), "p50-alone-µs")
			b.ReportMetric(float64(percentile(beside, 50).Microseconds()), "p50-beside-µs")
			b.ReportMetric(float64(percentile(alone, 99).Microseconds()), "p99-alone-µs")
			b.ReportMetric(float64(percentile(beside, 99).Microseconds()), "p99-beside-µs")
			b.ReportMetric(float64(percentile(beside, 99))/float64(percentile(alone, 99)), "p99-ratio")
			b.ReportMetric(float64(removed)/took.Seconds(), "removed/s")
			b.ReportMetric(float64(calls), "calls")
			b.ReportMetric(float64(most), "examined/call")
		})
	}
}

// requests has 8 visitors read and write their sessions, until the time is over or ended
// is closed, and returns how long each request took, in order.
func requests(b *testing.B, a session.Adapter, d time.Duration, ended <-chan struct{}) []time.Duration {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), d)
	defer cancel()
	var mu sync.Mutex
	var all []time.Duration
	var visitors sync.WaitGroup
	for i := range 8 {
		visitors.Go(func() {
			var took []time.Duration
			defer func() {
				mu.Lock()
				defer mu.Unlock()
				all = append(all, took...)
			}()
			id := fmt.Sprintf("visitor%d-%d", i, time.Now().UnixNano())
			if _, err := a.Create(b.Context(), id, []byte("0"), life); err != nil {
				b.Error(err)
				return
			}
			for n := 0; ctx.Err() == nil; n++ {
				select {
				case <-ended:
					return
				default:
				}
				began := time.Now()
				r, err := a.Read(b.Context(), id, life)
				if err == nil {
					_, err = a.Swap(b.Context(), id, r, fmt.Append(nil, n), life)
				}
				if err != nil {
					b.Error(err)
					return
				}
				took = append(took, time.Since(began))
			}
		})
	}
	visitors.Wait()
	slices.Sort(all)
	return all
}

// percentile is of durations in order.
func percentile(all []time.Duration, p int) time.Duration {
	return all[min(len(all)-1, len(all)*p/100)]
}

// A table may work and yet not be what one wants. Who runs what the warnings say has none.
func TestWhatATableLacksIsWarnedOfWithTheMend(t *testing.T) {
	t.Parallel()
	onServers(t, func(t *testing.T, srv *servers.SQL) {
		for _, engine := range []string{"MyISAM", "InnoDB"} {
			name := makeDatabase(t, srv, "", seedTable+" ENGINE="+engine)
			db := srv.Open(t, name)
			warned := []string{"no index on the times"}
			if engine == "MyISAM" {
				warned = []string{"of engine MyISAM", "no index on the times"}
			}
			warnings := openAdapter(t, srv.Open(t, name), database.Options{}).Warnings()
			if len(warnings) != len(warned) {
				t.Fatalf("%s: Warnings = %q, want those about %q", engine, warnings, warned)
			}
			for i, about := range warned {
				if !strings.Contains(warnings[i], about) {
					t.Errorf("%s: warning = %q, want it to say %q", engine, warnings[i], about)
				}
				_, mend, _ := strings.Cut(warnings[i], "run: ")
				run(t, db, mend)
			}
			if warnings := openAdapter(t, srv.Open(t, name), database.Options{}).Warnings(); warnings != nil {
				t.Errorf("%s: Warnings after the mend = %q, want none", engine, warnings)
			}
		}
	})
}
