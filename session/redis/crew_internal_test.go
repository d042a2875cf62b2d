package redis

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
)

func TestACallThatIsLeftAloneHoldsNobodyAndEndsByItself(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var n node
		defer n.crew.close()
		ctx, cancel := context.WithCancel(t.Context())
		answer := make(chan int)
		late := func() (int, error) { return <-answer, nil } //nolint:unparam // as await takes it
		left := make(chan error)
		go func() {
			_, err := await(ctx, &n, late)
			left <- err
		}()
		synctest.Wait() // until the call waits
		cancel()
		if err := <-left; !errors.Is(err, context.Canceled) {
			t.Errorf("await = %v, want the context's end", err)
		}
		if _, err := await(ctx, &n, late); !errors.Is(err, context.Canceled) {
			t.Errorf("await in a context that has ended = %v, want its end", err)
		}
		if got, err := await(t.Context(), &n, func() (int, error) { return 7, nil }); got != 7 || err != nil {
			t.Errorf("the next call = %d, %v; want 7", got, err)
		}
		answer <- 1 // nobody's; and the bubble ends only when all its goroutines have
	})
}

func TestTheCrewIsKeptAndBoundedAndGoesWithItsNode(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var n node
		for range 3 {
			if _, err := await(t.Context(), &n, func() (int, error) { return 0, nil }); err != nil {
				t.Fatal(err)
			}
		}
		if len(n.crew.idle) != 1 {
			t.Errorf("after three calls in turn %d hands wait, want 1", len(n.crew.idle))
		}
		var hands []*hand
		for range mostIdle + 5 {
			hands = append(hands, n.crew.take())
		}
		for _, h := range hands {
			n.crew.give(h)
		}
		if len(n.crew.idle) != mostIdle {
			t.Errorf("after %d calls at once %d hands wait, want %d", len(hands), len(n.crew.idle), mostIdle)
		}
		late := n.crew.take()
		n.crew.close()
		n.crew.give(late)
		if len(n.crew.idle) != 0 {
			t.Errorf("after close %d hands wait, want none", len(n.crew.idle))
		}
	})
}
