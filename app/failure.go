package app

import (
	"errors"
	"strings"

	"go.uber.org/dig"

	"gyrfalcon/config"
	"gyrfalcon/di"
)

// failureLines is what an operator is told of err: its root cause in one line, without
// what fx and the registry wrap around it. Mistakes in a configuration file keep a line each, as
// editors want them.
func failureLines(err error) []string {
	err = rootCause(err)
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var lines []string
		for _, one := range joined.Unwrap() {
			if _, ok := errors.AsType[*config.Error](one); !ok {
				return []string{oneLine(err)}
			}
			lines = append(lines, oneLine(one))
		}
		return lines
	}
	return []string{oneLine(err)}
}

// rootCause is what a constructor returned, or a service's start.
func rootCause(err error) error {
	err = dig.RootCause(err)
	if e, ok := errors.AsType[*di.Error](err); ok && e.Op == "start" {
		if cause := errors.Unwrap(e.Err); cause != nil {
			return cause
		}
	}
	return err
}

// oneLine takes an error that was joined, and whatever a server put into its message,
// into one line.
func oneLine(err error) string {
	var parts []string
	for line := range strings.Lines(err.Error()) {
		if line = strings.TrimSpace(line); line != "" {
			parts = append(parts, line)
		}
	}
	return strings.Join(parts, "; ")
}
