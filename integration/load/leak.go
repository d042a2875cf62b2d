package load

import (
	"bytes"
	"context"
	"fmt"
	"runtime/pprof"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// label is what the goroutines of a run are known by: they inherit it, so that tests may
// run in parallel and each still knows its own.
const label = "load"

var runs atomic.Int64

// labelled calls work, and then waits until no goroutine is left of those that work, or
// one of them, has started.
func labelled(t testing.TB, within time.Duration, work func(ctx context.Context)) {
	t.Helper()
	name := fmt.Sprintf("run %d of %s", runs.Add(1), strings.ReplaceAll(t.Name(), `"`, "'"))
	pprof.Do(context.Background(), pprof.Labels(label, name), work)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for end := time.After(within); ; {
		left := withLabel(t, name)
		if len(left) == 0 {
			return
		}
		select {
		case <-tick.C:
		case <-end:
			t.Errorf("%v after the session service has stopped there are still goroutines of it:\n%s", within, strings.Join(left, "\n\n"))
			return
		}
	}
}

// withLabel returns the goroutines that have the label.
func withLabel(t testing.TB, name string) []string {
	t.Helper()
	var all bytes.Buffer
	if err := pprof.Lookup("goroutine").WriteTo(&all, 1); err != nil {
		t.Fatal(err)
	}
	var left []string
	for g := range strings.SplitSeq(all.String(), "\n\n") {
		if strings.Contains(g, fmt.Sprintf("%q:%q", label, name)) {
			left = append(left, g)
		}
	}
	return left
}

// unlabelled calls what is the test's own to start, such as a server of its own.
func unlabelled(labels context.Context, work func()) {
	pprof.SetGoroutineLabels(context.Background())
	defer pprof.SetGoroutineLabels(labels)
	work()
}
