//go:build soak

package handlersocket_test

import (
	"testing"
	"time"

	"gyrfalcon/integration/servers"
	"gyrfalcon/session/handlersocket"
	"gyrfalcon/session/handlersocket/hs"
)

func TestSoakNoBlindWriteIsSilentlyLost(t *testing.T) {
	t.Parallel()
	t.Run("on DATETIME", func(t *testing.T) {
		t.Parallel()
		besideBlind(t, phalcons, place.text, newBlind, 30*time.Second)
	})
	t.Run("on DATETIME(6)", func(t *testing.T) {
		t.Parallel()
		besideBlind(t, handlersocket.Schema, place.binary, newBlind, 30*time.Second)
	})
}

// The server closes what has been idle for handlersocket_timeout, which is 30 s at
// the least. A write after that is not in doubt: it is sent on a new connection.
func TestSoakAWriteAfterTheServersIdleTimeoutIsDone(t *testing.T) {
	t.Parallel()
	srv := servers.NewMariaDB(t, "--handlersocket-timeout=30")
	p := newTable(t, srv, things)
	x := index(t, client(t, hs.Options{Address: p.writes, IdleTimeout: time.Hour}), p.table, "", "k", "n")
	for _, k := range []string{"before", "after"} {
		if _, err := x.Insert(t.Context(), str(k, "1")...); err != nil {
			t.Fatalf("an insert = %v, want nil", err)
		}
		if k == "before" {
			time.Sleep(45 * time.Second) //nolint:forbidigo // the server looks every 10 s
		}
	}
}
