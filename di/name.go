package di

import "context"

// Name is a service's name with its type, so that neither is written twice:
//
//	var Mailer = di.Name[*mail.Mailer]("mailer")
//
//	m, err := Mailer.Get(ctx, c)
//
// Where Phalcon has a getter per well-known service on Injectable, a package has a Name for the service it is about.
type Name[T any] string

// Get is the function [Get].
func (n Name[T]) Get(ctx context.Context, c *Container) (T, error) { return Get[T](ctx, c, string(n)) }

// Set is the function [Set].
func (n Name[T]) Set(c *Container, factory Factory[T], opts ...Option) error {
	return Set(c, string(n), factory, opts...)
}

// SetShared is the function [SetShared].
func (n Name[T]) SetShared(c *Container, factory Factory[T], opts ...Option) error {
	return SetShared(c, string(n), factory, opts...)
}

// SetValue is the function [SetValue].
func (n Name[T]) SetValue(c *Container, v T, opts ...Option) error {
	return SetValue(c, string(n), v, opts...)
}
