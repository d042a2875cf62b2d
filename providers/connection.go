package providers

import (
	"context"
	"errors"
	"fmt"

	"go.uber.org/fx"

	"gyrfalcon/session"
)

// plan is a Recipe whose C is forgotten.
type plan interface {
	// provide returns the constructors of the connection and of the adapter.
	provide(shared *string) fx.Option

	// store is Recipe.Store.
	store() string
}

// connection is a backend's connection within its module. Being of a type that
// nobody else can name, it is in nobody's way, whatever else the application provides.
type connection[C any] struct{ conn C }

// adapter is the module's own for the same reason.
type adapter struct{ session.Adapter }

func (r Recipe[C]) provide(shared *string) fx.Option {
	var connect any = r.connect
	if shared != nil {
		// Required: fx fills an optional parameter with nothing, in silence.
		connect = fx.Annotate(
			func(conn C) *connection[C] { return &connection[C]{conn} },
			fx.ParamTags(fmt.Sprintf(`name:%q`, *shared)),
		)
	}
	return fx.Provide(fx.Private, connect, r.adapter)
}

func (r Recipe[C]) store() string { return r.Store }

// connect has the connection made when the application starts, as some drivers dial
// at once, and closed when it stops.
func (r Recipe[C]) connect(lc fx.Lifecycle) *connection[C] {
	c := &connection[C]{}
	lc.Append(fx.Hook{
		OnStart: func(ctx context.Context) (err error) {
			c.conn, err = r.Connect(ctx)
			return err
		},
		OnStop: func(ctx context.Context) error {
			if r.Close == nil {
				return nil
			}
			return r.Close(ctx, c.conn)
		},
	})
	return c
}

func (r Recipe[C]) adapter(c *connection[C]) adapter {
	return adapter{&lateAdapter{make: func() (session.Adapter, error) { return r.Adapter(c.conn) }}}
}

// lateAdapter is an adapter that is made when it is opened, because its connection
// is not there before.
type lateAdapter struct {
	session.Adapter

	make func() (session.Adapter, error)
}

func (a *lateAdapter) Open(ctx context.Context) (err error) {
	if a.Adapter, err = a.make(); err != nil {
		a.Adapter = nil
		return err
	}
	if a.Adapter == nil {
		return errors.New("providers: the backend's Recipe.Adapter returned nil")
	}
	return a.Adapter.Open(ctx)
}

func (a *lateAdapter) Close(ctx context.Context) error {
	if a.Adapter == nil {
		return nil
	}
	return a.Adapter.Close(ctx)
}
