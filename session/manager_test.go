package session_test

import (
	"context"
	"errors"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"gyrfalcon/session"
	"gyrfalcon/session/memory"
)

// spy counts what happens to the adapter below it, and can be told to fail or wait.
type spy struct {
	session.Adapter

	opened, closed, collected atomic.Int64
	openErr, readErr          error
	openWait                  chan struct{}
}

func newSpy() *spy { return &spy{Adapter: memory.New(memory.Options{})} }

func (a *spy) Open(ctx context.Context) error {
	a.opened.Add(1)
	if a.openWait != nil {
		select {
		case <-a.openWait:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return errors.Join(a.openErr, a.Adapter.Open(ctx))
}

func (a *spy) Read(ctx context.Context, id string, life time.Duration) (session.Record, error) {
	if a.readErr != nil {
		return session.Record{}, a.readErr
	}
	return a.Adapter.Read(ctx, id, life)
}

func (a *spy) GC(ctx context.Context, life time.Duration, limit int) (int, bool, error) {
	a.collected.Add(1)
	return a.Adapter.GC(ctx, life, limit)
}

func (a *spy) Close(ctx context.Context) error {
	a.closed.Add(1)
	return a.Adapter.Close(ctx)
}

func TestStartAndStopAreOnceHoweverOftenTheyAreCalled(t *testing.T) {
	t.Parallel()
	a := newSpy()
	m := session.New(a, session.Options{})
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() { must(t, "Start", m.Start(t.Context())) })
	}
	wg.Wait()
	must(t, "Start again", m.Start(t.Context()))
	for range 16 {
		wg.Go(func() { must(t, "Stop", m.Stop(t.Context())) })
	}
	wg.Wait()
	if o, c := a.opened.Load(), a.closed.Load(); o != 1 || c != 1 {
		t.Errorf("the adapter was opened %d times and closed %d times, want once each", o, c)
	}
	wantErr(t, "Start after Stop", m.Start(t.Context()), session.ErrStopped)
}

func TestAManagerThatDoesNotRunRefusesWork(t *testing.T) {
	t.Parallel()
	m := session.New(newSpy(), session.Options{})
	check := func(when string) {
		newVisitor(t, m).do(func(_ http.ResponseWriter, r *http.Request) {
			_, err := m.From(r.Context())
			wantErr(t, when+": From", err, session.ErrStopped)
			must(t, when+": Destroy without a cookie", m.Destroy(r.Context()))
		})
		_, err := m.Load(t.Context(), "")
		wantErr(t, when+": Load of a new session", err, session.ErrStopped)
		_, err = m.Load(t.Context(), strings.Repeat("a", 32))
		wantErr(t, when+": Load", err, session.ErrStopped)
	}
	check("before Start")
	must(t, "Start", m.Start(t.Context()))
	must(t, "Stop", m.Stop(t.Context()))
	check("after Stop")
}

func TestAStartThatFailsClosesWhatItOpenedAndMayBeTriedAgain(t *testing.T) {
	t.Parallel()
	a := newSpy()
	a.Adapter = newSharedMemory(t)
	a.openErr = errors.New("the server is away: start it")
	m := session.New(a, session.Options{})
	err := m.Start(t.Context())
	wantErr(t, "Start", err, a.openErr)
	if a.closed.Load() != 1 {
		t.Errorf("the adapter was closed %d times after a start that failed, want once", a.closed.Load())
	}
	a.openErr = nil
	must(t, "Start again", m.Start(t.Context()))
	must(t, "Stop", m.Stop(t.Context()))
}

func TestAStartIsBoundByItsContextAndNothingAfterwardsIs(t *testing.T) {
	t.Parallel()
	a := newSpy()
	a.openWait = make(chan struct{})
	m := session.New(a, session.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	wantErr(t, "Start with an ended context", m.Start(ctx), context.Canceled)

	m = startedOn(t, newSpy(), session.Options{})
	ctx, cancel = context.WithCancel(t.Context())
	must(t, "Start", m.Start(ctx))
	cancel()
	newVisitor(t, m).with(func(s *session.Session) { must(t, "Set", s.Set("a", 1)) })
}

func TestOptionsThatCannotStandAreRefusedByStart(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, option, mend string
		o                  session.Options
	}{
		{"a __Host- cookie with a Domain", "cookie.domain", "leave domain out", session.Options{Cookie: session.Cookie{Domain: "example.com"}}},
		{"a __Host- cookie below a path", "cookie.path", "write path: /", session.Options{Cookie: session.Cookie{Path: "/app"}}},
		{"a __Host- cookie without Secure", "cookie.secure", "name the cookie session", session.Options{Cookie: session.Cookie{Insecure: true}}},
		{"SameSite=None without Secure", "cookie.same_site", "same_site: lax", session.Options{Cookie: session.Cookie{Name: "s", Insecure: true, SameSite: http.SameSiteNoneMode}}},
		{"no SameSite that there is", "cookie.same_site", "none of lax, strict and none", session.Options{Cookie: session.Cookie{SameSite: 17}}},
		{"a cookie name with a space", "cookie", "invalid", session.Options{Cookie: session.Cookie{Name: "my session"}}},
		{"a lifetime under a second", "lifetime", "the shortest is 1s", session.Options{Lifetime: time.Millisecond}},
		{"a negative max_age", "max_age", "leave it out", session.Options{MaxAge: -1}},
		{"a negative max_data", "max_data", "leave it out", session.Options{MaxData: -1}},
		{"a negative timeout", "timeout", "leave it out", session.Options{Timeout: -1}},
	} {
		a := newSpy()
		err := session.New(a, c.o).Start(t.Context())
		oe, ok := errors.AsType[*session.OptionError](err)
		if !ok || oe.Option != c.option || !strings.Contains(err.Error(), c.mend) {
			t.Errorf("%s: got %v; want an *OptionError for %s that says %q", c.name, err, c.option, c.mend)
		}
		if a.opened.Load() != 0 || a.closed.Load() != 1 {
			t.Errorf("%s: the adapter was opened %d times, closed %d; want 0, 1", c.name, a.opened.Load(), a.closed.Load())
		}
	}
}

func TestStopDuringAStartStopsWhatWasStarted(t *testing.T) {
	t.Parallel()
	a := newSpy()
	a.openWait = make(chan struct{})
	m := session.New(a, session.Options{})
	startErr := make(chan error)
	go func() { startErr <- m.Start(t.Context()) }()
	for a.opened.Load() == 0 { // until it has begun
		runtime.Gosched()
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := m.Stop(ctx)
	wantErr(t, "Stop with an ended context", err, context.Canceled)
	if err == nil || !strings.Contains(err.Error(), "still starting") {
		t.Errorf("Stop: got %v, want it to say why it is not stopped", err)
	}
	stopErr := make(chan error)
	go func() { stopErr <- m.Stop(context.WithoutCancel(ctx)) }()
	close(a.openWait)
	must(t, "Start", <-startErr)
	must(t, "Stop", <-stopErr)
	if a.closed.Load() != 1 {
		t.Errorf("the adapter was closed %d times, want once", a.closed.Load())
	}
}

func TestAnOpenThatPanicsLeavesAManagerThatCanBeStopped(t *testing.T) {
	t.Parallel()
	a := &panicsOnOpen{newSpy()}
	m := session.New(a, session.Options{})
	func() {
		defer func() {
			if p := recover(); p != "no" {
				t.Errorf("Start: got panic %v, want the adapter's", p)
			}
		}()
		_ = m.Start(t.Context())
	}()
	must(t, "Stop", m.Stop(t.Context()))
	if a.closed.Load() != 1 {
		t.Errorf("the adapter was closed %d times, want once", a.closed.Load())
	}
}

type panicsOnOpen struct{ *spy }

func (panicsOnOpen) Open(context.Context) error { panic("no") }

func TestExpiredSessionsAreClearedInTheBackground(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newSpy()
		m := session.New(a, session.Options{Lifetime: 10 * time.Minute, GCInterval: time.Minute})
		must(t, "Start", m.Start(t.Context()))
		newVisitor(t, m).with(func(s *session.Session) { must(t, "Set", s.Set("a", 1)) })
		time.Sleep(9 * time.Minute) //nolint:forbidigo // in the bubble time passes by sleeping
		synctest.Wait()
		if n := a.collected.Load(); n < 8 || n > 9 {
			t.Errorf("cleared %d times in 9 minutes; want once a minute, up to a tenth late", n)
		}
		time.Sleep(3 * time.Minute) //nolint:forbidigo // in the bubble time passes by sleeping
		synctest.Wait()
		if n, _, err := a.Adapter.GC(t.Context(), 10*time.Minute, 1000); n != 0 || err != nil {
			t.Errorf("GC after the loop's: got %d, %v; want nothing left", n, err)
		}
		must(t, "Stop", m.Stop(t.Context()))
		was := a.collected.Load()
		time.Sleep(time.Hour) //nolint:forbidigo // in the bubble time passes by sleeping
		if n := a.collected.Load(); n != was {
			t.Errorf("cleared %d times after Stop", n-was)
		}
	})
}

// walks finds nothing expired in its first calls.
type walks struct {
	*spy
	batches int64
}

func (a walks) GC(context.Context, time.Duration, int) (int, bool, error) {
	return 0, a.collected.Add(1)%a.batches != 0, nil
}

func TestAClearingGoesOnPastLivingSessions(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := walks{newSpy(), 5}
		m := session.New(a, session.Options{GCInterval: time.Minute})
		must(t, "Start", m.Start(t.Context()))
		time.Sleep(70 * time.Second) //nolint:forbidigo // in the bubble time passes by sleeping
		synctest.Wait()
		if n := a.collected.Load(); n != a.batches {
			t.Errorf("one clearing called GC %d times, want %d: until it does not say that there is more", n, a.batches)
		}
		must(t, "Stop", m.Stop(t.Context()))
	})
}

func TestLoadServesWhatIsNoHTTPRequest(t *testing.T) {
	t.Parallel()
	m := started(t, session.Options{})
	s, err := m.Load(t.Context(), "")
	must(t, "Load of a new session", err)
	must(t, "Commit of nothing", s.Commit(t.Context()))
	if s.ID() != "" {
		t.Error("a session without variables was stored")
	}
	must(t, "Set", s.Set("a", 1))
	must(t, "Commit", s.Commit(t.Context()))
	id := s.ID()

	other, err := m.Load(t.Context(), id)
	must(t, "Load", err)
	wantValue(t, other, "a", 1)
	_, err = session.Update(other, "a", func(n int) int { return n + 1 })
	must(t, "Update", err)
	must(t, "Commit", other.Commit(t.Context()))

	_, err = session.Update(s, "a", func(n int) int { return n + 1 })
	must(t, "Update", err)
	must(t, "Commit after a conflict", s.Commit(t.Context()))
	wantValue(t, s, "a", 3)

	must(t, "Set", other.Set("given up", 1))
	must(t, "Reload", other.Reload(t.Context()))
	wantValue(t, other, "a", 3)
	if has, _ := other.Has("given up"); has {
		t.Error("Reload kept what was not committed")
	}

	must(t, "Regenerate", s.Regenerate())
	must(t, "Commit", s.Commit(t.Context()))
	if s.ID() == id || s.ID() == "" {
		t.Error("Regenerate has not changed the ID")
	}
	must(t, "Reload", other.Reload(t.Context()))
	wantErr(t, "Set on the superseded one", other.Set("a", 9), session.ErrSuperseded)

	must(t, "Destroy", s.Destroy(t.Context()))
	_, err = m.Load(t.Context(), id[:31]+"!")
	wantErr(t, "Load of a malformed ID", err, session.ErrNotFound)
	_, err = m.Load(t.Context(), strings.Repeat("0", 32))
	wantErr(t, "Load of an unknown ID", err, session.ErrNotFound)
}

func TestReloadOfASessionThatIsGoneSaysSo(t *testing.T) {
	t.Parallel()
	m := started(t, session.Options{})
	s, err := m.Load(t.Context(), "")
	must(t, "Load", err)
	must(t, "Set", s.Set("a", 1))
	must(t, "Commit", s.Commit(t.Context()))
	other, err := m.Load(t.Context(), s.ID())
	must(t, "Load", err)
	must(t, "Destroy", other.Destroy(t.Context()))
	wantErr(t, "Reload", s.Reload(t.Context()), session.ErrGone)
	wantValue(t, s, "a", 1)
	wantErr(t, "Set", s.Set("a", 2), session.ErrGone)
}

func TestTheStoresOwnErrorsReachTheCaller(t *testing.T) {
	t.Parallel()
	a := newSpy()
	m := startedOn(t, a, session.Options{})
	v := newVisitor(t, m)
	v.with(func(s *session.Session) { must(t, "Set", s.Set("a", 1)) })
	a.readErr = errors.New("the server is away")
	res := v.do(func(w http.ResponseWriter, r *http.Request) {
		_, err := m.From(r.Context())
		wantErr(t, "From", err, a.readErr)
		session.Error(w, r, err)
	})
	if text := body(t, res); res.StatusCode != http.StatusServiceUnavailable || strings.Contains(text, "server is away") {
		t.Errorf("answer: got %d %q; want 503 in general words", res.StatusCode, text)
	}
	v.do(func(_ http.ResponseWriter, r *http.Request) {
		_, err := m.From(r.Context())
		wantErr(t, "From", err, a.readErr)
		a.readErr = nil
		s, err := m.From(r.Context())
		must(t, "From again", err)
		wantValue(t, s, "a", 1)
	})
}

func TestAContextWithoutASessionSaysHowToGetOne(t *testing.T) {
	t.Parallel()
	m := started(t, session.Options{})
	_, err := m.From(t.Context())
	wantErr(t, "From", err, session.ErrNoSession)
	wantErr(t, "Destroy", m.Destroy(t.Context()), session.ErrNoSession)
	if !strings.Contains(err.Error(), "Manager.Middleware") {
		t.Errorf("From: got %q, want the mend named", err)
	}
}
