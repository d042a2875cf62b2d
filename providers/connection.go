package providers

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	"go.uber.org/fx"

	"gyrfalcon/config"
	"gyrfalcon/session"
)

// plan is a Recipe whose C is forgotten.
type plan interface {
	// provide returns the constructors of the connection and of the adapter.
	provide(shared *string) fx.Option

	// configure is Recipe.Configure.
	configure(s *config.Session)

	// store is Recipe.Store, and whether it is cleared by services' lifetimes.
	store() (place string, cleared bool)
}

// connection is a backend's connection within its module. Being of a type that
// nobody else can name, it is in nobody's way, whatever else the application provides.
type connection[C any] struct {
	open  func(ctx context.Context) (C, error)
	close func(ctx context.Context, conn C) error
}

// adapter is the module's own for the same reason.
type adapter struct{ session.Adapter }

func (r Recipe[C]) provide(shared *string) fx.Option {
	if shared == nil {
		return fx.Provide(fx.Private, r.connect, r.adapter)
	}
	missing := func(conn C) error {
		if reflect.ValueOf(&conn).Elem().IsZero() {
			return fmt.Errorf("providers.Share(%q): fx provides no %v named %[1]q, or misses what that is built of; "+
				"name it where you provide it: fx.Provide(fx.Annotate(open, fx.ResultTags(`name:%[1]q`)))", *shared, reflect.TypeFor[C]())
		}
		return nil
	}
	return fx.Options(
		// Required: fx fills an optional parameter with nothing, in silence.
		fx.Provide(fx.Private, fx.Annotate(r.share, fx.ParamTags(tag(*shared))), r.adapter),
		// Of what is required fx says no more than that a function of package reflect misses it; so this asks first.
		fx.Invoke(fx.Annotate(missing, fx.ParamTags(tag(*shared)+` optional:"true"`))),
	)
}

func (r Recipe[C]) store() (place string, cleared bool) { return r.Store, !r.ExpiresItself }

func (r Recipe[C]) configure(s *config.Session) {
	if r.Configure != nil {
		r.Configure(s)
	}
}

func (r Recipe[C]) connect() *connection[C] {
	return &connection[C]{open: r.Connect, close: r.Close}
}

func (Recipe[C]) share(conn C) *connection[C] {
	return &connection[C]{open: func(context.Context) (C, error) { return conn, nil }}
}

func (r Recipe[C]) adapter(c *connection[C]) adapter {
	return adapter{&lateAdapter[C]{connection: c, make: r.Adapter}}
}

// lateAdapter is an adapter that is made when it is opened, because some drivers dial
// at once. The connection's life is within its own, and not in a hook of fx's: when a
// start takes longer than fx waits, fx runs no more hooks, but the service that failed to
// start closes its adapter all the same.
type lateAdapter[C any] struct {
	session.Adapter // nil before Open

	connection *connection[C]
	make       func(conn C) (session.Adapter, error)
	conn       C
	connected  bool
}

func (a *lateAdapter[C]) Open(ctx context.Context) (err error) {
	if a.conn, err = a.connection.open(ctx); err != nil {
		return err
	}
	a.connected = true
	made, err := a.make(a.conn)
	switch {
	case err != nil:
		return err
	case made == nil:
		return errors.New("providers: the backend's Recipe.Adapter returned nil")
	}
	a.Adapter = made
	return made.Open(ctx)
}

// Lock is the adapter's own, where it has locks.
func (a *lateAdapter[C]) Lock(ctx context.Context, id string) (session.Lock, error) {
	if l, ok := a.Adapter.(session.Locker); ok {
		return l.Lock(ctx, id)
	}
	return nil, nil
}

// Warnings passes on what the adapter found when it was opened.
func (a *lateAdapter[C]) Warnings() []string {
	if w, ok := a.Adapter.(session.Warner); ok {
		return w.Warnings()
	}
	return nil
}

func (a *lateAdapter[C]) Close(ctx context.Context) error {
	var errs []error
	if a.Adapter != nil {
		errs = append(errs, a.Adapter.Close(ctx))
		a.Adapter = nil
	}
	if a.connected && a.connection.close != nil {
		errs = append(errs, a.connection.close(ctx, a.conn))
	}
	a.connected = false
	return errors.Join(errs...)
}
