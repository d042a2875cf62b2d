package di_test

import (
	"context"
	"strconv"
	"testing"

	"gyrfalcon/di"
)

type clock struct{ zone string }

// benchContainer has a hundred names and one built shared service.
func benchContainer(b *testing.B) *di.Container {
	b.Helper()
	c := di.New()
	for i := range 99 {
		must(b, di.SetValue(c, "other"+strconv.Itoa(i), i))
	}
	must(b, di.SetShared(c, "clock", func(context.Context, *di.Container) (*clock, error) { return &clock{"UTC"}, nil }))
	must(b, c.SetAlias("clock", "time"))
	if _, err := di.Get[*clock](b.Context(), c, "clock"); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	return c
}

func BenchmarkGetShared(b *testing.B) {
	c, ctx := benchContainer(b), b.Context()
	for b.Loop() {
		if _, err := di.Get[*clock](ctx, c, "clock"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkGetSharedParallel(b *testing.B) {
	c, ctx := benchContainer(b), b.Context()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := di.Get[*clock](ctx, c, "clock"); err != nil {
				b.Error(err)
			}
		}
	})
}

func BenchmarkGetSharedAsInterface(b *testing.B) {
	c, ctx := benchContainer(b), b.Context()
	for b.Loop() {
		if _, err := di.Get[any](ctx, c, "clock"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkGetThroughAlias(b *testing.B) {
	c, ctx := benchContainer(b), b.Context()
	for b.Loop() {
		if _, err := di.Get[*clock](ctx, c, "time"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkGetUnshared(b *testing.B) {
	c, ctx := benchContainer(b), b.Context()
	must(b, di.Set(c, "fresh", func(context.Context, *di.Container) (*clock, error) { return &clock{}, nil }))
	for b.Loop() {
		if _, err := di.Get[*clock](ctx, c, "fresh"); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkTenThousandEager registers, starts and stops a container of 10,000 eager services.
func BenchmarkTenThousandEager(b *testing.B) {
	names := make([]string, 10_000)
	for i := range names {
		names[i] = "service" + strconv.Itoa(i)
	}
	build := func(context.Context, *di.Container) (*clock, error) { return &clock{}, nil }
	for b.Loop() {
		c := di.New()
		for _, name := range names {
			must(b, di.SetShared(c, name, build, di.Eager()))
		}
		must(b, c.Start(b.Context()))
		must(b, c.Stop(b.Context()))
	}
}

func BenchmarkGetSharedThroughScope(b *testing.B) {
	c, ctx := benchContainer(b), b.Context()
	s, err := c.Scope()
	must(b, err)
	for b.Loop() {
		if _, err := di.Get[*clock](ctx, s, "clock"); err != nil {
			b.Fatal(err)
		}
	}
	must(b, s.Stop(ctx))
}

// BenchmarkScope is what a request pays for a scope with one service of its own.
func BenchmarkScope(b *testing.B) {
	c, ctx := benchContainer(b), b.Context()
	for b.Loop() {
		s, err := c.Scope()
		must(b, err)
		must(b, di.SetValue(s, "request", 1))
		must(b, s.Stop(ctx))
	}
}
