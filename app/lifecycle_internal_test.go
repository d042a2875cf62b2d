package app

import (
	"context"
	"errors"
	"testing"

	"go.uber.org/fx"
)

// What fx itself does with a start that takes too long is the reason for patience: it
// returns its context's error, and stops nothing.
func TestAHookThatRunsOutOfTimeTellsWhyAndWhatHadStartedIsStopped(t *testing.T) {
	t.Parallel()
	why := errors.New("the database does not answer")
	limit, runOut := context.WithCancel(t.Context())
	p := patience{start: limit}
	var stopped error
	application := fx.New(
		fx.NopLogger,
		fx.Decorate(func(l fx.Lifecycle) fx.Lifecycle { return patientLifecycle{l, &p} }),
		fx.Invoke(func(l fx.Lifecycle) {
			l.Append(fx.Hook{
				OnStart: func(context.Context) error { return nil },
				OnStop: func(ctx context.Context) error {
					stopped = errors.Join(errors.New("was called"), ctx.Err())
					return nil
				},
			})
			l.Append(fx.Hook{OnStart: func(ctx context.Context) error {
				runOut()
				<-ctx.Done()
				return why
			}})
		}),
	)
	if err := application.Start(t.Context()); !errors.Is(err, why) {
		t.Errorf("Start: got %v, want the hook's own error, %v", err, why)
	}
	if stopped == nil || stopped.Error() != "was called" {
		t.Errorf("the stop of what had started: got %v, want it called with time left", stopped)
	}
}

func TestHooksSeeWhenTheirTimeEnds(t *testing.T) {
	t.Parallel()
	limit, cancel := context.WithTimeout(t.Context(), startTime)
	defer cancel()
	want, _ := limit.Deadline()
	err := within(t.Context(), limit, func(ctx context.Context) error {
		if got, ok := ctx.Deadline(); !ok || !got.Equal(want) {
			t.Errorf("the hook's deadline: got %v, %v, want %v", got, ok, want)
		}
		return nil
	})
	if err != nil {
		t.Errorf("got %v, want nil", err)
	}
}
