package session

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.uber.org/zap"
)

// Manager is a session service: one adapter, one codec, one cookie. It is what
// Phalcon\Session\Manager is to a PHP application, and it is registered under the
// name "session" in the container. Make one with New, Start it, wrap handlers in
// its Middleware, and Stop it when the server has drained. It is safe for
// concurrent use.
type Manager struct {
	adapter Adapter
	opts    Options
	log     *zap.Logger
	queues  queues
	gate    gate

	life  sync.Mutex
	state lifeState
	start *call // the Start or Stop under way, or the last one
	clean bool  // a failed Start has closed the adapter already
	gc    *gcLoop

	warnedPlain sync.Once
}

type lifeState int

const (
	idle lifeState = iota
	starting
	running
	stopping
	stopped
)

// call is a Start or Stop under way, shared by all who ask for it.
type call struct {
	done chan struct{}
	err  error
}

// wait returns the call's error, or ctx's if that ends first.
func (c *call) wait(ctx context.Context) error {
	select {
	case <-c.done:
		return c.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// New returns a manager that keeps sessions in a. It does no I/O: Start does, and
// returns what is wrong with a and o too.
func New(a Adapter, o Options) *Manager {
	o = o.withDefaults()
	return &Manager{
		adapter: a,
		opts:    o,
		log:     o.Logger.With(zap.String("service", o.Name)),
	}
}

// Options returns the options in force, defaults filled in.
func (m *Manager) Options() Options { return m.opts }

// Start opens the adapter and begins to clear expired sessions. ctx bounds the
// start-up only.
//
// It returns nil if the manager runs already, ErrStopped after Stop, options that
// cannot stand as *OptionError, and else what the adapter's Open returned. Calls
// at the same time share one start. A start that fails closes the adapter, and may
// be tried again if that can be opened after a Close; ours are made anew instead.
func (m *Manager) Start(ctx context.Context) error {
	m.life.Lock()
	switch m.state {
	case running:
		m.life.Unlock()
		return nil
	case stopping, stopped:
		m.life.Unlock()
		return fmt.Errorf("%w: it was stopped; make a new one", ErrStopped)
	case starting:
		c := m.start
		m.life.Unlock()
		return c.wait(ctx)
	case idle:
	}
	c := &call{done: make(chan struct{}), err: errors.New("session: the adapter's Open panicked")}
	m.start, m.state = c, starting
	m.life.Unlock()
	defer m.started(c)
	c.err = m.open(ctx)
	m.clean = c.err != nil
	return c.err
}

// started ends the start c, also when it panicked.
func (m *Manager) started(c *call) {
	m.life.Lock()
	defer m.life.Unlock()
	m.state = idle
	if c.err == nil {
		m.state = running
		m.gc = m.startGC()
		m.gate.open()
	}
	close(c.done)
}

func (m *Manager) open(ctx context.Context) error {
	if m.adapter == nil {
		return fmt.Errorf("session: service %q has no adapter: hand one to New, such as memory.New(memory.Options{})", m.opts.Name)
	}
	if err := m.opts.Validate(); err != nil {
		return errors.Join(fmt.Errorf("session: service %q: %w", m.opts.Name, err), m.closeAdapter(ctx))
	}
	if err := m.adapter.Open(ctx); err != nil {
		return errors.Join(fmt.Errorf("session: service %q does not open: %w", m.opts.Name, err), m.closeAdapter(ctx))
	}
	m.sayInterop()
	m.sayWarnings()
	return nil
}

// sayWarnings logs what the adapter has found.
func (m *Manager) sayWarnings() {
	w, ok := m.adapter.(Warner)
	if !ok {
		return
	}
	for _, warning := range w.Warnings() {
		m.log.Warn("the session store works, but not as it was meant to", zap.String("service", m.opts.Name), zap.String("warning", warning))
	}
}

// closeAdapter has time of its own, as what ended the start was perhaps ctx.
func (m *Manager) closeAdapter(ctx context.Context) error {
	if m.adapter == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), m.opts.Timeout)
	defer cancel()
	return m.adapter.Close(ctx)
}

// Stop ends the clearing of expired sessions, waits for loads and commits under
// way, and closes the adapter. From then on everything is ErrStopped. When ctx ends
// first, the adapter is closed all the same, and the error tells; only a manager that is
// still starting then is left as it is. Further calls wait for the first and return what
// it returned.
func (m *Manager) Stop(ctx context.Context) error {
	m.life.Lock()
	for m.state == starting {
		c := m.start
		m.life.Unlock()
		select {
		case <-c.done: // well or badly; what it opened is ours to close
		case <-ctx.Done():
			return fmt.Errorf("session: not stopped, as it is still starting: %w", ctx.Err())
		}
		m.life.Lock()
	}
	if m.state == stopping || m.state == stopped {
		c := m.start
		m.life.Unlock()
		return c.wait(ctx)
	}
	c := &call{done: make(chan struct{})}
	gc, clean := m.gc, m.clean
	m.start, m.state = c, stopping
	m.life.Unlock()

	var errs []error
	if err := m.gate.close(ctx); err != nil {
		errs = append(errs, fmt.Errorf("session: stopped with requests under way: %w", err))
	}
	if gc != nil {
		if err := gc.stop(ctx); err != nil {
			errs = append(errs, fmt.Errorf("session: stopped while clearing expired sessions: %w", err))
		}
	}
	if !clean {
		errs = append(errs, m.closeAdapter(ctx))
	}
	c.err = errors.Join(errs...)

	m.life.Lock()
	defer m.life.Unlock()
	m.state = stopped
	close(c.done)
	return c.err
}

// Load returns the session of id for work that is no HTTP request: a gRPC call, a
// job, a WebSocket message. An empty id gives a new session, which is stored by its
// first Commit that finds a variable set; ID then tells what to hand to the client.
//
// Nothing is stored without Session.Commit. It returns ErrNotFound where id names
// no living session (also a malformed one, without asking the store) and
// ErrStopped when the manager does not run.
func (m *Manager) Load(ctx context.Context, id string) (*Session, error) {
	s := &Session{m: m}
	if id == "" {
		s.begin()
		err := m.gate.check()
		if err != nil {
			s.tell(gravity(ctx, err), unread, "", err)
		}
		return s, err
	}
	if !m.wellFormed(id) {
		m.emit(EventRefusedID, "", nil)
		return nil, fmt.Errorf("%w: the ID is malformed", ErrNotFound)
	}
	if err := s.load(ctx, id); err != nil {
		return nil, err
	}
	if !s.known {
		return nil, ErrNotFound
	}
	return s, nil
}

func (m *Manager) now() time.Time { return m.opts.Now() }
