// Package memory lets YAML keep sessions in the process's own memory: adapter: memory.
// They are gone when the process ends and unknown to any other, which is what tests
// and demonstrations want.
package memory

import (
	"context"

	"gyrfalcon/providers"
	"gyrfalcon/session"
	"gyrfalcon/session/memory"
)

// Backend is the backend named memory. Its block holds the options of package
// session/memory.
var Backend = providers.NewBackend("memory", prepare)

func prepare(s providers.Setup) (providers.Recipe[struct{}], error) {
	if s.Shared {
		return providers.Recipe[struct{}]{}, s.Session.Errorf("adapter", "memory has no connection that providers.Share could hand in; leave Share out")
	}
	var o memory.Options
	if err := s.Block.Decode(&o); err != nil {
		return providers.Recipe[struct{}]{}, err
	}
	if err := s.Locate(o.Validate()); err != nil {
		return providers.Recipe[struct{}]{}, err
	}
	return providers.Recipe[struct{}]{
		Connect: func(context.Context) (struct{}, error) { return struct{}{}, nil },
		Adapter: func(struct{}) (session.Adapter, error) { return memory.New(o), nil },
	}, nil
}
