package di

// TB is the part of testing.TB that [Override] uses.
type TB interface {
	Helper()
	Cleanup(func())
	Fatalf(format string, args ...any)
}

// override is a definition that a test has laid another one over.
type override struct {
	beneath *service
}

// Override puts v in the place of a service for the rest of a test. When the test ends the old definition is back, with the
// instance that it had, whatever was registered under the name meanwhile; of several overrides of one name the latest stands, in
// whatever order their tests end. v is the test's: the container neither starts nor stops it.
//
// What was built before the override keeps what it was built with, and what is built during it keeps v: a test that
// needs its own wiring makes a container of its own.
//
// The test fails at once if nothing is registered under name, if v is a nil interface, or if the container is stopped.
func Override[T any](t TB, c *Container, name string, v T) {
	t.Helper()
	d, err := newValue("override", name, v)
	if err != nil {
		t.Fatalf("%v", err)
		return
	}
	if err := c.check(); err != nil {
		t.Fatalf("%v", err)
		return
	}
	undo, err := c.reg.lay(d)
	if err != nil {
		t.Fatalf("%v", err)
		return
	}
	t.Cleanup(undo)
}

// lay puts d over what stands under its name, and returns how to take it away.
func (r *registry) lay(d *service) (undo func(), err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.phase >= stopping {
		return nil, d.about(ErrStopped).as("override", nil)
	}
	s := r.index.find(d.name)
	if s == nil || s.def.Load() == nil {
		return nil, r.notFound("override", d.name, nil)
	}
	o := &override{beneath: s.def.Load()}
	r.overrides[d.name] = append(r.overrides[d.name], o)
	r.added++
	d.order = r.added
	r.remember(d)
	s.place(d)
	return func() { r.lift(d.name, o) }, nil
}

// lift takes the layer o away. Only the topmost is what stands under the name; what lay beneath another one goes to the layer above.
func (r *registry) lift(name string, o *override) {
	r.mu.Lock()
	defer r.mu.Unlock()
	layers := r.overrides[name]
	for i := range layers {
		if layers[i] != o {
			continue
		}
		if i == len(layers)-1 {
			s := r.index.slot(name)
			if top := s.def.Load(); top != nil {
				r.forget(top)
			}
			s.place(o.beneath)
		} else {
			r.forget(layers[i+1].beneath)
			layers[i+1].beneath = o.beneath
		}
		r.overrides[name] = append(layers[:i:i], layers[i+1:]...)
	}
	if len(r.overrides[name]) == 0 {
		delete(r.overrides, name)
	}
}
