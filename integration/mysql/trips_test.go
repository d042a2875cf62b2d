package mysql_test

import (
	"context"
	"database/sql"
	"net/http"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"gyrfalcon/integration/internal/visit"
	"gyrfalcon/integration/proxy"
	"gyrfalcon/integration/servers"
	"gyrfalcon/session"
	"gyrfalcon/session/database"
	own "gyrfalcon/session/database/mysql"
	"gyrfalcon/session/sessiontest"
)

func startManager(t *testing.T, db *sql.DB, clock *sessiontest.Clock) *session.Manager {
	t.Helper()
	m := session.New(database.New(db, database.Options{OwnDB: true, Now: clock.Now}), session.Options{GCInterval: -1, Now: clock.Now})
	if err := m.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return m
}

// What the documentation says a request costs, counted on the wire, whatever the pool: a
// driver that is given arguments prepares a statement first, which is another trip.
func TestARequestMakesNoMoreTripsThanAreDocumented(t *testing.T) {
	t.Parallel()
	pools := map[string]func(srv *servers.SQL, name, addr string) (*sql.DB, error){
		"on a pool of package mysql": func(srv *servers.SQL, name, addr string) (*sql.DB, error) {
			return own.Open(dsn(srv, name, func(c *mysql.Config) { c.Addr = addr }))
		},
		"on a pool that is handed in": func(srv *servers.SQL, name, addr string) (*sql.DB, error) {
			return handedIn(srv, name, func(c *mysql.Config) { c.Addr = addr })
		},
	}
	onServers(t, func(t *testing.T, srv *servers.SQL) {
		for what, open := range pools {
			t.Run(what, func(t *testing.T) {
				t.Parallel()
				wantTrips(t, srv, open)
			})
		}
	})
}

func wantTrips(t *testing.T, srv *servers.SQL, open func(srv *servers.SQL, name, addr string) (*sql.DB, error)) {
	t.Helper()
	name, p := makeDatabase(t, srv, "", phalcon5), proxy.New(t, srv.Addr())
	db, err := open(srv, name, p.Addr())
	if err != nil {
		t.Fatal(err)
	}
	clock := sessiontest.NewClock(time.Now())
	m := startManager(t, db, clock)
	direct, err := ours(srv, name)
	if err != nil {
		t.Fatal(err)
	}
	other := &visit.Visitor{T: t, Manager: startManager(t, direct, clock)}
	v := &visit.Visitor{T: t, Manager: m}
	want := func(what string, trips int, handler http.HandlerFunc) {
		t.Helper()
		p.Mark()
		v.Send(handler)
		if n := p.Trips(); n != trips {
			t.Errorf("%s: %d trips, want %d", what, n, trips)
		}
		if n := p.Accepted(); n != 0 {
			t.Errorf("%s: %d new connections, want none", what, n)
		}
	}
	v.Send(v.With(visit.Count)) // and the connection is made

	v.Cookie = nil
	want("no session", 0, v.With(visit.Look))
	want("a new session", 1, v.With(visit.Count))
	want("a handler that does not use the session", 0, func(http.ResponseWriter, *http.Request) {})
	want("a session read", 1, v.With(visit.Look))
	clock.Advance(5 * time.Minute)
	want("a session read when a touch is due", 2, v.With(visit.Look))
	want("a session read and written", 2, v.With(visit.Count))
	clock.Advance(5 * time.Minute)
	want("a session read and written when a touch is due", 2, v.With(visit.Count))
	want("a conflict", 4, v.With(func(s *session.Session) error {
		if err := visit.Look(s); err != nil {
			return err
		}
		other.Cookie = v.Cookie
		other.Send(other.With(visit.Count))
		return visit.Count(s)
	}))
	want("Regenerate", 3, v.With((*session.Session).Regenerate))
	want("Destroy of a session that was not read", 1, func(_ http.ResponseWriter, r *http.Request) {
		if err := m.Destroy(r.Context()); err != nil {
			t.Error(err)
		}
	})
	v.Cookie = &http.Cookie{Name: m.Options().Cookie.Name, Value: "malformed"} //nolint:gosec // attributes are for answers
	want("a malformed ID", 0, v.With(visit.Look))
}
