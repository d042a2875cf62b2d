package sessiontest

import (
	"errors"
	"strings"
	"testing"

	"gyrfalcon/session"
)

var dataPromises = []promise{
	{name: "All 256 byte values are stored as they are", applies: binary, test: func(_ *testing.T, f *fixture) {
		var b strings.Builder
		for i := range 256 {
			b.WriteByte(byte(i))
		}
		all := b.String()
		f.wantRoundTrip(all)
		for i := range all { // each by itself, as the whole of a session
			f.wantRoundTrip(all[i : i+1])
		}
		f.wantRoundTrip("ends in NUL\x00")
		f.wantRoundTrip("text\x00 and more")
		f.wantRoundTrip("text, then \xff")
	}},
	{name: "Text is stored as it is", test: func(_ *testing.T, f *fixture) {
		for _, text := range []string{
			"plain", " spaces around ", "\t\r\n\n", `it's "quoted" \ ` + "`", "%_;--/**/?:1$1@x", "\ufeffBOM",
			"NULL", "1e5", "0x41", "007", "1.0", "{}", "true", "\u00e9 \u00df", "e\u0301 \u4f60\u597d \u200b", "\U0001f9c0",
		} {
			if f.holds(text) {
				f.wantRoundTrip(text)
			}
		}
	}},
	{name: "An empty session is a session", test: func(t *testing.T, f *fixture) {
		for _, empty := range [][]byte{nil, {}} {
			id := newID()
			r, err := f.Create(t.Context(), id, empty, f.life)
			wantErr(t, "Create of an empty session", err, nil)
			wantData(t, "Create", r, "")
			f.swap(id, f.wantStored(id, ""), "full")
			r, err = f.Swap(t.Context(), id, f.wantStored(id, "full"), empty, f.life)
			wantErr(t, "Swap to an empty session", err, nil)
			f.swap(id, r, "full again")
			f.wantStored(id, "full again")
		}
	}},
	{name: "IDs that PHP made name sessions", test: func(_ *testing.T, f *fixture) {
		for _, mark := range []string{"", ",", "-", ",-Z"} {
			id := (newID() + mark)[len(mark):] // no longer than ours: the store has room
			if _, err := f.Create(f.t.Context(), id, []byte("x"), f.life); err != nil {
				f.t.Fatalf("Create = %v, want nil", err)
			}
			f.swap(id, f.wantStored(id, "x"), "y")
			f.wantStored(id, "y")
			wantErr(f.t, "Touch", f.Touch(f.t.Context(), id, f.life), nil)
			wantErr(f.t, "Destroy", f.Destroy(f.t.Context(), id), nil)
			f.wantGone(id)
		}
	}},
	{name: "An ID with which another one begins is nobody's", test: func(t *testing.T, f *fixture) {
		id, r := f.create("x")
		for _, long := range []string{id + "v", id + "0000", id + strings.Repeat("0", 224)} {
			f.wantGone(long)
			wantErr(t, "Touch of a longer ID", f.Touch(t.Context(), long, f.life), session.ErrNotFound)
			_, err := f.Swap(t.Context(), long, r, []byte("y"), f.life)
			wantNoSwap(t, "a longer ID", err)
			wantErr(t, "Destroy of a longer ID", f.Destroy(t.Context(), long), nil)
		}
		f.wantGone(id[:31])
		f.wantStored(id, "x")
	}},
	{name: "A large session is stored as it is", test: func(t *testing.T, f *fixture) {
		size := f.MaxData
		if size == 0 {
			size = 1 << 20
		}
		large := strings.Repeat("0123456789abcde\n", size/16+1)[:size]
		f.wantRoundTrip(large)
		id, r := f.create(large)
		f.swap(id, r, large[:size-1]+"!")
		_, err := f.Swap(t.Context(), id, r, []byte("lost update"), f.life)
		wantErr(t, "Swap of a record that differs in its last byte", err, session.ErrConflict)
	}},
	{name: "What the store cannot take is refused whole", applies: choosy, test: func(t *testing.T, f *fixture) {
		var bad []string
		if f.TextOnly {
			bad = append(bad, "text, then \xff")
		}
		for _, text := range foreign {
			if !f.holds(text) {
				bad = append(bad, text)
			}
		}
		if f.MaxData > 0 {
			bad = append(bad, strings.Repeat("x", 2*f.MaxData))
		}
		for _, data := range bad {
			id := newID()
			if _, err := f.Create(t.Context(), id, []byte(data), f.life); err == nil || errors.Is(err, session.ErrOutcomeUnknown) {
				t.Errorf("Create of what the store cannot take = %v, want an error that promises that nothing was written", err)
			}
			f.wantGone(id)
			id, r := f.create("fits")
			if _, err := f.Swap(t.Context(), id, r, []byte(data), f.life); err == nil || errors.Is(err, session.ErrOutcomeUnknown) {
				t.Errorf("Swap to what the store cannot take = %v, want an error that promises that nothing was written", err)
			}
			f.wantStored(id, "fits")
		}
	}},
	{name: "What the store has no room for is ErrTooLarge", applies: func(h Harness) bool { return h.MaxData > 0 }, test: func(t *testing.T, f *fixture) {
		large := []byte(strings.Repeat("x", 2*f.MaxData))
		_, err := f.Create(t.Context(), newID(), large, f.life)
		wantErr(t, "Create", err, session.ErrTooLarge)
		id, r := f.create("fits")
		_, err = f.Swap(t.Context(), id, r, large, f.life)
		wantErr(t, "Swap", err, session.ErrTooLarge)
	}},
	{name: "Data is never changed once it was returned", test: func(_ *testing.T, f *fixture) {
		id, created := f.create("first")
		read := f.wantStored(id, "first")
		swapped := f.swap(id, read, "other")
		f.swap(id, swapped, "third")
		wantData(f.t, "Create, looked at later,", created, "first")
		wantData(f.t, "Read, looked at later,", read, "first")
		wantData(f.t, "Swap, looked at later,", swapped, "other")
	}},
	{name: "Appending to Data changes nothing that is stored", test: func(t *testing.T, f *fixture) {
		id := newID()
		given := append(make([]byte, 0, 64), "given"...) // with room behind it
		r, err := f.Create(t.Context(), id, given, f.life)
		wantErr(t, "Create", err, nil)
		one, two := f.wantStored(id, "given"), f.wantStored(id, "given")
		_ = append(r.Data, "CREATED"...)
		a := append(one.Data, "-one"...)
		b := append(two.Data, "-two"...)
		if string(a) != "given-one" || string(b) != "given-two" {
			t.Errorf("two readers' appends are %q and %q; want each to have its own", a, b)
		}
		f.wantStored(id, "given")
	}},
}

// foreign are texts that one character set or another has no characters for.
var foreign = []string{"caf\u00e9", "\u4f60\u597d", "cheese: \U0001f9c0"}

// wantRoundTrip stores data by Create and by Swap, and reads it.
func (f *fixture) wantRoundTrip(data string) {
	f.t.Helper()
	id, r := f.create(data)
	wantData(f.t, "Create", r, data)
	r = f.swap(id, f.wantStored(id, data), "something else")
	wantData(f.t, "Swap", f.swap(id, r, data), data)
	f.wantStored(id, data)
}
