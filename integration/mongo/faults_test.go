package mongo_test

import (
	"bytes"
	"context"
	"errors"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"gyrfalcon/integration/load"
	"gyrfalcon/integration/proxy"
	"gyrfalcon/integration/servers"
	"gyrfalcon/session"
	"gyrfalcon/session/mongo"
)

// 64 clients in two processes count to 6,400 in one session, while GC runs.
func TestTwoProcessesLoseNoCount(t *testing.T) {
	t.Parallel()
	load.Count(t, harness(t, mongo.Options{}), load.Counting{Options: session.Options{GCInterval: 50 * time.Millisecond}})
}

// through returns the server's URI by way of a proxy.
func through(t testing.TB, srv *servers.Mongo, p *proxy.Proxy) string {
	t.Helper()
	u, err := url.Parse(srv.URI())
	if err != nil {
		t.Fatal(err)
	}
	u.Host, u.Path = p.Addr(), "/"
	q := u.Query()
	q.Del("replicaSet")
	q.Set("directConnection", "true")
	u.RawQuery = q.Encode()
	return u.String()
}

// last is how long a fault lasts: longer than a request's deadline.
const last = 1500 * time.Millisecond

func pause(t testing.TB) {
	t.Helper()
	select {
	case <-time.After(last):
	case <-t.Context().Done():
		t.Fatal("the test ended within a fault")
	}
}

// isSwap says whether a request of the driver's is a swap, or another update.
func isSwap(request []byte) bool { return bytes.Contains(request, []byte("\x02update\x00")) }

// fault is what happens to a server, or on the way to it.
type fault struct {
	do func(t testing.TB, srv *servers.Mongo, p *proxy.Proxy)

	// felt says whether the clients have felt it, given how many answers were lost: or
	// all that is right afterwards shows nothing.
	felt func(r load.Report, lost int) bool
}

// broken says whether clients were told of connections that broke. A server that is only
// too slow for so many gives other errors.
func broken(r load.Report, _ int) bool {
	for e := range r.Errors {
		for _, sign := range []string{"EOF", "connection reset", "broken pipe", "connection refused"} {
			if strings.Contains(e, sign) {
				return true
			}
		}
	}
	return false
}

// faults may neither keep a request beyond its deadline, nor lose what was acknowledged,
// nor need anybody's help afterwards.
var faults = map[string]fault{
	"the server is killed": {func(t testing.TB, srv *servers.Mongo, _ *proxy.Proxy) { srv.Kill(t); srv.Start(t) }, broken},
	"the server stands still": {func(t testing.TB, srv *servers.Mongo, _ *proxy.Proxy) {
		srv.Pause(t)
		pause(t)
		srv.Resume(t)
	}, func(r load.Report, _ int) bool { return r.Refused+r.Unknown >= load.DefaultClients }}, // it lasts longer than any request
	"connections break": {func(t testing.TB, _ *servers.Mongo, p *proxy.Proxy) {
		stop := p.CutEvery(20 * time.Millisecond)
		pause(t)
		stop()
	}, broken},
	"the answers to swaps get lost": {func(t testing.TB, _ *servers.Mongo, p *proxy.Proxy) {
		p.Decide(func(request []byte) proxy.Action {
			if isSwap(request) {
				return proxy.LoseReply
			}
			return proxy.Pass
		})
		pause(t)
		p.Decide(nil)
	}, func(r load.Report, lost int) bool { return lost > 0 && r.Unknown >= lost && r.Stood > 0 }},
	"every fifth answer is a broken connection": {func(t testing.TB, _ *servers.Mongo, p *proxy.Proxy) {
		var n atomic.Int64
		p.Decide(func([]byte) proxy.Action {
			if n.Add(1)%5 == 0 {
				return proxy.CutReply
			}
			return proxy.Pass
		})
		pause(t)
		p.Decide(nil)
	}, func(r load.Report, lost int) bool { return lost > 0 && broken(r, lost) }},
}

// 64 clients count meanwhile.
func TestUnderFaultsEveryAnswerIsTrue(t *testing.T) {
	t.Parallel()
	for what, fault := range faults {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			srv := servers.NewMongo(t)
			p := proxy.New(t, srv.Addr())
			uri := through(t, srv, p)
			r := load.Run(t, load.Plan{
				Open: func(context.Context) (session.Adapter, error) {
					client, err := connect(uri)
					if err != nil {
						return nil, err
					}
					return mongo.New(client.Database("test").Collection(name), mongo.Options{OwnClient: true}), nil
				},
				Fault:   func(t testing.TB) { fault.do(t, srv, p) },
				Options: session.Options{Timeout: time.Second},
			})
			if !fault.felt(r, p.Lost()) {
				t.Errorf("%d answers were lost, and the clients say %v: they have not felt it", p.Lost(), r)
			}
		})
	}
}

// The one answer that matters is lost: that to a swap which the server has made.
func TestASwapWhoseAnswerIsLostStandsOnce(t *testing.T) {
	t.Parallel()
	for what, fate := range map[string]proxy.Action{"the connection breaks": proxy.CutReply, "nothing comes": proxy.LoseReply} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			srv := servers.SharedMongo(t)
			p := proxy.New(t, srv.Addr())
			client, err := connect(through(t, srv, p))
			if err != nil {
				t.Fatal(err)
			}
			a := open(t, client.Database(srv.NewDatabase(t)).Collection(name), mongo.Options{OwnClient: true})
			r, err := a.Create(t.Context(), "id", []byte("0"), life)
			if err != nil {
				t.Fatal(err)
			}
			var updates atomic.Int64
			p.Decide(func(request []byte) proxy.Action {
				if isSwap(request) {
					updates.Add(1)
					return fate
				}
				return proxy.Pass
			})
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			if _, err := a.Swap(ctx, "id", r, []byte("1"), life); !errors.Is(err, session.ErrOutcomeUnknown) {
				t.Errorf("Swap = %v, want ErrOutcomeUnknown", err)
			}
			if n := updates.Load(); n != 1 {
				t.Errorf("the swap was sent %d times, want once", n)
			}
			if n := p.Lost(); n != 1 {
				t.Errorf("%d answers were lost, want the one", n)
			}
			p.Decide(nil)
			if r, err = a.Read(t.Context(), "id", life); err != nil || string(r.Data) != "1" {
				t.Errorf("Read = %q, %v; want the swap to stand", r.Data, err)
			}
		})
	}
}
