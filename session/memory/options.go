package memory

import (
	"fmt"
	"time"

	"gyrfalcon/session"
)

// DefaultShards is the number of shards that Options.Shards is by default.
const DefaultShards = 32

// maxShards bounds a typing error: more locks than this help nobody.
const maxShards = 4096

// Options says how sessions are kept in memory. The zero value is complete.
type Options struct {
	// Shards is the number of parts, each under a lock of its own, that
	// sessions are spread over: 1 to 4096, by default DefaultShards. More
	// help only where many more processors than that use sessions at once.
	Shards int `yaml:"shards"`

	// Now is the clock by which sessions expire, by default time.Now.
	Now func() time.Time `yaml:"-"`
}

// Validate returns a *session.OptionError if an option cannot stand.
func (o Options) Validate() error {
	if o.Shards < 0 || o.Shards > maxShards {
		return &session.OptionError{
			Option: "shards",
			Why:    fmt.Sprintf("%d is out of range; give 1 to %d, or leave it out for %d", o.Shards, maxShards, DefaultShards),
		}
	}
	return nil
}

func (o Options) withDefaults() Options {
	if o.Shards <= 0 || o.Shards > maxShards {
		o.Shards = DefaultShards
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}
