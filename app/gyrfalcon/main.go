// Command gyrfalcon serves the example site: a small shop that keeps its visitors'
// sessions where a YAML file says.
//
//	gyrfalcon serve [--config FILE]
//	gyrfalcon version
//	gyrfalcon help
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"gyrfalcon/app"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	os.Exit(app.Main(ctx, os.Args[1:], os.Stdout, os.Stderr))
}
