package ports_test

import (
	"net"
	"testing"

	"go.uber.org/goleak"

	"gyrfalcon/integration/internal/ports"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestPortsAreFreeAndGivenOnce(t *testing.T) {
	t.Parallel()
	seen := map[int]bool{}
	for range 200 {
		p, err := ports.Free(t.Context())
		if err != nil {
			t.Fatalf("Free = %v, want a port", err)
		}
		defer p.Release()
		if seen[p.Number] {
			t.Fatalf("port %d was given twice, and not released in between", p.Number)
		}
		seen[p.Number] = true
		l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", p.Addr())
		if err != nil {
			t.Fatalf("listen on %s = %v, want nil: it was called free", p.Addr(), err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
