package session_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"gyrfalcon/session"
	"gyrfalcon/session/memory"
)

// ailing is a store of which each part can be made to fail.
type ailing struct {
	session.Adapter

	read, create, swap, destroy error
	onRead                      func() // called before a read fails
}

func (a *ailing) Read(ctx context.Context, id string, life time.Duration) (session.Record, error) {
	if a.read != nil {
		if a.onRead != nil {
			a.onRead()
		}
		return session.Record{}, a.read
	}
	return a.Adapter.Read(ctx, id, life)
}

func (a *ailing) Create(ctx context.Context, id string, data []byte, life time.Duration) (session.Record, error) {
	if a.create != nil {
		return session.Record{}, a.create
	}
	return a.Adapter.Create(ctx, id, data, life)
}

func (a *ailing) Swap(ctx context.Context, id string, prev session.Record, next []byte, life time.Duration) (session.Record, error) {
	if a.swap != nil {
		return session.Record{}, a.swap
	}
	return a.Adapter.Swap(ctx, id, prev, next, life)
}

func (a *ailing) Destroy(ctx context.Context, id string) error {
	if a.destroy != nil {
		return a.destroy
	}
	return a.Adapter.Destroy(ctx, id)
}

// witness is a visitor with a session in an ailing store, and all that is logged from
// then on.
type witness struct {
	*visitor

	store  *ailing
	handle string
	logged *observer.ObservedLogs
}

func newWitness(t *testing.T) *witness {
	t.Helper()
	core, logged := observer.New(zap.DebugLevel)
	w := &witness{store: &ailing{Adapter: memory.New(memory.Options{})}, logged: logged}
	w.visitor = newVisitor(t, startedOn(t, w.store, session.Options{Logger: zap.New(core), MaxData: 1000}))
	w.with(func(s *session.Session) { must(t, "Set", s.Set("n", 1)) })
	w.with(func(s *session.Session) { w.handle = s.Handle() })
	logged.TakeAll()
	return w
}

// wantTold wants one line at warn or above since it was last asked, or none where
// message is empty.
func (w *witness) wantTold(what string, level zapcore.Level, message, handle, cause string) {
	w.t.Helper()
	var told []observer.LoggedEntry
	for _, e := range w.logged.TakeAll() {
		if e.Level >= zap.WarnLevel {
			told = append(told, e)
		}
		if all := fmt.Sprint(e.Message, e.ContextMap()); w.cookie != nil && strings.Contains(all, w.cookie.Value) {
			w.t.Errorf("%s: a line holds the session's ID: %s", what, all)
		}
	}
	if message == "" {
		if len(told) > 0 {
			w.t.Errorf("%s: logged %+v, want nothing at warn or above", what, told)
		}
		return
	}
	if len(told) != 1 {
		w.t.Errorf("%s: logged %+v, want one line at %s: %s", what, told, level, message)
		return
	}
	e, fields := told[0], told[0].ContextMap()
	if text, _ := fields["error"].(string); e.Level != level || e.Message != message || fields["session"] != handle || !strings.Contains(text, cause) {
		w.t.Errorf("%s: logged %s %q %v, want %s %q with the session %q and an error that says %q", what, e.Level, e.Message, fields, level, message, handle, cause)
	}
}

var errDisk = errors.New("disk is full")

func TestWhatTheStoreRefusesIsLoggedOnceWithItsCause(t *testing.T) {
	t.Parallel()
	w := newWitness(t)
	set := func(s *session.Session) { must(t, "Set", s.Set("n", 2)) }

	w.store.create, w.store.read, w.store.swap, w.store.destroy = errDisk, errDisk, errDisk, errDisk
	w.do(func(rw http.ResponseWriter, r *http.Request) {
		for range 2 { // a handler may try again
			_, err := w.m.From(r.Context())
			wantErr(t, "From", err, errDisk)
		}
		session.Error(rw, r, errDisk)
	})
	w.wantTold("a read", zap.WarnLevel, "a session could not be read", w.handle, "session: read: disk is full")
	w.do(func(_ http.ResponseWriter, r *http.Request) { wantErr(t, "Destroy", w.m.Destroy(r.Context()), errDisk) })
	w.wantTold("Destroy", zap.WarnLevel, "a session could not be destroyed", w.handle, "session: destroy: disk is full")
	w.store.read = nil
	if res := w.with(set); res.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("a commit that failed: got status %d, want 503", res.StatusCode)
	}
	w.wantTold("a commit", zap.WarnLevel, "a session could not be stored", w.handle, "session: swap: disk is full")
	w.with(func(s *session.Session) {
		set(s)
		wantErr(t, "Commit", s.Commit(t.Context()), errDisk) // and the middleware's after it
	})
	w.wantTold("two commits of one request", zap.WarnLevel, "a session could not be stored", w.handle, "session: swap: disk is full")
	w.do(func(rw http.ResponseWriter, r *http.Request) {
		s, err := w.m.From(r.Context())
		must(t, "From", err)
		_, _ = rw.Write([]byte("the response begins"))
		set(s)
	})
	w.wantTold("a late commit", zap.WarnLevel, "changes made after the response had begun were not stored", w.handle, "session: swap: disk is full")

	s, err := w.m.Load(t.Context(), w.cookie.Value)
	must(t, "Load", err)
	set(s)
	wantErr(t, "Commit", s.Commit(t.Context()), errDisk)
	w.wantTold("a job's commit", zap.WarnLevel, "a session could not be stored", w.handle, "session: swap: disk is full")
	w.store.read = errDisk
	wantErr(t, "Reload", s.Reload(t.Context()), errDisk)
	w.wantTold("a job's Reload", zap.WarnLevel, "a session could not be read", w.handle, "session: read: disk is full")
	_, err = w.m.Load(t.Context(), w.cookie.Value)
	wantErr(t, "Load", err, errDisk)
	w.wantTold("Load", zap.WarnLevel, "a session could not be read", w.handle, "session: read: disk is full")

	w.cookie = nil
	w.with(set)
	w.wantTold("a new session's commit", zap.WarnLevel, "a session could not be stored", "", "session: create: disk is full")
}

func TestARequestThatRecoversAndFailsAgainIsToldAgain(t *testing.T) {
	t.Parallel()
	w := newWitness(t)
	w.with(func(s *session.Session) {
		for i := range 4 {
			must(t, "Set", s.Set("n", 10+i))
			w.store.swap = []error{errDisk, nil}[i%2]
			wantErr(t, "Commit", s.Commit(t.Context()), w.store.swap)
		}
	})
	if n := w.logged.FilterLevelExact(zap.WarnLevel).Len(); n != 2 {
		t.Errorf("logged %d warnings, want 2: one for each time that it failed after it had worked", n)
	}
}

func TestWhatHappensToVisitorsEveryDayIsNoWarning(t *testing.T) {
	t.Parallel()
	w := newWitness(t)
	set := func(s *session.Session) { must(t, "Set", s.Set("n", 2)) }
	other := *w.visitor
	w.with(func(s *session.Session) {
		set(s)
		other.with(func(s *session.Session) { must(t, "Regenerate", s.Regenerate()) })
	})
	w.wantTold("superseded", 0, "", "", "")
	w.cookie = other.cookie
	w.with(func(s *session.Session) {
		set(s)
		other.with(func(s *session.Session) { must(t, "Destroy", s.Destroy(t.Context())) })
	})
	w.wantTold("gone", 0, "", "", "")

	w.cookie = nil
	w.with(set)
	ctx, hangUp := context.WithCancel(t.Context())
	w.store.onRead, w.store.read = hangUp, context.Canceled
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, "http://localhost/", http.NoBody)
	r.AddCookie(w.cookie)
	w.m.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, err := w.m.From(r.Context())
		wantErr(t, "From", err, context.Canceled)
	})).ServeHTTP(httptest.NewRecorder(), r)
	_, err := w.m.Load(ctx, w.cookie.Value)
	wantErr(t, "Load", err, context.Canceled)
	w.wantTold("a client that hangs up", 0, "", "", "")
}

func TestWhatNobodyExpectsIsAnError(t *testing.T) {
	t.Parallel()
	w := newWitness(t)
	other := *w.visitor
	w.with(func(s *session.Session) {
		_, err := session.Update(s, "n", func(n int) int { return n + 1 })
		must(t, "Update", err)
		other.with(func(s *session.Session) { must(t, "Set", s.Set("n", "a word")) })
	})
	w.wantTold("a replay that fails", zap.ErrorLevel, "a session could not be stored", w.handle, "does not decode into int")
	w.with(func(s *session.Session) { must(t, "Set", s.Set("n", strings.Repeat("x", 1000))) })
	w.wantTold("a session that is too large", zap.WarnLevel, "a session could not be stored", w.handle, "too large")
	must(t, "Stop", w.m.Stop(t.Context()))
	w.do(func(_ http.ResponseWriter, r *http.Request) {
		_, err := w.m.From(r.Context())
		wantErr(t, "From", err, session.ErrStopped)
	})
	w.wantTold("a manager that does not run", zap.WarnLevel, "a session could not be read", w.handle, "not running")
}
