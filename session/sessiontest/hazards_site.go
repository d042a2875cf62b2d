package sessiontest

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gyrfalcon/session"
)

// site is one hazard's web site: a server on a TCP port, a session service, and
// everything in between that the hazard may want to look at.
type site struct {
	*fixture
	m      *session.Manager
	calls  *Counter // what reaches the store
	faults *Faults  // what befalls it on the way
	heard  *heard
	srv    *httptest.Server
	ahead  atomic.Int64 // of the store's clock, in nanoseconds; only with ServerClock

	mu       sync.Mutex
	handlers map[string]http.Handler
}

// newSite starts a site on an empty store.
func newSite(t *testing.T, h Harness, change ...func(o *session.Options)) *site {
	t.Helper()
	st := newClosedSite(t, h)
	st.m = st.service(st.faults, change...)
	return st
}

// newClosedSite starts a server without a session service.
func newClosedSite(t *testing.T, h Harness) *site {
	t.Helper()
	f := &fixture{Harness: h, t: t, store: h.NewStore(t), life: time.Hour, short: 30 * time.Second}
	if h.ServerClock {
		f.short = 2*time.Second + 2*h.Resolution
	} else {
		f.clock = NewClock(clockStart)
	}
	f.Adapter = f.adapter()
	st := &site{fixture: f, heard: &heard{}, handlers: make(map[string]http.Handler)}
	st.calls = Counting(st.heard.adapter(f.Adapter))
	st.faults = Faulty(st.calls)
	st.srv = httptest.NewUnstartedServer(http.HandlerFunc(st.route))
	st.srv.Config.ErrorLog = log.New(st.heard, "", 0)
	st.srv.Start()
	t.Cleanup(func() {
		closeServer(t, st.srv)
		st.heard.wantNoSecrets(t)
	})
	return st
}

// closeServer is srv.Close, which waits for its requests, with an end to it.
func closeServer(t *testing.T, srv *httptest.Server) {
	t.Helper()
	closed := make(chan struct{})
	go func() {
		srv.Close()
		close(closed)
	}()
	select {
	case <-closed:
	case <-time.After(patience):
		t.Error("a request hangs: its handler, or what stands around it, has not returned")
	}
}

// service starts a session service on a, which stops before the server does.
func (st *site) service(a session.Adapter, change ...func(o *session.Options)) *session.Manager {
	st.t.Helper()
	o := session.Options{
		Interop:    st.Interop,
		Cookie:     session.Cookie{Name: cookieName},
		Lifetime:   st.life,
		Timeout:    patience,
		GCInterval: -1,
		Logger:     st.heard.logger(),
		OnEvent:    st.heard.event,
		Now:        st.now,
	}
	for _, c := range change {
		c(&o)
	}
	m := session.New(a, o)
	if err := m.Start(st.t.Context()); err != nil {
		st.t.Fatalf("Start = %v, want nil", err)
	}
	st.t.Cleanup(func() {
		st.srv.CloseClientConnections()
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := m.Stop(ctx); err != nil {
			st.t.Errorf("Stop = %v, want nil", err)
		}
	})
	return m
}

// now is the services' clock.
func (st *site) now() time.Time { return st.fixture.now().Add(time.Duration(st.ahead.Load())) }

// wait lets d go by on the services' clock. The store's own clock, where it has
// one, stands: what expires there needs pass.
func (st *site) wait(d time.Duration) {
	if st.clock != nil {
		st.clock.Advance(d)
		return
	}
	st.ahead.Add(int64(d))
}

// route finds a handler by its path.
func (st *site) route(w http.ResponseWriter, r *http.Request) {
	st.mu.Lock()
	h := st.handlers[r.URL.Path]
	st.mu.Unlock()
	if h == nil {
		http.NotFound(w, r)
		return
	}
	h.ServeHTTP(w, r)
}

// bare serves h as it is, and returns its path.
func (st *site) bare(h http.Handler) string {
	st.mu.Lock()
	defer st.mu.Unlock()
	path := fmt.Sprintf("/%d", len(st.handlers))
	st.handlers[path] = h
	return path
}

// serve serves h behind the service's middleware, and returns its path.
func (st *site) serve(h http.Handler) string { return st.bare(st.m.Middleware(h)) }

// handler is what most handlers look like: it does something to the session and
// lets session.Error answer where that fails.
func handler(m *session.Manager, do func(s *session.Session) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := m.From(r.Context())
		if err == nil {
			err = do(s)
		}
		if err != nil {
			session.Error(w, r, err)
		}
	})
}

// using serves a handler that does something to the session.
func (st *site) using(do func(s *session.Session) error) string {
	return st.serve(handler(st.m, do))
}

// logout serves a handler that ends the session without reading it.
func (st *site) logout() string {
	return st.serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := st.m.Destroy(r.Context()); err != nil {
			session.Error(w, r, err)
		}
	}))
}

func set(name string, v any) func(*session.Session) error {
	return func(s *session.Session) error { return s.Set(name, v) }
}

// count is one visit more.
func count(s *session.Session) error {
	_, err := session.Update(s, "n", func(n int) int { return n + 1 })
	return err
}

// look reads the session and changes nothing.
func look(s *session.Session) error {
	_, err := s.Names()
	return err
}

// halt is a place at which a handler waits until the test lets it go on.
type halt struct {
	t       *testing.T
	reached chan struct{}
	goes    chan struct{}
	once    sync.Once
}

func (st *site) halt() *halt {
	h := &halt{t: st.t, reached: make(chan struct{}), goes: make(chan struct{})}
	st.t.Cleanup(h.release)
	return h
}

// here is called by the handler, once.
func (h *halt) here() {
	close(h.reached)
	<-h.goes
}

// await is called by the test: it returns when the handler is there.
func (h *halt) await() {
	h.t.Helper()
	await(h.t, h.reached, "the handler to come to its halt")
}

func (h *halt) release() { h.once.Do(func() { close(h.goes) }) }

// await waits for c to be closed, or sent to.
func await[T any](t *testing.T, c <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatalf("waited %v for %s", patience, what)
		panic("unreachable")
	}
}

// storedID is the name under which a service of the default name keeps the
// session of id: a digest of both, or, where PHP shares it, the ID itself.
func (st *site) storedID(id string) string {
	if st.Interop == session.PHP {
		return id
	}
	return storedIDOf(session.DefaultName, id)
}

func storedIDOf(service, id string) string {
	sum := sha256.Sum256([]byte("gyrfalcon\x00" + service + "\x00" + id))
	return strings.ToLower(base32.HexEncoding.EncodeToString(sum[:20]))
}

// wantNothingStored wants no living session under any of the IDs that were ever
// stored.
func (st *site) wantNothingStored() {
	st.t.Helper()
	for _, id := range st.heard.storedIDs() {
		st.wantGone(id)
	}
}

// living returns how many of the sessions that were ever stored still live.
func (st *site) living() int {
	st.t.Helper()
	n := 0
	for _, id := range st.heard.storedIDs() {
		if _, err := st.Read(st.t.Context(), id, st.life); err == nil {
			n++
		}
	}
	return n
}
