package sessiontest

import (
	"context"
	"sync"
	"time"

	"gyrfalcon/session"
)

// Calls are numbers of calls to an adapter's methods, whatever they returned.
type Calls struct {
	Open, Read, Create, Swap, Touch, Destroy, GC, Close int
}

// Counter is an adapter that counts the calls on their way to another.
type Counter struct {
	adapter session.Adapter
	mu      sync.Mutex
	calls   Calls
}

var _ session.Adapter = (*Counter)(nil)

// Counting returns an adapter that counts the calls to a: what a request costs
// its store.
func Counting(a session.Adapter) *Counter { return &Counter{adapter: a} }

// Calls returns the calls since the counter was made or last Reset.
func (c *Counter) Calls() Calls {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.calls
}

// Reset begins the count anew and returns the calls until then.
func (c *Counter) Reset() Calls {
	c.mu.Lock()
	defer c.mu.Unlock()
	calls := c.calls
	c.calls = Calls{}
	return calls
}

func (c *Counter) count(n *int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	*n++
}

// Open counts and passes on.
func (c *Counter) Open(ctx context.Context) error {
	c.count(&c.calls.Open)
	return c.adapter.Open(ctx)
}

// Read counts and passes on.
func (c *Counter) Read(ctx context.Context, id string, life time.Duration) (session.Record, error) {
	c.count(&c.calls.Read)
	return c.adapter.Read(ctx, id, life)
}

// Create counts and passes on.
func (c *Counter) Create(ctx context.Context, id string, data []byte, life time.Duration) (session.Record, error) {
	c.count(&c.calls.Create)
	return c.adapter.Create(ctx, id, data, life)
}

// Swap counts and passes on.
func (c *Counter) Swap(ctx context.Context, id string, prev session.Record, next []byte, life time.Duration) (session.Record, error) {
	c.count(&c.calls.Swap)
	return c.adapter.Swap(ctx, id, prev, next, life)
}

// Touch counts and passes on.
func (c *Counter) Touch(ctx context.Context, id string, life time.Duration) error {
	c.count(&c.calls.Touch)
	return c.adapter.Touch(ctx, id, life)
}

// Destroy counts and passes on.
func (c *Counter) Destroy(ctx context.Context, id string) error {
	c.count(&c.calls.Destroy)
	return c.adapter.Destroy(ctx, id)
}

// GC counts and passes on.
func (c *Counter) GC(ctx context.Context, life time.Duration, limit int) (removed int, more bool, err error) {
	c.count(&c.calls.GC)
	return c.adapter.GC(ctx, life, limit)
}

// Close counts and passes on.
func (c *Counter) Close(ctx context.Context) error {
	c.count(&c.calls.Close)
	return c.adapter.Close(ctx)
}
