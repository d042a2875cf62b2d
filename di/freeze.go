package di

import "fmt"

// Freeze ends registration: from now on Set and its kin, SetAlias, Remove and [Replace] are [ErrFrozen], so that what the
// application is made of is what it was started with. Services are built, started and stopped as before, RemoveShared forgets
// instances, scopes have services of their own, and tests [Override].
//
// Call it when everything is registered, mostly after [Container.Start]. There is no way back.
func (c *Container) Freeze() {
	if c.check() != nil {
		return
	}
	c.reg.mu.Lock()
	defer c.reg.mu.Unlock()
	c.reg.frozen = true
}

func (d *service) frozenError(op string) error {
	return &Error{Op: op, Name: d.name, Err: fmt.Errorf("%w; do it before Freeze is called, or in a scope; a test may Override", ErrFrozen)}
}
