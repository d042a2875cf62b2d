package sessiontest_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"gyrfalcon/session"
	"gyrfalcon/session/memory"
	"gyrfalcon/session/sessiontest"
)

// The one test that an adapter of your own needs. Yours has NewStore return a
// path, or the name of an empty database, and leaves out Private.
func ExampleTestAdapter() {
	_ = func(t *testing.T) {
		sessiontest.TestAdapter(t, sessiontest.Harness{
			NewStore: func(testing.TB) string { return "" },
			Open: func(_ context.Context, _ string, now func() time.Time) (session.Adapter, error) {
				return memory.New(memory.Options{Now: now}), nil
			},
			Private: true,
		})
	}
	// Output:
}

func ExampleFaulty() {
	ctx := context.Background()
	a := sessiontest.Faulty(memory.New(memory.Options{}))
	a.On(sessiontest.Create, sessiontest.LoseAnswer)

	_, err := a.Create(ctx, "id", []byte("visits: 1"), time.Hour)
	fmt.Println("told:", errors.Is(err, session.ErrOutcomeUnknown))
	r, _ := a.Read(ctx, "id", time.Hour)
	fmt.Println("stored:", string(r.Data))

	// Output:
	// told: true
	// stored: visits: 1
}
