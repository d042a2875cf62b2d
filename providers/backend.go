package providers

import (
	"context"

	"gyrfalcon/config"
	"gyrfalcon/session"
)

// Backend is one kind of store that YAML can choose by name. The packages below
// providers have ours; NewBackend makes a stranger's, whose sessions are then kept,
// chosen and tested like ours. A Backend is an Option of Module's.
type Backend struct {
	name    string
	prepare func(Setup) (plan, error)
}

// Setup is what a Backend is prepared from.
type Setup struct {
	// Session is the service's configuration.
	Session config.Session

	// Block is the backend's own part of it. Decode it strictly.
	Block config.Block

	// Shared says that the application hands in its own connection: what the
	// block says about how to connect would be ignored, and must be refused.
	Shared bool
}

// PHP says that the service shares its sessions with a PHP application (interop: php):
// the adapter must keep them where, and as, PHP's session handler does.
func (s Setup) PHP() bool { return isPHP(s.Session) }

// Recipe is how a backend's adapter comes to be. C is the connection's type, such as
// *sql.DB: the type that an application hands in by Share.
type Recipe[C any] struct {
	// Connect makes the connection when the application starts. ctx bounds it.
	// It is not called where the connection is shared.
	Connect func(ctx context.Context) (C, error)

	// Close closes what Connect made, after the adapter is closed. It may be nil.
	Close func(ctx context.Context, conn C) error

	// Store says where the sessions are, such as "sqlite /var/lib/app.db
	// session_data": two services for which it is equal keep them in one place,
	// where each clears what has expired by its own lifetime, and so must have the
	// same. Under interop: php a place is one service's own. It is empty where nobody else can reach the store, as in memory.
	Store string

	// ExpiresItself says that the store removes what has expired by what was said when
	// it was stored, and nobody clears it: services that keep their sessions in one place
	// may then have different lifetimes.
	ExpiresItself bool

	// Configure, where it is set, brings into the service's configuration what the
	// backend's block says of it under names of its own, as Phalcon's adapters have
	// options for the cookie.
	Configure func(s *config.Session)

	// Adapter makes the adapter. It does no I/O and owns no connection: the
	// adapter's Open does the one, and Close above the other.
	Adapter func(conn C) (session.Adapter, error)
}

// NewBackend makes a backend that stands in YAML as name. prepare decodes the
// backend's block and says what to do; it is called by Module, for the backend that
// is chosen only, and does no I/O. Its errors should come from Setup.Block, which
// knows their places.
func NewBackend[C any](name string, prepare func(Setup) (Recipe[C], error)) Backend {
	return Backend{name, func(s Setup) (plan, error) {
		recipe, err := prepare(s)
		if err != nil {
			return nil, err
		}
		return recipe, nil
	}}
}

func (b Backend) apply(m *module) { m.backends = append(m.backends, b) }
