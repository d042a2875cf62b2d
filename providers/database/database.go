// Package database lets YAML keep sessions in a SQL table: adapter: database. Its block
// names the driver and how to reach it, and the table and its columns under the names
// that Phalcon's adapter has for them:
//
//	session:
//	  adapter: database
//	  database:
//	    driver: sqlite        # the default: one file, nothing to install
//	    path: gyrfalcon.db    # the default
//	    table: session_data   # the default
//
// With providers.Share the sessions are kept on the application's own *sql.DB, and the
// keys that say how to connect are refused.
package database

import (
	"context"
	"database/sql"
	"path/filepath"
	"strings"

	"gyrfalcon/providers"
	"gyrfalcon/session"
	"gyrfalcon/session/database"
	"gyrfalcon/session/database/sqlite"
)

// Backend is the backend named database.
var Backend = providers.NewBackend("database", prepare)

// options is the block of the backend that makes its own connection.
type options struct {
	Driver string           `yaml:"driver"`
	Path   string           `yaml:"path"`
	File   sqlite.Options   `yaml:",inline"`
	Table  database.Options `yaml:",inline"`
}

func prepare(s providers.Setup) (providers.Recipe[*sql.DB], error) {
	if s.Shared {
		return prepareShared(s)
	}
	o := options{Driver: "sqlite", Path: "gyrfalcon.db"}
	if err := s.Block.Decode(&o); err != nil {
		return providers.Recipe[*sql.DB]{}, err
	}
	if o.Driver != "sqlite" {
		return providers.Recipe[*sql.DB]{}, s.Block.Errorf("driver", "%q is no driver of this version; write driver: sqlite", o.Driver)
	}
	if o.Path == "" {
		return providers.Recipe[*sql.DB]{}, s.Block.Errorf("path", "names no file; write where the sessions are to be kept, such as path: gyrfalcon.db")
	}
	if err := s.Locate(o.File.Validate()); err != nil {
		return providers.Recipe[*sql.DB]{}, err
	}
	place := o.Path
	if abs, err := filepath.Abs(o.Path); err == nil {
		place = abs
	}
	recipe, err := table(s, o.Table, "sqlite "+place)
	if o.Path == sqlite.Memory {
		recipe.Store = "" // each connection has a database of its own
	}
	recipe.Connect = func(context.Context) (*sql.DB, error) { return sqlite.Open(o.Path, o.File) }
	recipe.Close = func(_ context.Context, db *sql.DB) error { return db.Close() }
	return recipe, err
}

// prepareShared leaves the connection to the application.
func prepareShared(s providers.Setup) (providers.Recipe[*sql.DB], error) {
	for _, key := range []string{"driver", "path", "busy_timeout", "synchronous"} {
		if s.Block.IsSet(key) {
			return providers.Recipe[*sql.DB]{}, s.Block.Errorf(key, "would be ignored: the application hands in its own connection by providers.Share; remove it")
		}
	}
	var o database.Options
	if err := s.Block.Decode(&o); err != nil {
		return providers.Recipe[*sql.DB]{}, err
	}
	return table(s, o, "shared")
}

// table is the recipe on a connection to that place.
func table(s providers.Setup, o database.Options, place string) (providers.Recipe[*sql.DB], error) {
	if o.Table == "" {
		o.Table = database.DefaultTable
	}
	return providers.Recipe[*sql.DB]{
		Store:   place + " " + strings.ToLower(o.Table), // SQLite's names have no case
		Adapter: func(db *sql.DB) (session.Adapter, error) { return database.New(db, o), nil },
	}, s.Locate(o.Validate())
}
