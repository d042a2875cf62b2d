package mongo_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"gyrfalcon/integration/servers"
	"gyrfalcon/session"
	"gyrfalcon/session/mongo"
)

// The collection that BenchmarkGC clears.
const (
	benchExpired = 1_000_000
	benchLiving  = 100_000
	benchClients = 4
	benchBatch   = 1000 // a manager's
)

func benchID(i int) string { return fmt.Sprintf("%032x", uint32(i)*2654435761) } // spread over the index

// fill stores n sessions, each last used a millisecond before the one before it.
func fill(b *testing.B, c *driver.Collection, from, n int, modified time.Time) {
	b.Helper()
	data := string(make([]byte, 200))
	var docs []any
	for i := range n {
		docs = append(docs, doc(benchID(from+i), modified.Add(-time.Duration(i)*time.Millisecond), data))
		if len(docs) == 10_000 || i == n-1 {
			if _, err := c.InsertMany(b.Context(), docs, options.InsertMany().SetOrdered(false)); err != nil {
				b.Fatal(err)
			}
			docs = docs[:0]
		}
	}
}

// requests has clients read and write living sessions until they are stopped, and
// returns how long each of them took.
func requests(b *testing.B, a *mongo.Adapter, until <-chan struct{}) []time.Duration {
	b.Helper()
	var mu sync.Mutex
	var took []time.Duration
	var clients sync.WaitGroup
	for k := range benchClients {
		clients.Go(func() {
			var own []time.Duration
			for i := k; ; i += benchClients {
				select {
				case <-until:
					mu.Lock()
					took = append(took, own...)
					mu.Unlock()
					return
				default:
				}
				began := time.Now()
				if err := request(b.Context(), a, benchID(benchExpired+i*7919%benchLiving)); err != nil {
					b.Errorf("a request: %v", err)
					return
				}
				own = append(own, time.Since(began))
			}
		})
	}
	clients.Wait()
	slices.Sort(took)
	return took
}

// request is what one costs the store: a read and a swap.
func request(ctx context.Context, a *mongo.Adapter, id string) error {
	r, err := a.Read(ctx, id, life)
	if err != nil {
		return err
	}
	next := slices.Clone(r.Data)
	next[0]++
	_, err = a.Swap(ctx, id, session.Record{Data: r.Data, Version: r.Version, Expires: r.Expires}, next, life)
	return err
}

func percentile(sorted []time.Duration, p int) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return float64(sorted[len(sorted)*p/100].Microseconds()) / 1000
}

// BenchmarkGC clears a million expired sessions from among a hundred thousand living
// ones, in batches as a manager's, and compares what requests take beside it with what
// they take without: their p99 shall be at most twice as much. It is one run, whatever
// -benchtime says:
//
//	go test -run '^$' -bench '^BenchmarkGC$' -benchtime 1x -timeout 30m ./integration/mongo
func BenchmarkGC(b *testing.B) {
	srv := servers.NewMongo(b)
	b.Log(srv.Name())
	c := srv.Open(b).Database("bench").Collection(name)
	a := mongo.New(c, mongo.Options{})
	if err := a.Open(b.Context()); err != nil {
		b.Fatal(err)
	}
	now := time.Now()
	fill(b, c, 0, benchExpired, now.Add(-2*life))
	fill(b, c, benchExpired, benchLiving, now)

	const quiet = 20 * time.Second
	ended := make(chan struct{})
	timer := time.AfterFunc(quiet, func() { close(ended) })
	defer timer.Stop()
	alone := requests(b, a, ended)

	b.ResetTimer()
	ended = make(chan struct{})
	removed, batches, longest := 0, 0, time.Duration(0)
	var clearing sync.WaitGroup
	clearing.Go(func() {
		defer close(ended)
		for more := true; more; {
			began := time.Now()
			n, again, err := a.GC(b.Context(), life, benchBatch)
			if err != nil {
				b.Errorf("GC = %v", err)
				return
			}
			longest = max(longest, time.Since(began))
			removed, batches, more = removed+n, batches+1, again
		}
	})
	beside := requests(b, a, ended)
	clearing.Wait()
	b.StopTimer()

	if left, err := c.CountDocuments(b.Context(), bson.D{}); err != nil || removed != benchExpired || left != benchLiving {
		b.Errorf("GC has removed %d sessions and left %d, %v; want %d and %d", removed, left, err, benchExpired, benchLiving)
	}
	without, with := percentile(alone, 99), percentile(beside, 99)
	b.ReportMetric(without, "ms/p99-without")
	b.ReportMetric(with, "ms/p99-beside")
	b.ReportMetric(with/without, "times/p99-beside-to-without")
	b.ReportMetric(percentile(alone, 50), "ms/p50-without")
	b.ReportMetric(percentile(beside, 50), "ms/p50-beside")
	b.ReportMetric(float64(longest.Milliseconds()), "ms/longest-batch")
	b.ReportMetric(float64(removed)/b.Elapsed().Seconds(), "removed/s")
	b.ReportMetric(float64(len(alone))/quiet.Seconds(), "requests/s-without")
	b.ReportMetric(float64(len(beside))/b.Elapsed().Seconds(), "requests/s-beside")
}

func benchmarkCall(b *testing.B, call func(ctx context.Context, a *mongo.Adapter, r *session.Record) error) {
	b.Helper()
	srv := servers.SharedMongo(b)
	a := mongo.New(srv.Open(b).Database(srv.NewDatabase(b)).Collection(name), mongo.Options{})
	if err := a.Open(b.Context()); err != nil {
		b.Fatal(err)
	}
	r, err := a.Create(b.Context(), "id", make([]byte, 500), life)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := call(b.Context(), a, &r); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRead(b *testing.B) {
	benchmarkCall(b, func(ctx context.Context, a *mongo.Adapter, _ *session.Record) error {
		_, err := a.Read(ctx, "id", life)
		return err
	})
}

func BenchmarkSwap(b *testing.B) {
	benchmarkCall(b, func(ctx context.Context, a *mongo.Adapter, r *session.Record) (err error) {
		next := slices.Clone(r.Data)
		next[0]++
		*r, err = a.Swap(ctx, "id", *r, next, life)
		return err
	})
}
