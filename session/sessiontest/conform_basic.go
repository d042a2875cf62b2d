package sessiontest

import (
	"strings"
	"testing"

	"gyrfalcon/session"
)

var readPromises = []promise{
	{name: "Read of an unknown ID is ErrNotFound", test: func(_ *testing.T, f *fixture) {
		f.create("somebody else's")
		f.wantGone(newID())
	}},
	{name: "Read returns what Create stored", test: func(t *testing.T, f *fixture) {
		id, r := f.create("stored")
		wantData(t, "Create", r, "stored")
		f.wantStored(id, "stored")
	}},
	{name: "Read changes neither content nor version", test: func(t *testing.T, f *fixture) {
		id, created := f.create("stored")
		first := f.wantStored(id, "stored")
		again := f.wantStored(id, "stored")
		if first.Version != again.Version {
			t.Errorf("Version was %q, and %q when read again, want no change", first.Version, again.Version)
		}
		f.swap(id, created, "next")
	}},
	{name: "IDs that differ only in case are two sessions", applies: tellsCase, test: func(t *testing.T, f *fixture) {
		lower := "abcdefgh" + newID()[8:]
		upper := strings.ToUpper(lower)
		for _, id := range []string{lower, upper} {
			if _, err := f.Create(t.Context(), id, []byte(id), f.life); err != nil {
				t.Fatalf("Create = %v, want nil for each of two IDs that differ in case", err)
			}
		}
		f.wantStored(lower, lower)
		wantErr(t, "Destroy", f.Destroy(t.Context(), upper), nil)
		f.wantStored(lower, lower)
		f.wantGone(upper)
	}},
}

var createPromises = []promise{
	{name: "Create of a living ID is ErrExists and changes nothing", test: func(t *testing.T, f *fixture) {
		id, _ := f.create("first")
		for _, data := range []string{"second", "first"} {
			_, err := f.Create(t.Context(), id, []byte(data), f.life)
			wantErr(t, "Create of an ID that lives", err, session.ErrExists)
		}
		f.wantStored(id, "first")
	}},
	{name: "Create takes the place of an expired session", test: func(t *testing.T, f *fixture) {
		id, old := f.createFor("old", f.short)
		f.outlive(f.short)
		if _, err := f.Create(t.Context(), id, []byte("new"), f.short); err != nil {
			t.Fatalf("Create over an expired session = %v, want nil", err)
		}
		_, err := f.Swap(t.Context(), id, old, []byte("late"), f.short)
		wantErr(t, "Swap with the expired session's record", err, session.ErrConflict)
		f.wantStoredFor(id, "new", f.short)
	}},
	{name: "Create works after Destroy", test: func(t *testing.T, f *fixture) {
		id, _ := f.create("old")
		wantErr(t, "Destroy", f.Destroy(t.Context(), id), nil)
		if _, err := f.Create(t.Context(), id, []byte("new"), f.life); err != nil {
			t.Fatalf("Create after Destroy = %v, want nil", err)
		}
		f.wantStored(id, "new")
	}},
	{name: "Create and Swap do not say that they slid", test: func(t *testing.T, f *fixture) {
		id, r := f.create("a")
		if r.Slid {
			t.Error("Create returned a record with Slid, want it to be Read's alone")
		}
		if f.swap(id, r, "b").Slid {
			t.Error("Swap returned a record with Slid, want it to be Read's alone")
		}
	}},
}

var destroyPromises = []promise{
	{name: "Destroy removes the session and no other", test: func(t *testing.T, f *fixture) {
		id, r := f.create("mine")
		other, _ := f.create("another's")
		wantErr(t, "Destroy", f.Destroy(t.Context(), id), nil)
		f.wantGone(id)
		f.wantStored(other, "another's")
		wantErr(t, "Touch of a destroyed session", f.Touch(t.Context(), id, f.life), session.ErrNotFound)
		_, err := f.Swap(t.Context(), id, r, []byte("late"), f.life)
		wantNoSwap(t, "a destroyed session", err)
		f.wantGone(id)
	}},
	{name: "Destroy of an absent session is nil", test: func(t *testing.T, f *fixture) {
		id, _ := f.create("once")
		wantErr(t, "Destroy of an unknown ID", f.Destroy(t.Context(), newID()), nil)
		for range 2 {
			wantErr(t, "Destroy, and again", f.Destroy(t.Context(), id), nil)
		}
	}},
}

var touchPromises = []promise{
	{name: "Touch of an unknown ID is ErrNotFound and makes none", test: func(t *testing.T, f *fixture) {
		id := newID()
		wantErr(t, "Touch of an unknown ID", f.Touch(t.Context(), id, f.life), session.ErrNotFound)
		f.wantGone(id)
	}},
	{name: "Touch leaves the content", test: func(t *testing.T, f *fixture) {
		id, _ := f.create("kept")
		before := f.wantStored(id, "kept")
		f.pass(f.Resolution)
		// Twice at one moment: the second changes nothing, and is no less right.
		for range 2 {
			wantErr(t, "Touch of a living session", f.Touch(t.Context(), id, f.life), nil)
		}
		f.wantStored(id, "kept")
		// Where the time of last use is the version, a touch makes a conflict.
		if _, err := f.Swap(t.Context(), id, before, []byte("next"), f.life); err != nil {
			wantErr(t, "Swap after a Touch", err, session.ErrConflict)
			f.swap(id, f.wantStored(id, "kept"), "next")
		}
		f.wantStored(id, "next")
	}},
}
