package session_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gyrfalcon/session"
	"gyrfalcon/session/memory"
)

// locker is a store with locks that writes down what is done to it.
type locker struct {
	session.Adapter

	mu     sync.Mutex
	done   []string
	turns  map[string]chan struct{}
	refuse error // what Lock returns
	lost   error // what release returns
	none   bool  // it is configured to lock nothing
}

func newLocker() *locker {
	return &locker{Adapter: memory.New(memory.Options{}), turns: make(map[string]chan struct{})}
}

func (l *locker) note(what string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.done = append(l.done, what)
}

// took returns what was done since it was last asked.
func (l *locker) took() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := strings.Join(l.done, " ")
	l.done = nil
	return all
}

func (l *locker) Lock(ctx context.Context, id string) (session.Lock, error) {
	if l.none {
		return nil, nil
	}
	if l.refuse != nil {
		return nil, l.refuse
	}
	l.mu.Lock()
	turn := l.turns[id]
	if turn == nil {
		turn = make(chan struct{}, 1)
		l.turns[id] = turn
	}
	l.mu.Unlock()
	select {
	case turn <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	l.note("lock")
	return &lock{l, id, turn}, nil
}

// lock is one of a locker's.
type lock struct {
	l    *locker
	id   string
	turn <-chan struct{}
}

// Swap of the locker's own is another: what is written under a lock must say so.
func (h *lock) Swap(ctx context.Context, prev session.Record, next []byte, life time.Duration) (session.Record, error) {
	h.l.note("swap")
	return h.l.Adapter.Swap(ctx, h.id, prev, next, life)
}

func (h *lock) Release(context.Context) error {
	h.l.note("release")
	<-h.turn
	return h.l.lost
}

func (l *locker) Read(ctx context.Context, id string, life time.Duration) (session.Record, error) {
	l.note("read")
	return l.Adapter.Read(ctx, id, life)
}

func (l *locker) Create(ctx context.Context, id string, data []byte, life time.Duration) (session.Record, error) {
	l.note("create")
	return l.Adapter.Create(ctx, id, data, life)
}

func (l *locker) Swap(ctx context.Context, id string, prev session.Record, next []byte, life time.Duration) (session.Record, error) {
	l.note("unlocked-swap")
	return l.Adapter.Swap(ctx, id, prev, next, life)
}

func (l *locker) Destroy(ctx context.Context, id string) error {
	l.note("destroy")
	return l.Adapter.Destroy(ctx, id)
}

func (l *locker) want(t *testing.T, what, want string) {
	t.Helper()
	if got := l.took(); got != want {
		t.Errorf("%s: the store was asked to %q, want %q", what, got, want)
	}
}

func TestARequestHoldsTheLockFromItsFirstReadToItsResponse(t *testing.T) {
	t.Parallel()
	l := newLocker()
	m := startedOn(t, l, session.Options{})
	v := newVisitor(t, m)
	set := func(s *session.Session) { must(t, "Set", s.Set("n", 1)) }
	count := func(s *session.Session) {
		_, err := session.Update(s, "n", func(n int) int { return n + 1 })
		must(t, "Update", err)
	}

	v.with(set)
	l.want(t, "a new session", "create")
	v.do(func(http.ResponseWriter, *http.Request) {})
	l.want(t, "a handler that never asks", "")
	v.with(func(*session.Session) {})
	l.want(t, "a read", "lock read release")
	v.with(count)
	l.want(t, "a read and a write", "lock read swap release")
	v.with(func(s *session.Session) {
		must(t, "Set", s.Set("m", 1))
		must(t, "Commit", s.Commit(t.Context()))
		count(s)
	})
	l.want(t, "two commits", "lock read swap swap release") //nolint:dupword // it is asked twice
	v.with(func(s *session.Session) { must(t, "Regenerate", s.Regenerate()) })
	l.want(t, "Regenerate", "lock read create swap release")
	v.do(func(w http.ResponseWriter, r *http.Request) {
		s, err := m.From(r.Context())
		must(t, "From", err)
		_, _ = w.Write([]byte("the response begins"))
		l.want(t, "when the response begins", "lock read release")
		must(t, "Set", s.Set("m", 2))
	})
	l.want(t, "a change after that", "lock swap release")
	v.with(func(s *session.Session) { must(t, "Reload", s.Reload(t.Context())) })
	l.want(t, "Reload", "lock read read release") //nolint:dupword // it is asked twice
	v.with(func(s *session.Session) { must(t, "Destroy", s.Destroy(t.Context())) })
	l.want(t, "Destroy", "lock read destroy release")
}

func TestALockIsReleasedWhateverBecomesOfTheRequest(t *testing.T) {
	t.Parallel()
	l := newLocker()
	m := startedOn(t, l, session.Options{})
	v := newVisitor(t, m)
	v.with(func(s *session.Session) { must(t, "Set", s.Set("n", 1)) })
	l.took()

	func() {
		defer func() { _ = recover() }()
		v.with(func(*session.Session) { panic("a handler's") })
	}()
	l.want(t, "a panic", "lock read release")

	gone := *v.cookie
	v.with(func(s *session.Session) { must(t, "Destroy", s.Destroy(t.Context())) })
	l.took()
	v.cookie = &gone
	v.with(func(*session.Session) {})
	l.want(t, "an ID that names no session", "lock read release")

	l.lost = errors.New("lost")
	v.with(func(s *session.Session) { must(t, "Set", s.Set("n", 1)) })
	l.want(t, "a release that fails", "lock read release create")
	res := v.with(func(s *session.Session) { must(t, "Set", s.Set("n", 2)) })
	l.want(t, "a release that fails after the commit", "lock read swap release")
	if res.StatusCode != http.StatusOK {
		t.Errorf("a release that fails: got status %d, want 200: what was to be stored is", res.StatusCode)
	}
}

func TestALockThatIsNotGotIsToldAndNothingIsRead(t *testing.T) {
	t.Parallel()
	l := newLocker()
	m := startedOn(t, l, session.Options{})
	v := newVisitor(t, m)
	v.with(func(s *session.Session) { must(t, "Set", s.Set("n", 1)) })
	l.took()
	l.refuse = fmt.Errorf("%w: another request holds the lock", session.ErrBusy)
	res := v.do(func(w http.ResponseWriter, r *http.Request) {
		_, err := m.From(r.Context())
		wantErr(t, "From", err, session.ErrBusy)
		session.Error(w, r, err)
	})
	if res.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("a lock that is not got: status %d, want 503", res.StatusCode)
	}
	res = v.do(func(w http.ResponseWriter, r *http.Request) {
		err := m.Destroy(r.Context())
		wantErr(t, "Destroy", err, session.ErrBusy)
		session.Error(w, r, err)
	})
	if len(res.Cookies()) != 0 {
		t.Errorf("a session that was not destroyed: its cookie is withdrawn, %v", res.Cookies())
	}
	l.want(t, "without a lock", "")
	l.refuse = nil
	v.with(func(s *session.Session) { wantValue(t, s, "n", 1) })
}

func TestWorkThatIsNoRequestTakesTheLockForItsCommit(t *testing.T) {
	t.Parallel()
	l := newLocker()
	m := startedOn(t, l, session.Options{})
	s, err := m.Load(t.Context(), "")
	must(t, "Load", err)
	must(t, "Set", s.Set("n", 1))
	must(t, "Commit", s.Commit(t.Context()))
	l.want(t, "a new session", "create")
	s, err = m.Load(t.Context(), s.ID())
	must(t, "Load", err)
	l.want(t, "Load", "read")
	must(t, "Set", s.Set("n", 2))
	must(t, "Commit", s.Commit(t.Context()))
	l.want(t, "Commit", "lock swap release")
	must(t, "Destroy", s.Destroy(t.Context()))
	l.want(t, "Destroy", "lock destroy release")
}

func TestALockerThatLocksNothingIsAnAdapterLikeOthers(t *testing.T) {
	t.Parallel()
	l := newLocker()
	l.none = true
	v := newVisitor(t, startedOn(t, l, session.Options{}))
	v.with(func(s *session.Session) { must(t, "Set", s.Set("n", 1)) })
	v.with(func(s *session.Session) { must(t, "Set", s.Set("n", 2)) })
	v.do(func(_ http.ResponseWriter, r *http.Request) { must(t, "Destroy", v.m.Destroy(r.Context())) })
	l.want(t, "three requests", "create read unlocked-swap destroy")
}

// With locks the requests of a session follow one another: none meets a conflict.
func TestRequestsOfOneSessionFollowOneAnother(t *testing.T) {
	t.Parallel()
	l := newLocker()
	m := startedOn(t, l, session.Options{})
	v := newVisitor(t, m)
	v.with(func(s *session.Session) { must(t, "Set", s.Set("n", 0)) })
	l.took()
	const requests = 16
	var wg sync.WaitGroup
	for range requests {
		wg.Go(func() {
			other := &visitor{t: t, m: m, cookie: v.cookie}
			other.with(func(s *session.Session) {
				_, err := session.Update(s, "n", func(n int) int { return n + 1 })
				must(t, "Update", err)
			})
		})
	}
	wg.Wait()
	want := slices.Repeat([]string{"lock read swap release"}, requests)
	l.want(t, "many requests", strings.Join(want, " "))
	v.with(func(s *session.Session) { wantValue(t, s, "n", requests) })
}
