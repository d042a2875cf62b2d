package sessiontest

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"gyrfalcon/session"
)

var lifeHazards = []hazard{
	{name: "Stop waits for a commit under way, and closes the store after it", test: func(t *testing.T, h Harness) {
		st := newSite(t, h)
		v := st.visitorWith(0)
		under, goOn := make(chan struct{}), make(chan struct{})
		var swapped bool
		st.faults.On(Swap, func(_ context.Context, call func() error) error {
			close(under)
			<-goOn
			err := call()
			swapped = true // Close comes after, by way of the manager
			return err
		})
		st.faults.On(Close, func(_ context.Context, call func() error) error {
			if !swapped {
				t.Error("the store was closed before the commit under way was done, want it after")
			}
			return call()
		})
		path := st.using(count)
		p := v.start(path)
		await(t, under, "the commit to begin")
		stopped := make(chan error, 1)
		go func() { stopped <- st.m.Stop(context.Background()) }()
		until(t, "new requests to be refused", func() bool {
			_, err := st.m.Load(t.Context(), "")
			return errors.Is(err, session.ErrStopped)
		})
		v.clone().get(path).want(http.StatusServiceUnavailable)
		select {
		case err := <-stopped:
			t.Fatalf("Stop returned %v with a commit under way, want it to wait", err)
		default:
		}
		close(goOn)
		p.wait().want(http.StatusOK)
		if err := await(t, stopped, "Stop"); err != nil {
			t.Errorf("Stop = %v, want nil", err)
		}
		if h.Private {
			return // what was stored ended with the adapter
		}
		r, err := st.open().Read(t.Context(), v.stored(), st.life)
		if err != nil || !strings.Contains(string(r.Data), `"n":1`) {
			t.Errorf("after the Stop the store holds %s, error %v; want n to be 1", r.Data, err)
		}
	}},
	{name: "Stop whose context ends closes the store all the same, and says so", test: func(t *testing.T, h Harness) {
		st := newClosedSite(t, h)
		m := session.New(st.faults, session.Options{GCInterval: -1, Now: st.now})
		if err := m.Start(t.Context()); err != nil {
			t.Fatalf("Start = %v, want nil", err)
		}
		st.m = m
		v := st.visitor()
		under, goOn := make(chan struct{}), make(chan struct{})
		st.faults.On(Create, func(_ context.Context, call func() error) error {
			close(under)
			<-goOn
			return call()
		})
		p := v.start(st.using(count))
		await(t, under, "the commit to begin")
		ctx, want := ended(t.Context())
		if err := m.Stop(ctx); !errors.Is(err, want) {
			t.Errorf("Stop with a context that has ended = %v, want %v", err, want)
		}
		if c := st.calls.Calls(); c.Close != 1 {
			t.Errorf("the store has had %+v, want one Close", c)
		}
		close(goOn)
		p.wait().want(http.StatusServiceUnavailable).wantNoCookie()
	}},
	{name: "A service that does not run answers 503 and asks the store nothing", test: func(t *testing.T, h Harness) {
		st := newClosedSite(t, h)
		st.m = session.New(st.faults, session.Options{GCInterval: -1, Now: st.now})
		for _, id := range []string{"", newID()} {
			st.visitorOf(id).get(st.using(count)).want(http.StatusServiceUnavailable).wantNoCookie()
		}
		if c := st.calls.Calls(); c != (Calls{}) {
			t.Errorf("the store has had %+v, want nothing", c)
		}
	}},
}

// until waits for something that nothing signals.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(patience); !done(); {
		if time.Now().After(end) {
			t.Fatalf("waited %v for %s", patience, what)
		}
		<-tick.C
	}
}
