package mongo

import (
	"errors"
	"fmt"
	"math"
	"time"

	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"

	"gyrfalcon/session"
)

// ttlSlack is how much longer than its life the server keeps a session with a TTL
// index: more than the clocks of servers that keep any time differ by. It costs
// nothing but room, for no expired session is ever read.
const ttlSlack = time.Hour

// Options says how the sessions are kept. The zero value is complete.
type Options struct {
	// TTLIndex lets Open make a TTL index, so that the server itself removes
	// expired sessions, and GC has nothing to do. It needs Lifetime. Where the
	// server cannot or may not make one, Open warns and GC removes them. false,
	// the default, suits a collection that PHP has too: no lifetime is stored
	// there, and the index stays when the application goes.
	TTLIndex bool `yaml:"ttl_index"`

	// Lifetime is the manager's, which Open cannot know otherwise. With it Open
	// refuses a TTL index that is there already and would remove living
	// sessions; without it, every call does. 0, the default: not known.
	Lifetime time.Duration `yaml:"-"`

	// TextOnly refuses data that are not valid UTF-8, which PHP's adapters
	// could not read: for a collection that is shared with PHP.
	TextOnly bool `yaml:"-"`

	// WriteConcern is what a write waits for, by default that a majority of
	// the replica set has it. One that waits for nothing is refused: no update
	// would be safe.
	WriteConcern *writeconcern.WriteConcern `yaml:"-"`

	// OwnClient makes Close disconnect the collection's client too. Without it
	// the client stays the caller's to disconnect.
	OwnClient bool `yaml:"-"`

	// Now is the clock by which sessions expire and which is written to the
	// documents, in milliseconds; by default time.Now.
	Now func() time.Time `yaml:"-"`
}

// Validate returns an error that holds a *session.OptionError for each option
// that cannot stand.
func (o Options) Validate() error {
	var errs []error
	refuse := func(option, format string, args ...any) {
		errs = append(errs, &session.OptionError{Option: option, Why: fmt.Sprintf(format, args...)})
	}
	switch {
	case !o.TTLIndex:
	case o.Lifetime <= 0:
		refuse("ttl_index", "the index needs to know the sessions' lifetime; set Options.Lifetime to the manager's")
	case o.ttl() > math.MaxInt32:
		refuse("ttl_index", "a lifetime of %v is longer than a TTL index can count; leave ttl_index out, and the sessions are cleared by GC", o.Lifetime)
	}
	if o.WriteConcern != nil && !o.WriteConcern.Acknowledged() {
		refuse("uri", "with w=0 nobody could tell whether a write took place; leave w out for majority, or give 1 or more")
	}
	return errors.Join(errs...)
}

// ttl is after how many seconds the index has the server remove a session.
func (o Options) ttl() int64 { return seconds(o.Lifetime) + seconds(ttlSlack) }

// seconds rounds up.
func seconds(d time.Duration) int64 {
	s := int64(d / time.Second)
	if d%time.Second > 0 {
		s++
	}
	return s
}

func (o Options) withDefaults() Options {
	if o.WriteConcern == nil {
		o.WriteConcern = writeconcern.Majority()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}
