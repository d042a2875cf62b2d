package config_test

import (
	"testing"
	"time"

	"gyrfalcon/config"
	"gyrfalcon/session"
)

// A service that is made in Go and one of the same name that a file describes are one:
// its visitors keep their cookie, and their time.
func TestWhatAFileDoesNotSayIsWhatASessionManagerTakesForGranted(t *testing.T) {
	t.Parallel()
	const file = `
session: {}
services:
  admin: {adapter: memory}
  site: {adapter: memory, interop: php}
`
	c := parse(t, file, nil)
	for _, s := range []config.Session{c.Session, c.Services["admin"], c.Services["site"]} {
		o := session.Options{Name: s.Name}
		if s.Interop == "php" {
			o.Interop = session.PHP
		}
		type defaults struct {
			cookie, path string
			lifetime     time.Duration
			maxData      int
		}
		o = session.New(nil, o).Options()
		got := defaults{s.Cookie.Name, s.Cookie.Path, s.Lifetime, int(s.MaxData)}
		if want := (defaults{o.Cookie.Name, o.Cookie.Path, o.Lifetime, o.MaxData}); got != want {
			t.Errorf("the service %q: a file's defaults are %+v, a manager's %+v; want the same", s.Name, got, want)
		}
	}
}
