package hs_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"gyrfalcon/session/handlersocket/hs"
)

func TestNoMoreConnectionsThanConnsAndWhoWaitsHasADeadline(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	s := serve(t, func(request string) string {
		if strings.Contains(request, "slow") {
			<-release
		}
		return ordinary(request)
	})
	x := s.open(t, hs.Options{Conns: 2})
	var busy sync.WaitGroup
	for range 2 {
		busy.Go(func() {
			if _, err := find(t.Context(), x, "slow"); err != nil {
				t.Errorf("find = %v, want nil", err)
			}
		})
	}
	s.until(t, "each has a connection", func() bool { return s.count("slow") == 2 })
	const short = 20 * time.Millisecond
	ctx, cancel := context.WithTimeout(t.Context(), short)
	defer cancel()
	if _, err := x.Delete(ctx, key("k")); !errors.Is(err, context.DeadlineExceeded) || hs.OutcomeUnknown(err) {
		t.Errorf("a third = %v, want its deadline, and not sent", err)
	}
	ctx, leave := context.WithCancel(t.Context())
	time.AfterFunc(short, leave)
	if _, err := x.Delete(ctx, key("k")); !errors.Is(err, context.Canceled) || hs.OutcomeUnknown(err) {
		t.Errorf("one that leaves = %v, want context.Canceled, and not sent", err)
	}
	close(release)
	busy.Wait()
	var all sync.WaitGroup
	for i := range 50 {
		all.Go(func() {
			if _, err := find(t.Context(), x, fmt.Sprint(i)); err != nil {
				t.Errorf("find = %v, want nil", err)
			}
		})
	}
	all.Wait()
	if n := s.accepted(); n > 2 {
		t.Errorf("%d connections, want at most 2", n)
	}
}

// However patient the context is, Options.Timeout bounds the wait for a connection too.
func TestWhoWaitsForAConnectionWaitsNoLongerThanTimeout(t *testing.T) {
	t.Parallel()
	s := serve(t, ordinary)
	dialing, release := make(chan struct{}), make(chan struct{})
	x := s.open(t, hs.Options{Conns: 1, Timeout: 50 * time.Millisecond, Dial: func(context.Context, string, string) (net.Conn, error) {
		close(dialing)
		<-release // later than it should be
		return nil, net.ErrClosed
	}})
	var first sync.WaitGroup
	first.Go(func() {
		if _, err := find(context.Background(), x, "k"); err == nil {
			t.Error("find on no connection = nil, want an error")
		}
	})
	<-dialing
	_, err := find(context.Background(), x, "k")
	close(release)
	if lost, ok := errors.AsType[*hs.LostError](err); !ok || lost.Sent || !strings.Contains(err.Error(), "Options.Timeout") {
		t.Errorf("find = %v, want a *LostError that names Options.Timeout", err)
	}
	first.Wait()
}

func TestAConnectionThatHasBeenIdleIsClosed(t *testing.T) {
	t.Parallel()
	s := serve(t, ordinary)
	x := s.open(t, hs.Options{IdleTimeout: 10 * time.Millisecond})
	for range 2 {
		if _, err := find(t.Context(), x, "k"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(30 * time.Millisecond) //nolint:forbidigo // lets a connection be idle
	}
	if n := s.accepted(); n != 2 {
		t.Errorf("%d connections, want a second one after the first was idle", n)
	}
}

// Open connections hold up ALTER TABLE, so that they are closed though nobody comes again;
// also one that was still in use when the pool was looked at first.
func TestAnIdleConnectionIsClosedThoughNobodyComesAgain(t *testing.T) {
	t.Parallel()
	const idle = 100 * time.Millisecond
	s := serve(t, ordinary)
	x := s.open(t, hs.Options{IdleTimeout: idle})
	for range 2 {
		if _, err := find(t.Context(), x, "k"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(idle / 2) //nolint:forbidigo // lets a connection be idle, but not for long enough
	}
	s.until(t, "the connection has been closed", func() bool { return s.ended() == s.accepted() })
}

func TestAfterCloseNothingIsSent(t *testing.T) {
	t.Parallel()
	s := serve(t, ordinary)
	c := hs.New(hs.Options{Address: s.address})
	x := define(t, c)
	if _, err := find(t.Context(), x, "k"); err != nil {
		t.Fatal(err)
	}
	before := len(s.requests())
	c.Close()
	c.Close()
	if _, err := x.Delete(t.Context(), key("k")); !errors.Is(err, hs.ErrClosed) || hs.OutcomeUnknown(err) {
		t.Errorf("delete after Close = %v, want ErrClosed", err)
	}
	if got := s.requests()[before:]; len(got) != 0 {
		t.Errorf("the server heard %q after Close", got)
	}
}

func TestAConnectionInUseAtCloseIsClosedWhenItsExchangeEnds(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	s := serve(t, func(request string) string {
		if strings.Contains(request, "slow") {
			<-release
		}
		return ordinary(request)
	})
	c := hs.New(hs.Options{Address: s.address})
	x := define(t, c)
	var busy sync.WaitGroup
	busy.Go(func() {
		if _, err := find(t.Context(), x, "slow"); err != nil {
			t.Errorf("find while the client is closed = %v, want its answer", err)
		}
	})
	s.until(t, "the find is under way", func() bool { return s.count("slow") == 1 })
	c.Close()
	close(release)
	busy.Wait()
	s.until(t, "the connection has been closed", func() bool { return s.ended() == 1 })
}
