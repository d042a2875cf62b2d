package sessiontest

import (
	"slices"
	"testing"
)

// promise is one thing that session.Adapter promises: a subtest of TestAdapter.
type promise struct {
	name string // the promise, as a sentence
	test func(t *testing.T, f *fixture)

	// applies tells the harnesses that can be held to the promise; nil is all.
	applies func(Harness) bool
}

// promises are all that TestAdapter tests.
var promises = slices.Concat(
	openPromises, closePromises,
	readPromises, createPromises, swapPromises, touchPromises, destroyPromises,
	expiryPromises, lifetimePromises, gcPromises,
	dataPromises, contextPromises, racePromises, sharedPromises, secrecyPromises,
)

// TestAdapter is the conformance suite: it holds adapters of one kind to every
// promise of session.Adapter, each in a parallel subtest with a store of its
// own, named after the promise. What a harness says that its store cannot do is
// left out.
func TestAdapter(t *testing.T, h Harness) { //nolint:tparallel // whether it is parallel is for the caller's test to say
	h.check(t)
	for _, p := range promises {
		if p.applies != nil && !p.applies(h) {
			continue
		}
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			p.test(t, newFixture(t, h))
		})
	}
}

func shared(h Harness) bool     { return !h.Private }
func fakeClock(h Harness) bool  { return !h.ServerClock }
func binary(h Harness) bool     { return !h.TextOnly }
func choosy(h Harness) bool     { return h.TextOnly || h.MaxData > 0 || h.Holds != nil }
func stallable(h Harness) bool  { return h.Stall != nil }
func tellsCase(h Harness) bool  { return !h.FoldsCase }
func needsClear(h Harness) bool { return !h.ExpiresItself }

// holds is Holds with its default.
func (h Harness) holds(texts ...string) bool {
	for _, text := range texts {
		if h.Holds != nil && !h.Holds(text) {
			return false
		}
	}
	return true
}
