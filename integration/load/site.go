package load

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strconv"
	"testing"
	"time"

	"gyrfalcon/session"
)

// outcome is the header in which the site tells what became of a change that was not
// acknowledged.
const outcome = "Outcome"

// Values of the header.
const (
	refused = "refused"
	unknown = "unknown"
)

// answer is the site's ErrorHandler. It promises what session.ErrOutcomeUnknown leaves.
func answer(w http.ResponseWriter, _ *http.Request, err error) {
	if errors.Is(err, session.ErrOutcomeUnknown) {
		w.Header().Set(outcome, unknown)
	} else {
		w.Header().Set(outcome, refused)
	}
	http.Error(w, err.Error(), http.StatusServiceUnavailable) // the clients are tests
}

// The site's pages.
const (
	countPath = "/count" // counts, and answers 204
	valuePath = "/value" // answers the counter
)

// pages counts the visitor's visits, and tells them.
func pages(m *session.Manager) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc(countPath, func(w http.ResponseWriter, r *http.Request) {
		s, err := m.From(r.Context())
		if err == nil {
			_, err = session.Update(s, "n", func(n int) int { return n + 1 })
		}
		if err != nil {
			answer(w, r, err)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc(valuePath, func(w http.ResponseWriter, r *http.Request) {
		s, err := m.From(r.Context())
		var n int
		if err == nil {
			n, err = session.Get[int](s, "n")
		}
		if err != nil && !errors.Is(err, session.ErrNoVariable) {
			answer(w, r, err)
			return
		}
		_, _ = w.Write([]byte(strconv.Itoa(n)))
	})
	return m.Middleware(mux)
}

// site is a session service behind a server on a TCP port.
type site struct {
	url    string
	m      *session.Manager
	srv    *http.Server
	served chan error
}

func newSite(ctx context.Context, m *session.Manager) (*site, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &site{url: "http://" + l.Addr().String(), m: m, served: make(chan error, 1)}
	s.srv = &http.Server{Handler: pages(m), ReadHeaderTimeout: patience}
	go func() { s.served <- s.srv.Serve(l) }()
	return s, nil
}

// close ends the server, and then the service.
func (s *site) close(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := s.srv.Shutdown(ctx); err != nil {
		t.Errorf("shut the server down: %v", err)
	}
	if err := <-s.served; !errors.Is(err, http.ErrServerClosed) {
		t.Errorf("Serve = %v, want http.ErrServerClosed", err)
	}
	start := time.Now()
	if err := s.m.Stop(ctx); err != nil {
		t.Errorf("stop the session service: %v (after %v)", err, time.Since(start))
	}
}
