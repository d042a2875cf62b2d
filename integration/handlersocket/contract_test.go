package handlersocket_test

import (
	"context"
	"testing"
	"time"

	"gyrfalcon/integration/servers"
	"gyrfalcon/session"
	"gyrfalcon/session/handlersocket"
	"gyrfalcon/session/sessiontest"
)

// onSeconds is Phalcon's table, which counts time in seconds and folds case.
var onSeconds = harness(phalcons, place.text, sessiontest.Harness{
	Resolution: time.Second,
	MaxData:    handlersocket.DefaultDataBytes,
	TextOnly:   true,
	FoldsCase:  true,
})

// onMicroseconds is the table that the adapter advises.
var onMicroseconds = harness(handlersocket.Schema, place.binary, sessiontest.Harness{Resolution: time.Microsecond})

func harness(create string, options func(place) handlersocket.Options, h sessiontest.Harness) sessiontest.Harness {
	h.NewStore = func(t testing.TB) string { return newTable(t, servers.SharedMariaDB(t), create).String() }
	h.Open = func(_ context.Context, store string, now func() time.Time) (session.Adapter, error) {
		o := options(parsePlace(store))
		o.Now = now
		o.Pool = 2       // many adapters share one server
		o.MaxLead = life // the suites' clocks stand still while they write
		o.Timeout = life // their deadlines are the contexts'
		return handlersocket.New(o), nil
	}
	h.Stall = lock
	return h
}

func TestAdapterKeepsTheContractOnDatetime(t *testing.T) {
	t.Parallel()
	sessiontest.TestAdapter(t, onSeconds)
}

func TestAdapterKeepsTheContractOnDatetime6(t *testing.T) {
	t.Parallel()
	sessiontest.TestAdapter(t, onMicroseconds)
}
