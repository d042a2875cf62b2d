package sessiontest

import (
	"context"
	"net/http"
	"path"
	"sync/atomic"
	"testing"
	"time"

	"gyrfalcon/internal/secondprocess"
	"gyrfalcon/session"
)

// childStore is the variable in the environment that makes TestHazards serve the store
// that it names.
const childStore = "SESSIONTEST_STORE"

// startChild starts this test binary again, as a second process that serves
// counterApp on the site's store, and returns its address. It ends with the test.
func (st *site) startChild() string {
	st.t.Helper()
	url := secondprocess.Start(st.t, path.Dir(st.t.Name()), childStore, st.store)
	st.t.Cleanup(st.srv.Client().CloseIdleConnections) // a server waits for those that were never used
	return url
}

// serveChild is the second process: it serves until its standard input ends.
func serveChild(t *testing.T, h Harness, store string) {
	var now func() time.Time
	if !h.ServerClock {
		now = NewClock(clockStart).Now
	}
	a, err := h.Open(t.Context(), store, now)
	if err != nil {
		t.Fatalf("open the store: %v", err)
	}
	m := session.New(a, session.Options{
		Interop:    h.Interop,
		Cookie:     session.Cookie{Name: cookieName},
		Timeout:    patience,
		GCInterval: -1,
		Now:        now,
	})
	if err := m.Start(t.Context()); err != nil {
		t.Fatalf("start the session service: %v", err)
	}
	secondprocess.Serve(t, m.Middleware(counterApp(m)))
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := m.Stop(ctx); err != nil {
		t.Errorf("stop the session service: %v", err)
	}
}

// crowd is how many visits counterApp has come in before the first is stored.
const crowd = 100

// counterApp counts the visitor's visits, of which the first crowd meet: all have
// read what was stored before, when the first of them stores.
func counterApp(m *session.Manager) http.Handler {
	var came atomic.Int64
	all := make(chan struct{})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := m.From(r.Context())
		if err == nil {
			_, err = session.Update(s, "n", func(n int) int { return n + 1 })
		}
		if err != nil {
			session.Error(w, r, err)
			return
		}
		if came.Add(1) == crowd {
			close(all)
		}
		select {
		case <-all:
		case <-r.Context().Done():
		}
	})
}
