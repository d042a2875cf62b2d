package sessiontest

import (
	"context"
	"errors"
	"testing"
	"time"

	"gyrfalcon/session"
)

var contextPromises = []promise{
	{name: "A call whose context has been cancelled does nothing", test: func(t *testing.T, f *fixture) {
		ctx, want := ended(t.Context())
		f.wantNothingDone(ctx, want)
	}},
	{name: "A call whose deadline has passed does nothing", test: func(t *testing.T, f *fixture) {
		ctx, cancel := context.WithDeadline(t.Context(), time.Unix(1, 0))
		defer cancel()
		f.wantNothingDone(ctx, context.DeadlineExceeded)
	}},
	{name: "A write that is kept waiting ends with its context", applies: stallable, test: testStall},
}

func (f *fixture) wantNothingDone(ctx context.Context, want error) {
	f.t.Helper()
	id, r := f.create("kept")
	unused := newID()
	for method, err := range callAll(ctx, f, id, unused, r) {
		if !errors.Is(err, want) || errors.Is(err, session.ErrOutcomeUnknown) {
			f.t.Errorf("%s = %v; want %v, and nobody in doubt about the outcome", method, err, want)
		}
	}
	f.wantStored(id, "kept")
	f.wantGone(unused)
}

// testStall lets writes wait for longer than their context lasts. Whatever they
// then say must be true.
func testStall(t *testing.T, f *fixture) {
	const next = "next"
	type write struct {
		call  func(ctx context.Context, id string, r session.Record) error
		after string // the content where the write has been done, "" for none
	}
	writes := map[Method]write{
		Swap: {func(ctx context.Context, id string, r session.Record) error {
			_, err := f.Swap(ctx, id, r, []byte(next), f.life)
			return err
		}, next},
		Touch: {func(ctx context.Context, id string, _ session.Record) error {
			return f.Touch(ctx, id, f.life)
		}, "before"},
		Destroy: {func(ctx context.Context, id string, _ session.Record) error {
			return f.Destroy(ctx, id)
		}, ""},
	}
	for method, w := range writes {
		id, r := f.create("before")
		resume := f.Stall(t, f.store)
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		done := make(chan error, 1)
		go func() { done <- w.call(ctx, id, r) }()
		var err error
		select {
		case err = <-done:
		case <-time.After(patience):
			t.Fatalf("%s has not returned %v after its deadline", method, patience)
		}
		cancel()
		resume()
		if err == nil {
			t.Fatalf("%s = nil in a store that lets nobody write", method)
		}
		wantTold(t, method, err, f.stored(id), "before", w.after)
	}
}

// wantTold compares what is stored with what an error says about it.
func wantTold(t *testing.T, method Method, err error, stored, before, after string) {
	t.Helper()
	switch {
	case stored == before:
	case stored == after && errors.Is(err, session.ErrOutcomeUnknown):
	default:
		t.Errorf("%s = %v, and %q is stored; want %q, or %q with ErrOutcomeUnknown", method, err, stored, before, after)
	}
}

// stored returns what is stored, or "" for nothing.
func (f *fixture) stored(id string) string {
	f.t.Helper()
	r, err := f.Read(f.t.Context(), id, f.life)
	if err != nil && !errors.Is(err, session.ErrNotFound) {
		f.t.Fatalf("Read = %v, want a session or ErrNotFound", err)
	}
	return string(r.Data)
}
