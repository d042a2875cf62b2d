package sessiontest

import (
	"context"
	"errors"
	"testing"

	"gyrfalcon/session"
)

var openPromises = []promise{
	{name: "Open of an ended context fails", test: func(t *testing.T, f *fixture) {
		ctx, want := ended(t.Context())
		wantErr(t, "Open", f.adapter().Open(ctx), want)
	}},
	{name: "Open leaves what is stored", applies: shared, test: func(_ *testing.T, f *fixture) {
		id, _ := f.create("kept")
		f.open()
		f.wantStored(id, "kept")
	}},
}

var closePromises = []promise{
	{name: "Close works after an Open that failed", test: func(t *testing.T, f *fixture) {
		a := f.adapter()
		ctx, _ := ended(t.Context())
		_ = a.Open(ctx) // that it fails is another promise
		wantErr(t, "Close after a failed Open", a.Close(t.Context()), nil)
	}},
	{name: "Close works without an Open", test: func(t *testing.T, f *fixture) {
		wantErr(t, "Close without an Open", f.adapter().Close(t.Context()), nil)
	}},
	{name: "Close leaves what is stored", applies: shared, test: func(t *testing.T, f *fixture) {
		id, _ := f.create("kept")
		wantErr(t, "Close", f.Close(t.Context()), nil)
		f.Adapter = f.open()
		f.wantStored(id, "kept")
	}},
	{name: "Every method fails after Close", test: func(t *testing.T, f *fixture) {
		id, r := f.create("x")
		wantErr(t, "Close", f.Close(t.Context()), nil)
		for method, err := range callAll(t.Context(), f, id, newID(), r) {
			if err == nil || errors.Is(err, session.ErrNotFound) || errors.Is(err, session.ErrConflict) ||
				errors.Is(err, session.ErrExists) || errors.Is(err, session.ErrOutcomeUnknown) {
				t.Errorf("%s after Close = %v, want an error of its own", method, err)
			}
		}
	}},
}

// callAll calls every method but Close, Create with the unused ID, and returns
// their errors.
func callAll(ctx context.Context, f *fixture, id, unused string, r session.Record) map[Method]error {
	errs := make(map[Method]error)
	errs[Open] = f.Adapter.Open(ctx)
	_, errs[Read] = f.Read(ctx, id, f.life)
	_, errs[Create] = f.Create(ctx, unused, []byte("new"), f.life)
	_, errs[Swap] = f.Swap(ctx, id, r, []byte("next"), f.life)
	errs[Touch] = f.Touch(ctx, id, f.life)
	errs[Destroy] = f.Destroy(ctx, id)
	_, _, errs[GC] = f.GC(ctx, f.life, 10)
	return errs
}
