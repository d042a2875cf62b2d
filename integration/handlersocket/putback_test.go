package handlersocket_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gyrfalcon/integration/servers"
	"gyrfalcon/session"
	"gyrfalcon/session/handlersocket/hs"
	"gyrfalcon/session/sessiontest"
)

// relay stands between an adapter and its server. It calls answered, with how many there
// have been, when the server has answered a write that returns what it replaces, and the
// adapter has not heard of it.
func relay(t testing.TB, address string, answered func(n int)) string {
	t.Helper()
	var asked, told atomic.Int64
	return between(t, address, func(request string) {
		if strings.Contains(request, "\tU?\t") {
			asked.Add(1)
		}
	}, func() {
		if n := asked.Load(); told.Swap(n) < n {
			answered(int(n))
		}
	})
}

// overheard stands between an adapter and its server, and hears each piece of what is asked.
func overheard(t testing.TB, address string, heard func(requests string)) string {
	t.Helper()
	return between(t, address, heard, func() {})
}

// between listens, and connects whoever comes to the address. It calls asked before
// requests are passed on, and answered before answers are.
func between(t testing.TB, address string, asked func(requests string), answered func()) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	pass := func(from, to net.Conn, before func(data string)) {
		defer func() { _, _ = from.Close(), to.Close() }()
		buf := make([]byte, 1<<16)
		for {
			n, err := from.Read(buf)
			if err != nil {
				return
			}
			before(string(buf[:n]))
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
		}
	}
	running.Go(func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			far, err := new(net.Dialer).DialContext(context.WithoutCancel(t.Context()), "tcp", address)
			if err != nil {
				_ = near.Close()
				return
			}
			running.Go(func() {
				pass(near, far, asked)
			})
			running.Go(func() {
				pass(far, near, func(string) { answered() })
			})
		}
	})
	t.Cleanup(func() { // after the adapter has been closed
		_ = l.Close()
		running.Wait()
	})
	return l.Addr().String()
}

// What a swap has replaced is put back, whatever becomes of the session meanwhile.
func TestWhatIsPutBackHarmsNobody(t *testing.T) {
	t.Parallel()
	const id = "0123456789abcdefghijklmnopqrstuv"
	at := time.Date(2027, 3, 4, 5, 6, 7, 0, time.UTC)
	second := func(n int) string { return at.Add(time.Duration(n) * time.Second).Format(time.DateTime) }
	swapped := second(1) // the clock stands still
	for name, c := range map[string]struct {
		theirs    hs.Value
		meanwhile func(t *testing.T, x *hs.Index)
		want      error
		row       string // modified and data, in the end
	}{
		"nothing else happens": {theirs: hs.String("theirs"), want: session.ErrConflict, row: second(2) + " theirs"},
		"it was NULL":          {theirs: hs.Null(), want: session.ErrConflict, row: second(2) + " NULL"},
		"they write again within that second": {
			theirs:    hs.String("theirs"),
			meanwhile: func(t *testing.T, x *hs.Index) { t.Helper(); overwrite(t, x, id, swapped, "newest") },
			want:      session.ErrConflict,
			row:       second(3) + " newest",
		},
		"they write again later": {
			theirs:    hs.String("theirs"),
			meanwhile: func(t *testing.T, x *hs.Index) { t.Helper(); overwrite(t, x, id, second(9), "newest") },
			want:      session.ErrOutcomeUnknown,
			row:       second(9) + " newest",
		},
		"it is touched": {
			theirs:    hs.String("theirs"),
			meanwhile: func(t *testing.T, x *hs.Index) { t.Helper(); overwrite(t, x, id, second(9), "next") },
			want:      session.ErrConflict,
			row:       second(10) + " theirs",
		},
		"it is destroyed": {
			theirs: hs.String("theirs"),
			meanwhile: func(t *testing.T, x *hs.Index) {
				t.Helper()
				if n, err := x.Delete(t.Context(), hs.Query{Key: str(id)}); n != 1 || err != nil {
					t.Errorf("a delete = %d, %v", n, err)
				}
			},
			want: session.ErrConflict,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newTable(t, servers.SharedMariaDB(t), phalcons)
			x := index(t, client(t, hs.Options{Address: p.writes}), p.table, "", "id", "modified", "data")
			p.writes = relay(t, p.writes, func(n int) {
				if n == 1 && c.meanwhile != nil {
					c.meanwhile(t, x)
				}
			})
			o := p.text()
			o.Now = func() time.Time { return at }
			a := open(t, o)
			r, err := a.Create(t.Context(), id, []byte("ours"), life)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := x.Update(t.Context(), hs.Query{Key: str(id)}, hs.String(id), hs.String(second(0)), c.theirs); err != nil {
				t.Fatal(err)
			}
			if _, err := a.Swap(t.Context(), id, r, []byte("next"), life); !errors.Is(err, c.want) {
				t.Errorf("Swap = %v, want %v", err, c.want)
			}
			var rows hs.Rows
			if err := x.Find(t.Context(), &rows, hs.Query{Key: str(id)}); err != nil {
				t.Fatal(err)
			}
			got := ""
			if rows.Len() == 1 {
				data := string(rows.Field(0, 2))
				if rows.Field(0, 2) == nil {
					data = "NULL"
				}
				got = string(rows.Field(0, 1)) + " " + data
			}
			if got != c.row {
				t.Errorf("in the end the row is %q, want %q", got, c.row)
			}
		})
	}
}

// The caller's patience is not what somebody else's change depends on.
func TestWhatIsReplacedIsPutBackThoughTheCallerHasGone(t *testing.T) {
	t.Parallel()
	p := newTable(t, servers.SharedMariaDB(t), phalcons)
	x := index(t, client(t, hs.Options{Address: p.writes}), p.table, "", "id", "modified", "data")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	p.writes = relay(t, p.writes, func(n int) {
		if n == 2 { // what is put back
			cancel()
		}
	})
	at := time.Date(2027, 3, 4, 5, 6, 7, 0, time.UTC)
	o := p.text()
	o.Now = func() time.Time { return at }
	a := open(t, o)
	r, err := a.Create(t.Context(), "abc", []byte("ours"), life)
	if err != nil {
		t.Fatal(err)
	}
	overwrite(t, x, "abc", at.Format(time.DateTime), "theirs")
	if _, err := a.Swap(ctx, "abc", r, []byte("next"), life); !errors.Is(err, session.ErrConflict) || errors.Is(err, session.ErrOutcomeUnknown) {
		t.Errorf("Swap = %v, want ErrConflict: it was put back", err)
	}
	if got, err := a.Read(t.Context(), "abc", life); err != nil || string(got.Data) != "theirs" {
		t.Errorf("after that the session is %q, %v; want theirs", got.Data, err)
	}
}

func overwrite(t *testing.T, x *hs.Index, id, modified, data string) {
	t.Helper()
	if n, err := x.Update(t.Context(), hs.Query{Key: str(id)}, str(id, modified, data)...); n != 1 || err != nil {
		t.Errorf("a write = %d, %v", n, err)
	}
}

// Phalcon's collation takes a touch of "A" to the session "a", which keeps its ID and its
// time all the same.
func TestATouchThatMeetsAnotherIDsRowLeavesItAsItWas(t *testing.T) {
	t.Parallel()
	p := newTable(t, servers.SharedMariaDB(t), phalcons)
	clock := sessiontest.NewClock(time.Now())
	o := p.text()
	o.Now = clock.Now
	a := open(t, o)
	r, err := a.Create(t.Context(), "abc", []byte("mine"), life)
	if err != nil {
		t.Fatal(err)
	}
	clock.Advance(10 * time.Second)
	if err := a.Touch(t.Context(), "ABC", life); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("Touch of the ID in capitals = %v, want ErrNotFound", err)
	}
	if got, err := a.Read(t.Context(), "abc", life); err != nil || got.Version != r.Version {
		t.Errorf("after that the session is of %s, %v; want its own time, %s", got.Version, err, r.Version)
	}
}

func TestASwapByAClockThatWasSetBackTakesNothingFromTheSession(t *testing.T) {
	t.Parallel()
	p := newTable(t, servers.SharedMariaDB(t), phalcons)
	clock := sessiontest.NewClock(time.Now())
	o := p.text()
	o.Now = clock.Now
	a := open(t, o)
	r, err := a.Create(t.Context(), "abc", []byte("0"), life)
	if err != nil {
		t.Fatal(err)
	}
	clock.Advance(-time.Minute)
	if next, err := a.Swap(t.Context(), "abc", r, []byte("1"), life); err != nil || next.Expires.Before(r.Expires) {
		t.Errorf("Swap by a clock that was set back = a session until %v, %v; want none before %v", next.Expires, err, r.Expires)
	}
}
