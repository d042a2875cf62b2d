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
	if err := Set(c, "each", func(context.Context, *Container) (int, error) { return 1, nil }); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"n", "each"} {
		if _, err := GetShared[int](t.Context(), c, name); err != nil {
			t.Fatal(err)
		}
	}
	outer, err := c.Scope()
	if err != nil {
		t.Fatal(err)
	}
	inner, err := outer.Scope()
	if err != nil {
		t.Fatal(err)
	}
	c.reg.mu.Lock()
	defer c.reg.mu.Unlock()
	for what, get := range map[string]func() (int, error){
		"Get":                   func() (int, error) { return Get[int](t.Context(), c, "n") },
		"Get through an alias":  func() (int, error) { return Get[int](t.Context(), c, "alias") },
		"Get through scopes":    func() (int, error) { return Get[int](t.Context(), inner, "alias") },
		"GetShared":             func() (int, error) { return GetShared[int](t.Context(), c, "each") },
		"GetShared, by scopes":  func() (int, error) { return GetShared[int](t.Context(), inner, "n") },
		"GetWith no parameters": func() (int, error) { return GetWith[int](t.Context(), c, "n") },
	} {
		done := make(chan error, 1)
		go func() { _, err := get(); done <- err }()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("%s: %v", what, err)
			}
		case <-time.After(10 * time.Second):
			t.Errorf("%s waits for the container's lock, want none taken", what)
		}
	}
}
