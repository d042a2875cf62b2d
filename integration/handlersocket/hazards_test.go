package handlersocket_test

import (
	"testing"

	"gyrfalcon/session"
	"gyrfalcon/session/sessiontest"
)

func TestHazardsOnDatetime(t *testing.T) {
	t.Parallel()
	sessiontest.TestHazards(t, onSeconds)
}

func TestHazardsOnDatetime6(t *testing.T) {
	t.Parallel()
	sessiontest.TestHazards(t, onMicroseconds)
}

func TestHazardsOfSessionsThatPHPShares(t *testing.T) {
	t.Parallel()
	h := onSeconds
	h.Interop = session.PHP
	sessiontest.TestHazards(t, h)
}
