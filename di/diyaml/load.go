package diyaml

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"gyrfalcon/config"
	"gyrfalcon/di"
)

// maxFile bounds what Load reads; what is longer is refused as config refuses it.
const maxFile = 1 << 20 // bytes

// Load registers in c the services that the file at path describes. A file that cannot be read is an *fs.PathError; for the rest
// see [Parse].
func Load(c *di.Container, path string, types *Types, opts ...config.Option) error {
	f, err := os.Open(path) //nolint:gosec // G304: the operator names the file
	if err != nil {
		return fmt.Errorf("cannot read the services: %w", err)
	}
	defer func() { _ = f.Close() }() // it was only read
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return fmt.Errorf("cannot read the services: %w", err)
	}
	return Parse(c, path, data, types, opts...)
}

// definition is a service as the file describes it.
type definition struct {
	Type   string `yaml:"type"`
	Shared bool   `yaml:"shared"`
	Eager  bool   `yaml:"eager"`
	Alias  string `yaml:"alias"`

	// Arguments is decoded by the type. It stands here so that a key misspelled finds it.
	Arguments struct{} `yaml:"arguments"`

	name      string
	block     config.Block
	arguments config.Block
	made      makeable
	refs      []reference
	steps     int // from an alias to a service, by definitions of the file
}

// Parse registers in c the services that data describes; name stands for the file in errors. Services that it refers to and does
// not describe must be registered before. With an error nothing of it is registered.
//
// Errors: of type *config.Error, joined if there are several, which wrap di's where c refuses a registration, such as di.ErrExists for a
// name that is taken. di.ErrInvalid for a nil c or types.
func Parse(c *di.Container, name string, data []byte, types *Types, opts ...config.Option) error {
	if c == nil {
		return fmt.Errorf("diyaml: %w: the container is nil", di.ErrInvalid)
	}
	if types == nil {
		return fmt.Errorf("diyaml: %w: types is nil; without any, pass new(diyaml.Types)", di.ErrInvalid)
	}
	root, err := config.ParseBlock(name, data, opts...)
	if err != nil {
		return err
	}
	entries, err := root.Blocks()
	if err != nil {
		return err
	}
	var list []*definition
	var errs []error
	known, byName := map[string]bool{}, map[string]*definition{}
	for _, e := range entries {
		d, err := read(e, types)
		list, errs = append(list, d), append(errs, err)
		known[e.Key], byName[e.Key] = true, d
	}
	for _, s := range c.Services() {
		known[s.Name] = true
	}
	for _, d := range list {
		errs = append(errs, d.dangling(known), d.follow(byName))
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	// An alias comes after what it leads to.
	slices.SortStableFunc(list, func(a, b *definition) int { return a.steps - b.steps })
	for i, d := range list {
		if err := d.register(c); err != nil {
			err = d.refused(err)
			for _, done := range slices.Backward(list[:i]) {
				err = errors.Join(err, done.remove(c))
			}
			return err
		}
	}
	return nil
}

// read decodes one definition.
func read(e config.Entry, types *Types) (*definition, error) {
	d := &definition{name: e.Key, block: e.Block}
	var rest config.Block
	d.arguments, rest = e.Block.Take("arguments")
	if err := rest.Decode(d); err != nil {
		return d, err
	}
	switch {
	case d.Alias != "":
		for _, key := range []string{"type", "shared", "eager", "arguments"} {
			if e.Block.IsSet(key) {
				return d, e.Block.Errorf(key, "an alias has nothing but alias: NAME; leave this out")
			}
		}
		return d, nil
	case d.Type == "":
		return d, e.Block.Errorf("type", "is missing; write type: NAME, or alias: NAME")
	case d.Eager && !d.Shared:
		return d, e.Block.Errorf("eager", "is for shared services; write shared: true")
	}
	var ok bool
	if d.made, ok = types.byName[d.Type]; !ok {
		return d, e.Block.Errorf("type", "%q is no type that this program has%s", d.Type, config.Suggest(d.Type, slices.Collect(maps.Keys(types.byName))))
	}
	var err error
	d.refs, err = d.made.check(d.arguments)
	return d, err
}

// dangling is an error for what leads to no service.
func (d *definition) dangling(known map[string]bool) error {
	var errs []error
	const what = "%q is no service of this file, nor registered before it was read%s"
	if d.Alias != "" && !known[d.Alias] {
		errs = append(errs, d.block.Errorf("alias", what, d.Alias, config.Suggest(d.Alias, slices.Collect(maps.Keys(known)))))
	}
	for _, ref := range d.refs {
		if name := ref.to.name(); !known[name] {
			errs = append(errs, d.arguments.Errorf(ref.key+".service", what, name, config.Suggest(name, slices.Collect(maps.Keys(known)))))
		}
	}
	return errors.Join(errs...)
}

// follow counts the steps from an alias to its service. Aliases that lead to themselves are an error.
func (d *definition) follow(byName map[string]*definition) error {
	chain := []string{d.name}
	for at := d; at != nil && at.Alias != ""; at = byName[at.Alias] {
		if slices.Contains(chain, at.Alias) {
			return d.block.Errorf("alias", "%w: %s", di.ErrCycle, strings.Join(append(chain, at.Alias), " -> "))
		}
		chain = append(chain, at.Alias)
	}
	d.steps = len(chain) - 1
	return nil
}

// refused is why the container does not take d, with d's place. That of the other one is told where the name is taken.
func (d *definition) refused(err error) error {
	if e, ok := errors.AsType[*di.Error](err); ok && errors.Is(err, di.ErrExists) {
		return d.block.Errorf("", "%w; what has it is registered at %s: give this one another", di.ErrExists, e.Registered)
	}
	return d.block.Errorf("", "%w", err)
}

func (d *definition) remove(c *di.Container) error {
	if d.Alias != "" {
		return c.RemoveAlias(d.name)
	}
	return c.Remove(d.name)
}

func (d *definition) register(c *di.Container) error {
	opts := []di.Option{di.RegisteredAt(d.block.Place())}
	if d.Alias != "" {
		return c.SetAlias(d.Alias, d.name, opts...)
	}
	if d.Eager {
		opts = append(opts, di.Eager())
	}
	return d.made.register(c, d.name, d.Shared, d.arguments, opts)
}
