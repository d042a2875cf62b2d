package sessiontest

import (
	"errors"
	"testing"

	"gyrfalcon/session"
)

var swapPromises = []promise{
	{name: "Swap replaces the content", test: func(t *testing.T, f *fixture) {
		id, r := f.create("first")
		r = f.swap(id, r, "second")
		wantData(t, "Swap", r, "second")
		f.wantStored(id, "second")
	}},
	{name: "Swap takes the records of Create, Swap and Read", test: func(_ *testing.T, f *fixture) {
		id, r := f.create("1")
		r = f.swap(id, r, "2")
		f.swap(id, r, "3")
		r = f.swap(id, f.wantStored(id, "3"), "4")
		f.swap(id, r, "5")
		f.wantStored(id, "5")
	}},
	{name: "Swap to the same content succeeds", test: func(_ *testing.T, f *fixture) {
		id, r := f.create("same")
		r = f.swap(id, r, "same")
		r = f.swap(id, r, "same")
		f.swap(id, r, "other")
		f.wantStored(id, "other")
	}},
	{name: "Swap of an outdated record is ErrConflict and changes nothing", test: func(t *testing.T, f *fixture) {
		id, outdated := f.create("first")
		f.swap(id, outdated, "second")
		_, err := f.Swap(t.Context(), id, outdated, []byte("third"), f.life)
		wantErr(t, "Swap of an outdated record", err, session.ErrConflict)
		f.wantStored(id, "second")
	}},
	{name: "Swap tells contents apart that look alike", test: func(t *testing.T, f *fixture) {
		// What collations and type conversions of one store or another take
		// for the same.
		for _, alike := range [][2]string{
			{"a", "A"}, {"a", "a "}, {"a", "a\n"}, {"a", "\u00e1"}, {"\u00e1", "a\u0301"}, {"ss", "\u00df"},
			{"1", "1.0"}, {"1", "01"}, {"0", ""}, {"\u200b", ""}, {"\U0001f600", "\U0001f601"},
		} {
			if !f.holds(alike[0], alike[1]) {
				continue
			}
			for range 2 {
				id, outdated := f.create(alike[0])
				f.swap(id, outdated, alike[1])
				_, err := f.Swap(t.Context(), id, outdated, []byte("lost update"), f.life)
				if !errors.Is(err, session.ErrConflict) {
					t.Errorf("Swap of %q, where %q is stored, = %v; want ErrConflict", alike[0], alike[1], err)
				}
				alike[0], alike[1] = alike[1], alike[0]
			}
		}
	}},
	{name: "Swap after a change and back loses nothing", test: func(t *testing.T, f *fixture) {
		id, a := f.create("A")
		b := f.swap(id, a, "B")
		f.swap(id, b, "A")
		_, err := f.Swap(t.Context(), id, b, []byte("from B"), f.life)
		wantErr(t, "Swap of B, where A is stored again", err, session.ErrConflict)
		f.wantStored(id, "A")
		// The record of the first A has A's content: both answers are right, if
		// they are true.
		want := "from A"
		if _, err = f.Swap(t.Context(), id, a, []byte(want), f.life); err != nil {
			wantErr(t, "Swap of the first A, where A is stored again", err, session.ErrConflict)
			want = "A"
		}
		f.wantStored(id, want)
	}},
	{name: "Swap never creates a session", test: func(t *testing.T, f *fixture) {
		_, r := f.create("somebody else's")
		for _, prev := range []session.Record{r, {}} {
			id := newID()
			_, err := f.Swap(t.Context(), id, prev, []byte("resurrected"), f.life)
			wantNoSwap(t, "an unknown ID", err)
			f.wantGone(id)
		}
	}},
	{name: "Swap of an expired session revives nothing", test: func(t *testing.T, f *fixture) {
		id, r := f.createFor("old", f.short)
		f.outlive(f.short)
		_, err := f.Swap(t.Context(), id, r, []byte("revived"), f.short)
		wantNoSwap(t, "an expired session", err)
		f.wantGoneFor(id, f.short)
	}},
	{name: "Version differs whenever the content does", test: func(t *testing.T, f *fixture) {
		id, r := f.create("0")
		seen := map[string]string{r.Version: "0"}
		for _, next := range []string{"1", "11", "1 ", "A", "a", "\u00e9", "e\u0301", ""} {
			if !f.holds(next) {
				continue
			}
			r = f.swap(id, r, next)
			if old, dup := seen[r.Version]; dup {
				t.Errorf("Swap to %q has the Version %q of %q, want another", next, r.Version, old)
			}
			seen[r.Version] = next
			if read := f.wantStored(id, next); read.Version != r.Version {
				t.Errorf("Read has the Version %q, and Swap to the same content had %q; want one", read.Version, r.Version)
			}
		}
	}},
}
