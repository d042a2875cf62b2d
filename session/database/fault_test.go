package database_test

import (
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"gyrfalcon/session"
	"gyrfalcon/session/database"
	"gyrfalcon/session/database/sqlite"
)

func TestALockedFileIsErrBusyAndStillRead(t *testing.T) {
	t.Parallel()
	path := newFile(t)
	db, err := sqlite.Open(path, sqlite.Options{BusyTimeout: 20 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	a := openAdapter(t, db, database.Options{OwnDB: true})
	r, err := a.Create(t.Context(), "id", []byte("before"), life)
	if err != nil {
		t.Fatal(err)
	}
	unlock := lock(t, path)
	for method, err := range map[string]error{
		"Create":  second(a.Create(t.Context(), "new", []byte("x"), life)),
		"Swap":    second(a.Swap(t.Context(), "id", r, []byte("x"), life)),
		"Touch":   a.Touch(t.Context(), "id", life),
		"Destroy": a.Destroy(t.Context(), "id"),
	} {
		if !errors.Is(err, session.ErrBusy) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "busy_timeout") {
			t.Errorf("%s of a locked file = %v, want ErrBusy with the file and the mend", method, err)
		}
	}
	if r, err := a.Read(t.Context(), "id", life); err != nil || string(r.Data) != "before" {
		t.Errorf("Read of a locked file = %q, %v; want what is stored", r.Data, err)
	}
	unlock()
	if _, err := a.Swap(t.Context(), "id", r, []byte("after"), life); err != nil {
		t.Errorf("Swap once it is unlocked = %v, want nil", err)
	}
}

func second[T any](_ T, err error) error { return err }

// wantFullHarmless fills the database, and then wants every write to fail with
// the mend, having written nothing, and every session to be read.
func wantFullHarmless(t *testing.T, a *database.Adapter) {
	t.Helper()
	const size = 20_000
	old := strings.Repeat("old", size/3)
	r, err := a.Create(t.Context(), "id", []byte(old), life)
	if err != nil {
		t.Fatal(err)
	}
	stored := 0
	for ; err == nil && stored < 1000; stored++ {
		_, err = a.Create(t.Context(), fmt.Sprint("filler ", stored), make([]byte, size), life)
	}
	wantFull := func(method string, err error) {
		t.Helper()
		if err == nil || errors.Is(err, session.ErrOutcomeUnknown) || !strings.Contains(err.Error(), "free space") {
			t.Errorf("%s without room = %v, want an error that names the mend and promises that nothing was written", method, err)
		}
	}
	wantFull("Create", err)
	_, err = a.Swap(t.Context(), "id", r, []byte(strings.Repeat("new", size)), life)
	wantFull("Swap", err)
	if got, err := a.Read(t.Context(), "id", life); err != nil || string(got.Data) != old {
		t.Errorf("Read without room = %d bytes, %v; want the %d bytes of before", len(got.Data), err, len(old))
	}
	for i := range stored - 1 {
		if _, err := a.Read(t.Context(), fmt.Sprint("filler ", i), life); err != nil {
			t.Errorf("Read of what was stored before there was no room = %v, want nil", err)
		}
	}
	if _, err := a.Read(t.Context(), fmt.Sprint("filler ", stored-1), life); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("Read of what found no room = %v, want ErrNotFound", err)
	}
}

func TestAFullQuotaIsHarmless(t *testing.T) {
	t.Parallel()
	db := openDB(t, newFile(t))
	db.SetMaxOpenConns(1) // the quota is the connection's
	run(t, db, "PRAGMA max_page_count = 50")
	a := openAdapter(t, db, database.Options{})
	wantFullHarmless(t, a)
	// Room for somebody else's session is room.
	if err := a.Destroy(t.Context(), "filler 0"); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Create(t.Context(), "again", make([]byte, 10_000), life); err != nil {
		t.Errorf("Create after another was destroyed = %v, want nil", err)
	}
}

func TestCloseClosesWhatTheAdapterOwns(t *testing.T) {
	t.Parallel()
	owned, lent := openDB(t, newFile(t)), openDB(t, newFile(t))
	for _, c := range []struct {
		db  *sql.DB
		own bool
	}{{owned, true}, {lent, false}} {
		a := openAdapter(t, c.db, database.Options{OwnDB: c.own})
		for range 2 {
			if err := a.Close(t.Context()); err != nil {
				t.Errorf("Close = %v, want nil, twice", err)
			}
		}
		if err := c.db.PingContext(t.Context()); (err != nil) != c.own {
			t.Errorf("Ping after Close with OwnDB %v = %v", c.own, err)
		}
	}
}

func TestCloseGivesALentConnectionBackAsItWas(t *testing.T) {
	t.Parallel()
	db := openDB(t, newFile(t))
	db.SetMaxOpenConns(1)
	run(t, db, "PRAGMA busy_timeout = 4321")
	a := openAdapter(t, db, database.Options{})
	if _, err := a.Create(t.Context(), "id", nil, life); err != nil {
		t.Fatal(err)
	}
	if err := a.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := value[int](t, db, "PRAGMA busy_timeout"); got != 4321 {
		t.Errorf("busy_timeout is %d after Close, want the 4321 of before", got)
	}
	if got := db.Stats().InUse; got != 0 {
		t.Errorf("%d connections are in use after Close, want 0", got)
	}
}

func TestCloseWaitsForAWriteUnderWay(t *testing.T) {
	t.Parallel()
	path := newFile(t)
	a := openAdapter(t, openDB(t, path), database.Options{OwnDB: true})
	for i := range 50 {
		id := fmt.Sprint(i)
		done := make(chan error, 1)
		if i == 49 {
			go func() { done <- a.Close(t.Context()) }()
		} else {
			close(done)
		}
		// A write beside Close is done or refused, and its error true.
		_, err := a.Create(t.Context(), id, []byte("x"), life)
		if closing := <-done; closing != nil {
			t.Fatalf("Close beside a write = %v, want nil", closing)
		}
		if i < 49 {
			continue
		}
		again := openAdapter(t, openDB(t, path), database.Options{})
		_, reading := again.Read(t.Context(), id, life)
		if stored := reading == nil; stored != (err == nil) {
			t.Errorf("Create beside Close = %v, and the session is stored: %v", err, stored)
		}
	}
}

// As an application may hand it in: to SQLite each connection is a database.
func TestADatabaseInMemoryIsOneWhateverThePool(t *testing.T) {
	t.Parallel()
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	a := openAdapter(t, db, database.Options{OwnDB: true})
	if _, err := a.Create(t.Context(), "id", []byte("x"), life); err != nil {
		t.Fatal(err)
	}
	if r, err := a.Read(t.Context(), "id", life); err != nil || string(r.Data) != "x" {
		t.Errorf("Read = %q, %v; want x, nil", r.Data, err)
	}
}
