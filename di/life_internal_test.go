package di

import (
	"context"
	"testing"
)

type starts int

func (s *starts) Start(context.Context) error { *s++; return nil }

// One object under two names: the other one's build may start it after this one's has seen that it has to be started.
func TestWhatHasBeenStartedMeanwhileIsNotStartedAgain(t *testing.T) {
	t.Parallel()
	c, s := New(), new(starts)
	if err := SetShared(c, "n", func(context.Context, *Container) (*starts, error) { return s, nil }); err != nil {
		t.Fatal(err)
	}
	if err := c.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := Get[*starts](t.Context(), c, "n"); err != nil {
		t.Fatal(err)
	}
	l := c.reg.lives[0]
	if err := c.reg.bringUp(&task{def: l.def, ctx: t.Context()}, l); err != nil || *s != 1 {
		t.Errorf("got %v, started %d times; want nil, 1", err, *s)
	}
	if err := c.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}
