package load

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"gyrfalcon/session"
)

// Defaults of a Plan.
const (
	DefaultClients  = 64
	DefaultShared   = 4
	DefaultTimeout  = 2 * time.Second
	DefaultMargin   = 3 * time.Second
	DefaultRecovery = 15 * time.Second
)

// patience bounds what must happen before the fault and after it, when nothing is wrong.
const patience = 30 * time.Second

// Plan says what Run does.
type Plan struct {
	// Open returns a new adapter, on which Open has not been called. Closing it must
	// release all that this function has made for it: a pool of connections too.
	Open func(ctx context.Context) (session.Adapter, error)

	// Fault brings the trouble about, keeps it up for as long as it shall last, and
	// undoes it. It is called in the test's goroutine when each client has been
	// served, and the clients go on meanwhile.
	Fault func(t testing.TB)

	// Options are the manager's, but for the ErrorHandler. With a Timeout of 0 it is
	// DefaultTimeout here.
	Options session.Options

	// Clients is how many count at once, by default DefaultClients.
	Clients int

	// Shared is how many sessions all clients share, by default DefaultShared; -1 is
	// none. Every fourth request of a client goes to one of them.
	Shared int

	// Margin is by how much a request may outlast the manager's Timeout for its load
	// and the one for its commit, by default DefaultMargin: room for a busy machine.
	Margin time.Duration

	// Recovery is how long after the fault each client must have been served again, by
	// default DefaultRecovery.
	Recovery time.Duration

	// MayLose says that changes which were acknowledged may be lost, as they are where
	// a master fails over to a replica that has not heard of them. They are counted
	// and told. Nothing may be counted twice there either.
	MayLose bool
}

// Report is what came of a Run.
type Report struct {
	Acknowledged int           // changes that were answered 2xx
	Refused      int           // of which the answer said that nothing was written
	Unknown      int           // whose outcome nobody knows
	Stood        int           // of those of unknown outcome, so many stand at least
	Lost         int           // changes that were acknowledged and do not stand
	Longest      time.Duration // of all requests
	Recovered    time.Duration // from the fault's end until each client had been served
	Errors       map[string]int
}

// String tells the figures, and the errors that were met.
func (r Report) String() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%d acknowledged, %d refused, %d unknown (of which %d stand), %d lost; the longest request took %v",
		r.Acknowledged, r.Refused, r.Unknown, r.Stood, r.Lost, r.Longest.Round(time.Millisecond))
	if r.Recovered > 0 {
		fmt.Fprintf(&text, "; all were served again %v after the fault", r.Recovered.Round(time.Millisecond))
	}
	for e, n := range r.Errors {
		fmt.Fprintf(&text, "\n%7d × %s", n, strings.TrimSpace(e))
	}
	return text.String()
}

// withDefaults fills in what is left open.
func (p Plan) withDefaults() Plan {
	if p.Clients == 0 {
		p.Clients = DefaultClients
	}
	if p.Shared == 0 {
		p.Shared = DefaultShared
	}
	if p.Margin == 0 {
		p.Margin = DefaultMargin
	}
	if p.Recovery == 0 {
		p.Recovery = DefaultRecovery
	}
	if p.Options.Timeout == 0 {
		p.Options.Timeout = DefaultTimeout
	}
	return p
}

// Run does what the plan says, and tells the test what is wrong. The report is for who
// wants to ask for more: that anything was refused at all, or how much was lost.
func Run(t testing.TB, p Plan) Report {
	t.Helper()
	p = p.withDefaults()
	var r Report
	labelled(t, p.Recovery, func(ctx context.Context) { r = p.run(ctx, t) })
	t.Log(r)
	return r
}

// run is a Run but for what remains of it. labels is the context that has its label.
func (p Plan) run(labels context.Context, t testing.TB) Report {
	t.Helper()
	site := p.serve(t)
	c := &crowd{url: site.url, deadline: 2*p.Options.Timeout + p.Margin}
	defer site.close(t)
	defer c.leave()
	c.begin(t, p.Clients, max(p.Shared, 0))

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var working sync.WaitGroup
	defer working.Wait()
	defer cancel() // before it is waited for
	for _, one := range c.clients {
		working.Go(func() { one.work(ctx) })
	}
	if late := c.servedSince(time.Now(), patience); late > 0 {
		t.Fatalf("before the fault %d of %d clients were not served within %v:\n%v", late, len(c.clients), patience, c.report())
	}
	unlabelled(labels, func() { p.Fault(t) })
	end := time.Now()
	late := c.servedSince(end, p.Recovery)
	recovered := time.Since(end)
	if late > 0 {
		t.Errorf("%d of %d clients were not served within %v after the fault, want all without anybody's help", late, len(c.clients), p.Recovery)
	}
	cancel()
	working.Wait()
	c.judge(t, p.MayLose)
	r := c.report()
	r.Recovered = recovered
	return r
}

// serve starts the session service and a server for it.
func (p Plan) serve(t testing.TB) *site {
	t.Helper()
	a, err := p.Open(t.Context())
	if err != nil {
		t.Fatalf("open an adapter: %v", err)
	}
	m := start(t, a, p.Options)
	s, err := newSite(t.Context(), m)
	if err != nil {
		t.Fatal(errors.Join(err, m.Stop(t.Context())))
	}
	return s
}

// start starts a session service over an adapter.
func start(t testing.TB, a session.Adapter, o session.Options) *session.Manager {
	t.Helper()
	o.ErrorHandler = answer
	m := session.New(a, o)
	if err := m.Start(t.Context()); err != nil {
		t.Fatalf("start the session service: %v", err)
	}
	return m
}
