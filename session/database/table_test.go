package database_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"gyrfalcon/session"
	"gyrfalcon/session/database"
	"gyrfalcon/session/sessiontest"
)

func TestTextIsStoredAsTextAndOtherBytesAsBlob(t *testing.T) {
	t.Parallel()
	db := openDB(t, newFile(t))
	a := openAdapter(t, db, database.Options{})
	for _, c := range []struct{ data, kind string }{
		{`{"name":"Žofie"}`, "text"},
		{"", "text"},
		{"not UTF-8: \xff", "blob"},
		{"text\x00 with NUL", "blob"},
	} {
		r, err := a.Create(t.Context(), c.data, []byte("first"), life)
		if err != nil {
			t.Fatal(err)
		}
		if r, err = a.Swap(t.Context(), c.data, r, []byte(c.data), life); err != nil {
			t.Fatal(err)
		}
		if got := value[string](t, db, "SELECT typeof(data) FROM session_data WHERE CAST(session_id AS BLOB) = CAST(? AS BLOB)", c.data); got != c.kind {
			t.Errorf("%q is stored as %s, want %s", c.data, got, c.kind)
		}
		if _, err := a.Swap(t.Context(), c.data, r, []byte("last"), life); err != nil {
			t.Errorf("Swap of %q, stored as %s, = %v, want nil", c.data, c.kind, err)
		}
	}
}

func TestSwapComparesBytesAcrossTypes(t *testing.T) {
	t.Parallel()
	db := openDB(t, newFile(t))
	a := openAdapter(t, db, database.Options{})
	// Somebody else may have stored the same bytes under the other type.
	for _, other := range []string{"CAST('a|i:1;' AS BLOB)", "'a|i:1;'", "CAST(x'fffe' AS TEXT)", "x'fffe'", "CAST(x'6100' AS TEXT)", "''", "x''"} {
		id := other
		run(t, db, "INSERT INTO session_data VALUES ('"+strings.ReplaceAll(id, "'", "''")+"', "+other+", unixepoch(), NULL)")
		r, err := a.Read(t.Context(), id, life)
		if err != nil {
			t.Fatalf("Read of %s = %v, want nil", other, err)
		}
		stale := r
		stale.Data = append([]byte("x"), r.Data...)
		if _, err := a.Swap(t.Context(), id, stale, nil, life); !errors.Is(err, session.ErrConflict) {
			t.Errorf("Swap of another content than %s = %v, want ErrConflict", other, err)
		}
		if _, err := a.Swap(t.Context(), id, r, []byte("next"), life); err != nil {
			t.Errorf("Swap of %s = %v, want nil", other, err)
		}
	}
}

func TestTimesAreWrittenAsPhalconWritesThem(t *testing.T) {
	t.Parallel()
	db := openDB(t, newFile(t))
	clock := sessiontest.NewClock(time.Unix(1_800_000_000, 999_000_000))
	a := openAdapter(t, db, database.Options{Now: clock.Now})
	times := func() [2]any {
		var created, modified any
		if err := db.QueryRowContext(t.Context(), "SELECT created_at, modified_at FROM session_data").Scan(&created, &modified); err != nil {
			t.Fatal(err)
		}
		return [2]any{created, modified}
	}
	check := func(after string, want [2]any) {
		t.Helper()
		if got := times(); got != want {
			t.Errorf("after %s created_at, modified_at are %v, want %v", after, got, want)
		}
	}
	r, err := a.Create(t.Context(), "id", []byte("a"), life)
	if err != nil {
		t.Fatal(err)
	}
	check("Create", [2]any{int64(1_800_000_000), nil})
	clock.Advance(10 * time.Second)
	if _, err := a.Read(t.Context(), "id", life); err != nil {
		t.Fatal(err)
	}
	check("Read", [2]any{int64(1_800_000_000), nil})
	if err := a.Touch(t.Context(), "id", life); err != nil {
		t.Fatal(err)
	}
	check("Touch", [2]any{int64(1_800_000_000), int64(1_800_000_010)})
	clock.Advance(10 * time.Second)
	if r, err = a.Swap(t.Context(), "id", r, []byte("b"), life); err != nil {
		t.Fatal(err)
	}
	check("Swap", [2]any{int64(1_800_000_000), int64(1_800_000_020)})
	clock.Advance(-time.Minute)
	if r, err = a.Swap(t.Context(), "id", r, []byte("c"), life); err != nil {
		t.Fatal(err)
	}
	check("Swap by a clock that was set back", [2]any{int64(1_800_000_000), int64(1_800_000_020)})
	if want := time.Unix(1_800_000_021, 0).Add(life); !r.Expires.Equal(want) {
		t.Errorf("Swap by a clock that was set back: Expires is %v, want %v", r.Expires, want)
	}
	clock.Advance(time.Minute + life + time.Second)
	if _, err = a.Create(t.Context(), "id", []byte("d"), life); err != nil {
		t.Fatal(err)
	}
	check("Create over an expired one", [2]any{clock.Now().Unix(), nil})
}

// Phalcon's adapter reads with COALESCE(modified_at, created_at) + life >= time().
func TestASessionLivesAsLongAsForPhalcon(t *testing.T) {
	t.Parallel()
	db := openDB(t, newFile(t))
	const now = 1_800_000_000
	a := openAdapter(t, db, database.Options{Now: func() time.Time { return time.Unix(now, 500_000_000) }})
	for _, c := range []struct {
		id                string
		created, modified any
		lives             bool
	}{
		{"new", now - 1440, nil, true},
		{"old", now - 1441, nil, false},
		{"used", now - 100_000, now - 1440, true},
		{"not used", now - 100_000, now - 1441, false},
		{"from the future", now + 100, nil, true},
	} {
		if _, err := db.ExecContext(t.Context(), "INSERT INTO session_data VALUES (?, 'x', ?, ?)", c.id, c.created, c.modified); err != nil {
			t.Fatal(err)
		}
		_, err := a.Read(t.Context(), c.id, 1440*time.Second)
		if lives := err == nil; lives != c.lives || err != nil && !errors.Is(err, session.ErrNotFound) {
			t.Errorf("Read of %q = %v, want it to live: %v", c.id, err, c.lives)
		}
	}
}

func TestNamesAreQuoted(t *testing.T) {
	t.Parallel()
	db := openDB(t, newFile(t))
	o := database.Options{
		Table:            "select `from` \"session\" 'data'; --",
		ColumnSessionID:  "group",
		ColumnData:       "größe in `bytes`",
		ColumnCreatedAt:  "order \"by\"",
		ColumnModifiedAt: "{table}",
	}
	a := openAdapter(t, db, o)
	r, err := a.Create(t.Context(), "id", []byte("a"), life)
	if err != nil {
		t.Fatal(err)
	}
	if _, err = a.Swap(t.Context(), "id", r, []byte("b"), life); err != nil {
		t.Fatal(err)
	}
	if r, err = a.Read(t.Context(), "id", life); err != nil || string(r.Data) != "b" {
		t.Errorf("Read = %q, %v; want b, nil", r.Data, err)
	}
	if err := a.Destroy(t.Context(), "id"); err != nil {
		t.Error(err)
	}
	if got := value[string](t, db, "SELECT name FROM sqlite_schema WHERE type = 'table'"); got != o.Table {
		t.Errorf("the table is called %s, want %s", got, o.Table)
	}
}

func TestATableWithOtherColumnNamesIsUsedAsItIs(t *testing.T) {
	t.Parallel()
	db := openDB(t, newFile(t))
	run(t, db, "CREATE TABLE visits (owner TEXT, d TEXT, m INTEGER, c BIGINT NOT NULL, sid TEXT UNIQUE, note TEXT NOT NULL DEFAULT '')")
	a := openAdapter(t, db, database.Options{
		Table: "VISITS", ColumnSessionID: "SID", ColumnData: "d", ColumnCreatedAt: "c", ColumnModifiedAt: "m",
	})
	if _, err := a.Create(t.Context(), "id", []byte("a"), life); err != nil {
		t.Fatal(err)
	}
	if r, err := a.Read(t.Context(), "id", life); err != nil || string(r.Data) != "a" {
		t.Errorf("Read = %q, %v; want a, nil", r.Data, err)
	}
	if n := value[int](t, db, "SELECT COUNT(*) FROM sqlite_schema WHERE type = 'table'"); n != 1 {
		t.Errorf("there are %d tables, want the one that was there", n)
	}
}

func TestMarksAreSetOnAFileOfOurOwnOnly(t *testing.T) {
	t.Parallel()
	ours := openDB(t, newFile(t))
	openAdapter(t, ours, database.Options{})
	openAdapter(t, ours, database.Options{Table: "admin_sessions"})
	if got := value[int](t, ours, "PRAGMA user_version"); got != 1 {
		t.Errorf("user_version is %d, want 1", got)
	}
	shared := openDB(t, newFile(t))
	run(t, shared, "CREATE TABLE invoices (id INTEGER)", "PRAGMA user_version = 57")
	openAdapter(t, shared, database.Options{})
	if got := value[int](t, shared, "PRAGMA user_version"); got != 57 {
		t.Errorf("among an application's tables user_version is %d, want it untouched at 57", got)
	}
	if got := value[int](t, shared, "PRAGMA application_id"); got != 0 {
		t.Errorf("among an application's tables application_id is %d, want it untouched at 0", got)
	}
}
