package mysql_test

import (
	"sync"
	"testing"

	"gyrfalcon/integration/servers"
	"gyrfalcon/session/sessiontest"
)

func TestHazards(t *testing.T) {
	t.Parallel()
	onServers(t, func(t *testing.T, srv *servers.SQL) {
		for _, k := range kinds {
			t.Run("on "+k.name, func(t *testing.T) {
				t.Parallel()
				// The second process of the suite comes here too, and makes none.
				sessiontest.TestHazards(t, k.harness(srv, sync.OnceValue(func() string { return srv.NewDatabase(t, k.database) })))
			})
		}
	})
}
