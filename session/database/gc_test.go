package database_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"gyrfalcon/session/database"
	"gyrfalcon/session/sessiontest"
)

func TestGCUsesTheIndexOfATableThatItCreated(t *testing.T) {
	t.Parallel()
	db := openDB(t, newFile(t))
	openAdapter(t, db, database.Options{})
	var a, b, c int
	var plan string
	if err := db.QueryRowContext(t.Context(), "EXPLAIN QUERY PLAN SELECT session_id FROM session_data WHERE COALESCE(modified_at, created_at) < 1 LIMIT 1").
		Scan(&a, &b, &c, &plan); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(plan, "SEARCH") || !strings.Contains(plan, "session_data_last_use") {
		t.Errorf("the plan for finding expired sessions is %q, want a search by the index", plan)
	}
}

// Without an index each call looks at the next limit rows only, in the order of
// their keys, whatever it finds there.
func TestGCWalksAlongTheKeyWhereThereIsNoIndex(t *testing.T) {
	t.Parallel()
	db := openDB(t, prepared(t, seedTable))
	clock := sessiontest.NewClock(time.Unix(1_800_000_000, 0))
	a := openAdapter(t, db, database.Options{Now: clock.Now})
	create := func(prefix string) {
		for i := range 20 {
			if _, err := a.Create(t.Context(), fmt.Sprintf("%s-%02d", prefix, i), nil, time.Minute); err != nil {
				t.Fatal(err)
			}
		}
	}
	create("b-expired")
	clock.Advance(2 * time.Minute)
	create("a-living")
	for call, want := range []struct {
		removed int
		more    bool
	}{{0, true}, {0, true}, {10, true}, {10, true}, {0, false}, {0, true}, {0, true}, {0, false}} {
		removed, more, err := a.GC(t.Context(), time.Minute, 10)
		if err != nil {
			t.Fatal(err)
		}
		if removed != want.removed || more != want.more {
			t.Errorf("call %d = %d, %v, want %d, %v: 20 living sessions come before 20 expired ones, and each call looks at 10",
				call+1, removed, more, want.removed, want.more)
		}
	}
}

func TestATableWithoutAnIndexIsWarnedOfAndTheMendIsOne(t *testing.T) {
	t.Parallel()
	db := openDB(t, prepared(t, seedTable))
	warnings := openAdapter(t, db, database.Options{}).Warnings()
	if len(warnings) != 1 || !strings.Contains(warnings[0], "no index") {
		t.Fatalf("Warnings = %q, want one about the index", warnings)
	}
	_, mend, _ := strings.Cut(warnings[0], "run: ")
	if _, err := db.ExecContext(t.Context(), mend); err != nil {
		t.Fatalf("the mend %q fails: %v", mend, err)
	}
	if warnings := openAdapter(t, db, database.Options{}).Warnings(); warnings != nil {
		t.Errorf("Warnings after the mend = %q, want none", warnings)
	}
	if warnings := openAdapter(t, openDB(t, newFile(t)), database.Options{}).Warnings(); warnings != nil {
		t.Errorf("Warnings about the table that Open makes = %q, want none", warnings)
	}
}

func TestGCDeletesMoreThanOneStatementsWorth(t *testing.T) {
	t.Parallel()
	db := openDB(t, newFile(t))
	a := openAdapter(t, db, database.Options{})
	run(t, db, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)"+
		" INSERT INTO session_data SELECT i, 'x', 1, NULL FROM n")
	if n, more, err := a.GC(t.Context(), time.Minute, 500); n != 500 || !more || err != nil {
		t.Errorf("GC with a limit of 500 = %d, %v, %v; want 500, true, nil", n, more, err)
	}
	if n := value[int](t, db, "SELECT COUNT(*) FROM session_data"); n != 500 {
		t.Errorf("%d sessions are left, want 500", n)
	}
}
