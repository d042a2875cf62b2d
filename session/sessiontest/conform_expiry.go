package sessiontest

import (
	"testing"
	"time"

	"gyrfalcon/session"
)

var expiryPromises = []promise{
	{name: "Read of an expired session is ErrNotFound", test: func(_ *testing.T, f *fixture) {
		id, _ := f.createFor("old", f.short)
		f.outlive(f.short)
		f.wantGoneFor(id, f.short)
	}},
	{name: "Touch of an expired session is ErrNotFound and revives nothing", test: func(t *testing.T, f *fixture) {
		id, _ := f.createFor("old", f.short)
		f.outlive(f.short)
		wantErr(t, "Touch of an expired session", f.Touch(t.Context(), id, f.short), session.ErrNotFound)
		f.wantGoneFor(id, f.short)
	}},
	{name: "Touch slides the expiry", test: func(_ *testing.T, f *fixture) {
		f.wantKeptAliveBy("Touch", func(id string, _ session.Record) error {
			return f.Touch(f.t.Context(), id, f.short)
		})
	}},
	{name: "Swap slides the expiry", test: func(_ *testing.T, f *fixture) {
		f.wantKeptAliveBy("Swap", func(id string, r session.Record) error {
			_, err := f.Swap(f.t.Context(), id, r, []byte("kept alive"), f.short)
			return err
		})
	}},
	{name: "Read tells whether it slid the expiry", test: testSlid},
	{name: "Touch for a shorter life does not move the expiry backwards", test: func(t *testing.T, f *fixture) {
		life := 10 * f.short
		id, _ := f.createFor("long", life)
		wantErr(t, "Touch", f.Touch(t.Context(), id, f.short), nil)
		f.outlive(f.short)
		f.wantStoredFor(id, "long", life)
	}},
	{name: "Touch by a clock that was set back does not move the expiry backwards", applies: fakeClock, test: func(t *testing.T, f *fixture) {
		id, _ := f.createFor("x", f.short)
		const back = 20 * time.Second
		f.pass(-back)
		wantErr(t, "Touch", f.Touch(t.Context(), id, f.short), nil)
		f.pass(back + f.short - time.Nanosecond)
		f.wantStoredFor(id, "x", f.short)
	}},
	{name: "Record.Expires is the moment from which the session is gone", applies: fakeClock, test: testExpires},
}

// wantKeptAliveBy lets a session be used after two thirds of its life, and
// wants it to live after two thirds more.
func (f *fixture) wantKeptAliveBy(method string, use func(id string, r session.Record) error) {
	f.t.Helper()
	for range 3 {
		began := f.now()
		id, r := f.createFor("x", f.short)
		f.pass(f.short * 2 / 3)
		used := f.now()
		if err := use(id, r); err != nil {
			if f.now().Sub(began) >= f.short {
				continue // the machine slept: that proves nothing
			}
			f.t.Fatalf("%s after two thirds of the life = %v, want nil", method, err)
		}
		f.pass(f.short * 2 / 3)
		if _, err := f.Read(f.t.Context(), id, f.short); err != nil {
			if f.now().Sub(used) >= f.short {
				continue
			}
			f.t.Fatalf("Read = %v, after two thirds of a life since %s; want the session", err, method)
		}
		return
	}
	f.t.Fatalf("three times this machine took longer than %v for what should take two thirds of that", f.short)
}

func testSlid(t *testing.T, f *fixture) {
	id, created := f.createFor("x", f.short)
	f.pass(f.short / 2)
	r := f.wantStoredFor(id, "x", f.short)
	if !r.Slid {
		if f.clock != nil && !r.Expires.Equal(created.Expires) {
			t.Errorf("Expires was %v, and is %v after a Read that did not slide it; want no change", created.Expires, r.Expires)
		}
		f.outlive(f.short / 2)
		f.wantGoneFor(id, f.short)
		return
	}
	f.wantKeptAliveBy("a Read with Slid", func(id string, _ session.Record) error {
		since := f.now()
		r, err := f.Read(t.Context(), id, f.short)
		if err == nil {
			f.wantExpires("Read with Slid", r, f.short, since)
		}
		return err
	})
}

func testExpires(t *testing.T, f *fixture) {
	methods := map[Method]func(id string, r session.Record) error{
		Read: func(id string, _ session.Record) error {
			_, err := f.Read(t.Context(), id, f.short)
			return err
		},
		Touch: func(id string, _ session.Record) error { return f.Touch(t.Context(), id, f.short) },
		Swap: func(id string, r session.Record) error {
			_, err := f.Swap(t.Context(), id, r, []byte("y"), f.short)
			return err
		},
	}
	id, r := f.createFor("x", f.short)
	f.pass(r.Expires.Sub(f.now()) - time.Nanosecond)
	_, err := f.Create(t.Context(), id, []byte("y"), f.short)
	wantErr(t, "Create one nanosecond before Expires", err, session.ErrExists)
	f.pass(time.Nanosecond)
	_, err = f.Create(t.Context(), id, []byte("y"), f.short)
	wantErr(t, "Create at Expires", err, nil)
	for method, use := range methods {
		id, r := f.createFor("x", f.short)
		f.pass(r.Expires.Sub(f.now()) - time.Nanosecond)
		wantErr(t, string(method)+" one nanosecond before Expires", use(id, r), nil)

		id, r = f.createFor("x", f.short)
		f.pass(r.Expires.Sub(f.now()))
		if err := use(id, r); err == nil {
			t.Errorf("%s at Expires = nil, want the session to be gone", method)
		}
	}
}

// wantExpires says when a session that was kept alive between a moment and now
// may expire.
func (f *fixture) wantExpires(method string, r session.Record, life time.Duration, since time.Time) {
	f.t.Helper()
	early, late := since.Add(life), f.now().Add(life).Add(2*f.Resolution)
	if f.ServerClock { // its clock and ours, and what it rounds
		const skew = 100 * time.Millisecond
		early, late = early.Add(-skew), late.Add(skew)
	}
	if r.Expires.Before(early) || r.Expires.After(late) {
		f.t.Errorf("%s, life %v: Expires is %v, want it from %v to %v", method, life, r.Expires, early, late)
	}
}

var lifetimePromises = []promise{
	{name: "A session lives for its whole life and no longer", applies: fakeClock, test: func(_ *testing.T, f *fixture) {
		for _, life := range []time.Duration{time.Second, 1500 * time.Millisecond, time.Minute, 24 * time.Hour} {
			id, _ := f.createFor("x", life)
			f.pass(life - time.Nanosecond)
			f.wantStoredFor(id, "x", life)

			id, _ = f.createFor("x", life)
			f.outlive(life)
			f.wantGoneFor(id, life)
		}
	}},
	{name: "A life of one second ends", test: func(_ *testing.T, f *fixture) {
		id, _ := f.createFor("x", time.Second)
		f.outlive(time.Second)
		f.wantGoneFor(id, time.Second)
	}},
	{name: "A life of many years neither overflows nor lasts for ever", test: testLongLife},
	{name: "Expires lies one life ahead", test: func(_ *testing.T, f *fixture) {
		for _, life := range []time.Duration{time.Second, 1500 * time.Millisecond, time.Hour, 365 * 24 * time.Hour} {
			since := f.now()
			id, r := f.createFor("x", life)
			f.wantExpires("Create", r, life, since)
			r, err := f.Swap(f.t.Context(), id, r, []byte("y"), life)
			wantErr(f.t, "Swap", err, nil)
			f.wantExpires("Swap", r, life, since)
			f.wantExpires("Read", f.wantStoredFor(id, "y", life), life, since)
		}
	}},
}

func testLongLife(t *testing.T, f *fixture) {
	const year = 365 * 24 * time.Hour
	for _, life := range []time.Duration{40 * year, 290 * year, 1<<63 - 1} {
		since := f.now()
		id, r := f.createFor("x", life)
		f.wantExpires("Create", r, life, since)
		r = f.wantStoredFor(id, "x", life)
		f.wantExpires("Read", r, life, since)
		wantErr(t, "Touch", f.Touch(t.Context(), id, life), nil)
		r, err := f.Swap(t.Context(), id, r, []byte("y"), life)
		wantErr(t, "Swap", err, nil)
		f.wantExpires("Swap", r, life, since)
		if _, _, err := f.GC(t.Context(), life, 10); err != nil {
			t.Errorf("GC for a life of %v = %v, want nil", life, err)
		}
		f.wantStoredFor(id, "y", life)
	}
	if f.clock == nil {
		return
	}
	life := 290 * year
	id, _ := f.createFor("x", life)
	f.outlive(life)
	f.wantGoneFor(id, life)
}
