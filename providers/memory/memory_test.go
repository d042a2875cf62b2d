package memory_test

import (
	"context"
	"fmt"
	"testing"

	"go.uber.org/fx"
	"go.uber.org/goleak"

	"gyrfalcon/config"
	"gyrfalcon/providers"
	"gyrfalcon/providers/memory"
	"gyrfalcon/session"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// An application that keeps its sessions in memory, and links no driver.
func Example() {
	cfg, err := config.Parse("gyrfalcon.yaml", []byte("session: {adapter: memory, memory: {shards: 8}}"))
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	app := fx.New(
		fx.NopLogger,
		providers.Module(cfg.Session, memory.Backend),
		fx.Invoke(fx.Annotate(func(m *session.Manager) {
			fmt.Println(m.Options().Name, m.Options().Lifetime)
		}, fx.ParamTags(`name:"session"`))),
	)
	fmt.Println(app.Start(ctx))
	fmt.Println(app.Stop(ctx))
	// Output:
	// session 1h0m0s
	// <nil>
	// <nil>
}
