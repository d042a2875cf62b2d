package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"syscall"
	"time"

	"go.uber.org/zap"
)

// drainTime is how long requests under way may take once the server stops.
const drainTime = 15 * time.Second

// server is an HTTP server on one address. start and stop are for fx's lifecycle.
type server struct {
	key     string // the address's name in the configuration
	address string
	http    *http.Server
	failed  chan error    // gets what ends Serve, unless that is stop
	done    chan struct{} // closed when Serve has returned, and the address is free
	addr    net.Addr      // where it listens, once start has returned nil
}

// newServer bounds whatever a client could hold for ever.
func newServer(key, address string, h http.Handler, log *zap.Logger) *server {
	// Not the logger's own error level: what net/http reports is a client's
	// doing, or a handler's panic.
	std, err := zap.NewStdLogAt(log, zap.WarnLevel)
	if err != nil {
		std = zap.NewStdLog(log)
	}
	return &server{key: key, address: address, failed: make(chan error, 1), done: make(chan struct{}), http: &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          std,
	}}
}

// start listens, and serves from then on.
func (s *server) start(ctx context.Context) error {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", s.address)
	if err != nil {
		return s.listenError(err)
	}
	s.addr = l.Addr()
	go func() {
		defer close(s.done)
		if err := s.http.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.failed <- fmt.Errorf("http.%s: serving %s ended: %w", s.key, s.addr, err)
		}
	}()
	return nil
}

// listenError says what to do about it.
func (s *server) listenError(err error) error {
	why := err.Error()
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		why = "another program listens there; stop that one, or choose another port (0 takes any that is free)"
	case errors.Is(err, syscall.EACCES):
		why = "this user may not listen there; choose a port above 1023"
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		why = "this machine has no such address; choose one that it has, or none for all (\":8080\")"
	default:
		if dns, ok := errors.AsType[*net.DNSError](err); ok {
			why = "the host " + dns.Name + " cannot be resolved; give an IP address, or a name that this machine knows"
		}
	}
	return &listenError{fmt.Sprintf("http.%s: cannot listen on %s: %s", s.key, s.address, why), err}
}

type listenError struct {
	text string
	err  error
}

func (e *listenError) Error() string { return e.text }
func (e *listenError) Unwrap() error { return e.err }

// stop takes no more connections and waits for the requests under way, until ctx ends
// or drainTime is over; then it cuts them off, and says so.
func (s *server) stop(ctx context.Context) error {
	drain, cancel := context.WithTimeout(ctx, drainTime)
	defer cancel()
	err := s.http.Shutdown(drain)
	if err != nil {
		_ = s.http.Close() // what it says of each connection helps nobody
	}
	// Of a Serve that has hardly begun, Shutdown does not know the listener: that one
	// is closed by Serve itself, in its own time.
	<-s.done
	if err != nil {
		return fmt.Errorf("http.%s: requests under way did not end in time (%v at most) and were cut off: %w", s.key, drainTime, err)
	}
	return nil
}

// url is where the server is reached. Where it listens on all addresses that is told
// by the one that always works.
func (s *server) url() string {
	host, port, err := net.SplitHostPort(s.addr.String())
	if err != nil {
		return "http://" + s.addr.String()
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, port)
}

// loopback says whether only this machine reaches the server.
func (s *server) loopback() bool {
	tcp, ok := s.addr.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}
