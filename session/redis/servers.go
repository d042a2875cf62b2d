package redis

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"gyrfalcon/session"
)

// DefaultPath is Servers.Path by default.
const DefaultPath = "tcp://127.0.0.1:6379"

// Servers says where the sessions are and how to come there. The zero value is one server
// at DefaultPath. At most one of Path, Cluster and Sentinel is set.
type Servers struct {
	// Path is phpredis's save_path, see ParsePath; by default DefaultPath.
	Path string `yaml:"path"`

	// Cluster is a Redis Cluster.
	Cluster *Cluster `yaml:"cluster"`

	// Sentinel is a master that Sentinels watch over.
	Sentinel *Sentinel `yaml:"sentinel"`

	// Username and Password log in at every server for which the path has no auth. An
	// empty Username is the default user.
	Username string `yaml:"username"`
	Password string `yaml:"password"`

	// Database is selected where the path has none; a cluster has 0 alone.
	Database int `yaml:"database"`

	// TLS turns it on for all servers, and completes what tls:// says in a path.
	TLS *TLS `yaml:"tls"`

	// DialTimeout bounds the making of a connection, by default 5 s; ReadTimeout the
	// wait for an answer, by default 5 s. The context of a call ends both sooner.
	DialTimeout time.Duration `yaml:"dial_timeout"`
	ReadTimeout time.Duration `yaml:"read_timeout"`

	// PoolSize is the number of connections to each server, by default 10 for each
	// processor.
	PoolSize int `yaml:"pool_size"`
}

// Cluster is a Redis Cluster.
type Cluster struct {
	// Seeds are host:port of one or more of its servers; they tell of the others.
	Seeds []string `yaml:"seeds"`
}

// Sentinel is a master that Sentinels watch over.
type Sentinel struct {
	// Master is the group's name: the one after "sentinel monitor" in sentinel.conf.
	Master string `yaml:"master"`

	// Seeds are host:port of one or more of the Sentinels.
	Seeds []string `yaml:"seeds"`

	// Username and Password log in at the Sentinels, where they want it.
	Username string `yaml:"username"`
	Password string `yaml:"password"`
}

// Validate returns an error that holds a *session.OptionError for each option that
// cannot stand.
func (s Servers) Validate() error {
	_, err := s.target()
	return err
}

// target is what all of s comes to.
func (s Servers) target() (target, error) {
	var errs []error
	refuse := func(option, format string, args ...any) {
		errs = append(errs, &session.OptionError{Option: option, Why: fmt.Sprintf(format, args...)})
	}
	forms := 0
	for _, set := range []bool{s.Path != "", s.Cluster != nil, s.Sentinel != nil} {
		if set {
			forms++
		}
	}
	if forms > 1 {
		refuse("path", "path, cluster and sentinel are three ways to say where the sessions are; keep one")
		return target{}, errors.Join(errs...)
	}
	t := s.form(refuse)
	if s.Username != "" && s.Password == "" {
		refuse("password", "a user without a password; give it, or leave username out")
	}
	if s.Database < 0 {
		refuse("database", "%d is negative; the first database is 0", s.Database)
	}
	if t.kind == cluster && s.Database != 0 {
		refuse("database", "a cluster has the database 0 only; leave it out")
	}
	if s.DialTimeout < 0 {
		refuse("dial_timeout", "%v is negative; leave it out for 5s", s.DialTimeout)
	}
	if s.ReadTimeout < 0 {
		refuse("read_timeout", "%v is negative; leave it out for 5s", s.ReadTimeout)
	}
	if s.PoolSize < 0 || s.PoolSize > maxPool {
		refuse("pool_size", "%d is out of range; give 1 to %d, or leave it out", s.PoolSize, maxPool)
	}
	if s.TLS != nil {
		s.TLS.validate(refuse)
	}
	if len(errs) > 0 {
		return target{}, errors.Join(errs...)
	}
	t.each(s.complete)
	return t, nil
}

// maxPool bounds a typing error.
const maxPool = 10_000

// form is what Path, Cluster or Sentinel says.
func (s Servers) form(refuse func(option, format string, args ...any)) target {
	seeds := func(option string, texts []string, port string) []string {
		if len(texts) == 0 {
			refuse(option, "names no server; write seeds: [\"host:%s\"]", port)
		}
		var seeds []string
		for i, text := range texts {
			address, err := parseAddress(text, port)
			if err != nil {
				refuse(option, "seed %d: %s", i+1, err)
			}
			seeds = append(seeds, address)
		}
		return seeds
	}
	switch {
	case s.Cluster != nil:
		return target{kind: cluster, seeds: seeds("cluster.seeds", s.Cluster.Seeds, "6379")}
	case s.Sentinel != nil:
		if strings.TrimSpace(s.Sentinel.Master) == "" {
			refuse("sentinel.master", "names no master; write the name after \"sentinel monitor\" in sentinel.conf")
		}
		if s.Sentinel.Username != "" && s.Sentinel.Password == "" {
			refuse("sentinel.password", "a user without a password; give it, or leave username out")
		}
		return target{
			kind: sentinel, seeds: seeds("sentinel.seeds", s.Sentinel.Seeds, "26379"), master: s.Sentinel.Master,
			asked: login{s.Sentinel.Username, s.Sentinel.Password},
		}
	}
	path := s.Path
	if path == "" {
		path = DefaultPath
	}
	t, err := parsePath(path)
	if err != nil {
		refuse("path", "%s", err)
	}
	return t
}

// each calls f with the access to every server.
func (t *target) each(f func(*access)) {
	if t.kind != servers {
		f(&t.access)
		return
	}
	for i := range t.hosts {
		f(&t.hosts[i].access)
	}
}

// complete adds to a what the path did not say.
func (s Servers) complete(a *access) {
	if a.password == "" {
		a.login = login{s.Username, s.Password}
	}
	if !a.chosen {
		a.database = s.Database
	}
	if a.dialTimeout == 0 {
		a.dialTimeout = s.DialTimeout
	}
	if a.readTimeout == 0 {
		a.readTimeout = s.ReadTimeout
	}
	if s.TLS != nil {
		if a.tls == nil {
			a.tls = &TLS{}
		}
		*a.tls = a.tls.over(*s.TLS)
	}
}
