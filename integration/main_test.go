package integration_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.Cleanup(func(status int) {
		if dir, err := programDir(); err == nil {
			_ = os.RemoveAll(dir)
		}
		os.Exit(status)
	}))
}
