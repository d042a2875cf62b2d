package bench_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
)

const wanted = digName

func BenchmarkGet(b *testing.B) {
	for _, contestant := range contestants {
		for hands := 1; hands <= 2; hands++ {
			c := contestant.fill(b, namesOf(100), wanted)
			if c.alone && hands > 1 {
				continue
			}
			must(b, c.start())
			b.Run(fmt.Sprintf("%s/goroutines=%d", contestant.name, hands), func(b *testing.B) {
				b.ReportAllocs()
				var wg sync.WaitGroup
				for range hands {
					wg.Go(func() {
						if _, err := c.get(b.N); err != nil {
							b.Error(err)
						}
					})
				}
				wg.Wait()
			})
			must(b, c.stop())
		}
	}
}

func BenchmarkStart(b *testing.B) {
	names := namesOf(10_000)
	for _, contestant := range append(slices.Clone(contestants), living) {
		b.Run(fmt.Sprintf("%s/names=%d", contestant.name, len(names)), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				c := contestant.fill(b, names, wanted)
				b.StartTimer()
				must(b, c.start())
				b.StopTimer()
				must(b, c.stop())
				b.StartTimer()
			}
		})
	}
}
