package di //nolint:testpackage // it has to see the lock

import (
	"context"
	"testing"
	"time"
)

func TestGettingABuiltSharedServiceTakesNoLock(t *testing.T) {
	t.Parallel()
	c := New()
	if err := SetShared(c, "n", func(context.Context, *Container) (int, error) { return 1, nil }); err != nil {
		t.Fatal(err)
	}
	if err := c.SetAlias("n", "alias"); err != nil {
		t.Fatal(err)
	}
	if _, err := Get[int](t.Context(), c, "n"); err != nil {
		t.Fatal(err)
	}
	c.reg.mu.Lock()
	defer c.reg.mu.Unlock()
	for _, name := range []string{"n", "alias"} {
		done := make(chan error, 1)
		go func() { _, err := Get[int](t.Context(), c, name); done <- err }()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("Get(%q): %v", name, err)
			}
		case <-time.After(10 * time.Second):
			t.Errorf("Get(%q) waits for the container's lock, want none taken", name)
		}
	}
}
