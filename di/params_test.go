package di_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"gyrfalcon/di"
)

// greeting takes a name, and a word that may be left out.
func greeting(_ context.Context, c *di.Container) (string, error) {
	name, err := di.Param[string](c, 0)
	if err != nil {
		return "", err
	}
	word, err := di.ParamOr(c, 1, "Hello")
	return word + " " + name, err
}

func TestParametersReachTheFactoryThatTakesThem(t *testing.T) {
	t.Parallel()
	c := di.New()
	must(t, di.Set(c, "greeting", greeting))
	must(t, c.SetAlias("greeting", "hail"))
	for _, tc := range []struct {
		service string
		params  []any
		want    string
		err     []string // words of an ErrParams
	}{
		{"greeting", []any{"Ada"}, "Hello Ada", nil},
		{"greeting", []any{"Ada", "Welcome"}, "Welcome Ada", nil},
		{"hail", []any{"Ada"}, "Hello Ada", nil},
		{"greeting", nil, "", []string{"takes a string as parameter 1", "passed 0", "di.GetWith"}},
		{"greeting", []any{hunter}, "", []string{"takes a string as parameter 1", "passed a di_test.secret"}},
		{"greeting", []any{"Ada", hunter}, "", []string{"takes a string as parameter 2", "passed a di_test.secret"}},
		{"greeting", []any{"Ada", "Welcome", hunter}, "", []string{"passed 3 and takes 2", "di.Param"}},
	} {
		got, err := di.GetWith[string](t.Context(), c, tc.service, tc.params...)
		if tc.err != nil {
			wantError(t, err, di.ErrParams, tc.err...)
			wantSecretKept(t, err)
		} else if err != nil || got != tc.want {
			t.Errorf("GetWith(%q, %d parameters): got %q, %v; want %q", tc.service, len(tc.params), got, err, tc.want)
		}
	}
}

type secret string

// hunter stands for a parameter that must not be shown.
const hunter secret = "hunter2"

func wantSecretKept(t *testing.T, err error) {
	t.Helper()
	if s := err.Error(); strings.Contains(s, string(hunter)) {
		t.Errorf("the error shows a parameter: %q", s)
	}
}

func TestParametersOfASharedServiceAreForItsOneBuild(t *testing.T) {
	t.Parallel()
	c := di.New()
	must(t, di.SetShared(c, "greeting", greeting))
	must(t, di.SetValue(c, "value", "x"))

	if _, err := di.Get[string](t.Context(), c, "greeting"); !errors.Is(err, di.ErrParams) {
		t.Errorf("without: got %v, want ErrParams", err)
	}
	got, err := di.GetWith[string](t.Context(), c, "greeting", "Ada")
	if err != nil || got != "Hello Ada" {
		t.Errorf("the first: got %q, %v; want Hello Ada", got, err)
	}
	_, err = di.GetWith[string](t.Context(), c, "greeting", "Bob")
	wantError(t, err, di.ErrParams, "shared and built", "use Get")
	_, err = di.GetWith[string](t.Context(), c, "value", "Bob")
	wantError(t, err, di.ErrParams, "is a value")
	if got, err = di.Get[string](t.Context(), c, "greeting"); err != nil || got != "Hello Ada" {
		t.Errorf("after that: got %q, %v; want Hello Ada", got, err)
	}
}

func TestParametersForABuildUnderWayAreRefused(t *testing.T) {
	t.Parallel()
	c := di.New()
	in, out := make(chan struct{}), make(chan struct{})
	must(t, di.SetShared(c, "slow", func(ctx context.Context, c *di.Container) (string, error) {
		close(in)
		<-out
		return greeting(ctx, c)
	}))
	done := make(chan error)
	go func() { _, err := di.GetWith[string](t.Context(), c, "slow", "Ada"); done <- err }()
	<-in
	_, err := di.GetWith[string](t.Context(), c, "slow", "Bob")
	wantError(t, err, di.ErrParams, "another caller's")
	close(out)
	must(t, <-done)
}

func TestWhatWasBuiltWithParametersThatNobodyTakesIsStopped(t *testing.T) {
	t.Parallel()
	for name, register := range map[string]func(*di.Container, string, di.Factory[*gear], ...di.Option) error{
		"shared": di.SetShared[*gear], "unshared": di.Set[*gear],
	} {
		c, g := di.New(), new(gear)
		must(t, register(c, "gear", giving(g)))
		_, err := di.GetWith[*gear](t.Context(), c, "gear", 1)
		wantError(t, err, di.ErrParams, "passed 1 and takes 0")
		if n := g.stops.Load(); n != 1 {
			t.Errorf("%s: got %d stops, want 1", name, n)
		}
	}
}

func TestParametersAreForFactoriesAlone(t *testing.T) {
	t.Parallel()
	c := di.New()
	_, err := di.Param[int](c, 0)
	wantError(t, err, di.ErrInvalid, "while it runs")
	var kept *di.Container
	must(t, di.Set(c, "keeper", func(_ context.Context, c *di.Container) (int, error) {
		kept = c
		if _, err := di.Param[int](c, -1); !errors.Is(err, di.ErrInvalid) {
			t.Errorf("parameter -1: got %v, want ErrInvalid", err)
		}
		return di.ParamOr(c, 0, 7)
	}))
	if got, err := di.Get[int](t.Context(), c, "keeper"); err != nil || got != 7 {
		t.Errorf("got %d, %v; want 7", got, err)
	}
	_, err = di.ParamOr(kept, 0, 7)
	wantError(t, err, di.ErrInvalid, "while it runs")
	_, err = di.Param[int](nil, 0)
	wantError(t, err, di.ErrInvalid)
}
