package di

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// Service describes one registration, as Phalcon's Service object does.
type Service struct {
	Name       string
	Type       string // of the factory's result or the value, as registered; empty for an alias
	AliasOf    string // what an alias leads to; empty for everything else
	Shared     bool   // one for all, built or handed in ready
	Resolved   bool   // there to be handed out without being built, if need be by GetShared
	Registered string // directory/file.go:line
}

// Services describes what is registered, sorted by name. It builds nothing.
func (c *Container) Services() []Service {
	var list []Service
	c.each(func(r *registry, d *service) { list = append(list, r.describe(d)) })
	return list
}

// GetService describes what is registered under name; an alias describes itself, not what it leads to. It is what Phalcon's
// getService and getRaw are asked for. It builds nothing.
//
// Errors: [ErrNotFound].
func (c *Container) GetService(name string) (Service, error) {
	if err := c.check(); err != nil {
		return Service{}, err
	}
	r := c.reg
	r.mu.Lock()
	defer r.mu.Unlock()
	for at := r; at != nil; at = at.parent {
		if d := at.registered(name); d != nil {
			return at.describe(d), nil
		}
	}
	return Service{}, r.notFound("describe", name, nil)
}

// describe makes the record of d. mu is held.
func (r *registry) describe(d *service) Service {
	s := Service{Name: d.name, AliasOf: d.target, Registered: d.where.String()}
	if d.kind != kindAlias {
		s.Type = d.typ.String()
		s.Shared = d.kind != unshared
		one := d.single()
		s.Resolved = one != nil && one.built != nil && r.phase < stopped
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
	c.each(func(r *registry, d *service) {
		took := "-"
		if d.took > 0 {
			took = roundTime(d.took).String()
		}
		kind := d.kind.String()
		if d.kind == kindAlias {
			kind = "alias of " + d.target
		}
		asks := strings.Join(d.asks, ", ")
		if asks == "" {
			asks = "-"
		}
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", d.name, kind, r.state(d), took, d.where, asks)
	})
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
