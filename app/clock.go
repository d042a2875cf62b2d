package app

import (
	"context"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"gyrfalcon/di"
)

// logName and clockName are services of the registry. The logger is fx's and is handed in; the clock is made here, of the
// logger, and is what fx's constructors get under name:"clock".
const (
	logName   di.Name[*zap.Logger] = "log"
	clockName di.Name[*Clock]      = "clock"
)

// services registers what the site has in the registry itself.
type services struct{}

// Register implements di.Provider.
func (services) Register(c *di.Container) error {
	return clockName.SetShared(c, func(ctx context.Context, c *di.Container) (*Clock, error) {
		log, err := logName.Get(ctx, c)
		if err != nil {
			return nil, err
		}
		return NewClock(time.Now, log.Named("clock")), nil
	})
}

// Clock knows how long the site has been running. The registry starts and stops it. It is safe for concurrent use.
type Clock struct {
	now     func() time.Time
	log     *zap.Logger
	started atomic.Pointer[time.Time]
}

// NewClock makes a clock that goes by now, such as time.Now.
func NewClock(now func() time.Time, log *zap.Logger) *Clock { return &Clock{now: now, log: log} }

// Start says that the site runs from now on.
func (c *Clock) Start(context.Context) error {
	t := c.now()
	c.started.Store(&t)
	return nil
}

// Stop logs how long the site has run.
func (c *Clock) Stop(context.Context) error {
	if since, ok := c.Since(); ok {
		c.log.Debug("the site has run", zap.Duration("for", c.now().Sub(since)))
	}
	return nil
}

// Since is when the site was started; false if it has not been yet.
func (c *Clock) Since() (time.Time, bool) {
	t := c.started.Load()
	if t == nil {
		return time.Time{}, false
	}
	return *t, true
}

// Running is how long the site has been running, 0 if it does not.
func (c *Clock) Running() time.Duration {
	since, ok := c.Since()
	if !ok {
		return 0
	}
	return c.now().Sub(since)
}
