// Package handlersocket lets YAML keep sessions by way of MariaDB's HandlerSocket plugin:
// adapter: handlersocket. Its block is Phalcon's, with what the plugin needs besides:
//
//	session:
//	  adapter: handlersocket
//	  handlersocket:
//	    cookie_path: /
//	    cookie_domain: ""
//	    lifetime: 3600
//	    server:
//	      host: localhost
//	      port: 9998            # reads
//	      dbname: session
//	      dbtable: php_session
//	    port_wr: 9999           # writes; left out, they go to port too
//	    secret: ${HANDLERSOCKET_SECRET}
//	    timezone: Europe/Kyiv   # PHP's date.timezone
//
// cookie_path, cookie_domain and lifetime are Phalcon's names for the service's own
// cookie.path, cookie.domain and lifetime; whoever sets both is told so. The rest is
// described with handlersocket.Options.
//
// YAML has no word for Options.SQL, so nothing is looked up at the start. charset, data_bytes
// and id_chars must say what the table's columns hold, where that is not what Phalcon's do:
// the plugin cuts what is too long, and garbles what is no text, in silence. And dbtable
// must not be a view: opening one crashes the server. Who wants both checked makes the
// adapter in Go.
package handlersocket

import (
	"context"
	"time"

	"gyrfalcon/config"
	"gyrfalcon/providers"
	"gyrfalcon/session"
	"gyrfalcon/session/handlersocket"
)

// Backend is the backend named handlersocket.
var Backend = providers.NewBackend("handlersocket", prepare)

// recipe has no connection: the adapter has its own.
type recipe = providers.Recipe[struct{}]

// options is the backend's block.
type options struct {
	CookiePath   string                `yaml:"cookie_path"`
	CookieDomain string                `yaml:"cookie_domain"`
	Lifetime     time.Duration         `yaml:"lifetime"`
	Sessions     handlersocket.Options `yaml:",inline"`
}

// names are Phalcon's for what a service has itself.
var names = []struct{ phalcon, own string }{
	{"cookie_path", "cookie.path"}, {"cookie_domain", "cookie.domain"}, {"lifetime", "lifetime"},
}

func prepare(s providers.Setup) (recipe, error) {
	if s.Shared {
		return recipe{}, s.Session.Errorf("adapter", "handlersocket has no connection that providers.Share could hand in; leave Share out")
	}
	var o options
	if err := s.Block.Decode(&o); err != nil {
		return recipe{}, err
	}
	for _, n := range names {
		if s.Block.IsSet(n.phalcon) && s.Session.IsSet(n.own) {
			return recipe{}, s.Block.Errorf(n.phalcon, "is Phalcon's name for the service's %s, which is set too; keep one", n.own)
		}
	}
	if s.Block.IsSet("lifetime") && o.Lifetime < session.MinLifetime {
		return recipe{}, s.Block.Errorf("lifetime", "%v is too short; the shortest is %v", o.Lifetime, session.MinLifetime)
	}
	if err := s.Locate(o.Sessions.Validate()); err != nil {
		return recipe{}, err
	}
	return recipe{
		Connect: func(context.Context) (struct{}, error) { return struct{}{}, nil },
		Store:   "handlersocket " + o.Sessions.Place(),
		Configure: func(c *config.Session) {
			if s.Block.IsSet("cookie_path") {
				c.Cookie.Path = o.CookiePath
			}
			if s.Block.IsSet("cookie_domain") {
				c.Cookie.Domain = o.CookieDomain
			}
			if s.Block.IsSet("lifetime") {
				c.Lifetime = o.Lifetime
			}
		},
		Adapter: func(struct{}) (session.Adapter, error) { return handlersocket.New(o.Sessions), nil },
	}, nil
}
