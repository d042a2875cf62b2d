package mysql_test

import (
	"sync"
	"testing"

	"gyrfalcon/integration/servers"
	"gyrfalcon/session"
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

func TestHazardsOfSessionsThatPHPShares(t *testing.T) {
	t.Parallel()
	srv := servers.SharedMariaDB(t)
	k := kinds[1] // Phalcon's table
	h := k.harness(srv, sync.OnceValue(func() string { return srv.NewDatabase(t, k.database) }))
	h.Interop = session.PHP
	sessiontest.TestHazards(t, h)
}
