package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
)

// Session is the configuration of one session service. Its values are checked by
// themselves; what they may not be together is the session service's to say, which
// can point to them by Errorf, and what only the adapter knows is in its Block.
type Session struct {
	// Name is the service's name: "session" for the one under session:, the
	// key for those under services:.
	Name string

	// Adapter is the backend that keeps the sessions. The default is
	// "database". Select says whether there is one of that name.
	Adapter string `yaml:"adapter"`

	// Lifetime is how long a session lives that nobody uses: at least a
	// second, by default an hour, and under interop: php 24 minutes, the
	// default of PHP's session.gc_maxlifetime.
	Lifetime time.Duration `yaml:"lifetime"`

	// MaxAge caps a session's whole life, used or not: at least a second, or 0
	// for no cap, which is the default. Below Lifetime it is the only limit
	// that is ever reached, and that is allowed.
	MaxAge time.Duration `yaml:"max_age"`

	// UniqueID is Phalcon's uniqueId: variables are stored under
	// "<unique_id>#<key>". The default is empty: they are stored under their key.
	UniqueID string `yaml:"unique_id"`

	// Codec is the format of a stored session: json, php, php_serialize or
	// php_binary (PHP's session.serialize_handler). The default is json, and
	// php where Interop is.
	Codec string `yaml:"codec"`

	// Interop is "php" where a PHP application uses the same sessions, else
	// "none", the default.
	Interop string `yaml:"interop"`

	// MaxData is the largest encoded session that is stored: at least a byte,
	// by default 64 KiB.
	MaxData Size `yaml:"max_data"`

	// GCInterval is the time between two searches for expired sessions; 0, the
	// default, leaves it to the session package.
	GCInterval time.Duration `yaml:"gc_interval"`

	// Timeout bounds each load and each commit of a session; 0, the default, leaves it to the
	// session package.
	Timeout time.Duration `yaml:"timeout"`

	// Cookie is the cookie that holds the session's ID.
	Cookie Cookie `yaml:"cookie"`

	own       Block
	unclaimed []entry // keys that are an adapter's, if there is an adapter of that name
}

// defaultSession returns what a service is where the file says nothing.
func defaultSession(name string) Session {
	return Session{
		Name:     name,
		Adapter:  "database",
		Lifetime: time.Hour,
		Codec:    "json",
		Interop:  "none",
		MaxData:  64 << 10,
		Cookie:   Cookie{Name: hostPrefix + name, Path: "/", Secure: true, HTTPOnly: true, SameSite: "lax"},
	}
}

// parseSession reads the service of that name from own, whose node is nil where
// the file has none.
func parseSession(name string, own Block, p *problems) Session {
	s := defaultSession(name)
	s.own = own
	if own.node == nil {
		return s
	}
	var d decoder
	if d.wants(own.node, mapping) {
		claimed := *own.node
		claimed.entries, s.unclaimed = s.claim(own.node.entries, &d.problems)
		d.value(&claimed, reflect.ValueOf(&s).Elem())
	}
	*p = append(*p, d.problems...)
	if len(d.problems) > 0 || own.node.kind != mapping {
		return s // checks would complain of the defaults that stand in for what is wrong
	}
	s.interop()
	s.check(p)
	return s
}

// claim parts a session's own keys from those that are an adapter's, if anything:
// an adapter's block is a mapping, or left out.
func (s *Session) claim(entries []entry, p *problems) (own, rest []entry) {
	keys := s.keys()
	adapter := s.Adapter
	for _, e := range entries {
		if e.key.text == "adapter" && e.value.kind == scalar && !e.value.null() {
			adapter = e.value.text
		}
	}
	for _, e := range entries {
		switch {
		case slices.Contains(keys, e.key.text):
			own = append(own, e)
		case e.value.kind == mapping || e.value.null():
			rest = append(rest, e)
		case e.key.text == adapter:
			p.add(e.value, "wants %v, not %v, for it is the adapter's block", mapping, e.value.kind)
		case !e.key.refused:
			hint := Suggest(e.key.text, keys)
			if _, near := nearest(e.key.text, keys); !near {
				hint += ", and an adapter's block, which is a mapping"
			}
			p.add(e.key, "unknown key%s", hint)
		}
	}
	return own, rest
}

// keys are a session's own keys.
func (s *Session) keys() []string {
	fields := map[string]reflect.Value{}
	_ = fieldsOf(reflect.ValueOf(s).Elem(), fields) // the tags above are sound
	return names(fields)
}

// interop turns the defaults into PHP's where a PHP application shares the
// sessions.
func (s *Session) interop() {
	if s.Interop != "php" {
		return
	}
	if !s.IsSet("codec") {
		s.Codec = "php"
	}
	if !s.IsSet("lifetime") {
		s.Lifetime = 1440 * time.Second
	}
	if !s.IsSet("cookie.name") {
		s.Cookie.Name = "PHPSESSID"
	}
}

func (s *Session) check(p *problems) {
	c := checker{s.own, p}
	c.require("adapter", s.Adapter != "", "names no adapter")
	c.require("lifetime", s.Lifetime >= time.Second, "%s is too short; the least is 1s", c.describe("lifetime", s.Lifetime.String()))
	c.require("max_age", s.MaxAge == 0 || s.MaxAge >= time.Second, "%s is too short; the least is 1s, and 0 is no limit", c.describe("max_age", s.MaxAge.String()))
	c.require("max_data", s.MaxData > 0, "no session fits into %s", c.describe("max_data", s.MaxData.String()))
	c.require("gc_interval", s.GCInterval >= 0, "%s is negative", c.describe("gc_interval", s.GCInterval.String()))
	c.require("timeout", s.Timeout >= 0, "%s is negative", c.describe("timeout", s.Timeout.String()))
	c.oneOf("interop", s.Interop, "none", "php")
	c.oneOf("codec", s.Codec, "json", "php", "php_serialize", "php_binary")
	c.require("codec", s.Interop != "php" || s.Codec != "json",
		"interop: php cannot be had with codec: json, which PHP does not read; leave the codec out, or name the one that is PHP's session.serialize_handler")
	s.Cookie.check(c)
}

// Block returns the block of the adapter of that name; it is empty where the file
// has none.
func (s Session) Block(adapter string) Block {
	b := Block{doc: s.own.doc, path: adapter, near: s.own.near}
	if s.own.path != "" {
		b.path = s.own.path + "." + adapter
	}
	if s.own.node == nil {
		return b
	}
	if at := s.own.node.get("adapter"); at != nil {
		b.near = at
	}
	for _, e := range s.unclaimed {
		if e.key.text == adapter {
			b.near, b.node = e.key, e.value
		}
	}
	return b
}

// Select returns the block of the chosen adapter, given the names of the adapters
// that there are: those that are linked into the program. It is an error if the
// chosen one is not among them, and if the file has a block of another name, which
// is a key misspelled. Blocks of adapters that were not chosen are not decoded.
func (s Session) Select(known []string) (Block, error) {
	var p problems
	keys := s.keys()
	for _, name := range known {
		if slices.Contains(keys, name) {
			return Block{}, fmt.Errorf("config: no adapter can be named %q: that is a key of every session", name)
		}
	}
	if !slices.Contains(known, s.Adapter) {
		p = append(p, s.unknownAdapter(known))
	}
	for _, e := range s.unclaimed {
		if !slices.Contains(known, e.key.text) {
			unknownKey(&p, e.key, slices.Concat(keys, known))
		}
	}
	return s.Block(s.Adapter), p.err(s.own.doc)
}

func (s Session) unknownAdapter(known []string) *Error {
	is := "is not linked into this program"
	if len(known) == 0 {
		is += ", nor is any other"
	} else {
		is += ", which has " + strings.Join(slices.Sorted(slices.Values(known)), ", ")
	}
	if best, ok := nearest(s.Adapter, known); ok {
		is += fmt.Sprintf("; did you mean %q?", best)
	}
	what := s.own.describe("adapter", s.Adapter)
	if s.own.node != nil && !s.IsSet("adapter") {
		what = "the default, " + what + ","
	}
	return s.own.problem("adapter", "%s %s", what, is)
}

// IsSet reports whether the file sets the key, be it to the default: "lifetime",
// "cookie.path".
func (s Session) IsSet(key string) bool { return s.own.IsSet(key) }

// Place is where the service stands, as [Block.Place]: the key's place, the file's name where the file does not have it, and empty
// where there is no file.
func (s Session) Place() string { return s.own.Place() }

// Errorf returns an error about the value of a session's key, as [Block.Errorf]
// does about one of its block.
func (s Session) Errorf(key, format string, args ...any) error {
	return s.own.Errorf(key, format, args...)
}
