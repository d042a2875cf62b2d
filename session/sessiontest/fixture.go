package sessiontest

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"errors"
	"strings"
	"testing"
	"time"

	"gyrfalcon/session"
)

// patience is how long the suites wait for what must end before they call it
// stuck. Nothing that works comes near it.
const patience = 20 * time.Second

// fixture is one promise's store, with an open adapter on it.
type fixture struct {
	Harness
	session.Adapter
	t     *testing.T
	store string
	clock *Clock // nil with ServerClock

	// life is the lifetime to use where a promise is not about lifetimes: no
	// session of it expires unless the promise lets time pass.
	life time.Duration
	// short is a lifetime that a promise can wait for.
	short time.Duration
}

func newFixture(t *testing.T, h Harness) *fixture {
	t.Helper()
	f := &fixture{Harness: h, t: t, store: h.NewStore(t), life: time.Hour, short: 30 * time.Second}
	if h.ServerClock {
		f.short = 2*time.Second + 2*h.Resolution
	} else {
		f.clock = NewClock(clockStart)
	}
	f.Adapter = f.open()
	return f
}

// adapter returns a further adapter on the fixture's store, not yet opened. It
// is closed with the test, if nobody does so before.
func (f *fixture) adapter() session.Adapter {
	f.t.Helper()
	var now func() time.Time
	if f.clock != nil {
		now = f.clock.Now
	}
	a, err := f.Harness.Open(f.t.Context(), f.store, now)
	if err != nil {
		f.t.Fatalf("the harness's Open = %v, want nil", err)
	}
	f.t.Cleanup(func() { _ = a.Close(context.Background()) })
	return a
}

// open returns a further adapter on the fixture's store.
func (f *fixture) open() session.Adapter {
	f.t.Helper()
	a := f.adapter()
	if err := a.Open(f.t.Context()); err != nil {
		f.t.Fatalf("Open of a new store = %v, want nil", err)
	}
	return a
}

// now is the time by which the store judges expiry.
func (f *fixture) now() time.Time {
	if f.clock != nil {
		return f.clock.Now()
	}
	return time.Now()
}

// pass lets d go by.
func (f *fixture) pass(d time.Duration) {
	f.t.Helper()
	if f.clock != nil {
		f.clock.Advance(d)
		return
	}
	select {
	case <-time.After(d):
	case <-f.t.Context().Done():
		f.t.Fatal("the test ended while it waited for a session to expire")
	}
}

// outlive lets so much time go by that what was kept alive until now, with that
// lifetime, has expired.
func (f *fixture) outlive(life time.Duration) {
	f.t.Helper()
	late := 2 * f.Resolution
	if f.ServerClock {
		late += 200 * time.Millisecond // its clock and ours
	}
	f.pass(life)
	f.pass(late)
}

// create stores a new session under a new ID.
func (f *fixture) create(data string) (string, session.Record) {
	f.t.Helper()
	return f.createFor(data, f.life)
}

func (f *fixture) createFor(data string, life time.Duration) (string, session.Record) {
	f.t.Helper()
	id := newID()
	r, err := f.Create(f.t.Context(), id, []byte(data), life)
	if err != nil {
		f.t.Fatalf("Create under a new ID = %v, want nil", err)
	}
	return id, r
}

// swap replaces prev, which must succeed.
func (f *fixture) swap(id string, prev session.Record, next string) session.Record {
	f.t.Helper()
	r, err := f.Swap(f.t.Context(), id, prev, []byte(next), f.life)
	if err != nil {
		f.t.Fatalf("Swap of what is stored = %v, want nil", err)
	}
	return r
}

// wantStored reads the session and compares.
func (f *fixture) wantStored(id, want string) session.Record {
	f.t.Helper()
	return f.wantStoredFor(id, want, f.life)
}

func (f *fixture) wantStoredFor(id, want string, life time.Duration) session.Record {
	f.t.Helper()
	r, err := f.Read(f.t.Context(), id, life)
	if err != nil {
		f.t.Fatalf("Read = %v, want a session of %d bytes", err, len(want))
	}
	wantData(f.t, "Read", r, want)
	return r
}

func (f *fixture) wantGone(id string) { f.t.Helper(); f.wantGoneFor(id, f.life) }

func (f *fixture) wantGoneFor(id string, life time.Duration) {
	f.t.Helper()
	r, err := f.Read(f.t.Context(), id, life)
	if !errors.Is(err, session.ErrNotFound) {
		f.t.Fatalf("Read = a session of %d bytes, error %v; want ErrNotFound", len(r.Data), err)
	}
}

// wantData compares a record's data, and shows both where they are short.
func wantData(t *testing.T, method string, r session.Record, want string) {
	t.Helper()
	if got := string(r.Data); got != want {
		if len(got)+len(want) < 200 {
			t.Fatalf("%s brought %q, want %q", method, got, want)
		}
		at := 0
		for at < min(len(got), len(want)) && got[at] == want[at] {
			at++
		}
		t.Fatalf("%s brought %d bytes, want %d; they differ from byte %d on", method, len(got), len(want), at)
	}
}

func wantErr(t *testing.T, what string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Fatalf("%s = %v, want %v", what, got, want)
	}
}

// wantNoSwap says what Swap may return where there is no session to be swapped.
func wantNoSwap(t *testing.T, what string, got error) {
	t.Helper()
	if !errors.Is(got, session.ErrNotFound) && !errors.Is(got, session.ErrConflict) {
		t.Fatalf("Swap of %s = %v, want ErrNotFound, or ErrConflict from a store that cannot tell", what, got)
	}
}

// newID returns an ID of the form that a manager stores: 32 characters of
// lower-case base32hex.
func newID() string {
	b := make([]byte, 20)
	_, _ = rand.Read(b) // never fails
	return strings.ToLower(base32.HexEncoding.EncodeToString(b))
}

// ended returns a context that was over before it began, and the error that
// says so.
func ended(ctx context.Context) (context.Context, error) {
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	return ctx, context.Canceled
}
