package mongo_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/event"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"gyrfalcon/integration/internal/visit"
	"gyrfalcon/integration/proxy"
	"gyrfalcon/integration/servers"
	"gyrfalcon/session"
	"gyrfalcon/session/mongo"
)

// commands are those that a client has sent.
type commands struct {
	mu    sync.Mutex
	names []string
}

func (c *commands) monitor() *event.CommandMonitor {
	return &event.CommandMonitor{Started: func(_ context.Context, e *event.CommandStartedEvent) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.names = append(c.names, e.CommandName)
	}}
}

// take returns those since the last call.
func (c *commands) take() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	names := c.names
	c.names = nil
	return names
}

// What a request costs is seen on the wire, and the driver's own report says by what.
func TestARequestMakesNoMoreTripsThanAreDocumented(t *testing.T) {
	t.Parallel()
	srv := servers.SharedMongo(t)
	p := proxy.New(t, srv.Addr())
	var sent commands
	// One connection, already made; nobody asks in between how the server is.
	client, err := driver.Connect(options.Client().ApplyURI(srv.URI()).SetHosts([]string{p.Addr()}).SetDirect(true).
		SetMaxPoolSize(1).SetHeartbeatInterval(time.Hour).SetMonitor(sent.monitor()))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	m := session.New(mongo.New(client.Database(srv.NewDatabase(t)).Collection(name), mongo.Options{OwnClient: true, Now: func() time.Time { return now }}),
		session.Options{GCInterval: -1, Now: func() time.Time { return now }})
	if err := m.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	v := &visit.Visitor{T: t, Manager: m}
	want := func(what string, handler http.HandlerFunc, by ...string) {
		t.Helper()
		sent.take()
		p.Mark()
		v.Send(handler)
		if got := p.Trips(); got != len(by) {
			t.Errorf("%s: %d trips, want %d", what, got, len(by))
		}
		if got := sent.take(); !slices.Equal(got, by) {
			t.Errorf("%s: the commands %q, want %q", what, got, by)
		}
	}
	const read, swap, create, destroy = "findAndModify", "update", "insert", "delete"
	want("no session", v.With(visit.Look))
	want("a new one", v.With(visit.Count), create)
	want("a handler that never asks", func(http.ResponseWriter, *http.Request) {})
	want("a read", v.With(visit.Look), read)
	now = now.Add(30 * time.Minute)
	want("a read after half a life", v.With(visit.Look), read)
	now = now.Add(50 * time.Minute)
	want("a read of one that lives because it was read", v.With(visit.Look), read)
	want("a read and a write", v.With(visit.Count), read, swap)
	now = now.Add(30 * time.Minute)
	want("a read and a write after half a life", v.With(visit.Count), read, swap)
	want("a read and a write of what it was", v.With(func(s *session.Session) error { return s.Set("n", 3) }), read)
	want("Regenerate", v.With((*session.Session).Regenerate), read, create, swap)
	want("a conflict", v.With(func(s *session.Session) error {
		other, err := m.Load(t.Context(), s.ID())
		if err == nil {
			err = errors.Join(visit.Count(other), other.Commit(t.Context()), visit.Count(s))
		}
		sent.take() // what the other one cost is not this request's
		p.Mark()
		return err
	}), swap, read, swap)
	want("Destroy of an unread one", func(_ http.ResponseWriter, r *http.Request) {
		if err := m.Destroy(r.Context()); err != nil {
			t.Error(err)
		}
	}, destroy)
	v.Cookie = &http.Cookie{Name: m.Options().Cookie.Name, Value: "malformed"} //nolint:gosec // attributes are for answers
	want("a malformed ID", v.With(visit.Look))
	v.Cookie = nil
	v.Send(v.With(visit.Count))
	want("Destroy of a read one", v.With(func(s *session.Session) error { return s.Destroy(t.Context()) }), read, destroy)
}
