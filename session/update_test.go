package session_test

import (
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"gyrfalcon/session"
)

const inUpdate = "session: the function of an Update has changed, committed or ended the session that it updates"

func TestAnUpdatesFunctionMayReadTheSession(t *testing.T) {
	t.Parallel()
	m := started(t, session.Options{})
	v := newVisitor(t, m)
	v.do(func(_ http.ResponseWriter, r *http.Request) {
		s, err := m.From(r.Context())
		must(t, "From", err)
		must(t, "Set", s.Set("price", 7))
		must(t, "Set of a bag's", s.Bag("basket").Set("hood", 2))
		must(t, "Flash", s.Flash().Notice("hello"))
		total := func(n int) int {
			again, err := m.From(r.Context())
			must(t, "From", err)
			wantValue(t, again, "price", 7)
			wantValue(t, s.Bag("basket"), "hood", 2)
			messages, err := s.Flash().Messages()
			if has, _ := s.Has("price"); !has || len(messages) != 1 || err != nil {
				t.Errorf("in an Update's function: Has got %v, Messages %v, %v; want what is there", has, messages, err)
			}
			names, err := s.Names()
			if len(names) < 3 || err != nil || s.Info().New != true || s.Handle() != "" || s.ID() != "" {
				t.Errorf("in an Update's function: Names got %v, %v", names, err)
			}
			price, err := session.Get[int](s, "price")
			must(t, "Get", err)
			return n + price
		}
		for _, vars := range []session.Variables{s, s.Bag("sums")} {
			for i := range 2 {
				if got, err := session.Update(vars, "total", total); got != 7*(i+1) || err != nil {
					t.Errorf("Update: got %d, %v; want %d", got, err, 7*(i+1))
				}
			}
		}
	})
	v.with(func(s *session.Session) {
		wantValue(t, s, "total", 14)
		wantValue(t, s.Bag("sums"), "total", 14)
	})
}

func TestWhatAnUpdatesFunctionReadsIsReadAnewWhenItIsReplayed(t *testing.T) {
	t.Parallel()
	m := started(t, session.Options{})
	v := newVisitor(t, m)
	v.with(func(s *session.Session) { must(t, "Set", s.Set("price", 7)) })
	other := *v
	v.with(func(s *session.Session) {
		must(t, "Set", s.Set("n", 3))
		_, err := session.Update(s, "total", func(int) int {
			price, err := session.Get[int](s, "price")
			must(t, "Get", err)
			n, err := session.Get[int](s, "n")
			must(t, "Get", err)
			return n * price
		})
		must(t, "Update", err)
		must(t, "Set", s.Set("n", 100))
		other.with(func(s *session.Session) { must(t, "Set", s.Set("price", 11)) })
	})
	v.with(func(s *session.Session) {
		wantValue(t, s, "total", 33) // the other's price, and n as it was then
		wantValue(t, s, "n", 100)
	})
}

func TestAnUpdatesFunctionThatChangesTheSessionIsRefused(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(m *session.Manager, s *session.Session, w http.ResponseWriter, r *http.Request) error{
		"Set": func(_ *session.Manager, s *session.Session, _ http.ResponseWriter, _ *http.Request) error {
			return s.Set("m", 1)
		},
		"Remove": func(_ *session.Manager, s *session.Session, _ http.ResponseWriter, _ *http.Request) error {
			return s.Remove("kept")
		},
		"Clear": func(_ *session.Manager, s *session.Session, _ http.ResponseWriter, _ *http.Request) error {
			return s.Clear()
		},
		"Update": func(_ *session.Manager, s *session.Session, _ http.ResponseWriter, _ *http.Request) error {
			_, err := session.Update(s, "m", func(n int) int { return n + 1 })
			return err
		},
		"a Bag's Set": func(_ *session.Manager, s *session.Session, _ http.ResponseWriter, _ *http.Request) error {
			return s.Bag("b").Set("m", 1)
		},
		"Flash": func(_ *session.Manager, s *session.Session, _ http.ResponseWriter, _ *http.Request) error {
			return s.Flash().Error("m")
		},
		"Regenerate": func(_ *session.Manager, s *session.Session, _ http.ResponseWriter, _ *http.Request) error {
			return s.Regenerate()
		},
		"Commit": func(_ *session.Manager, s *session.Session, _ http.ResponseWriter, r *http.Request) error {
			return s.Commit(r.Context())
		},
		"Reload": func(_ *session.Manager, s *session.Session, _ http.ResponseWriter, r *http.Request) error {
			return s.Reload(r.Context())
		},
		"Destroy": func(_ *session.Manager, s *session.Session, _ http.ResponseWriter, r *http.Request) error {
			return s.Destroy(r.Context())
		},
		"Destroy by m": func(m *session.Manager, _ *session.Session, _ http.ResponseWriter, r *http.Request) error {
			return m.Destroy(r.Context())
		},
		"a Write": func(_ *session.Manager, _ *session.Session, w http.ResponseWriter, _ *http.Request) error {
			_, err := w.Write([]byte("too early"))
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := started(t, session.Options{})
			v := newVisitor(t, m)
			v.with(func(s *session.Session) { must(t, "Set", s.Set("kept", 1)) })
			was := v.cookie.Value
			res := v.do(func(w http.ResponseWriter, r *http.Request) {
				s, err := m.From(r.Context())
				must(t, "From", err)
				_, err = session.Update(s, "n", func(n int) int {
					if err := change(m, s, w, r); err == nil || !strings.HasPrefix(err.Error(), inUpdate) {
						t.Errorf("in an Update's function: got error %v, want %s …", err, inUpdate)
					}
					return n + 1 // as if nothing had been
				})
				if err == nil || !strings.HasPrefix(err.Error(), inUpdate) {
					t.Errorf("Update: got error %v, want %s …", err, inUpdate)
				}
				must(t, "Set afterwards", s.Set("after", 1))
			})
			if text := body(t, res); res.StatusCode != http.StatusOK || text != "" || v.cookie == nil || v.cookie.Value != was {
				t.Errorf("got status %d, body %q, cookie %v; want an empty 200 and the cookie as it was", res.StatusCode, text, v.cookie)
			}
			v.with(func(s *session.Session) {
				wantValue(t, s, "kept", 1)
				wantValue(t, s, "after", 1)
				if names, _ := s.Names(); len(names) != 2 {
					t.Errorf("got the variables %q, want kept and after", names)
				}
			})
		})
	}
}

func TestAnUpdatesFunctionThatChangesTheSessionWhenReplayedFailsTheCommit(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, started(t, session.Options{}))
	v.with(func(s *session.Session) { must(t, "Set", s.Set("n", 1)) })
	other := *v
	res := v.with(func(s *session.Session) {
		calls := 0
		_, err := session.Update(s, "n", func(n int) int {
			if calls++; calls > 1 {
				_ = s.Set("m", 1)
			}
			return n + 1
		})
		must(t, "Update", err)
		other.with(func(s *session.Session) { must(t, "Set", s.Set("n", 10)) })
	})
	if res.StatusCode != http.StatusInternalServerError {
		t.Errorf("got status %d, want 500", res.StatusCode)
	}
	v.with(func(s *session.Session) { wantValue(t, s, "n", 10) })
}

func TestWhileAnUpdatesFunctionRunsOthersReadAndTheirChangesWait(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, started(t, session.Options{}))
	v.with(func(s *session.Session) {
		must(t, "Set", s.Set("n", 1))
		var wg sync.WaitGroup
		_, err := session.Update(s, "n", func(n int) int {
			read := make(chan struct{})
			wg.Go(func() {
				wantValue(t, s, "n", 1)
				close(read)
				must(t, "Set of another goroutine", s.Set("n", 20))
			})
			<-read
			return n + 1
		})
		must(t, "Update", err)
		wg.Wait()
		wantValue(t, s, "n", 20)
	})
}

func TestAnUpdateThatARequestDoesNotWaitForHoldsUpNobody(t *testing.T) {
	t.Parallel()
	for what, before := range map[string]func(s *session.Session) error{
		"with a commit":    func(s *session.Session) error { return s.Set("m", 2) },
		"without a commit": func(*session.Session) error { return nil },
	} {
		v := newVisitor(t, started(t, session.Options{}))
		v.with(func(s *session.Session) { must(t, "Set", s.Set("n", 1)) })
		running, over, failed := make(chan struct{}), make(chan struct{}), make(chan error)
		v.with(func(s *session.Session) {
			must(t, "Set", before(s))
			go func() {
				_, err := session.Update(s, "n", func(n int) int {
					close(running)
					<-over
					return n + 1
				})
				failed <- err
			}()
			<-running
		})
		close(over)
		wantErr(t, what+": an Update that came too late", <-failed, session.ErrClosed)
		v.with(func(s *session.Session) { wantValue(t, s, "n", 1) })
	}
}

func TestWhileACommitDoesUpdatesAgainOthersWaitForItsEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		v := newVisitor(t, started(t, session.Options{}))
		v.with(func(s *session.Session) { must(t, "Set", s.Set("a", 1)) })
		other := *v
		v.with(func(s *session.Session) {
			again, finish := make(chan struct{}), make(chan struct{})
			calls := 0
			_, err := session.Update(s, "a", func(a int) int {
				if calls++; calls == 2 {
					close(again)
					<-finish
				}
				return a + 1
			})
			must(t, "Update", err)
			other.with(func(s *session.Session) { must(t, "Set", s.Set("a", 10)) })

			var wg sync.WaitGroup
			var done atomic.Int32
			running, proceed := make(chan struct{}), make(chan struct{})
			wg.Go(func() {
				var once sync.Once
				_, err := session.Update(s, "b", func(b int) int {
					once.Do(func() {
						close(running)
						<-proceed
					})
					return b + 1
				})
				must(t, "Update under way when the commit began", err)
				done.Add(1)
			})
			<-running
			wg.Go(func() { must(t, "Commit", s.Commit(t.Context())) })
			<-again
			for _, do := range []func(){
				func() { wantValue(t, s, "a", 11) },
				func() { must(t, "Set", s.Set("c", 3)) },
				func() { must(t, "another Commit", s.Commit(t.Context())) },
			} {
				wg.Go(func() {
					do()
					done.Add(1)
				})
			}
			close(proceed)
			synctest.Wait()
			if n := done.Load(); n != 0 {
				t.Errorf("%d calls have ended before the commit did, want none", n)
			}
			close(finish)
			wg.Wait()
		})
		v.with(func(s *session.Session) {
			wantValue(t, s, "a", 11)
			wantValue(t, s, "b", 1)
			wantValue(t, s, "c", 3)
		})
	})
}

func TestAnUpdateUnderWhichTheSessionIsReadAnewIsComputedAnew(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, started(t, session.Options{}))
	v.with(func(s *session.Session) { must(t, "Set", s.Set("n", 1)) })
	other := *v
	v.with(func(s *session.Session) {
		must(t, "Set", s.Set("m", 2))
		calls := 0
		got, err := session.Update(s, "n", func(n int) int {
			if calls++; calls == 1 {
				other.with(func(s *session.Session) { must(t, "Set", s.Set("n", 10)) })
				committed := make(chan error)
				go func() { committed <- s.Commit(t.Context()) }() // the response begins in another goroutine
				must(t, "Commit", <-committed)
			}
			return n + 1
		})
		if got != 11 || calls != 2 || err != nil {
			t.Errorf("Update: got %d after %d calls, error %v; want 11 after 2", got, calls, err)
		}
	})
	v.with(func(s *session.Session) {
		wantValue(t, s, "n", 11)
		wantValue(t, s, "m", 2)
	})
}

func TestAnUpdateUnderWhichACommitFailsIsComputedAnew(t *testing.T) {
	t.Parallel()
	w := newWitness(t)
	w.with(func(s *session.Session) {
		must(t, "Set", s.Bag("b").Set("n", 1))
		calls := 0
		got, err := session.Update(s.Bag("b"), "n", func(n int) int {
			if calls++; calls == 1 {
				w.store.swap = errDisk
				committed := make(chan error)
				go func() { committed <- s.Commit(t.Context()) }()
				wantErr(t, "Commit", <-committed, errDisk)
				w.store.swap = nil
			}
			return n + 1
		})
		if got != 2 || calls != 2 || err != nil {
			t.Errorf("Update: got %d after %d calls, error %v; want 2 after 2: the commit has been at the document", got, calls, err)
		}
	})
	w.with(func(s *session.Session) { wantValue(t, s.Bag("b"), "n", 2) })
}

func TestUpdatesThatReadTheSessionLoseNothingAmongManyGoroutinesAndRequests(t *testing.T) {
	t.Parallel()
	const requests, goroutines, times = 4, 4, 8
	m := started(t, session.Options{})
	v := newVisitor(t, m)
	v.with(func(s *session.Session) { must(t, "Set", s.Set("step", 1)) })
	var all sync.WaitGroup
	for range requests {
		all.Go(func() {
			one := *v
			res := one.with(func(s *session.Session) {
				var wg sync.WaitGroup
				for range goroutines {
					wg.Go(func() {
						for i := range times {
							_, err := session.Update(s, "n", func(n int) int {
								step, err := session.Get[int](s, "step")
								must(t, "Get", err)
								return n + step
							})
							must(t, "Update", err)
							if i%3 == 0 {
								must(t, "Commit", s.Commit(t.Context()))
							}
						}
					})
				}
				wg.Wait()
			})
			if res.StatusCode != http.StatusOK {
				t.Errorf("got status %d, want 200", res.StatusCode)
			}
		})
	}
	all.Wait()
	v.with(func(s *session.Session) { wantValue(t, s, "n", requests*goroutines*times) })
}

func TestAnUpdatesFunctionThatPanicsLeavesTheSessionAsItWas(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, started(t, session.Options{}))
	errPanic := errors.New("in an Update")
	v.with(func(s *session.Session) {
		must(t, "Set", s.Set("n", 1))
		func() {
			defer func() {
				if recover() != errPanic { //nolint:errorlint // the very value
					t.Error("the panic of an Update's function did not come through")
				}
				must(t, "Set while it unwinds", s.Set("m", 2))
			}()
			_, _ = session.Update(s, "n", func(int) int { panic(errPanic) })
		}()
		wantValue(t, s, "n", 1)
	})
	v.with(func(s *session.Session) { wantValue(t, s, "m", 2) })
}
