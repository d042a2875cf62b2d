package mysql_test

import (
	"context"
	"database/sql"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"gyrfalcon/integration/proxy"
	"gyrfalcon/integration/servers"
	"gyrfalcon/session"
	"gyrfalcon/session/database"
	own "gyrfalcon/session/database/mysql"
	"gyrfalcon/session/sessiontest"
)

// service is a session service of which each request does one thing.
type service struct{ *session.Manager }

func startService(t *testing.T, db *sql.DB, clock *sessiontest.Clock) service {
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
	return service{m}
}

// request does something with the visitor's session, and returns the cookie to go on with.
func (s service) request(t *testing.T, cookie *http.Cookie, do func(ctx context.Context) error) *http.Cookie {
	t.Helper()
	answer := s.serve(t, cookie, do)
	if answer.Code != http.StatusOK {
		t.Fatalf("got status %d (%s), want 200", answer.Code, strings.TrimSpace(answer.Body.String()))
	}
	if cookies := answer.Result().Cookies(); len(cookies) > 0 {
		return cookies[0]
	}
	return cookie
}

// answer does something with the visitor's session, and returns the status.
func (s service) answer(t *testing.T, cookie *http.Cookie, do func(ctx context.Context) error) int {
	t.Helper()
	return s.serve(t, cookie, do).Code
}

func (s service) serve(t *testing.T, cookie *http.Cookie, do func(ctx context.Context) error) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "https://shop.example.com/", nil)
	if cookie != nil {
		r.AddCookie(cookie)
	}
	answer := httptest.NewRecorder()
	s.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if err := do(r.Context()); err != nil {
			t.Error(err)
		}
	})).ServeHTTP(answer, r)
	return answer
}

// with does something with the session that the request has.
func (s service) with(do func(s *session.Session) error) func(ctx context.Context) error {
	return func(ctx context.Context) error {
		one, err := s.From(ctx)
		if err != nil {
			return err
		}
		return do(one)
	}
}

func count(s *session.Session) error {
	_, err := session.Update(s, "n", func(n int) int { return n + 1 })
	return err
}

func look(s *session.Session) error {
	_, err := session.Get[int](s, "n")
	return err
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
	s := startService(t, db, clock)
	direct, err := ours(srv, name)
	if err != nil {
		t.Fatal(err)
	}
	other := startService(t, direct, clock)

	visitor := s.request(t, nil, s.with(count))
	for _, c := range []struct {
		what   string
		late   bool // a touch is due
		cookie *http.Cookie
		do     func(ctx context.Context) error
		want   int
	}{
		{"a handler that does not use the session", false, visitor, func(context.Context) error { return nil }, 0},
		{"one without a cookie that reads", false, nil, s.with(func(s *session.Session) error { _, err := s.Has("n"); return err }), 0},
		{"a malformed ID", false, &http.Cookie{Name: visitor.Name, Value: "no ID of ours"}, s.with(func(s *session.Session) error { _, err := s.Has("n"); return err }), 0}, //nolint:gosec // attributes are for answers
		{"a session read", false, visitor, s.with(look), 1},
		{"a session read when a touch is due", true, visitor, s.with(look), 2},
		{"a session read and written", false, visitor, s.with(count), 2},
		{"a session read and written when a touch is due", true, visitor, s.with(count), 2},
		{"a new session", false, nil, s.with(count), 1},
		{"a conflict", false, visitor, s.with(func(one *session.Session) error {
			if err := look(one); err != nil {
				return err
			}
			other.request(t, visitor, other.with(count))
			return count(one)
		}), 4},
		{"Destroy of a session that was not read", false, s.request(t, nil, s.with(count)), s.Destroy, 1},
		{"Regenerate", false, visitor, s.with((*session.Session).Regenerate), 3},
	} {
		if c.late {
			clock.Advance(5 * time.Minute)
		}
		p.Mark()
		s.request(t, c.cookie, c.do)
		if trips := p.Trips(); trips != c.want {
			t.Errorf("%s: %d trips, want %d", c.what, trips, c.want)
		}
		if n := p.Accepted(); n != 0 {
			t.Errorf("%s: %d new connections, want none", c.what, n)
		}
	}
}
