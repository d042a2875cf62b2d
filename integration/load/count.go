package load

import (
	"context"
	"os"
	"sync"
	"testing"
	"time"

	"gyrfalcon/internal/secondprocess"
	"gyrfalcon/session"
	"gyrfalcon/session/sessiontest"
)

// storeVariable is the variable in the environment that makes Count serve the store that
// it names.
const storeVariable = "GYRFALCON_LOAD_STORE"

// DefaultUpdates is how often each client of Count counts.
const DefaultUpdates = 100

// countTimeout is what Count gives the manager where its Options say nothing: a request
// that waits for 63 others is not to fail because the machine is slow.
const countTimeout = 20 * time.Second

// Counting says what Count does.
type Counting struct {
	// Options are the managers', but for the ErrorHandler. A short GCInterval has GC
	// run beside the clients.
	Options session.Options

	// Clients is how many count at once, by default DefaultClients: half of them here,
	// half in the second process.
	Clients int

	// Updates is how often each of them counts, by default DefaultUpdates.
	Updates int
}

// Count has clients count in one session, through two processes on one store of the
// harness's. Every request must be answered 2xx, and in the end the counter must say how
// many there were.
//
// The second process is this test binary, which runs the test that calls Count alone;
// there Count serves in place of testing. So a test that calls it does nothing before
// that a second process may not do.
func Count(t testing.TB, h sessiontest.Harness, c Counting) Report {
	t.Helper()
	if c.Clients == 0 {
		c.Clients = DefaultClients
	}
	if c.Updates == 0 {
		c.Updates = DefaultUpdates
	}
	if c.Options.Timeout == 0 {
		c.Options.Timeout = countTimeout
	}
	if store, second := os.LookupEnv(storeVariable); second {
		c.serve(t, h, store)
		return Report{}
	}
	store := h.NewStore(t)
	there := secondprocess.Start(t, t.Name(), storeVariable, store)
	var r Report
	labelled(t, DefaultRecovery, func(context.Context) { r = c.run(t, h, store, there) })
	t.Log(r)
	return r
}

// open returns an adapter on the store.
func open(t testing.TB, h sessiontest.Harness, store string) session.Adapter {
	t.Helper()
	now := time.Now
	if h.ServerClock {
		now = nil
	}
	a, err := h.Open(t.Context(), store, now)
	if err != nil {
		t.Fatalf("open the store: %v", err)
	}
	return a
}

// serve is what the second process does.
func (c Counting) serve(t testing.TB, h sessiontest.Harness, store string) {
	t.Helper()
	m := start(t, open(t, h, store), c.Options)
	secondprocess.Serve(t, pages(m))
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := m.Stop(ctx); err != nil {
		t.Errorf("stop the session service: %v", err)
	}
}

// run has the clients count, here and there.
func (c Counting) run(t testing.TB, h sessiontest.Harness, store, there string) Report {
	t.Helper()
	site := Plan{
		Open:    func(context.Context) (session.Adapter, error) { return open(t, h, store), nil },
		Options: c.Options,
	}.serve(t)
	defer site.close(t)
	all := &crowd{url: site.url, deadline: 2*c.Options.Timeout + DefaultMargin}
	all.open(c.Clients)
	defer all.leave()
	n := all.newCounter(t, "the session")
	var working sync.WaitGroup
	for i := range c.Clients {
		one := &client{crowd: all, url: []string{site.url, there}[i%2]}
		working.Go(func() {
			for range c.Updates {
				one.count(context.WithoutCancel(t.Context()), n)
			}
		})
	}
	working.Wait()
	all.judge(t, false)
	r := all.report()
	r.Acknowledged-- // the one that made the session
	if want := c.Clients * c.Updates; r.Acknowledged != want {
		t.Errorf("%d of %d requests were answered 2xx, want all of them:\n%v", r.Acknowledged, want, r)
	}
	return r
}
