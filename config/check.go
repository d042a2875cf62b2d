package config

import (
	"slices"
)

// checker checks the values of a block and points at those that are wrong.
type checker struct {
	Block
	problems *problems
}

func (c checker) require(key string, ok bool, format string, args ...any) {
	if !ok {
		*c.problems = append(*c.problems, c.problem(key, format, args...))
	}
}

func (c checker) oneOf(key, value string, valid ...string) {
	c.require(key, slices.Contains(valid, value), "%s is not known here%s", c.describe(key, value), Suggest(value, valid))
}
