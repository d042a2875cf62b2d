package memory_test

import (
	"context"
	"testing"
	"time"

	"gyrfalcon/session"
	"gyrfalcon/session/memory"
	"gyrfalcon/session/sessiontest"
)

func TestHazards(t *testing.T) {
	t.Parallel()
	sessiontest.TestHazards(t, harness(session.Alone))
}

func TestHazardsOfSessionsThatPHPShares(t *testing.T) {
	t.Parallel()
	sessiontest.TestHazards(t, harness(session.PHP))
}

func harness(interop session.Interop) sessiontest.Harness {
	return sessiontest.Harness{
		Interop:  interop,
		NewStore: func(testing.TB) string { return "" },
		Open: func(_ context.Context, _ string, now func() time.Time) (session.Adapter, error) {
			return memory.New(memory.Options{Now: now}), nil
		},
		Private: true,
	}
}
