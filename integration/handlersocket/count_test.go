package handlersocket_test

import (
	"context"
	"database/sql"
	"errors"
	"math"
	"sync"
	"testing"
	"time"

	"gyrfalcon/integration/load"
	"gyrfalcon/integration/servers"
	"gyrfalcon/session"
	"gyrfalcon/session/handlersocket"
	"gyrfalcon/session/sessiontest"
)

// watched returns the harness with somebody who looks by how many seconds sessions lead the
// clock, from when there is a store. ended tells the most; the second process has nobody.
func watched(t testing.TB, h sessiontest.Harness) (_ sessiontest.Harness, ended func() (most float64, looks int)) {
	t.Helper()
	newStore := h.NewStore
	most, looks := math.Inf(-1), 0
	ctx, cancel := context.WithCancel(t.Context())
	var looking sync.WaitGroup
	ended = func() (float64, int) { cancel(); looking.Wait(); return most, looks }
	t.Cleanup(func() { ended() })
	h.NewStore = func(t testing.TB) string {
		t.Helper()
		store := newStore(t)
		d := db(t, servers.SharedMariaDB(t))
		looking.Go(func() {
			for ctx.Err() == nil {
				var at sql.NullFloat64
				err := d.QueryRowContext(ctx, "SELECT MAX(TIMESTAMPDIFF(MICROSECOND, '1970-01-01', modified)) / 1e6 FROM "+parsePlace(store).table).Scan(&at)
				if err == nil && at.Valid {
					most = max(most, at.Float64-float64(time.Now().UnixMicro())/1e6) // by the time after it
					looks++
				}
				time.Sleep(10 * time.Millisecond) //nolint:forbidigo // samples for a while
			}
		})
		return store
	}
	return h, ended
}

// 64 clients in two processes count to 6,400 in one session, and its versions never run
// ahead of the clock.
func TestTwoProcessesLoseNoCountOnDatetime6(t *testing.T) {
	t.Parallel()
	h, ended := watched(t, harness(handlersocket.Schema, place.binary, sessiontest.Harness{Resolution: time.Microsecond}))
	if r := load.Count(t, h, load.Counting{}); r.Acknowledged == 0 {
		return // the second process
	}
	if most, looks := ended(); most > 0 || looks < 10 {
		t.Errorf("in %d looks a session led the clock by up to %.6f s; want 10 looks at least, and no lead", looks, most)
	}
}

// The same on a column of seconds, where each count takes one: max_lead has room for all
// of them.
func TestTwoProcessesLoseNoCountOnDatetime(t *testing.T) {
	t.Parallel()
	const lead = 6500 * time.Second
	h, ended := watched(t, harness(phalcons, place.text, sessiontest.Harness{Resolution: time.Second}))
	h.Open = func(_ context.Context, store string, now func() time.Time) (session.Adapter, error) {
		o := parsePlace(store).text()
		o.Now, o.MaxLead = now, lead
		return handlersocket.New(o), nil
	}
	if r := load.Count(t, h, load.Counting{}); r.Acknowledged == 0 {
		return // the second process
	}
	if most, looks := ended(); most > lead.Seconds() || most < 1000 || looks < 10 {
		t.Errorf("in %d looks a session led the clock by up to %.0f s; want 10 looks at least, and more than 1,000 s, but at most %v", looks, most, lead)
	}
}

// On a column of seconds a session that is fought for is held back: its versions lead
// the clock by max_lead and no more, and what was acknowledged is there.
func TestOnDatetimeTheLeadNeverPassesMaxLead(t *testing.T) {
	t.Parallel()
	const lead = 2 * time.Second
	srv := servers.SharedMariaDB(t)
	p := newTable(t, srv, phalcons)
	d := db(t, srv)
	r := load.Run(t, load.Plan{
		Open: func(context.Context) (session.Adapter, error) {
			o := p.text()
			o.MaxLead = lead
			return handlersocket.New(o), nil
		},
		Fault: func(t testing.TB) {
			full := false
			for range 100 {
				var most float64
				err := d.QueryRowContext(t.Context(), "SELECT MAX(TIMESTAMPDIFF(SECOND, '1970-01-01', modified)) FROM "+p.table).Scan(&most)
				if err != nil {
					t.Fatal(err)
				}
				// The time is taken after what it is compared with: before it, a busy machine
				// would let sessions be written in between.
				if ahead := most - float64(time.Now().UnixMicro())/1e6; ahead > lead.Seconds() {
					t.Errorf("a session leads the clock by %.3f s, want at most %v", ahead, lead)
				} else if ahead > lead.Seconds()-1 {
					full = true
				}
				time.Sleep(20 * time.Millisecond) //nolint:forbidigo // samples for a while
			}
			if !full {
				t.Error("no session ever led the clock by more than a second: this has shown nothing")
			}
		},
		Options: session.Options{Timeout: time.Second},
		Clients: 8,
		Shared:  2,
	})
	if r.Lost != 0 || r.Refused == 0 {
		t.Errorf("%v; want nothing lost, and some refused because they had to wait", r)
	}
}

// A session whose versions have run ahead by as much as they may waits within its
// deadline, and is busy then.
func TestAWriteThatWouldLeadByTooMuchIsBusyAndChangesNothing(t *testing.T) {
	t.Parallel()
	p := newTable(t, servers.SharedMariaDB(t), phalcons)
	o := p.text()
	o.MaxLead = time.Second
	clock := sessiontest.NewClock(time.Now())
	o.Now = clock.Now // which stands still
	a := open(t, o)
	id := "0123456789abcdefghijklmnopqrstuv"
	r, err := a.Create(t.Context(), id, []byte("0"), life)
	if err != nil {
		t.Fatal(err)
	}
	if r, err = a.Swap(t.Context(), id, r, []byte("1"), life); err != nil {
		t.Fatalf("a swap that leads by a second = %v, want nil", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	if _, err := a.Swap(ctx, id, r, []byte("2"), life); !errors.Is(err, session.ErrBusy) || errors.Is(err, session.ErrOutcomeUnknown) {
		t.Errorf("one that would lead by two = %v, want ErrBusy", err)
	}
	clock.Advance(2 * time.Second)
	if _, err := a.Swap(t.Context(), id, r, []byte("2"), life); err != nil {
		t.Errorf("the same when the clock has come so far = %v, want nil", err)
	}
}
