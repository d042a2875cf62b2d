package di

import (
	"path"
	"path/filepath"
	"reflect"
	"runtime"
	"strconv"
	"strings"
)

// where is the place in the source that called into this package. Only program counters are taken when it is made; they
// become a file and a line when somebody reads it, for most registrations never.
type where struct {
	pcs [8]uintptr // this package's own frames come first, and are few
	n   int

	text string // the place itself, where somebody else knows it
}

var packagePrefix = reflect.TypeFor[Container]().PkgPath() + "."

// here is the nearest caller outside this package.
func here() *where {
	w := new(where)
	w.n = runtime.Callers(2, w.pcs[:])
	return w
}

// String is "directory/file.go:line": enough to find the place, without the path of the machine that built the program.
func (w *where) String() string {
	if w.text != "" {
		return w.text
	}
	frames := runtime.CallersFrames(w.pcs[:w.n])
	for {
		frame, more := frames.Next()
		if frame.File != "" && !strings.HasPrefix(frame.Function, packagePrefix) {
			file := filepath.ToSlash(frame.File)
			return path.Join(path.Base(path.Dir(file)), path.Base(file)) + ":" + strconv.Itoa(frame.Line)
		}
		if !more {
			return "unknown place"
		}
	}
}
