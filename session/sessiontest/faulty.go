package sessiontest

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"gyrfalcon/session"
)

// Method names a method of session.Adapter.
type Method string

// The methods that a Fault can befall.
const (
	Open    Method = "Open"
	Read    Method = "Read"
	Create  Method = "Create"
	Swap    Method = "Swap"
	Touch   Method = "Touch"
	Destroy Method = "Destroy"
	GC      Method = "GC"
	Close   Method = "Close"
)

// Fault stands between a caller and an adapter's method. call is the method
// itself; a fault may call it once, or not at all, and what the fault returns
// is what the caller gets. A fault that returns nil must have called it. It may
// do anything before and after, such as let another request go first.
type Fault func(ctx context.Context, call func() error) error

// Faults is an adapter whose methods fail on demand.
type Faults struct {
	adapter session.Adapter
	mu      sync.Mutex
	faults  map[Method]Fault
}

var _ session.Adapter = (*Faults)(nil)

// Faulty returns an adapter that behaves as a, until On says otherwise.
func Faulty(a session.Adapter) *Faults {
	return &Faults{adapter: a, faults: make(map[Method]Fault)}
}

// On lets f befall all calls of m that begin from now on. nil heals m.
func (s *Faults) On(m Method, f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults[m] = f
}

// LoseAnswer is the fault of a connection that is cut after the request has
// reached the store: the call is made, and where it succeeds the caller gets
// session.ErrOutcomeUnknown.
func LoseAnswer(_ context.Context, call func() error) error {
	if err := call(); err != nil {
		return err
	}
	return fmt.Errorf("sessiontest: the answer was lost: %w", session.ErrOutcomeUnknown)
}

// Hang is the fault of a store that does not answer: the call is not made, and
// the caller waits until its context ends.
func Hang(ctx context.Context, _ func() error) error {
	<-ctx.Done()
	return ctx.Err()
}

// Fail returns the fault of a store that refuses: the call is not made, and the
// caller gets err.
func Fail(err error) Fault {
	return func(context.Context, func() error) error { return err }
}

// Once returns a fault that befalls one call only.
func Once(f Fault) Fault {
	var done atomic.Bool
	return func(ctx context.Context, call func() error) error {
		if done.Swap(true) {
			return call()
		}
		return f(ctx, call)
	}
}

func (s *Faults) do(ctx context.Context, m Method, call func() error) error {
	s.mu.Lock()
	f := s.faults[m]
	s.mu.Unlock()
	if f == nil {
		return call()
	}
	return f(ctx, call)
}

// record is do for methods that return a Record, which only a nil error brings.
func (s *Faults) record(ctx context.Context, m Method, call func() (session.Record, error)) (session.Record, error) {
	var r session.Record
	err := s.do(ctx, m, func() (err error) {
		r, err = call()
		return err
	})
	if err != nil {
		return session.Record{}, err
	}
	return r, nil
}

// Open passes on, or fails.
func (s *Faults) Open(ctx context.Context) error {
	return s.do(ctx, Open, func() error { return s.adapter.Open(ctx) })
}

// Read passes on, or fails.
func (s *Faults) Read(ctx context.Context, id string, life time.Duration) (session.Record, error) {
	return s.record(ctx, Read, func() (session.Record, error) { return s.adapter.Read(ctx, id, life) })
}

// Create passes on, or fails.
func (s *Faults) Create(ctx context.Context, id string, data []byte, life time.Duration) (session.Record, error) {
	return s.record(ctx, Create, func() (session.Record, error) { return s.adapter.Create(ctx, id, data, life) })
}

// Swap passes on, or fails.
func (s *Faults) Swap(ctx context.Context, id string, prev session.Record, next []byte, life time.Duration) (session.Record, error) {
	return s.record(ctx, Swap, func() (session.Record, error) { return s.adapter.Swap(ctx, id, prev, next, life) })
}

// Touch passes on, or fails.
func (s *Faults) Touch(ctx context.Context, id string, life time.Duration) error {
	return s.do(ctx, Touch, func() error { return s.adapter.Touch(ctx, id, life) })
}

// Destroy passes on, or fails.
func (s *Faults) Destroy(ctx context.Context, id string) error {
	return s.do(ctx, Destroy, func() error { return s.adapter.Destroy(ctx, id) })
}

// GC passes on, or fails.
func (s *Faults) GC(ctx context.Context, life time.Duration, limit int) (removed int, more bool, err error) {
	err = s.do(ctx, GC, func() (err error) {
		removed, more, err = s.adapter.GC(ctx, life, limit)
		return err
	})
	return removed, more, err
}

// Close passes on, or fails.
func (s *Faults) Close(ctx context.Context) error {
	return s.do(ctx, Close, func() error { return s.adapter.Close(ctx) })
}
