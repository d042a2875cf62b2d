package bench_test

import (
	"context"
	"testing"
	"time"

	"gyrfalcon/integration/servers"
	"gyrfalcon/session/redis"
)

// BenchmarkWait is a write to a master that has a replica, without and with waiting for it.
func BenchmarkWait(b *testing.B) {
	group := servers.SharedSentinel(b)
	for _, c := range []struct {
		name string
		wait *redis.Wait
	}{{"without", nil}, {"for one replica", &redis.Wait{Replicas: 1, Timeout: 10 * time.Second}}} {
		b.Run(c.name, func(b *testing.B) {
			a := redis.Dial(redis.Servers{Path: "tcp://" + group.Servers[0].Addr()}, redis.Options{Wait: c.wait})
			if err := a.Open(b.Context()); err != nil {
				b.Fatal(err)
			}
			defer func() { _ = a.Close(context.Background()) }()
			contents := [2][]byte{make([]byte, 520), append(make([]byte, 519), 1)}
			r, err := a.Create(b.Context(), b.Name(), contents[0], life)
			if err != nil {
				b.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(context.Background(), 9*time.Second) // as near as a request's
			defer cancel()
			for i := 1; b.Loop(); i++ {
				if r, err = a.Swap(ctx, b.Name(), r, contents[i%2], life); err != nil {
					b.Fatal(err)
				}
			}
			if err := a.Destroy(context.Background(), b.Name()); err != nil {
				b.Fatal(err)
			}
		})
	}
}
