package hs_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"gyrfalcon/session/handlersocket/hs"
)

func TestABatchMatchesAnswersInOrder(t *testing.T) {
	t.Parallel()
	s := serve(t, func(request string) string {
		parts := strings.Split(request, "\t")
		switch {
		case parts[0] == "P":
			return "0\t1"
		case parts[1] == "+":
			return "1\t1\t121"
		case parts[len(parts)-1] == "D":
			return "0\t1\t7"
		}
		return "0\t2\t" + parts[3] + "\tv"
	})
	c := hs.New(hs.Options{Address: s.address})
	t.Cleanup(c.Close)
	x := define(t, c)
	b := c.NewBatch()
	for round := range 3 {
		b.Reset()
		for i := range 100 {
			b.Find(x, key(fmt.Sprint(round, "-", i)))
			b.Insert(x, hs.Int(1), hs.Int(2))
			b.Delete(x, key("k"))
		}
		if err := b.Do(t.Context()); !errors.Is(err, hs.ErrDuplicateKey) {
			t.Fatalf("Do = %v, want the error of the first that has one", err)
		}
		for i := range 100 {
			if got, want := string(b.Rows(3*i).Field(0, 0)), fmt.Sprint(round, "-", i); b.Err(3*i) != nil || got != want {
				t.Fatalf("the find %d brought %q, %v; want %q", i, got, b.Err(3*i), want)
			}
			if !errors.Is(b.Err(3*i+1), hs.ErrDuplicateKey) {
				t.Fatalf("the insert %d is %v, want ErrDuplicateKey", i, b.Err(3*i+1))
			}
			if n := b.Rows(3*i + 1).Len(); n != 0 {
				t.Fatalf("the insert %d brought %d rows, want none where there is an error", i, n)
			}
			if b.Err(3*i+2) != nil || b.Count(3*i+2) != 7 {
				t.Fatalf("the delete %d is %d, %v; want 7", i, b.Count(3*i+2), b.Err(3*i+2))
			}
		}
	}
}

// A deadlock, or a lost answer that may have been one, takes back what was answered
// as done before it, and not what came after.
func TestABatchWithADeadlockDoesNotReportEarlierWritesAsDone(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]error{
		"1\t1\t149": hs.ErrDeadlock,
		"1\t1\t146": hs.ErrLockWait,
		hangUp:      nil,
		"1\t1\t121": hs.ErrDuplicateKey, // undoes nothing
	} {
		s := serve(t, func(request string) string {
			if strings.Contains(request, "bad") {
				return answer
			}
			if strings.HasSuffix(request, "\tD") {
				return "0\t1\t1"
			}
			return ordinary(request)
		})
		c := hs.New(hs.Options{Address: s.address})
		t.Cleanup(c.Close)
		x := define(t, c)
		b := c.NewBatch()
		b.Delete(x, key("early"))
		b.Find(x, key("read"))
		b.Delete(x, key("bad"))
		b.Delete(x, key("late"))
		err := b.Do(t.Context())
		if err == nil || want != nil && !errors.Is(err, want) {
			t.Errorf("%q: Do = %v, want %v", answer, err, want)
		}
		undone := answer != "1\t1\t121"
		if _, ok := errors.AsType[*hs.UndoneError](b.Err(0)); ok != undone || hs.OutcomeUnknown(b.Err(0)) != undone {
			t.Errorf("%q: the write before it is %v, want an *UndoneError: %v", answer, b.Err(0), undone)
		}
		if b.Err(1) != nil {
			t.Errorf("%q: the find before it is %v, want nil", answer, b.Err(1))
		}
		if answer != hangUp && b.Err(3) != nil {
			t.Errorf("%q: the write after it is %v, want nil", answer, b.Err(3))
		}
	}
}

func TestABatchLargerThanAnyBufferGoesThrough(t *testing.T) {
	t.Parallel()
	large := strings.Repeat("x", 1<<19)
	s := serve(t, func(request string) string {
		if request[0] == 'P' {
			return "0\t1"
		}
		return "0\t2\t" + large + "\tv"
	})
	c := hs.New(hs.Options{Address: s.address, Timeout: time.Minute, Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
		nc, err := new(net.Dialer).DialContext(ctx, network, address)
		if tcp, ok := nc.(*net.TCPConn); ok {
			err = errors.Join(tcp.SetReadBuffer(1<<16), tcp.SetWriteBuffer(1<<16))
		}
		return nc, err
	}})
	t.Cleanup(c.Close)
	x := define(t, c)
	b := c.NewBatch()
	const n = 30 // far more than the server's sockets hold either
	for range n {
		b.Find(x, key(large))
	}
	if err := b.Do(t.Context()); err != nil {
		t.Fatalf("Do = %v, want nil", err)
	}
	for i := range n {
		if got := len(b.Rows(i).Field(0, 0)); got != len(large) {
			t.Fatalf("the find %d brought %d bytes, want %d", i, got, len(large))
		}
	}
}

func TestAnAnswerLongerThanAllowedIsRefused(t *testing.T) {
	t.Parallel()
	s := serve(t, func(request string) string {
		if request[0] == 'P' {
			return "0\t1"
		}
		return "0\t2\t" + strings.Repeat("x", 1<<20) + "\tv"
	})
	_, err := find(t.Context(), s.open(t, hs.Options{MaxAnswer: 1 << 16}), "k")
	if _, ok := errors.AsType[*hs.ProtocolError](err); !ok || !strings.Contains(err.Error(), "MaxAnswer") {
		t.Errorf("find = %v, want a *ProtocolError that names MaxAnswer", err)
	}
}

func TestABatchThatWasNotSoundCanBeUsedAgain(t *testing.T) {
	t.Parallel()
	s := serve(t, ordinary)
	c := hs.New(hs.Options{Address: s.address})
	t.Cleanup(c.Close)
	x := define(t, c)
	b := c.NewBatch()
	b.Find(x, hs.Query{})
	if err := b.Do(t.Context()); !errors.Is(err, hs.ErrBadRequest) {
		t.Fatalf("Do of a find without a key = %v, want ErrBadRequest", err)
	}
	b.Reset()
	b.Find(x, key("k"))
	if err := b.Do(t.Context()); err != nil {
		t.Errorf("Do of another find after Reset = %v, want nil", err)
	}
}

// What was in a batch before Reset is not in it any more: finds alone are asked again
// where the server hangs up on them.
func TestFindsAreAskedAgainWhateverTheBatchHeldBefore(t *testing.T) {
	t.Parallel()
	var hung atomic.Bool
	s := serve(t, func(request string) string {
		switch {
		case strings.HasSuffix(request, "\tD"):
			return "0\t1\t1"
		case strings.Contains(request, "again") && !hung.Swap(true):
			return hangUp
		}
		return ordinary(request)
	})
	c := hs.New(hs.Options{Address: s.address})
	t.Cleanup(c.Close)
	x := define(t, c)
	b := c.NewBatch()
	b.Delete(x, key("k"))
	if err := b.Do(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.Reset()
	b.Find(x, key("again"))
	if err := b.Do(t.Context()); err != nil || s.count("again") != 2 {
		t.Errorf("Do of a find that the server hangs up on = %v after %d requests, want nil after 2", err, s.count("again"))
	}
}

func TestAnEmptyBatchIsNothing(t *testing.T) {
	t.Parallel()
	if err := hs.New(hs.Options{Address: "127.0.0.1:1"}).NewBatch().Do(t.Context()); err != nil {
		t.Errorf("Do of an empty batch = %v, want nil", err)
	}
}
