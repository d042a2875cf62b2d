package session

import (
	"context"
	"math/rand/v2"
	"time"

	"go.uber.org/zap"
)

const (
	// gcLimit is how many sessions one call of Adapter.GC may examine: small
	// enough that no request waits long behind it.
	gcLimit = 1000

	// gcBatches bounds one clearing; what is left waits for the next.
	gcBatches = 1000
)

// gcLoop clears expired sessions until it is stopped.
type gcLoop struct {
	cancel context.CancelFunc
	done   chan struct{}
}

func (m *Manager) startGC() *gcLoop {
	if m.opts.GCInterval < 0 {
		return nil
	}
	ctx, cancel := context.WithCancel(context.Background())
	l := &gcLoop{cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(l.done)
		for {
			late := time.Duration(rand.Int64N(int64(m.opts.GCInterval)/10 + 1)) //nolint:gosec // to spread several processes, no secret
			if sleep(ctx, m.opts.GCInterval+late) != nil {
				return
			}
			m.collect(ctx)
		}
	}()
	return l
}

// stop ends the loop and waits for a clearing under way, or until ctx ends.
func (l *gcLoop) stop(ctx context.Context) error {
	l.cancel()
	select {
	case <-l.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// collect clears in batches until the adapter has come to an end.
func (m *Manager) collect(ctx context.Context) {
	removed := 0
	for range gcBatches {
		n, more, err := m.collectBatch(ctx)
		removed += n
		if err != nil && ctx.Err() == nil {
			m.log.Warn("clearing expired sessions failed; it will be tried again", zap.Error(err), zap.Duration("in", m.opts.GCInterval))
		}
		if err != nil || !more {
			break
		}
	}
	if removed > 0 {
		m.log.Debug("expired sessions cleared", zap.Int("sessions", removed))
	}
}

func (m *Manager) collectBatch(ctx context.Context) (removed int, more bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, m.opts.Timeout)
	defer cancel()
	return m.adapter.GC(ctx, m.opts.Lifetime, gcLimit)
}
