package session

import (
	"fmt"
	"strings"
	"testing"
)

// tenVariables is a session of 10 variables and 1 KB.
func tenVariables() []byte {
	var b strings.Builder
	b.WriteByte('{')
	for i := range 10 {
		fmt.Fprintf(&b, `"variable%d":{"text":"%s","list":[1,2,3]},`, i, strings.Repeat("x", 62))
	}
	s := b.String()
	return []byte(s[:len(s)-1] + "}")
}

// Not parallel: AllocsPerRun counts what every goroutine allocates.
func TestSplittingAPayloadAllocatesNothing(t *testing.T) {
	payload := tenVariables()
	vars := make([]jsonVar, 0, 16)
	got := testing.AllocsPerRun(100, func() {
		v, err := splitJSON(vars, payload)
		if err != nil || len(v) != 10 {
			t.Fatalf("got %d variables, %v; want 10", len(v), err)
		}
	})
	if got != 0 {
		t.Errorf("got %v allocations, want 0", got)
	}
}

func BenchmarkSplitJSON(b *testing.B) {
	payload := tenVariables()
	vars := make([]jsonVar, 0, 16)
	b.SetBytes(int64(len(payload)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := splitJSON(vars, payload); err != nil {
			b.Fatal(err)
		}
	}
}
