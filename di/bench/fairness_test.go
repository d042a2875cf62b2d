package bench_test

import (
	"slices"
	"testing"
)

// What is compared must be the same: each contestant has an instance of each name, and hands out that of the name that was wanted.
func TestEveryContestantHandsOutTheOneServiceThatWasWanted(t *testing.T) {
	t.Parallel()
	for _, contestant := range append(slices.Clone(contestants), living) {
		t.Run(contestant.name, func(t *testing.T) {
			t.Parallel()
			c := contestant.fill(t, namesOf(100), wanted)
			must(t, c.start())
			first, err := c.get(1)
			must(t, err)
			if second, err := c.get(1); err != nil || second != first || first.n != 7 {
				t.Errorf("got %p and %p (number %d), %v; want number 7 both times", first, second, first.n, err)
			}
			must(t, c.stop())
		})
	}
}

// How long it takes is for the benchmarks to say, since a machine may be busy. What it allocates is not.
func TestGettingABuiltSharedServiceAllocatesNothing(t *testing.T) { //nolint:paralleltest // AllocsPerRun counts the whole process
	for _, ours := range []contestant{contestants[0], living} {
		c := ours.fill(t, namesOf(100), wanted)
		must(t, c.start())
		got := testing.AllocsPerRun(1000, func() {
			if _, err := c.get(1); err != nil {
				t.Error(err)
			}
		})
		if got != 0 {
			t.Errorf("%s: got %v allocations, want 0", ours.name, got)
		}
		must(t, c.stop())
	}
}
