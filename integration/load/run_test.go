package load_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"gyrfalcon/integration/load"
	"gyrfalcon/session"
	"gyrfalcon/session/memory"
	"gyrfalcon/session/sessiontest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// verdict is a test that fails without failing the one that looks at it.
type verdict struct {
	testing.TB

	mu   sync.Mutex
	said []string
}

func (v *verdict) Helper()         {}
func (v *verdict) Log(args ...any) { v.TB.Log(args...) }

func (v *verdict) Errorf(format string, args ...any) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.said = append(v.said, fmt.Sprintf(format, args...))
}

func (v *verdict) Fatalf(format string, args ...any) {
	v.Errorf(format, args...)
	runtime.Goexit()
}

func (v *verdict) Fatal(args ...any) { v.Fatalf("%s", fmt.Sprintln(args...)) }

// run runs the plan, and returns what is wrong with it.
func run(t *testing.T, p load.Plan) (load.Report, []string) {
	t.Helper()
	v := &verdict{TB: t}
	var r load.Report
	done := make(chan struct{})
	go func() {
		defer close(done)
		r = load.Run(v, p)
	}()
	<-done
	return r, v.said
}

func wantSaid(t *testing.T, said []string, want string) {
	t.Helper()
	for _, s := range said {
		if strings.Contains(s, want) {
			return
		}
	}
	t.Errorf("the run found these faults:\n%s\nwant one with %q", strings.Join(said, "\n"), want)
}

// faulty is a plan over memory whose Swap suffers faults while the fault lasts, and
// until enough requests have suffered.
func faulty(fault sessiontest.Fault) load.Plan {
	var f *sessiontest.Faults
	return load.Plan{
		Clients: 8,
		Shared:  2,
		Options: session.Options{Timeout: 200 * time.Millisecond},
		Open: func(context.Context) (session.Adapter, error) {
			f = sessiontest.Faulty(memory.New(memory.Options{}))
			return f, nil
		},
		Fault: func(t testing.TB) {
			const enough = 100
			var suffered atomic.Int64
			all := make(chan struct{})
			f.On(sessiontest.Swap, func(ctx context.Context, call func() error) error {
				if suffered.Add(1) == enough {
					close(all)
				}
				return fault(ctx, call)
			})
			select {
			case <-all:
			case <-time.After(20 * time.Second):
				t.Errorf("only %d requests met the fault, want %d", suffered.Load(), enough)
			}
			f.On(sessiontest.Swap, nil)
		},
	}
}

// healthy is a plan in which nothing is wrong.
func healthy() load.Plan {
	return faulty(func(_ context.Context, call func() error) error { return call() })
}

func TestAServiceThatKeepsItsWordPasses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		fault sessiontest.Fault
		want  func(r load.Report) bool
	}{
		{"without a fault", func(_ context.Context, call func() error) error { return call() },
			func(r load.Report) bool { return r.Refused == 0 && r.Unknown == 0 && r.Acknowledged > 100 }},
		{"when writes fail", func(context.Context, func() error) error { return errors.New("no disk") },
			func(r load.Report) bool {
				return r.Refused >= 100 && r.Unknown == 0 && r.Errors["refused: session: swap: no disk\n"] >= 100
			}},
		{"when answers are lost", sessiontest.LoseAnswer,
			func(r load.Report) bool { return r.Unknown > 0 && r.Stood == r.Unknown }},
		{"when the store hangs", func(ctx context.Context, _ func() error) error { <-ctx.Done(); return ctx.Err() },
			func(r load.Report) bool { return r.Refused >= 100 && r.Longest >= 200*time.Millisecond }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r, said := run(t, faulty(c.fault))
			if len(said) > 0 {
				t.Errorf("the run found faults:\n%s", strings.Join(said, "\n"))
			}
			if r.Lost != 0 || !c.want(r) {
				t.Errorf("the report does not tell what has happened: %v", r)
			}
		})
	}
}

func TestAnAnswerThatIsNotTrueIsFound(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		fault sessiontest.Fault
		want  string
	}{
		{"a change that was acknowledged and not made", func(context.Context, func() error) error { return nil }, "are lost"},
		{"a change that was refused and made", func(_ context.Context, call func() error) error {
			return errors.Join(call(), errors.New("no"))
		}, "were counted twice, or though they were refused"},
		{"a change that was made, repeated and counted twice", func(_ context.Context, call func() error) error {
			if err := call(); err != nil {
				return err
			}
			return session.ErrConflict // as a driver sees it that sends a write again
		}, "were counted twice"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := faulty(c.fault)
			_, said := run(t, p)
			wantSaid(t, said, c.want)
		})
	}
}

func TestLossIsToldWhereItIsAllowed(t *testing.T) {
	t.Parallel()
	p := faulty(func(context.Context, func() error) error { return nil })
	p.MayLose = true
	r, said := run(t, p)
	if len(said) > 0 || r.Lost == 0 {
		t.Errorf("with MayLose: got the faults %q and the report %v, want no fault and what was lost", said, r)
	}
}

func TestARequestThatOutlastsItsDeadlineIsFound(t *testing.T) {
	t.Parallel()
	p := healthy()
	p.Margin = time.Millisecond
	p.Options.Timeout = 20 * time.Millisecond
	p = slow(p)
	_, said := run(t, p)
	wantSaid(t, said, "lasted longer than 41ms")
}

// slow has the adapter be deaf to contexts.
func slow(p load.Plan) load.Plan {
	fault := faulty(func(_ context.Context, call func() error) error {
		<-time.After(100 * time.Millisecond)
		return call()
	})
	p.Open, p.Fault = fault.Open, fault.Fault
	return p
}

func TestAServiceThatDoesNotComeBackIsFound(t *testing.T) {
	t.Parallel()
	var f *sessiontest.Faults
	p := healthy()
	p.Recovery = 100 * time.Millisecond
	p.Open = func(context.Context) (session.Adapter, error) {
		f = sessiontest.Faulty(memory.New(memory.Options{}))
		return f, nil
	}
	p.Fault = func(testing.TB) {
		f.On(sessiontest.Swap, func(context.Context, func() error) error { return errors.New("for ever") })
	}
	_, said := run(t, p)
	wantSaid(t, said, "8 of 8 clients were not served within 100ms after the fault")
}

func TestAServiceThatNeverServesIsFound(t *testing.T) {
	t.Parallel()
	p := healthy()
	p.Open = func(context.Context) (session.Adapter, error) { return nil, errors.New("no such host") }
	_, said := run(t, p)
	wantSaid(t, said, "open an adapter: no such host")
	p.Open = func(context.Context) (session.Adapter, error) {
		f := sessiontest.Faulty(memory.New(memory.Options{}))
		f.On(sessiontest.Create, func(context.Context, func() error) error { return errors.New("read only") })
		return f, nil
	}
	_, said = run(t, p)
	wantSaid(t, said, "make the shared session 1: got status 503")
}

func TestAGoroutineThatRemainsIsFound(t *testing.T) {
	t.Parallel()
	p := healthy()
	open := p.Open
	stop := make(chan struct{})
	defer close(stop)
	p.Recovery = time.Second
	p.Open = func(ctx context.Context) (session.Adapter, error) {
		go func() { <-stop }()
		return open(ctx)
	}
	_, said := run(t, p)
	wantSaid(t, said, "there are still goroutines of it")

	// But what the fault starts is the test's.
	p = healthy()
	fault := p.Fault
	p.Fault = func(t testing.TB) {
		go func() { <-stop }()
		fault(t)
	}
	if _, said := run(t, p); len(said) > 0 {
		t.Errorf("a goroutine that the fault has started counts as the service's:\n%s", strings.Join(said, "\n"))
	}
}
