package sessiontest_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"gyrfalcon/session"
	"gyrfalcon/session/memory"
	"gyrfalcon/session/sessiontest"
)

func TestWrappersKeepTheContract(t *testing.T) {
	t.Parallel()
	sessiontest.TestAdapter(t, harness(sessiontest.Harness{}, func(p *peer, _ func() time.Time) session.Adapter {
		return sessiontest.Counting(sessiontest.Faulty(p))
	}))
}

func TestCountingCountsEachMethod(t *testing.T) {
	t.Parallel()
	a := sessiontest.Counting(memory.New(memory.Options{}))
	ctx := t.Context()
	_ = a.Open(ctx)
	r, _ := a.Create(ctx, "id", nil, time.Hour)
	for range 2 {
		_, _ = a.Read(ctx, "id", time.Hour)
	}
	for range 3 {
		r, _ = a.Swap(ctx, "id", r, nil, time.Hour)
	}
	for range 4 {
		_ = a.Touch(ctx, "id", time.Hour)
	}
	for range 5 {
		_ = a.Destroy(ctx, "id")
	}
	for range 6 {
		_, _, _ = a.GC(ctx, time.Hour, 1)
	}
	for range 7 {
		_ = a.Close(ctx)
	}
	want := sessiontest.Calls{Open: 1, Create: 1, Read: 2, Swap: 3, Touch: 4, Destroy: 5, GC: 6, Close: 7}
	if got := a.Calls(); got != want {
		t.Errorf("Calls = %+v, want %+v", got, want)
	}
	if got := a.Reset(); got != want {
		t.Errorf("Reset = %+v, want the calls until then, %+v", got, want)
	}
	if got := a.Calls(); got != (sessiontest.Calls{}) {
		t.Errorf("Calls after Reset = %+v, want none", got)
	}
}

func TestLoseAnswerLosesTheAnswerAndNotTheWrite(t *testing.T) {
	t.Parallel()
	a := sessiontest.Faulty(memory.New(memory.Options{}))
	ctx := t.Context()
	r, err := a.Create(ctx, "id", []byte("before"), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	a.On(sessiontest.Swap, sessiontest.Once(sessiontest.LoseAnswer))
	got, err := a.Swap(ctx, "id", r, []byte("after"), time.Hour)
	if !errors.Is(err, session.ErrOutcomeUnknown) || got.Data != nil {
		t.Errorf("Swap = %q, %v; want nothing, ErrOutcomeUnknown", got.Data, err)
	}
	// The second call is not befallen; and a write that failed has an answer.
	if _, err = a.Swap(ctx, "id", r, []byte("again"), time.Hour); !errors.Is(err, session.ErrConflict) {
		t.Errorf("Swap after that = %v, want ErrConflict", err)
	}
	if r, err = a.Read(ctx, "id", time.Hour); err != nil || string(r.Data) != "after" {
		t.Errorf("Read = %q, %v; want what the first Swap wrote", r.Data, err)
	}
}

func TestFailAndHangWriteNothing(t *testing.T) {
	t.Parallel()
	a := sessiontest.Faulty(memory.New(memory.Options{}))
	broken := errors.New("broken")
	a.On(sessiontest.Create, sessiontest.Fail(broken))
	if _, err := a.Create(t.Context(), "id", nil, time.Hour); !errors.Is(err, broken) {
		t.Errorf("Create with Fail = %v, want %v", err, broken)
	}
	a.On(sessiontest.Create, sessiontest.Hang)
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err := a.Create(ctx, "id", nil, time.Hour); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Create with Hang = %v, want %v", err, context.DeadlineExceeded)
	}
	a.On(sessiontest.Create, nil)
	if _, err := a.Create(t.Context(), "id", nil, time.Hour); err != nil {
		t.Errorf("Create when healed = %v, want nil: the others have written nothing", err)
	}
}
