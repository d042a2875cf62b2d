package sessiontest

import (
	"os"
	"slices"
	"testing"

	"gyrfalcon/session"
)

// hazard is one way in which session stores are known to fail: a subtest of
// TestHazards.
type hazard struct {
	name string // what happens instead, as a sentence
	test func(t *testing.T, h Harness)

	// applies tells the harnesses that can be held to it; nil is all.
	applies func(Harness) bool
}

// hazards are all that TestHazards tests.
var hazards = slices.Concat(
	overlapHazards, endHazards, regenerateHazards, panicHazards,
	responseHazards, afterHazards, failureHazards, outcomeHazards,
	proxyHazards, orderHazards, lifeHazards,
	idHazards, dataHazards, costHazards, persistHazards, expiryHazards, secrecyHazards,
)

// alone: what PHP's IDs cannot promise.
func alone(h Harness) bool { return h.Interop == session.Alone }

// TestHazards holds a whole session service, a session.Manager over the
// harness's adapter, to what its documentation promises, over real HTTP: what
// overlapping requests, clients that go away, panics, proxies and failing stores
// must not do to a visitor's session. Each hazard is a parallel subtest with a
// server and a store of its own.
//
// One of them needs a second process on the same store. Unless the harness is
// Private, the suite starts the test binary again, to run nothing but the test
// that called TestHazards; there TestHazards does not test but serves, until its
// standard input ends. So a test that calls TestHazards does nothing before it
// that a second process may not do.
func TestHazards(t *testing.T, h Harness) { //nolint:tparallel // whether it is parallel is for the caller's test to say
	h.check(t)
	if store, child := os.LookupEnv(childStore); child {
		serveChild(t, h, store)
		return
	}
	for _, z := range hazards {
		if z.applies != nil && !z.applies(h) {
			continue
		}
		t.Run(z.name, func(t *testing.T) {
			t.Parallel()
			z.test(t, h)
		})
	}
}
