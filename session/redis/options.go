package redis

import (
	"errors"
	"fmt"
	"time"

	"gyrfalcon/session"
)

// The forms in which sessions can be kept, see Options.Flavor.
const (
	Phpredis = "phpredis"
	Phalcon5 = "phalcon5"
)

// The prefixes of keys by default: those of phpredis's two session handlers, and of
// Phalcon 5's adapter.
const (
	DefaultPrefix        = "PHPREDIS_SESSION:"
	DefaultClusterPrefix = "PHPREDIS_CLUSTER_SESSION:"
	DefaultPhalconPrefix = "sess-reds-"
)

// Options says how sessions are kept. The zero value is complete: it is how phpredis
// keeps them.
type Options struct {
	// Flavor is whose keys and values they are: Phpredis, the default, with the session
	// as it is; or Phalcon5, as Phalcon\Session\Adapter\Redis of Phalcon 5 keeps them,
	// with the session within a serialized string.
	Flavor string `yaml:"flavor"`

	// Prefix begins every key. nil is the default of the flavor: DefaultPrefix,
	// DefaultClusterPrefix in a cluster, or DefaultPhalconPrefix. A path's prefix= is
	// the same for one server.
	Prefix *string `yaml:"prefix"`

	// Lock lets one request at a time have a session, PHP's included, as phpredis does
	// with redis.session.locking_enabled and Phalcon 5 with lockingEnabled. Without it,
	// the default, requests do not wait for each other, and no update of ours is lost
	// either; but a PHP application that does not lock overwrites what came between its
	// reading and its writing. In a cluster phpredis has no locks, and neither have we.
	Lock *Lock `yaml:"lock"`

	// Wait has every write wait for replicas. Without it, the default, a master that
	// dies takes with it what it had confirmed and not yet passed on.
	Wait *Wait `yaml:"wait"`

	// PHP says that a PHP application uses the sessions: lifetimes are stored in whole
	// seconds, rounded up, as PHP stores them.
	PHP bool `yaml:"-"`

	// OwnClient makes Close close the client that New was given. Those that Dial makes
	// are always closed.
	OwnClient bool `yaml:"-"`
}

// Lock says how long locks last.
type Lock struct {
	// Wait is how long a request waits for a lock that somebody else holds before it is
	// session.ErrBusy, by default 2 s. The request's own deadline ends it sooner.
	Wait time.Duration `yaml:"wait"`

	// Expire is when the lock of a process that died is anybody's, by default 30 s, at
	// least one. A living process renews its locks for as long as its requests last.
	Expire time.Duration `yaml:"expire"`

	// Every is the time between two tries, by default 20 ms, as with phpredis 6.
	Every time.Duration `yaml:"every"`
}

// Wait says for how many replicas a write waits (Redis's WAIT).
type Wait struct {
	// Replicas is their number, by default 1.
	Replicas int `yaml:"replicas"`

	// Timeout is for how long, by default 1 s. A write that fewer have by then is
	// session.ErrOutcomeUnknown: it stands unless the master dies just now.
	Timeout time.Duration `yaml:"timeout"`
}

// Validate returns an error that holds a *session.OptionError for each option that
// cannot stand.
func (o Options) Validate() error {
	var errs []error
	refuse := func(option, format string, args ...any) {
		errs = append(errs, &session.OptionError{Option: option, Why: fmt.Sprintf(format, args...)})
	}
	if o.Flavor != "" && o.Flavor != Phpredis && o.Flavor != Phalcon5 {
		refuse("flavor", "%q is none; write %s or %s", o.Flavor, Phpredis, Phalcon5)
	}
	if l := o.Lock; l != nil {
		if l.Wait < 0 {
			refuse("lock.wait", "%v is negative; leave it out for %v", l.Wait, lockWait)
		}
		if l.Expire < 0 || l.Expire > 0 && l.Expire < time.Second {
			refuse("lock.expire", "%v is too short; the least is 1s", l.Expire)
		}
		if l.Every < 0 {
			refuse("lock.every", "%v is negative; leave it out for %v", l.Every, lockEvery)
		}
	}
	if w := o.Wait; w != nil {
		if w.Replicas < 0 {
			refuse("wait.replicas", "%d is negative; leave it out for 1", w.Replicas)
		}
		if w.Timeout < 0 || w.Timeout > 0 && w.Timeout < time.Millisecond {
			refuse("wait.timeout", "%v is too short; the least is 1ms", w.Timeout)
		}
	}
	return errors.Join(errs...)
}

const (
	lockWait    = 2 * time.Second
	lockExpire  = 30 * time.Second
	lockEvery   = 20 * time.Millisecond
	waitTimeout = time.Second
)

func (o Options) withDefaults() Options {
	orElse(&o.Flavor, Phpredis)
	if o.Lock != nil {
		l := *o.Lock
		orElse(&l.Wait, lockWait)
		orElse(&l.Expire, lockExpire)
		orElse(&l.Every, lockEvery)
		o.Lock = &l
	}
	if o.Wait != nil {
		w := *o.Wait
		orElse(&w.Replicas, 1)
		orElse(&w.Timeout, waitTimeout)
		o.Wait = &w
	}
	return o
}

// Place says where on a client of the application's own the sessions are: what their keys
// begin with. It is equal for two Options that mean the same keys there, for which a cluster's
// default prefix is taken for a server's.
func (o Options) Place() string {
	prefix := o.withDefaults().prefix(nil, false)
	if prefix == DefaultClusterPrefix {
		return DefaultPrefix
	}
	return prefix
}

// prefix is what keys begin with on a server of which the path says own.
func (o Options) prefix(own *string, clustered bool) string {
	switch {
	case own != nil:
		return *own
	case o.Prefix != nil:
		return *o.Prefix
	case o.Flavor == Phalcon5:
		return DefaultPhalconPrefix
	case clustered:
		return DefaultClusterPrefix
	}
	return DefaultPrefix
}
