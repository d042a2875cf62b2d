package redis_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"gyrfalcon/integration/internal/visit"
	"gyrfalcon/integration/proxy"
	"gyrfalcon/integration/servers"
	"gyrfalcon/session"
	"gyrfalcon/session/redis"
)

// locking are PHP's settings for a site that waits for a lock as long as it takes.
var locking = map[string]string{
	"redis.session.locking_enabled": "1", "redis.session.lock_expire": "30",
	"redis.session.lock_retries": "-1", "redis.session.lock_wait_time": "2000",
}

// lockedSites are both sites on a server of their own, with locks: the suites pause those
// that tests share, and then locks expire that would have been renewed.
func lockedSites(t *testing.T, lock redis.Lock, ini map[string]string) (sh *shared, srv *servers.Redis, key string) {
	t.Helper()
	srv = servers.NewRedis(t)
	prefix := newPrefix()
	sh = newShared(t, "redis", fmt.Sprintf("tcp://%s?prefix=%s", srv.Addr(), prefix), &lock, ini)
	return sh, srv, prefix + sh.id + "_LOCK"
}

func TestGoWaitsWhilePHPHoldsASession(t *testing.T) {
	t.Parallel()
	sh, srv, lock := lockedSites(t, redis.Lock{Wait: patience}, locking)
	sh.php.do(t, told{Op: "open", ID: sh.id})
	holder := srv.Do(t, "GET", lock)
	done := make(chan int, 1)
	go func() {
		sh.countGo(3)
		close(done)
	}()
	sh.php.do(t, told{Op: "count"})
	// Ours is waiting, or about to; either way it comes after PHP's.
	select {
	case <-done:
		t.Error("we have had a session that PHP holds")
	case <-time.After(300 * time.Millisecond):
	}
	if now := srv.Do(t, "GET", lock); now != holder {
		t.Errorf("the lock is %v's, want it to be PHP's still, %v", now, holder)
	}
	sh.php.do(t, told{Op: "close"})
	<-done
	sh.visitPHP(4)
}

func TestPHPWaitsWhileGoHoldsASession(t *testing.T) {
	t.Parallel()
	// The lock must be renewed: it is held for longer than until it expires, which is long
	// enough for a busy machine to come to renew it.
	sh, srv, lock := lockedSites(t, redis.Lock{Expire: 5 * time.Second}, locking)
	waited := make(chan struct{})
	code, err := sh.visitGo(func(s *session.Session) error {
		go func() {
			defer close(waited)
			sh.visitPHP(3)
		}()
		end := time.After(7 * time.Second)
		for {
			select {
			case <-waited:
				return errors.New("PHP has had a session that we hold")
			case <-end:
				return second(session.Update(s, "n", func(n int) int { return n + 1 }))
			case <-time.After(100 * time.Millisecond):
				if holder := fmt.Sprint(srv.Do(t, "GET", lock)); strings.Count(holder, "|") != 1 {
					return fmt.Errorf("the lock holds %q, want host|process", holder)
				}
			}
		}
	})
	if code != http.StatusOK {
		t.Errorf("our request: status %d, %v", code, err)
	}
	<-waited
	if n := srv.Do(t, "EXISTS", lock); n != int64(0) {
		t.Errorf("%v locks are left, want none", n)
	}
}

// phpredis 5.3.7 reads a session whose lock it does not get, and refuses to write it;
// 6.1.0 does not start it.
func TestPHPThatDoesNotGetTheLockStoresNothing(t *testing.T) {
	t.Parallel()
	sh, _, _ := lockedSites(t, redis.Lock{}, map[string]string{"redis.session.locking_enabled": "1", "redis.session.lock_expire": "30"})
	code, err := sh.visitGo(func(s *session.Session) error {
		var said []string
		for _, op := range []string{"open", "count", "close"} {
			a := sh.php.try(t, told{Op: op, ID: sh.id})
			said = append(said, a.Said...)
		}
		if len(said) == 0 {
			t.Error("PHP has stored a session that we hold, and said nothing; want it refused")
		}
		return second(session.Update(s, "n", func(n int) int { return n + 1 }))
	})
	if code != http.StatusOK {
		t.Errorf("our request: status %d, %v", code, err)
	}
	sh.visitPHP(3)
}

func TestWeAreBusyWhenPHPHoldsASessionForTooLong(t *testing.T) {
	t.Parallel()
	sh, _, _ := lockedSites(t, redis.Lock{Wait: 50 * time.Millisecond}, locking)
	sh.php.do(t, told{Op: "open", ID: sh.id})
	code, err := sh.visitGo(visit.Look)
	if code != http.StatusServiceUnavailable || !errors.Is(err, session.ErrBusy) {
		t.Errorf("our request while PHP holds the session: status %d, %v; want 503, ErrBusy", code, err)
	}
	sh.php.do(t, told{Op: "close"})
	sh.countGo(2)
}

func TestALockThatIsLostRefusesTheWrite(t *testing.T) {
	t.Parallel()
	sh, srv, lock := lockedSites(t, redis.Lock{}, locking)
	for name, lose := range map[string][]any{"gone": {"DEL", lock}, "another's": {"SET", lock, "elsewhere|1", "PX", 100}} {
		code, err := sh.visitGo(func(s *session.Session) error {
			srv.Do(t, lose...)
			if err := s.Set("n", 1000); err != nil {
				return err
			}
			err := s.Commit(t.Context())
			if !errors.Is(err, session.ErrBusy) || !strings.Contains(err.Error(), "lock was lost") {
				t.Errorf("Commit with a lock that is %s = %v, want ErrBusy that says so", name, err)
			}
			return err
		})
		if code != http.StatusServiceUnavailable {
			t.Errorf("our request with a lock that is %s: status %d, %v; want 503", name, code, err)
		}
	}
	srv.Do(t, "DEL", lock)
	sh.visitPHP(2)
}

// Whoever signs out is signed out, as by phpredis's session_destroy, which does not look at
// its lock either.
func TestASignOutUnderALockThatIsLostRemovesTheSession(t *testing.T) {
	t.Parallel()
	sh, srv, lock := lockedSites(t, redis.Lock{}, locking)
	code, err := sh.visitGo(func(s *session.Session) error {
		srv.Do(t, "SET", lock, "elsewhere|1")
		return s.Destroy(t.Context())
	})
	if code != http.StatusOK || err != nil {
		t.Errorf("the request that signs out: status %d, %v; want 200", code, err)
	}
	if n := srv.Do(t, "EXISTS", strings.TrimSuffix(lock, "_LOCK")); n != int64(0) {
		t.Errorf("%v sessions are left, want none", n)
	}
	if holder := srv.Do(t, "GET", lock); holder != "elsewhere|1" {
		t.Errorf("the lock is %v's, want it to be left alone", holder)
	}
}

// The next one is a request of the same process, in which both are served by one adapter.
func TestALockThatAnotherRequestOfOursHasTakenRefusesTheWrite(t *testing.T) {
	t.Parallel()
	sh, srv, lock := lockedSites(t, redis.Lock{}, locking)
	code, err := sh.visitGo(func(first *session.Session) error {
		srv.Do(t, "DEL", lock) // it has expired
		code, err := sh.visitGo(func(later *session.Session) error {
			holder := srv.Do(t, "GET", lock)
			err := errors.Join(first.Set("n", 1000), first.Commit(t.Context()))
			if !errors.Is(err, session.ErrBusy) || !strings.Contains(err.Error(), "lock was lost") {
				t.Errorf("Commit with a lock that another request has = %v, want ErrBusy that says so", err)
			}
			if now := srv.Do(t, "GET", lock); now != holder {
				t.Errorf("the lock is %v's, want the other request's still, %v", now, holder)
			}
			return second(session.Update(later, "n", func(n int) int { return n + 1 }))
		})
		if code != http.StatusOK {
			t.Errorf("the request that has the lock: status %d, %v", code, err)
		}
		return first.Commit(t.Context())
	})
	if code != http.StatusServiceUnavailable || !errors.Is(err, session.ErrBusy) {
		t.Errorf("the request that lost its lock: status %d, %v; want 503, ErrBusy", code, err)
	}
	sh.visitPHP(3)
}

// phpredis releases a session's lock on another server than the session's own, where there
// are several.
func TestALockIsReleasedOnTheSessionsOwnServer(t *testing.T) {
	t.Parallel()
	all := servers.SharedRedises(t)
	prefix := newPrefix()
	var urls []string
	for _, r := range all {
		urls = append(urls, "tcp://"+r.Addr())
	}
	text := strings.Join(urls, ", ")
	path, err := redis.ParsePath(text)
	if err != nil {
		t.Fatal(err)
	}
	a := openAdapter(t, redis.Servers{Path: text}, redis.Options{Prefix: &prefix, Lock: &redis.Lock{}})
	for _, id := range phpIDs()[:60] {
		lock, err := a.Lock(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range all {
			want := int64(0)
			if r.Addr() == path.Server(id) {
				want = 1
			}
			if n := r.Do(t, "EXISTS", prefix+id+"_LOCK"); n != want {
				t.Errorf("%v locks on %s, want %d: the session is on %s", n, r.Addr(), want, path.Server(id))
			}
		}
		if err := lock.Release(t.Context()); err != nil {
			t.Errorf("release = %v, want nil", err)
		}
	}
	for _, r := range all {
		if left := keys(t, r, prefix+"*"); len(left) > 0 {
			t.Errorf("%q are left on %s, want no lock", left, r.Addr())
		}
	}
}

func TestPhalcon5sLockHasAKeyOfItsOwn(t *testing.T) {
	t.Parallel()
	srv := servers.SharedRedis(t)
	prefix := newPrefix()
	a := openAdapter(t, one(srv), redis.Options{Prefix: &prefix, Flavor: redis.Phalcon5, Lock: &redis.Lock{}})
	lock, err := a.Lock(t.Context(), "id")
	if err != nil {
		t.Fatal(err)
	}
	if left := keys(t, srv, prefix+"*"); len(left) != 1 || left[0] != prefix+"id-lock" {
		t.Errorf("the lock is %q, want %q", left, prefix+"id-lock")
	}
	if err := lock.Release(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestCloseReleasesTheLocksThatAreLeft(t *testing.T) {
	t.Parallel()
	srv := servers.SharedRedis(t)
	prefix := newPrefix()
	o := redis.Options{Prefix: &prefix, Lock: &redis.Lock{}}
	a := redis.Dial(one(srv), o)
	if err := a.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	lock, err := a.Lock(t.Context(), "id")
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Close(t.Context()); err != nil {
		t.Errorf("Close = %v, want nil", err)
	}
	if left := keys(t, srv, prefix+"*"); len(left) > 0 {
		t.Errorf("%q are left, want no lock", left)
	}
	if err := lock.Release(t.Context()); err != nil {
		t.Errorf("release after Close = %v, want nil: it was released", err)
	}
	if _, err := a.Lock(t.Context(), "id"); err == nil {
		t.Error("Lock after Close = nil, want an error")
	}
}

// Perhaps the lock was got, and nobody was told.
func TestALockOfWhichTheAnswerWasLostIsGivenBack(t *testing.T) {
	t.Parallel()
	srv := servers.NewRedis(t)
	p := proxy.New(t, srv.Addr())
	prefix := newPrefix()
	a := openAdapter(t, redis.Servers{Path: "tcp://" + p.Addr()}, redis.Options{Prefix: &prefix, Lock: &longLock})
	lost := false
	p.Decide(func(request []byte) proxy.Action {
		if !lost && strings.Contains(string(request), "_LOCK") {
			lost = true
			return proxy.CutReply
		}
		return proxy.Pass
	})
	_, err := a.Lock(t.Context(), "id")
	if !errors.Is(err, session.ErrBusy) || errors.Is(err, session.ErrOutcomeUnknown) {
		t.Errorf("Lock = %v, want ErrBusy: no session is in doubt", err)
	}
	until(t, "the lock is given back", func() bool { return len(keys(t, srv, prefix+"*")) == 0 })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := a.Lock(ctx, "id"); !errors.Is(err, context.Canceled) {
		t.Errorf("Lock with a context that has ended = %v, want %v", err, context.Canceled)
	}
}
