package handlersocket_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"gyrfalcon/session"
	"gyrfalcon/session/handlersocket"
)

const (
	life = time.Hour
	id   = "0123456789abcdefghijklmnopqrstuv"

	hangUp = "\x00hang up" // an answer that never comes: the connection ends

	// What a request begins with: the number of its index.
	use, age = "1", "2"
)

// plugin stands for the server where the real one cannot be had to answer as a test
// needs it. It lets the table be opened.
type plugin struct {
	mu   sync.Mutex
	told func(request string) string // nil is to find nothing
	some string                      // but for the time in some row, behind a tab

	opening []string // heard while the adapter was opened
	heard   []string // since told was set
}

func (p *plugin) tell(answer func(request string) string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.told, p.heard = answer, nil
}

func (p *plugin) requests() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.heard)
}

func (p *plugin) answer(request string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if request[0] == 'P' {
		return "0\t1"
	}
	p.heard = append(p.heard, request)
	switch {
	case p.told != nil:
		return p.told(request)
	case strings.HasSuffix(request, "\tD"):
		return "0\t1\t0"
	case strings.HasPrefix(request, use):
		return "0\t2"
	case strings.HasPrefix(request, age):
		return "0\t1" + p.some
	}
	return "0\t3"
}

// open returns an adapter on a plugin of its own, by a clock that stands still at now.
// modified is the time in some row, or "" where the table is empty.
func open(t *testing.T, now time.Time, modified string) (*handlersocket.Adapter, *plugin) {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &plugin{}
	if modified != "" {
		p.some = "\t" + modified
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			serving.Go(func() {
				defer func() { _ = nc.Close() }()
				for in := bufio.NewScanner(nc); in.Scan(); {
					answer := p.answer(in.Text())
					if answer == hangUp {
						return
					}
					if _, err := nc.Write([]byte(answer + "\n")); err != nil {
						return
					}
				}
			})
		}
	})
	var o handlersocket.Options
	o.Server.Host = "127.0.0.1"
	_, port, _ := net.SplitHostPort(l.Addr().String())
	o.Server.Port, _ = strconv.Atoi(port)
	o.Now = func() time.Time { return now }
	a := handlersocket.New(o)
	t.Cleanup(func() {
		_ = a.Close(context.Background())
		_ = l.Close()
		serving.Wait()
	})
	if err := a.Open(t.Context()); err != nil {
		t.Fatalf("Open = %v, want nil", err)
	}
	p.opening = p.requests()
	p.tell(nil)
	return a, p
}

var noon = time.Date(2027, 3, 4, 12, 0, 0, 0, time.UTC)

// GC walks from the oldest upwards and ends at the first session that lives (W): with a
// filter that passes these over (F) each run would read the whole table, while it keeps
// everybody from writing.
func TestGCWalksNoFurtherThanTheFirstSessionThatLives(t *testing.T) {
	t.Parallel()
	for modified, cutOff := range map[string]string{
		"2027-03-04 11:00:00":        "2027-03-04 10:59:59",
		"2027-03-04 11:00:00.000000": "2027-03-04 10:59:59.999999",
	} {
		a, p := open(t, noon, modified)
		for _, c := range []struct {
			expired, limit int
			asked          []int
			more           bool
		}{
			{expired: 0, limit: 10, asked: []int{10}},
			{expired: 107, limit: 1000, asked: []int{100, 100}},
			{expired: 100, limit: 1000, asked: []int{100, 100}},
			{expired: 1000, limit: 250, asked: []int{100, 100, 50}, more: true},
			{expired: 1000, limit: 0, more: true},
		} {
			left := c.expired
			p.tell(func(request string) string {
				n, _ := strconv.Atoi(strings.Split(request, "\t")[4])
				n = min(n, left)
				left -= n
				return fmt.Sprint("0\t1\t", n)
			})
			n, more, err := a.GC(t.Context(), life, c.limit)
			if want := min(c.expired, c.limit); n != want || more != c.more || err != nil {
				t.Errorf("GC of at most %d with %d expired = %d, %t, %v; want %d, %t", c.limit, c.expired, n, more, err, want, c.more)
			}
			var want []string
			for _, n := range c.asked {
				want = append(want, fmt.Sprintf("2\t>=\t1\t0000-00-00 00:00:00\t%d\t0\tW\t<=\t0\t%s\tD", n, cutOff))
			}
			if got := p.requests(); !slices.Equal(got, want) {
				t.Errorf("GC of at most %d with %d expired has sent %q, want %q", c.limit, c.expired, got, want)
			}
		}
	}
}

// What the server answers to a write is told as what became of it.
func TestWhatBecameOfAWriteIsTold(t *testing.T) {
	t.Parallel()
	a, p := open(t, noon, "2027-03-04 11:00:00")
	p.tell(func(string) string { return "0\t3\t" + id + "\t2027-03-04 11:59:00\tdata" })
	prev, err := a.Read(t.Context(), id, life)
	if err != nil {
		t.Fatal(err)
	}
	sentinels := []error{session.ErrBusy, session.ErrOutcomeUnknown, session.ErrExists, session.ErrConflict, session.ErrNotFound}
	for answer, want := range map[string]error{
		"1\t1\t146":         session.ErrBusy, // a lock wait
		"1\t1\t149":         session.ErrBusy, // a deadlock
		"1\t1\tlock_tables": session.ErrBusy,
		"1\t1\t135":         nil, // a storage engine's number that nobody knows here
		"1\t1\topen_table":  nil,
		"2\t1\treadonly":    nil,
		"3\t1\tunauth":      nil,
		hangUp:              session.ErrOutcomeUnknown,
		"HTTP/1.1 400":      session.ErrOutcomeUnknown, // no answer either
	} {
		p.tell(func(string) string { return answer })
		for what, do := range map[string]func() error{
			"Create":  func() error { _, err := a.Create(t.Context(), id, nil, life); return err },
			"Swap":    func() error { _, err := a.Swap(t.Context(), id, prev, []byte("next"), life); return err },
			"Touch":   func() error { return a.Touch(t.Context(), id, life) },
			"Destroy": func() error { return a.Destroy(t.Context(), id) },
			"GC": func() error {
				n, more, err := a.GC(t.Context(), life, 10)
				if n != 0 || !more {
					t.Errorf("GC that was answered %q = %d, %t; want 0, and more to come", answer, n, more)
				}
				return err
			},
		} {
			err := do()
			if err == nil {
				t.Errorf("%s that was answered %q = nil, want an error", what, answer)
			}
			for _, s := range sentinels {
				if errors.Is(err, s) != (s == want) { //nolint:errorlint // whether it is the very one
					t.Errorf("%s that was answered %q = %v, want of the sentinels only %v", what, answer, err, want)
				}
			}
		}
	}
}

// Create's parts fail each by itself: the delete of an expired session in its place, the
// insert, and the first look at how the column keeps time.
func TestWhatBecameOfACreateIsTold(t *testing.T) {
	t.Parallel()
	const dup, done = "1\t1\t121", "0\t1"
	for name, c := range map[string]struct {
		empty                       bool // the table, so that Create looks how the column keeps time
		insert, remove, again, look string
		want                        error
	}{
		"it stands":                          {insert: done},
		"a living session is in its place":   {insert: dup, remove: "0\t1\t0", again: dup, want: session.ErrExists},
		"an expired one was in its place":    {insert: dup, remove: "0\t1\t1", again: done},
		"an expired one cannot be deleted":   {insert: dup, remove: "1\t1\t146", again: dup, want: session.ErrBusy},
		"the delete fails and is not needed": {insert: dup, remove: "1\t1\t146", again: done},
		"a deadlock keeps it from its place": {insert: dup, remove: "0\t1\t1", again: "1\t1\t149", want: session.ErrBusy},
		"the second answer is lost":          {insert: dup, remove: "0\t1\t1", again: hangUp, want: session.ErrOutcomeUnknown},
		"the first row of a table":           {empty: true, insert: done, look: "0\t2\t" + id + "\t2027-03-04 12:00:00.000000"},
		"the look at it is lost":             {empty: true, insert: done, look: hangUp, want: session.ErrOutcomeUnknown},
		"the look at it fails":               {empty: true, insert: done, look: "1\t1\t135", want: session.ErrOutcomeUnknown},
		"the look fails after a delete":      {empty: true, insert: dup, remove: "0\t1\t1", again: done, look: "1\t1\t135", want: session.ErrOutcomeUnknown},
		"the look is lost after a delete":    {empty: true, insert: dup, remove: "0\t1\t1", again: done, look: hangUp, want: session.ErrOutcomeUnknown},
		"the row is gone before the look":    {empty: true, insert: done, look: "0\t2", want: session.ErrOutcomeUnknown},
	} {
		modified := "2027-03-04 11:00:00"
		if c.empty {
			modified = ""
		}
		a, p := open(t, noon, modified)
		inserts := 0
		p.tell(func(request string) string {
			switch {
			case strings.HasPrefix(request, use):
				if c.insert == dup && inserts == 1 {
					return "0\t2\t" + id + "\t0000-00-00 00:00:00"
				}
				return c.look
			case strings.HasSuffix(request, "\tD"):
				if want := "0\t=\t1\t" + id + "\t1\t0\tF\t<=\t0\t2027-03-04 10:59:59\tD"; request != want {
					t.Errorf("%s: it deletes by %q, want %q", name, request, want)
				}
				return c.remove
			}
			if inserts++; inserts == 1 {
				return c.insert
			}
			return c.again
		})
		r, err := a.Create(t.Context(), id, []byte("data"), life)
		if !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
			t.Errorf("%s: Create = %v, want %v", name, err, c.want)
		}
		if err == nil && (string(r.Data) != "data" || !strings.HasPrefix(r.Version, "2027-03-04 12:00:00") || strings.Contains(r.Version, ".") != c.empty) {
			t.Errorf("%s: it is %q of %s", name, r.Data, r.Version)
		}
	}
}

// Where the column's collation takes another session for the one that is destroyed, that
// is put back as it was.
func TestWhatDestroyTookByMistakeIsPutBack(t *testing.T) {
	t.Parallel()
	const other = "0123456789ABCDEFGHIJKLMNOPQRSTUV"
	for data, wire := range map[string]string{"data": "data", "": "", "NULL": "\x00"} {
		for answer, says := range map[string]string{"0\t1": "", "1\t1\t121": "", "1\t1\t146": "ascii_bin", hangUp: "ascii_bin"} {
			a, p := open(t, noon, "2027-03-04 11:00:00")
			p.tell(func(request string) string {
				if strings.HasSuffix(request, "\tD?") {
					return "0\t3\t" + other + "\t2027-03-04 11:59:00\t" + wire
				}
				return answer
			})
			err := a.Destroy(t.Context(), id)
			if (err == nil) != (says == "") || err != nil && !strings.Contains(err.Error(), says) {
				t.Errorf("Destroy where putting back is answered %q = %v, want it to say %q", answer, err, says)
			}
			if got, want := p.requests()[1:], []string{"0\t+\t3\t" + other + "\t2027-03-04 11:59:00\t" + wire}; !slices.Equal(got, want) {
				t.Errorf("of a session with the data %s, %q is put back, want %q", data, got, want)
			}
		}
	}
}

// Open tries all that the adapter will do, and a delete that is of no row, whatever there
// is: its filter lets none pass.
func TestOpenTriesAllAndChangesNothing(t *testing.T) {
	t.Parallel()
	_, p := open(t, noon, "")
	want := []string{
		"0\t=\t1\t-\t1\t0",
		"2\t>=\t1\t0000-00-00 00:00:00\t1\t0",
		"1\t=\t1\t-\t1\t0",
		"0\t=\t1\t-\t1\t0\tF\t<\t0\t0000-00-00 00:00:00\tD",
	}
	if !slices.Equal(p.opening, want) {
		t.Errorf("Open has sent %q, want %q", p.opening, want)
	}
}

// The plugin would cut an ID that is too long and find another session, so there is no
// session of an ID that the column cannot hold, and nothing is sent.
func TestOfAnIDThatTheColumnCannotHoldThereIsNoSession(t *testing.T) {
	t.Parallel()
	a, p := open(t, noon, "2027-03-04 11:00:00")
	for _, bad := range []string{"", id + "w", "a b", "a\x7f", "a\x80", "a\n", "\u00e9", strings.Repeat("x", 1000)} {
		_, created := a.Create(t.Context(), bad, nil, life)
		if created == nil || strings.Contains(created.Error(), "\""+bad) {
			t.Errorf("%.40q: Create = %v, want it refused, and the ID not told", bad, created)
		}
		_, read := a.Read(t.Context(), bad, life)
		_, swapped := a.Swap(t.Context(), bad, session.Record{}, nil, life)
		for what, err := range map[string]error{"Read": read, "Swap": swapped, "Touch": a.Touch(t.Context(), bad, life)} {
			if !errors.Is(err, session.ErrNotFound) {
				t.Errorf("%.40q: %s = %v, want ErrNotFound", bad, what, err)
			}
		}
		if err := a.Destroy(t.Context(), bad); err != nil {
			t.Errorf("%.40q: Destroy = %v, want nil", bad, err)
		}
	}
	if got := p.requests(); len(got) != 0 {
		t.Errorf("%q was sent, want nothing", got)
	}
	for _, good := range []string{id, "!~"} {
		if _, err := a.Read(t.Context(), good, life); !errors.Is(err, session.ErrNotFound) || len(p.requests()) == 0 {
			t.Errorf("Read of %s = %v, and %q was sent; want it asked for", good, err, p.requests())
		}
		p.tell(nil)
	}
}

// The time of a row that PHP has written in another zone than the one that is set leads by
// hours, and no waiting helps: a swap says at once what to mend, and sends nothing.
func TestASwapOfATimeFarAheadNamesTheTimezoneAtOnce(t *testing.T) {
	t.Parallel()
	for modified, refused := range map[string]bool{
		"2027-03-04 14:00:00": true,
		"2027-03-04 12:15:00": true, // what zones differ by at the least
		"2027-03-04 12:04:59": false,
	} {
		a, p := open(t, noon, modified)
		p.tell(func(string) string { return "0\t3\t" + id + "\t" + modified + "\tdata" })
		prev, err := a.Read(t.Context(), id, life)
		if err != nil {
			t.Fatal(err)
		}
		p.tell(p.told)
		_, err = a.Swap(t.Context(), id, prev, []byte("next"), life)
		if sent := len(p.requests()); (err != nil) != refused || (sent == 0) != refused {
			t.Errorf("at noon a swap of %s = %v, and %d requests were sent; want it refused: %t", modified, err, sent, refused)
		}
		if refused && (err == nil || !strings.Contains(err.Error(), "timezone") || !strings.Contains(err.Error(), "set back") || errors.Is(err, session.ErrBusy)) {
			t.Errorf("a swap of %s = %v, want it to name timezone and a clock that was set back, and not to be busy", modified, err)
		}
	}
}
