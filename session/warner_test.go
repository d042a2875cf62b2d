package session_test

import (
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"gyrfalcon/session"
	"gyrfalcon/session/memory"
)

// warns is an adapter that has found something.
type warns struct{ session.Adapter }

func (warns) Warnings() []string { return []string{"no index; create one"} }

func TestWhatAnAdapterWarnsOfIsLoggedOnceAtTheStart(t *testing.T) {
	t.Parallel()
	core, logged := observer.New(zap.WarnLevel)
	m := session.New(warns{memory.New(memory.Options{})}, session.Options{Logger: zap.New(core)})
	for range 2 {
		must(t, "Start", m.Start(t.Context()))
	}
	must(t, "Stop", m.Stop(t.Context()))
	entries := logged.All()
	if len(entries) != 1 || entries[0].ContextMap()["warning"] != "no index; create one" || entries[0].ContextMap()["service"] != "session" {
		t.Errorf("logged %+v, want one warning with the adapter's words and the service's name", entries)
	}
}
