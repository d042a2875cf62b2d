package all_test

import (
	"context"
	"fmt"
	"testing"

	"go.uber.org/fx"
	"go.uber.org/goleak"

	"gyrfalcon/config"
	"gyrfalcon/providers"
	"gyrfalcon/providers/all"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// YAML chooses among all backends.
func Example() {
	ctx := context.Background()
	for _, yaml := range []string{"session: {adapter: memory}", "session: {adapter: memroy}"} {
		cfg, err := config.Parse("gyrfalcon.yaml", []byte(yaml))
		if err != nil {
			fmt.Println(err)
			continue
		}
		app := fx.New(fx.NopLogger, providers.Module(cfg.Session, all.Backends...))
		if err := app.Start(ctx); err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println("started and stopped:", app.Stop(ctx))
	}
	// Output:
	// started and stopped: <nil>
	// gyrfalcon.yaml:1:20: session.adapter: "memroy" is not linked into this program, which has database, handlersocket, memory, mongo, redis; did you mean "memory"? | session: {adapter: memroy}
}
