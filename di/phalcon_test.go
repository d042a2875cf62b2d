package di_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"gyrfalcon/di"
)

// part is a service that counts nothing and lives: each is another object.
type part struct {
	number int
	asked  []string // what happened to it, in order
}

// SetDI implements di.InjectionAware.
func (p *part) SetDI(*di.Container) { p.asked = append(p.asked, "SetDI") }

// Initialize implements di.InitializationAware.
func (p *part) Initialize(context.Context) error { p.asked = append(p.asked, "Initialize"); return nil }

// shelf is a container, and a factory whose parts are numbered from 1.
type shelf struct {
	*testing.T
	*di.Container
	made int
}

func (s *shelf) factory() di.Factory[*part] {
	return func(context.Context, *di.Container) (*part, error) { s.made++; return &part{number: s.made}, nil }
}

func (s *shelf) set(name string) { s.Helper(); must(s.T, di.Set(s.Container, name, s.factory())) }
func (s *shelf) shared(name string) {
	s.Helper()
	must(s.T, di.SetShared(s.Container, name, s.factory()))
}

// get is the numbers of the parts that Get returns for the names.
func (s *shelf) get(names ...string) string {
	s.Helper()
	return s.numbers(di.Get[*part], names)
}

func (s *shelf) getShared(names ...string) string {
	s.Helper()
	return s.numbers(di.GetShared[*part], names)
}

func (s *shelf) numbers(get func(context.Context, *di.Container, string) (*part, error), names []string) string {
	s.Helper()
	var got []string
	for _, name := range names {
		p, err := get(s.Context(), s.Container, name)
		if err != nil {
			s.Fatal(err)
		}
		got = append(got, fmt.Sprint(p.number))
	}
	return strings.Join(got, " ")
}

// Each row is a method of Phalcon's Di, what a Phalcon developer expects of it, and what must be seen here.
func TestWhatPhalconsDiDoes(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		method, expects string
		see             func(s *shelf) (got any)
		want            any
	}{
		{"set", "a new one for every get, and none before", func(s *shelf) any {
			s.set("a")
			before := s.made
			return []any{before, s.get("a", "a")}
		}, []any{0, "1 2"}},
		{"set", "a name that is taken is overridden: only if that is said", func(s *shelf) any {
			s.set("a")
			refused := errors.Is(di.Set(s.Container, "a", s.factory()), di.ErrExists)
			return []any{refused, di.Set(s.Container, "a", s.factory(), di.Replace())}
		}, []any{true, nil}},
		{"set", "an instance is handed out as it is", func(s *shelf) any {
			p := &part{number: 7}
			must(s.T, di.SetValue(s.Container, "a", p))
			return []any{s.get("a", "a"), p.asked}
		}, []any{"7 7", []string(nil)}},
		{"setShared", "one for all", func(s *shelf) any {
			s.shared("a")
			return s.get("a", "a")
		}, "1 1"},
		{"attempt", "registers a free name", func(s *shelf) any {
			did, err := di.Attempt(s.Container, "a", s.factory())
			return []any{did, err, s.get("a")}
		}, []any{true, nil, "1"}},
		{"attempt", "leaves a taken one as it is", func(s *shelf) any {
			must(s.T, di.SetValue(s.Container, "a", &part{number: 7}))
			did, err := di.AttemptShared(s.Container, "a", s.factory())
			return []any{did, err, s.get("a")}
		}, []any{false, nil, "7"}},
		{"get", "what is not registered is an exception", func(s *shelf) any {
			_, err := di.Get[*part](s.Context(), s.Container, "a")
			return errors.Is(err, di.ErrNotFound)
		}, true},
		{"get", "parameters reach the definition", func(s *shelf) any {
			must(s.T, di.Set(s.Container, "a", func(_ context.Context, c *di.Container) (*part, error) {
				n, err := di.Param[int](c, 0)
				return &part{number: n}, err
			}))
			p, err := di.GetWith[*part](s.Context(), s.Container, "a", 9)
			return []any{p.number, err}
		}, []any{9, nil}},
		{"get", "parameters for a shared one that is built are dropped: an error here", func(s *shelf) any {
			s.shared("a")
			s.get("a")
			_, err := di.GetWith[*part](s.Context(), s.Container, "a", 9)
			return errors.Is(err, di.ErrParams)
		}, true},
		{"getShared", "keeps one, also of what was not set as shared, and get goes on", func(s *shelf) any {
			s.set("a")
			return s.getShared("a", "a") + ", " + s.get("a") + ", " + s.getShared("a")
		}, "1 1, 2, 1"},
		{"getShared", "of a shared one is what get returns", func(s *shelf) any {
			s.shared("a")
			return s.get("a") + s.getShared("a")
		}, "11"},
		{"has", "tells of definitions, aliases followed", func(s *shelf) any {
			s.set("a")
			must(s.T, s.SetAlias("a", "b"))
			return []bool{s.Has("a"), s.Has("b"), s.Has("c")}
		}, []bool{true, true, false}},
		{"hasShared", "tells of instances that are kept", func(s *shelf) any {
			s.set("a")
			s.shared("b")
			s.shared("c")
			s.get("a", "b")
			before := s.HasShared("a")
			s.getShared("a")
			return []bool{before, s.HasShared("a"), s.HasShared("b"), s.HasShared("c"), s.HasShared("d")}
		}, []bool{false, true, true, false, false}},
		{"remove", "takes definition, instance and aliases away", func(s *shelf) any {
			s.shared("a")
			must(s.T, s.SetAlias("a", "b"))
			s.get("b")
			must(s.T, s.Remove("b"))
			return []bool{s.Has("a"), s.Has("b"), s.HasShared("a")}
		}, []bool{false, false, false}},
		{"removeShared", "takes the instance, and the next is built anew", func(s *shelf) any {
			s.shared("a")
			s.set("b")
			got := s.get("a") + s.getShared("b")
			must(s.T, s.RemoveShared("a"))
			must(s.T, s.RemoveShared("b"))
			return got + s.get("a") + s.getShared("b")
		}, "1234"},
		{"remove, removeShared", "what has been started has to be stopped first", func(s *shelf) any {
			must(s.T, di.SetShared(s.Container, "a", giving(new(gear)), di.Eager()))
			must(s.T, s.Start(s.Context()))
			running := []bool{errors.Is(s.Remove("a"), di.ErrRunning), errors.Is(s.RemoveShared("a"), di.ErrRunning)}
			must(s.T, s.Stop(s.Context()))
			return append(running, s.Remove("a") == nil)
		}, []bool{true, true, true}},
		{"getService, getRaw", "describes without resolving", func(s *shelf) any {
			s.shared("a")
			r, err := s.GetService("a")
			return []any{r.Name, r.Shared, r.Resolved, strings.HasPrefix(r.Registered, "di/phalcon_test.go:"), err, s.made}
		}, []any{"a", true, false, true, nil, 0}},
		{"getServices", "describes all: sorted", func(s *shelf) any {
			for _, name := range []string{"c", "a", "b"} {
				s.set(name)
			}
			var names []string
			for _, r := range s.Services() {
				names = append(names, r.Name)
			}
			return names
		}, []string{"a", "b", "c"}},
		{"setAlias, getAlias", "gives another name to what is there", func(s *shelf) any {
			s.shared("a")
			must(s.T, s.SetAlias("a", "b"))
			name, _ := s.GetAlias("b")
			return s.get("a", "b") + name
		}, "1 1a"},
		{"setAlias", "not to what is not there, nor under a name that is taken", func(s *shelf) any {
			s.set("a")
			s.set("b")
			return []bool{errors.Is(s.SetAlias("c", "d"), di.ErrNotFound), errors.Is(s.SetAlias("a", "b"), di.ErrExists)}
		}, []bool{true, true}},
		{"setAlias", "a circle is an exception: it is named", func(s *shelf) any {
			s.set("a")
			must(s.T, s.SetAlias("a", "b"))
			err := s.SetAlias("b", "a", di.Replace())
			e, _ := errors.AsType[*di.Error](err)
			return []any{errors.Is(err, di.ErrCycle), e.Chain}
		}, []any{true, []string{"a", "b", "a"}}},
		{"register", "lets a provider register what it has", func(s *shelf) any {
			must(s.T, s.Register(MailProvider{}))
			return s.Has("mailer")
		}, true},
		{"InjectionAwareInterface, InitializationAwareInterface", "are called after a build, in this order, and once", func(s *shelf) any {
			s.shared("a")
			s.get("a", "a")
			p, err := di.Get[*part](s.Context(), s.Container, "a")
			must(s.T, err)
			return p.asked
		}, []string{"SetDI", "Initialize"}},
		{"di:beforeServiceResolve, di:afterServiceResolve", "are heard for a build, and not for an instance that is there", func(s *shelf) any {
			var heard []string
			_, err := s.Observe(di.Observer{
				Before: func(_ context.Context, r di.Resolution) { heard = append(heard, "before "+r.Name) },
				After: func(_ context.Context, r di.Resolution, v any) {
					p, _ := v.(*part)
					heard = append(heard, fmt.Sprint("after ", r.Name, " ", p.number))
				},
			})
			must(s.T, err)
			s.shared("a")
			s.get("a", "a")
			return heard
		}, []string{"before a", "after a 1"}},
		{"getSession and its like", "a name with a type in their place", func(s *shelf) any {
			name := di.Name[*part]("a")
			must(s.T, name.SetShared(s.Container, s.factory()))
			p, err := name.Get(s.Context(), s.Container)
			return []any{p.number, err}
		}, []any{1, nil}},
	} {
		t.Run(row.method+": "+row.expects, func(t *testing.T) {
			t.Parallel()
			s := &shelf{T: t, Container: di.New()}
			got, want := fmt.Sprint(row.see(s)), fmt.Sprint(row.want)
			if got != want {
				t.Errorf("got %s, want %s", got, want)
			}
			if err := s.Stop(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestStopGoesInReversePastWhateverFailsAndJoinsItAll(t *testing.T) {
	t.Parallel()
	sad, mad := errors.New("sad"), errors.New("mad")
	release := make(chan struct{})
	defer close(release)
	y := newYard()
	for _, e := range []*engine{
		{name: "first"},
		{name: "fails", onStop: func(context.Context) error { return sad }},
		{name: "deaf", onStop: func(context.Context) error { <-release; return nil }},
		{name: "panics", onStop: func(context.Context) error { panic(mad) }},
		{name: "last"},
	} {
		y.engine(t, e, nil, di.Eager())
	}
	must(t, y.Start(t.Context()))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := y.Stop(ctx)
	for _, want := range []error{sad, mad, context.Canceled} {
		wantError(t, err, want)
	}
	lines := strings.Split(err.Error(), "\n")
	want := []string{`di: stop "panics": its Stop failed: panic: mad`, `di: stop "deaf": its Stop did not return`, `di: stop "fails": its Stop failed: sad`}
	if len(lines) != len(want) || !slices.EqualFunc(lines, want, strings.HasPrefix) {
		t.Errorf("got\n%v\nwant three lines, the last resolved first:\n%s", err, strings.Join(want, "\n"))
	}
	y.log.want(t, "build first, start first, build fails, start fails, build deaf, start deaf, build panics, start panics, build last, start last, "+
		"stop last, stop panics, stop deaf, stop fails, stop first")
}
