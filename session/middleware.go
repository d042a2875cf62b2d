package session

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"

	"go.uber.org/zap"
)

// exchange is one request that goes through the middleware: the ResponseWriter that
// the handler writes to, and the session that it may ask for.
type exchange struct {
	m *Manager
	w http.ResponseWriter
	r *http.Request
	s Session

	around *exchange // that of another manager whose Middleware stands around this one's

	outer http.Header // the headers that stood before the handler ran, if any

	// What follows is guarded by s.mu.

	used       bool  // somebody asked for the session
	beginning  bool  // the headers leave with this commit
	sent       bool  // the headers have left
	failed     error // why the ErrorHandler has answered in the handler's place
	issue      bool  // the client must be told the ID
	withdraw   bool  // the client must forget its ID
	sentCookie bool  // the client came with a cookie of the name
	values     [2]string
}

// exchangeKey is where a context holds the innermost exchange.
type exchangeKey struct{}

// Middleware lets next, and everything that it calls, have the visitor's session by
// From. It commits the session before the first byte of the response leaves, before
// Flush and before Hijack, and sets the cookie then; a request that never asks for
// its session costs no trip to the store, no cookie and no Vary.
//
// A commit that fails drops the handler's headers and lets Options.ErrorHandler
// answer; what the handler writes then is lost, and its Writes return the error. A
// panic commits nothing. The client's going away undoes nothing: the commit has
// Options.Timeout of its own.
//
// Place it outside http.TimeoutHandler (inside it, a time-out drops the cookie of a
// session that is already stored) and inside whatever limits the request's body.
func (m *Manager) Middleware(next http.Handler) http.Handler {
	if next == nil {
		next = http.HandlerFunc(m.noHandler)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if m.exchange(r.Context()) != nil {
			next.ServeHTTP(w, r) // twice on the way to one handler is once
			return
		}
		ex := &exchange{m: m, w: w, around: innermost(r.Context())}
		ex.s.m, ex.s.ex = m, ex
		if h := w.Header(); len(h) > 0 {
			ex.outer = h.Clone()
		}
		ex.r = r.WithContext(context.WithValue(r.Context(), exchangeKey{}, ex))
		defer ex.end() // also when next panics: nothing is committed then
		next.ServeHTTP(ex, ex.r)
		ex.finish()
	})
}

// noHandler answers where there is nothing to wrap.
func (m *Manager) noHandler(w http.ResponseWriter, _ *http.Request) {
	m.log.Error("Middleware was given no handler (nil): hand it the one that it is to wrap")
	http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
}

func (m *Manager) exchange(ctx context.Context) *exchange {
	for ex := innermost(ctx); ex != nil; ex = ex.around {
		if ex.m == m {
			return ex
		}
	}
	return nil
}

func innermost(ctx context.Context) *exchange {
	if ctx == nil {
		return nil
	}
	ex, _ := ctx.Value(exchangeKey{}).(*exchange)
	return ex
}

// clash returns an error if the cookie is another manager's on the same request: each
// would take the other's ID for a stranger's, and remove the other's cookie. s.mu is held.
func (ex *exchange) clash() error {
	name := ex.m.opts.Cookie.Name
	for other := ex.around; other != nil; other = other.around {
		if other.m.opts.Cookie.Name == name {
			err := fmt.Errorf("session: the services %q and %q both keep their sessions' IDs in the cookie %q, and one request comes to both: give one of them another Options.Cookie.Name",
				other.m.opts.Name, ex.m.opts.Name, name)
			ex.s.tell(zap.ErrorLevel, unread, "", err)
			return err
		}
	}
	return nil
}

// From returns the session of the request from which ctx comes, and reads it from
// the store the first time it is asked for. A visitor without a session gets a new
// one, which is stored when something is set in it.
//
// It returns ErrNoSession for a context that did not go through Middleware, ErrTooLate
// when it is asked for first after the response has begun, ErrClosed when the request
// is over, ErrStopped when the manager does not run, an error that names both services
// where another's Middleware around this one has a cookie of the same name, and else the
// store's error, for which the function Error has an answer; the next call tries again.
func (m *Manager) From(ctx context.Context) (*Session, error) {
	ex := m.exchange(ctx)
	if ex == nil {
		return nil, ErrNoSession
	}
	s := &ex.s
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ex.clash(); err != nil {
		return nil, err
	}
	switch {
	case s.closed:
		return nil, ErrClosed
	case s.doc != nil:
		return s, nil
	case ex.sent:
		return nil, ErrTooLate
	}
	ex.used = true
	if id := ex.requestID(); id != "" {
		if err := s.load(ctx, id); err != nil {
			return nil, err
		}
		return s, nil
	}
	if err := m.gate.check(); err != nil {
		s.tell(gravity(ctx, err), unread, "", err)
		return nil, err
	}
	s.begin()
	return s, nil
}

// Destroy ends the session of the request from which ctx comes, without reading it
// first; else it is Session.Destroy. It returns ErrNoSession for a context that did
// not go through Middleware.
func (m *Manager) Destroy(ctx context.Context) error {
	ex := m.exchange(ctx)
	if ex == nil {
		return ErrNoSession
	}
	s := &ex.s
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ex.clash(); err != nil {
		return err
	}
	if err := s.settle(); err != nil {
		return err
	}
	if s.doc == nil && !s.closed {
		ex.used = true
		s.id = ex.requestID()
	}
	err := s.destroy(ctx)
	if err != nil && s.doc == nil {
		s.id = "" // not read, so not known to be one
	}
	return err
}

// end makes everything on the session ErrClosed, and leaves the headers of what was
// committed before a panic to whoever answers for it.
func (ex *exchange) end() {
	ex.s.mu.Lock()
	_ = ex.s.settle() // a commit in another goroutine
	ex.s.closed = true
	failed := ex.failed
	if !ex.sent {
		ex.writeHeaders()
	}
	ex.m.unlock(ex.r.Context(), &ex.s.held)
	ex.s.mu.Unlock()
	if failed == nil {
		return
	}
	// The ErrorHandler has answered, and the handler may have aborted because its
	// Writes failed, as httputil.ReverseProxy does: the answer is complete.
	if p := recover(); p != nil && p != http.ErrAbortHandler { //nolint:errorlint // a panic's value, compared as net/http does
		panic(p)
	}
}

// finish commits what is left when the handler has returned.
func (ex *exchange) finish() {
	if first, err := ex.beginFirst(); first || err != nil {
		return
	}
	ex.s.mu.Lock()
	defer ex.s.mu.Unlock()
	if ex.s.settle() != nil {
		return
	}
	if err := ex.commit(); err != nil {
		// Nobody else can be told, whatever it is.
		ex.s.tell(max(gravity(context.Background(), err), zap.WarnLevel), unstoredYet, ex.s.id, err)
	}
}

// commit commits with a context that outlives the client. s.mu is held.
func (ex *exchange) commit() error {
	if !ex.s.changed() && !ex.s.touchDue() {
		return nil
	}
	return ex.s.commit(context.WithoutCancel(ex.r.Context()))
}

// begin is called once the response is about to begin: it commits, and sets the
// headers. When that fails it answers in the handler's place. It returns why, also
// to all further calls.
func (ex *exchange) begin() error {
	_, err := ex.beginFirst()
	return err
}

func (ex *exchange) beginFirst() (first bool, err error) {
	first, err = ex.commitFirst()
	if first && err != nil {
		ex.m.opts.ErrorHandler(ex.w, ex.r, err)
	}
	return first, err
}

// commitFirst is begin without the answer; first says whether one is due.
func (ex *exchange) commitFirst() (first bool, err error) {
	ex.s.mu.Lock()
	defer ex.s.mu.Unlock() // also when a replayed Update's function panics
	if err := ex.s.settle(); err != nil {
		return false, err // it is an Update's function that writes the response
	}
	if ex.sent {
		return false, ex.failed
	}
	ex.beginning = true
	err = ex.commit()
	ex.m.unlock(ex.r.Context(), &ex.s.held)
	ex.sent, ex.failed, ex.beginning = true, err, false
	if err != nil {
		ex.s.tell(gravity(context.Background(), err), unstored, ex.s.id, err)
		h := ex.w.Header()
		clear(h)
		maps.Copy(h, ex.outer)
	}
	ex.writeHeaders() // on failure too: a Destroy that was done stands
	return true, err
}

// writeHeaders puts the last state of the session's headers among the response's.
// s.mu is held.
func (ex *exchange) writeHeaders() {
	h := ex.w.Header()
	cookie := ex.setCookie(h)
	if !ex.used {
		return
	}
	ex.values = [2]string{"no-store", "Cookie"}
	if cookie || len(h["Cache-Control"]) == 0 {
		h["Cache-Control"] = ex.values[0:1:1]
	}
	if !varies(h["Vary"]) {
		if len(h["Vary"]) == 0 {
			h["Vary"] = ex.values[1:2:2]
		} else {
			h.Add("Vary", "Cookie")
		}
	}
}

// varies says whether the response is already known to depend on the cookie.
func varies(vary []string) bool {
	return slices.ContainsFunc(vary, func(line string) bool {
		for field := range strings.SplitSeq(line, ",") {
			if field = strings.TrimSpace(field); field == "*" || strings.EqualFold(field, "Cookie") {
				return true
			}
		}
		return false
	})
}

// Header returns the response's headers.
func (ex *exchange) Header() http.Header { return ex.w.Header() }

// WriteHeader commits the session and sends the headers. Informational responses
// (1xx but 101) pass: the response proper is still to come.
func (ex *exchange) WriteHeader(code int) {
	if code >= 100 && code < 200 && code != http.StatusSwitchingProtocols {
		ex.dropCookies(ex.w.Header()) // an upstream's
		ex.w.WriteHeader(code)
		return
	}
	if ex.begin() == nil {
		ex.w.WriteHeader(code)
	}
}

// Write commits the session before the first byte. It returns the error of a commit
// that failed.
func (ex *exchange) Write(p []byte) (int, error) {
	if err := ex.begin(); err != nil {
		return 0, err
	}
	return ex.w.Write(p)
}

// WriteString is Write without a copy, where the server can.
func (ex *exchange) WriteString(text string) (int, error) {
	if err := ex.begin(); err != nil {
		return 0, err
	}
	return io.WriteString(ex.w, text)
}

// ReadFrom lets the server use sendfile.
func (ex *exchange) ReadFrom(src io.Reader) (int64, error) {
	if err := ex.begin(); err != nil {
		return 0, err
	}
	return io.Copy(ex.w, src)
}

// Flush is FlushError for handlers that know only http.Flusher.
func (ex *exchange) Flush() { _ = ex.FlushError() }

// FlushError commits the session and sends what is written so far.
func (ex *exchange) FlushError() error {
	if err := ex.begin(); err != nil {
		return err
	}
	return http.NewResponseController(ex.w).Flush()
}

// Hijack commits the session and hands over the connection. The session's headers
// stand in Header then: a handler that writes its own response must send them.
func (ex *exchange) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	if err := ex.begin(); err != nil {
		return nil, nil, err
	}
	return http.NewResponseController(ex.w).Hijack()
}

// Unwrap is for http.ResponseController.
func (ex *exchange) Unwrap() http.ResponseWriter { return ex.w }

var _ interface {
	http.ResponseWriter
	http.Flusher
	http.Hijacker
	io.ReaderFrom
	io.StringWriter
} = (*exchange)(nil)
