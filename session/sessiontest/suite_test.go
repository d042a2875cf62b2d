package sessiontest_test

import (
	"bytes"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"gyrfalcon/session/sessiontest"
)

func TestAGoodAdapterPasses(t *testing.T) {
	t.Parallel()
	for name, h := range map[string]sessiontest.Harness{
		"that can everything":      {},
		"that takes little":        {MaxData: 1000},
		"that takes text":          {TextOnly: true},
		"that takes ASCII":         {TextOnly: true, Holds: ascii},
		"that is private":          {Private: true},
		"with a clock of its own":  {ServerClock: true},
		"that is taken for folded": {FoldsCase: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sessiontest.TestAdapter(t, harness(h, nil))
		})
	}
}

func ascii(text string) bool {
	return strings.IndexFunc(text, func(r rune) bool { return r > unicode.MaxASCII }) < 0
}

// wreckTest makes TestWrecks run in a child.
const wreckTest = "SESSIONTEST_WRECKS"

// TestWrecks is the child of TestBadAdaptersFail: there it fails. Otherwise it
// does nothing.
func TestWrecks(t *testing.T) {
	t.Parallel()
	if os.Getenv(wreckTest) == "" {
		return
	}
	for _, w := range slices.Concat(wrecks, timeWrecks) {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			sessiontest.TestAdapter(t, harness(w.h, w.wreck))
		})
	}
}

// TestBadAdaptersFail tests the suite: each bad adapter must fail the promises
// that it breaks, and each promise must be broken by one.
// That the child's race detector speaks up too is no wonder.
func TestBadAdaptersFail(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestWrecks$", "-test.v") //nolint:gosec // it is this binary
	cmd.Env = append(os.Environ(), wreckTest+"=1")
	out, err := cmd.CombinedOutput()
	if err == nil {
		t.Fatal("a process that tests bad adapters has passed")
	}
	if bytes.Contains(out, []byte("panic:")) {
		t.Fatalf("it has not failed as it should:\n%s", out)
	}
	result := regexp.MustCompile(`(?m)^ {8}--- (\w+): TestWrecks/(\S+)/(\S+) `)
	failed := make(map[string]map[string]bool) // of each adapter
	broken := make(map[string]bool)            // each promise, by any
	for _, r := range result.FindAllStringSubmatch(string(out), -1) {
		verdict, adapter, promise := r[1], r[2], r[3]
		if failed[adapter] == nil {
			failed[adapter] = make(map[string]bool)
		}
		failed[adapter][promise] = verdict == "FAIL"
		broken[promise] = broken[promise] || verdict == "FAIL"
	}
	for _, w := range slices.Concat(wrecks, timeWrecks) {
		for _, promise := range w.breaks {
			fails, tested := failed[underscored(w.name)][underscored(promise)]
			if !tested || !fails {
				t.Errorf("an adapter that %s passes %q (tested: %v), want it to fail", w.name, promise, tested)
			}
		}
	}
	for promise, fails := range broken {
		if !fails {
			t.Errorf("no bad adapter fails %s: it may promise nothing", promise)
		}
	}
}

// underscored is a name as go test prints it.
func underscored(name string) string { return strings.ReplaceAll(name, " ", "_") }
