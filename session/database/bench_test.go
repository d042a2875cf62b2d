package database_test

import (
	"crypto/rand"
	"database/sql"
	"testing"
	"time"

	"gyrfalcon/session/database"
	"gyrfalcon/session/database/sqlite"
)

func BenchmarkSQLite(b *testing.B) {
	for _, synchronous := range []string{sqlite.Full, sqlite.Normal} {
		b.Run("synchronous="+synchronous, func(b *testing.B) {
			db, err := sqlite.Open(newFile(b), sqlite.Options{Synchronous: synchronous})
			if err != nil {
				b.Fatal(err)
			}
			a := openAdapter(b, db, database.Options{OwnDB: true})
			b.Run("Read", func(b *testing.B) { benchmarkRead(b, a) })
			b.Run("Swap", func(b *testing.B) { benchmarkSwap(b, a) })
			b.Run("Touch", func(b *testing.B) { benchmarkTouch(b, db) })
		})
	}
}

func benchmarkRead(b *testing.B, a *database.Adapter) {
	id := rand.Text() // the function runs more than once
	if _, err := a.Create(b.Context(), id, make([]byte, 256), life); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			if _, err := a.Read(b.Context(), id, life); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

func benchmarkSwap(b *testing.B, a *database.Adapter) {
	contents := [][]byte{make([]byte, 256), make([]byte, 256)}
	contents[1][255] = 1
	id := rand.Text()
	r, err := a.Create(b.Context(), id, contents[0], life)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for i := 1; b.Loop(); i++ {
		if r, err = a.Swap(b.Context(), id, r, contents[i%2], life); err != nil {
			b.Fatal(err)
		}
	}
}

func benchmarkTouch(b *testing.B, db *sql.DB) {
	// A second later each time: a touch within one second changes nothing.
	now := time.Now()
	a := openAdapter(b, db, database.Options{Now: func() time.Time {
		now = now.Add(time.Second)
		return now
	}})
	id := rand.Text()
	if _, err := a.Create(b.Context(), id, make([]byte, 256), life); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := a.Touch(b.Context(), id, life); err != nil {
			b.Fatal(err)
		}
	}
}
