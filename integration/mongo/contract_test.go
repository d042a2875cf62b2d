package mongo_test

import (
	"context"
	"testing"
	"time"

	"gyrfalcon/integration/servers"
	"gyrfalcon/session"
	"gyrfalcon/session/mongo"
	"gyrfalcon/session/sessiontest"
)

// harness makes adapters on databases of the shared server, each with a client of
// its own.
func harness(t testing.TB, o mongo.Options) sessiontest.Harness {
	t.Helper()
	srv := servers.SharedMongo(t)
	return sessiontest.Harness{
		NewStore: func(t testing.TB) string { return srv.NewDatabase(t) },
		Open: func(_ context.Context, store string, now func() time.Time) (session.Adapter, error) {
			client, err := connect(srv.URI())
			if err != nil {
				return nil, err
			}
			own := o
			own.OwnClient, own.Now = true, now
			return mongo.New(client.Database(store).Collection(name), own), nil
		},
		Resolution: time.Millisecond,
		TextOnly:   o.TextOnly,
	}
}

func TestAdapterKeepsTheContract(t *testing.T) {
	t.Parallel()
	t.Run("as it comes", func(t *testing.T) {
		t.Parallel()
		sessiontest.TestAdapter(t, harness(t, mongo.Options{}))
	})
	t.Run("beside PHP", func(t *testing.T) {
		t.Parallel()
		sessiontest.TestAdapter(t, harness(t, mongo.Options{TextOnly: true}))
	})
}

func TestHazards(t *testing.T) {
	t.Parallel()
	sessiontest.TestHazards(t, harness(t, mongo.Options{}))
}

func TestHazardsOfSessionsThatPHPShares(t *testing.T) {
	t.Parallel()
	h := harness(t, mongo.Options{TextOnly: true})
	h.Interop = session.PHP
	sessiontest.TestHazards(t, h)
}
