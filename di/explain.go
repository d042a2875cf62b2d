package di

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// Service describes one registration, as Phalcon's Service object does. In JSON its keys are those of the tags. It holds no value
// and no error's text, which may be secret.
type Service struct {
	Name       string        `json:"name"`
	Type       string        `json:"type,omitempty"`         // of the factory's result or the value, as registered; empty for an alias
	AliasOf    string        `json:"alias_of,omitempty"`     // what an alias leads to; empty for everything else
	Kind       string        `json:"kind"`                   // "shared", "new each time", "value" or "alias"
	State      string        `json:"state"`                  // "not built", "not built, eager", "building", "starting", "built", "started", "failed", "stopped", "ready" for a value; "-" for what has none
	Shared     bool          `json:"shared"`                 // one for all, built or handed in ready
	Resolved   bool          `json:"resolved"`               // there to be handed out without being built, if need be by GetShared
	Inherited  bool          `json:"inherited,omitempty"`    // seen by a scope, and its parent's
	Took       time.Duration `json:"took_ns,omitempty"`      // how long the last build took, with what it waited for, to three digits; 0 if there was none
	AsksFor    []string      `json:"asks_for,omitempty"`     // the names that its builds asked for, in the order of first asking
	AskedForBy []string      `json:"asked_for_by,omitempty"` // the services whose builds asked for it, under this name or an alias, sorted
	Registered string        `json:"registered"`             // directory/file.go:line
}

// Services describes what is registered, sorted by name. It builds nothing.
func (c *Container) Services() []Service {
	var list []Service
	c.each(func(r *registry, d *service) { list = append(list, c.describe(r, d)) })
	c.invert(list)
	return list
}

// invert fills in who asked for what.
func (c *Container) invert(list []Service) {
	at := make(map[string]int, len(list))
	for i := range list {
		at[list[i].Name] = i
	}
	for i := range list {
		for _, name := range list[i].AsksFor {
			for range list { // an alias may lead to an alias; those of several scopes might lead in a circle
				k, ok := at[name]
				if !ok {
					break
				}
				// Sorted because list is, so that one that asked twice stands last.
				if s := &list[k]; len(s.AskedForBy) == 0 || s.AskedForBy[len(s.AskedForBy)-1] != list[i].Name {
					s.AskedForBy = append(s.AskedForBy, list[i].Name)
				}
				if name = list[k].AliasOf; name == "" {
					break
				}
			}
		}
	}
}

// JSON is [Container.Services] as a JSON document, {"services": [...]}, for programs.
func (c *Container) JSON() ([]byte, error) {
	return json.Marshal(struct {
		Services []Service `json:"services"`
	}{append([]Service{}, c.Services()...)})
}

// GetService describes what is registered under name; an alias describes itself, not what it leads to. It is what Phalcon's
// getService and getRaw are asked for. It builds nothing.
//
// Errors: [ErrNotFound].
func (c *Container) GetService(name string) (Service, error) {
	if err := c.check(); err != nil {
		return Service{}, err
	}
	for _, s := range c.Services() {
		if s.Name == name {
			return s, nil
		}
	}
	return Service{}, c.reg.notFound("describe", name, nil)
}

// describe makes the record of d, which is r's. mu is held.
func (c *Container) describe(r *registry, d *service) Service {
	s := Service{
		Name: d.name, AliasOf: d.target, Kind: d.kind.String(), State: r.state(d), Inherited: r != c.reg,
		Took: roundTime(d.took), AsksFor: slices.Clone(d.asks), Registered: d.where.String(),
	}
	if d.kind == kindAlias {
		return s
	}
	s.Type = d.typ.String()
	s.Shared = d.kind != unshared
	one := d.single()
	s.Resolved = one != nil && one.built != nil && r.phase < stopped
	if one != nil && one != d { // what GetShared keeps has been built for itself
		s.Took = max(s.Took, roundTime(one.took))
		for _, name := range one.asks {
			if !slices.Contains(s.AsksFor, name) {
				s.AsksFor = append(s.AsksFor, name)
			}
		}
	}
	return s
}

// Explain is a table for a person who wonders what the container is at: a line for every name with its kind, its state, how long
// its last build took, where it was registered, and which names its builds asked for. It shows no service's value and no
// error's text, which may hold secrets, and it builds nothing.
func (c *Container) Explain() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "NAME\tKIND\tSTATE\tBUILD\tREGISTERED\tASKED FOR")
	for _, s := range c.Services() {
		took, asks, kind := "-", strings.Join(s.AsksFor, ", "), s.Kind
		if s.Took > 0 {
			took = s.Took.String()
		}
		if s.AliasOf != "" {
			kind = "alias of " + s.AliasOf
		}
		if asks == "" {
			asks = "-"
		}
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", s.Name, kind, s.State, took, s.Registered, asks)
	}
	_ = w.Flush() // nothing here can fail: a strings.Builder takes everything
	return b.String()
}

// each visits the definitions that the container sees, in the order of their names, with whose they are, under mu.
func (c *Container) each(visit func(*registry, *service)) {
	if c.check() != nil {
		return
	}
	r := c.reg
	r.mu.Lock()
	defer r.mu.Unlock()
	owners := map[string]*registry{}
	for at := r; at != nil; at = at.parent {
		for s := range at.index.all {
			if owners[s.name] == nil {
				owners[s.name] = at
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(owners)) {
		visit(owners[name], owners[name].registered(name))
	}
}

// state says in a word or two how far d has come. mu is held.
func (r *registry) state(d *service) string {
	if one := d.single(); one != nil {
		d = one
	}
	switch {
	case d.kind == kindAlias:
		return "-"
	case d.task != nil && d.built != nil:
		return "starting"
	case d.task != nil:
		return "building"
	case d.failed:
		return "failed"
	case r.phase == stopped, d.ended && d.built == nil:
		return "stopped"
	case d.kind == value:
		return "ready"
	case d.built == nil && d.eager:
		return "not built, eager"
	case d.built == nil && d.kind == shared:
		return "not built"
	case d.built == nil:
		return "-"
	case d.built.life != nil && d.built.life.up:
		return "started"
	default:
		return "built"
	}
}

// roundTime keeps what a person wants to know of a duration: three digits.
func roundTime(d time.Duration) time.Duration {
	unit := time.Duration(1)
	for d/unit >= 1000 {
		unit *= 10
	}
	return d.Round(unit)
}
