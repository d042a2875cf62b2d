package handlersocket_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"gyrfalcon/integration/internal/visit"
	"gyrfalcon/integration/proxy"
	"gyrfalcon/integration/servers"
	"gyrfalcon/session"
	"gyrfalcon/session/handlersocket"
	"gyrfalcon/session/sessiontest"
)

// What a request costs, counted on the wire.
func TestARequestMakesNoMoreTripsThanAreDocumented(t *testing.T) {
	t.Parallel()
	for name, table := range map[string]struct {
		create  string
		options func(place) handlersocket.Options
	}{
		"on DATETIME":    {phalcons, place.text},
		"on DATETIME(6)": {handlersocket.Schema, place.binary},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newTable(t, servers.SharedMariaDB(t), table.create)
			reads, writes := proxy.New(t, p.reads), proxy.New(t, p.writes)
			p.reads, p.writes = reads.Addr(), writes.Addr()
			clock := sessiontest.NewClock(time.Now())
			o := table.options(p)
			o.Now = clock.Now
			m := session.New(handlersocket.New(o), session.Options{GCInterval: -1, Now: clock.Now})
			if err := m.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = m.Stop(context.Background()) })
			v := &visit.Visitor{T: t, Manager: m}
			want := func(what string, trips int, handler http.HandlerFunc) {
				t.Helper()
				reads.Mark()
				writes.Mark()
				v.Send(handler)
				if n := reads.Trips() + writes.Trips(); n != trips {
					t.Errorf("%s: %d trips, want %d", what, n, trips)
				}
			}
			set := v.With(func(s *session.Session) error { return s.Set("n", clock.Now().UnixNano()) })
			want("the first session that the adapter sees", 1, set)
			v.Cookie = nil
			want("a new session", 1, set)
			want("a request that does not use it", 0, func(http.ResponseWriter, *http.Request) {})
			want("a read", 1, v.With(visit.Look))
			clock.Advance(time.Second)
			want("a read and a write", 2, set)
			clock.Advance(10 * time.Minute)
			want("a read when a touch is due", 2, v.With(visit.Look))
			want("a read after that", 1, v.With(visit.Look))
			want("a regeneration", 3, v.With((*session.Session).Regenerate))
			want("a destruction of what was read", 2, v.With(func(s *session.Session) error { return s.Destroy(t.Context()) }))
		})
	}
}
