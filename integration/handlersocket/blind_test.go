package handlersocket_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gyrfalcon/integration/servers"
	"gyrfalcon/session"
	"gyrfalcon/session/handlersocket"
	"gyrfalcon/session/handlersocket/hs"
)

// shared is a session that Go and somebody who does not compare write by turns: "p" is
// the other's number, "g" is Go's.
type shared struct{ p, g int }

func (s shared) bytes() []byte { return fmt.Appendf(nil, "p=%d;g=%d", s.p, s.g) }

func parseShared(t testing.TB, data []byte) (s shared) {
	t.Helper()
	if _, err := fmt.Sscanf(string(data), "p=%d;g=%d", &s.p, &s.g); err != nil {
		t.Errorf("the session holds %q: %v", data, err)
	}
	return s
}

// writer writes as PHP's adapter does: it reads the session, and at its end writes all of
// it with the time in whole seconds, whatever is stored by then.
type writer interface {
	read(t testing.TB) shared
	write(t testing.TB, s shared)
}

// blind is one in this process.
type blind struct {
	row *hs.Index
	id  string
}

func newBlind(t testing.TB, p place, id string) writer {
	t.Helper()
	x, err := client(t, hs.Options{Address: p.writes}).Index(hs.Definition{Database: database, Table: p.table, Columns: []string{"id", "modified", "data"}})
	if err != nil {
		t.Fatal(err)
	}
	return blind{x, id}
}

func (b blind) read(t testing.TB) shared {
	t.Helper()
	var rows hs.Rows
	if err := b.row.Find(t.Context(), &rows, hs.Query{Key: str(b.id)}); err != nil || rows.Len() != 1 {
		t.Fatalf("the other's find = %d rows, %v", rows.Len(), err)
	}
	return parseShared(t, rows.Field(0, 2))
}

func (b blind) write(t testing.TB, s shared) {
	t.Helper()
	n, err := b.row.Update(t.Context(), hs.Query{Key: str(b.id)}, hs.String(b.id), hs.String(time.Now().UTC().Format(time.DateTime)), hs.Bytes(s.bytes()))
	if err != nil || n != 1 {
		t.Fatalf("the other's write = %d, %v", n, err)
	}
}

// blindPHP is one in a PHP process.
type blindPHP struct {
	peer *peer
	id   string
}

func newBlindPHP(t testing.TB, p place, id string) writer {
	t.Helper()
	return blindPHP{php(t, p, "UTC"), id}
}

func (b blindPHP) read(t testing.TB) shared {
	t.Helper()
	_, data := b.peer.read(b.id, time.Now())
	return parseShared(t, []byte(data))
}

func (b blindPHP) write(t testing.TB, s shared) {
	t.Helper()
	b.peer.write(b.id, string(s.bytes()), time.Now())
}

// besideBlind lets Go read and swap while somebody writes blindly every 50 ms.
// Each of the other's numbers must be there once it has written it, and stay until the
// next, unless a swap has told that it could not put it back; which few may.
func besideBlind(t *testing.T, create string, options func(place) handlersocket.Options, another func(testing.TB, place, string) writer, duration time.Duration) {
	p := newTable(t, servers.SharedMariaDB(t), create)
	direct := p
	var putBack atomic.Int64 // which are asked for
	p.writes = overheard(t, p.writes, func(request string) {
		_, after, _ := strings.Cut(request, "\tU?\t")
		if _, more, _ := strings.Cut(after, "\n"); more != "" {
			putBack.Add(1) // with a find behind it, where a swap has nothing
		}
	})
	a := open(t, options(p))
	const id = "0123456789abcdefghijklmnopqrstuv"
	if _, err := a.Create(t.Context(), id, shared{}.bytes(), life); err != nil {
		t.Fatal(err)
	}
	other := another(t, direct, id)

	ctx, cancel := context.WithCancel(t.Context())
	var swapped, conflicts, told atomic.Int64
	var swapping sync.WaitGroup
	defer swapping.Wait()
	defer cancel() // before it is waited for
	for range 3 {
		swapping.Go(func() {
			for ctx.Err() == nil {
				r, err := a.Read(t.Context(), id, life)
				if err != nil {
					t.Errorf("Read = %v, want nil", err)
					return
				}
				s := parseShared(t, r.Data)
				s.g++
				time.Sleep(rand.N(100 * time.Millisecond)) //nolint:forbidigo // a request under way, in which the other writes
				// A swap that was given up could be carried out later, when nobody is
				// left to put anything back: that is told too, but is not the matter here.
				swap, stop := context.WithTimeout(t.Context(), 20*time.Second)
				_, err = a.Swap(swap, id, r, s.bytes(), life)
				stop()
				switch {
				case err == nil:
					swapped.Add(1)
				case errors.Is(err, session.ErrConflict):
					conflicts.Add(1)
				case errors.Is(err, session.ErrOutcomeUnknown):
					told.Add(1)
				default:
					t.Errorf("Swap = %v, want nil or a conflict", err)
				}
			}
		})
	}
	n, excused := 0, 0
	for end := time.Now().Add(duration); time.Now().Before(end); {
		before := told.Load()
		s := other.read(t)
		n++
		s.p = n
		other.write(t, s)
		time.Sleep(50 * time.Millisecond) //nolint:forbidigo // its pace
		for late := time.Now().Add(2 * time.Second); other.read(t).p != n && told.Load() == before; {
			if time.Now().After(late) {
				t.Fatalf("the other's write %d is lost, and nobody has told so", n)
			}
		}
		if told.Load() != before {
			excused++
		}
	}
	cancel()
	swapping.Wait()
	t.Logf("%d blind writes; %d swaps, %d in conflict, %d put something back, %d told that they could not, while %d of the writes were looked for",
		n, swapped.Load(), conflicts.Load(), putBack.Load(), told.Load(), excused)
	if putBack.Load() == 0 {
		t.Error("no swap ever replaced a blind write and put it back: this has shown nothing")
	}
	if conflicts.Load() == 0 {
		t.Error("no swap ever was a conflict: this has shown nothing")
	}
	if excused*4 > n {
		t.Errorf("swaps told that they could not put back what they had replaced while %d of %d blind writes were looked for: want a quarter at most, or too few were", excused, n)
	}
}

func TestNoBlindWriteIsSilentlyLost(t *testing.T) {
	t.Parallel()
	for name, other := range map[string]func(testing.TB, place, string) writer{"of ours": newBlind, "of PHP's": newBlindPHP} {
		t.Run(name+", on DATETIME", func(t *testing.T) {
			t.Parallel()
			besideBlind(t, phalcons, place.text, other, 3*time.Second)
		})
		t.Run(name+", on DATETIME(6)", func(t *testing.T) {
			t.Parallel()
			besideBlind(t, handlersocket.Schema, place.binary, other, 3*time.Second)
		})
	}
}

// The write of one who does not compare, within the second that was read: it is put
// back, and the swap is a conflict.
func TestAWriteWithinTheSameSecondIsPutBack(t *testing.T) {
	t.Parallel()
	p := newTable(t, servers.SharedMariaDB(t), phalcons)
	a := open(t, p.text())
	x, err := client(t, hs.Options{Address: p.writes}).Index(hs.Definition{Database: database, Table: p.table, Columns: []string{"id", "modified", "data"}})
	if err != nil {
		t.Fatal(err)
	}
	const id = "0123456789abcdefghijklmnopqrstuv"
	r, err := a.Create(t.Context(), id, []byte("ours"), life)
	if err != nil {
		t.Fatal(err)
	}
	second, _, _ := strings.Cut(r.Version, "/")
	if _, err := x.Update(t.Context(), hs.Query{Key: str(id)}, str(id, second, "theirs")...); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Swap(t.Context(), id, r, []byte("next"), life); !errors.Is(err, session.ErrConflict) {
		t.Fatalf("a swap of what somebody has replaced within the second = %v, want ErrConflict", err)
	}
	again, err := a.Read(t.Context(), id, life)
	if err != nil || string(again.Data) != "theirs" {
		t.Fatalf("after that the session is %q, %v; want what they wrote", again.Data, err)
	}
	if again.Version == r.Version {
		t.Error("its version is the old one, want another: its content is")
	}
	if _, err := a.Swap(t.Context(), id, again, []byte("next"), life); err != nil {
		t.Errorf("a swap of what was read again = %v, want nil", err)
	}
}
