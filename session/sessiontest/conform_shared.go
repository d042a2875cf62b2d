package sessiontest

import (
	"testing"

	"gyrfalcon/session"
)

var sharedPromises = []promise{
	{name: "Adapters on one store see each other's changes at once", applies: shared, test: func(t *testing.T, f *fixture) {
		one, two := f.Adapter, f.open()
		id, first := f.create("by one")

		f.Adapter = two
		read := f.wantStored(id, "by one")
		if read.Version != first.Version {
			t.Errorf("one adapter has the Version %q, another %q for the same content; want one", first.Version, read.Version)
		}
		_, err := two.Create(t.Context(), id, []byte("again"), f.life)
		wantErr(t, "Create of an ID that another adapter created", err, session.ErrExists)
		f.swap(id, read, "by two")

		f.Adapter = one
		_, err = one.Swap(t.Context(), id, first, []byte("lost update"), f.life)
		wantErr(t, "Swap of what another adapter has changed", err, session.ErrConflict)
		f.wantStored(id, "by two")
		wantErr(t, "Destroy", one.Destroy(t.Context(), id), nil)

		f.Adapter = two
		f.wantGone(id)
	}},
	{name: "Many who count up on two adapters lose no count", applies: shared, test: func(_ *testing.T, f *fixture) {
		id, _ := f.create("0")
		f.countUp(id, f.Adapter, f.open())
	}},
	{name: "Closing one adapter leaves another on the same store", applies: shared, test: func(t *testing.T, f *fixture) {
		two := f.open()
		wantErr(t, "Close", f.Close(t.Context()), nil)
		f.Adapter = two
		id, r := f.create("x")
		f.swap(id, r, "y")
		f.wantStored(id, "y")
	}},
}
