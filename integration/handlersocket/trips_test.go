package handlersocket_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

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
			m := session.New(handlersocket.New(o), session.Options{GCInterval: -1, Now: clock.Now, Cookie: session.Cookie{Name: "s", Insecure: true}})
			if err := m.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = m.Stop(context.Background()) })
			var cookie *http.Cookie
			visit := func(what string, want int, do func(s *session.Session) error) {
				t.Helper()
				reads.Mark()
				writes.Mark()
				r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://localhost/", nil)
				if cookie != nil {
					r.AddCookie(cookie)
				}
				w := httptest.NewRecorder()
				m.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
					if do == nil {
						return
					}
					s, err := m.From(r.Context())
					if err == nil {
						err = do(s)
					}
					if err != nil {
						t.Errorf("%s: %v", what, err)
					}
				})).ServeHTTP(w, r)
				for _, c := range w.Result().Cookies() {
					cookie = c
				}
				if w.Code != http.StatusOK {
					t.Errorf("%s: %d %s", what, w.Code, w.Body)
				}
				if n := reads.Trips() + writes.Trips(); n != want {
					t.Errorf("%s: %d trips, want %d", what, n, want)
				}
			}
			set := func(s *session.Session) error { return s.Set("n", clock.Now().UnixNano()) }
			get := func(s *session.Session) error { _, err := session.Get[int64](s, "n"); return err }
			visit("the first session that the adapter sees", 1, set)
			cookie = nil
			visit("a new session", 1, set)
			visit("a request that does not use it", 0, nil)
			visit("a read", 1, get)
			clock.Advance(time.Second)
			visit("a read and a write", 2, set)
			clock.Advance(10 * time.Minute)
			visit("a read when a touch is due", 2, get)
			visit("a read after that", 1, get)
			visit("a regeneration", 3, func(s *session.Session) error { return s.Regenerate() })
			visit("a destruction of what was read", 2, func(s *session.Session) error { return s.Destroy(t.Context()) })
		})
	}
}
