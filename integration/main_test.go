package integration_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"

	"gyrfalcon/integration/servers"
)

func TestMain(m *testing.M) {
	servers.Main(m, goleak.Cleanup(func(status int) {
		if dir, err := programDir(); err == nil {
			_ = os.RemoveAll(dir)
		}
		os.Exit(status)
	}))
}
