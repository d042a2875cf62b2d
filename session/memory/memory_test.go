package memory_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"gyrfalcon/session"
	"gyrfalcon/session/memory"
	"gyrfalcon/session/sessiontest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestAdapterKeepsTheContract(t *testing.T) {
	t.Parallel()
	for _, shards := range []int{0, 1} {
		t.Run(fmt.Sprintf("%d shards", shards), func(t *testing.T) {
			t.Parallel()
			sessiontest.TestAdapter(t, sessiontest.Harness{
				NewStore: func(testing.TB) string { return "" },
				Open: func(_ context.Context, _ string, now func() time.Time) (session.Adapter, error) {
					return memory.New(memory.Options{Shards: shards, Now: now}), nil
				},
				Private: true,
			})
		})
	}
}

func TestReadSlidesTheExpiry(t *testing.T) {
	t.Parallel()
	clock := sessiontest.NewClock(time.Unix(1_800_000_000, 0))
	a := memory.New(memory.Options{Now: clock.Now})
	if _, err := a.Create(t.Context(), "id", []byte("x"), time.Minute); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		clock.Advance(50 * time.Second)
		r, err := a.Read(t.Context(), "id", time.Minute)
		if err != nil {
			t.Fatalf("Read 50 s after the last one, with a life of a minute, = %v, want nil", err)
		}
		if want := clock.Now().Add(time.Minute); !r.Slid || !r.Expires.Equal(want) {
			t.Errorf("Read: Slid %v, Expires %v; want true, %v", r.Slid, r.Expires, want)
		}
	}
}

func TestDataIsSharedAndNotCopied(t *testing.T) {
	t.Parallel()
	a := memory.New(memory.Options{})
	data := []byte("content")
	created, err := a.Create(t.Context(), "id", data, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	read, err := a.Read(t.Context(), "id", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if &created.Data[0] != &data[0] || &read.Data[0] != &data[0] {
		t.Error("Create or Read copied the data, want the bytes that were handed in")
	}
}

func TestGCGetsThroughAllShards(t *testing.T) {
	t.Parallel()
	clock := sessiontest.NewClock(time.Unix(1_800_000_000, 0))
	a := memory.New(memory.Options{Shards: 7, Now: clock.Now})
	create := func(prefix string, n int) {
		for i := range n {
			if _, err := a.Create(t.Context(), fmt.Sprint(prefix, i), nil, time.Minute); err != nil {
				t.Fatal(err)
			}
		}
	}
	create("old", 1000)
	clock.Advance(time.Minute)
	create("new", 1000)
	removed, calls := 0, 0
	for ; removed < 1000 && calls < 1000/10+7; calls++ {
		n, _, err := a.GC(t.Context(), time.Minute, 10)
		if err != nil {
			t.Fatal(err)
		}
		removed += n
	}
	if removed != 1000 {
		t.Errorf("GC with a limit of 10 removed %d of 1000 in %d calls; living sessions must not hold it up", removed, calls)
	}
}

func TestOptionsOutOfRangeAreRefused(t *testing.T) {
	t.Parallel()
	for _, shards := range []int{-1, 5000} {
		o := memory.Options{Shards: shards}
		err := o.Validate()
		if err == nil || !strings.Contains(err.Error(), "1 to 4096") {
			t.Errorf("Validate with %d shards = %v, want an error that names the range", shards, err)
		}
		var option *session.OptionError
		if !errors.As(err, &option) || option.Option != "shards" {
			t.Errorf("Validate = %v, want an *OptionError for shards", err)
		}
		if got := memory.New(o).Open(t.Context()); got == nil || got.Error() != err.Error() {
			t.Errorf("Open = %v, want what Validate said: %v", got, err)
		}
	}
	for _, shards := range []int{0, 1, 4096} {
		if err := (memory.Options{Shards: shards}).Validate(); err != nil {
			t.Errorf("Validate with %d shards = %v, want nil", shards, err)
		}
	}
}

func TestReadAllocatesNothingAndSwapLittle(t *testing.T) { // not parallel: AllocsPerRun counts everybody's
	a := memory.New(memory.Options{})
	ctx := t.Context()
	contents := [][]byte{[]byte("one"), []byte("two")}
	r, err := a.Create(ctx, "id", contents[0], time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if got := testing.AllocsPerRun(1000, func() { _, err = a.Read(ctx, "id", time.Hour) }); got > 0 || err != nil {
		t.Errorf("Read makes %v allocations (error %v), want 0", got, err)
	}
	i := 0
	got := testing.AllocsPerRun(1000, func() {
		i++
		r, err = a.Swap(ctx, "id", r, contents[i%2], time.Hour)
		if err != nil {
			t.Fatal(err)
		}
	})
	if got > 2 {
		t.Errorf("Swap makes %v allocations, want at most 2", got)
	}
}

func BenchmarkRead(b *testing.B) {
	a := memory.New(memory.Options{})
	if _, err := a.Create(b.Context(), "id", make([]byte, 256), time.Hour); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := a.Read(b.Context(), "id", time.Hour); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSwap(b *testing.B) {
	a := memory.New(memory.Options{})
	contents := [][]byte{make([]byte, 256), make([]byte, 256)}
	contents[1][255] = 1
	r, err := a.Create(b.Context(), "id", contents[0], time.Hour)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for i := 1; b.Loop(); i++ {
		if r, err = a.Swap(b.Context(), "id", r, contents[i%2], time.Hour); err != nil {
			b.Fatal(err)
		}
	}
}
