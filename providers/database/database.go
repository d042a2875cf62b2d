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
// or a server, MySQL or MariaDB, which finds out for itself which of them it is:
//
//	database:
//	  driver: mysql
//	  host: localhost
//	  username: root
//	  password: ${MYSQL_PASSWORD}
//	  dbname: test
//
// A key that belongs to the other driver is refused. With providers.Share the sessions are
// kept on the application's own *sql.DB, and all keys that say how to connect are refused.
package database

import (
	"context"
	"database/sql"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"gyrfalcon/providers"
	"gyrfalcon/session"
	"gyrfalcon/session/database"
	"gyrfalcon/session/database/mysql"
	"gyrfalcon/session/database/sqlite"
)

// Backend is the backend named database.
var Backend = providers.NewBackend("database", prepare)

// options is the block of the backend that makes its own connection.
type options struct {
	Driver string           `yaml:"driver"`
	File   file             `yaml:",inline"`
	Server mysql.Options    `yaml:",inline"`
	Table  database.Options `yaml:",inline"`
}

// file is what the block says about a file of SQLite's.
type file struct {
	Path    string         `yaml:"path"`
	Options sqlite.Options `yaml:",inline"`
}

type recipe = providers.Recipe[*sql.DB]

func prepare(s providers.Setup) (recipe, error) {
	if s.Shared {
		return prepareShared(s)
	}
	o := options{Driver: "sqlite", File: file{Path: "gyrfalcon.db"}}
	if err := s.Block.Decode(&o); err != nil {
		return recipe{}, err
	}
	switch o.Driver {
	case "sqlite":
		if err := without(s, append(keys[mysql.Options](), "charset", "timezone"), "is of driver: mysql, and this is driver: sqlite; remove it, or change the driver"); err != nil {
			return recipe{}, err
		}
		return o.sqlite(s)
	case "mysql":
		if err := without(s, fileKeys, "is of driver: sqlite, and this is driver: mysql; remove it, or change the driver"); err != nil {
			return recipe{}, err
		}
		return o.mysql(s)
	}
	return recipe{}, s.Block.Errorf("driver", "%q is no driver of this version; write driver: sqlite, or driver: mysql (which is for MariaDB too)", o.Driver)
}

func (o options) sqlite(s providers.Setup) (recipe, error) {
	path := o.File.Path
	if path == "" {
		return recipe{}, s.Block.Errorf("path", "names no file; write where the sessions are to be kept, such as path: gyrfalcon.db")
	}
	if err := s.Locate(o.File.Options.Validate()); err != nil {
		return recipe{}, err
	}
	place := path
	if abs, err := filepath.Abs(path); err == nil {
		place = abs
	}
	r, err := table(s, o.Table, "sqlite "+place)
	if path == sqlite.Memory {
		r.Store = "" // each connection has a database of its own
	}
	r.Connect = func(context.Context) (*sql.DB, error) { return sqlite.Open(path, o.File.Options) }
	r.Close = closeDB
	return r, err
}

func (o options) mysql(s providers.Setup) (recipe, error) {
	if o.Server.DSN == "" && o.Server.DBName == "" {
		return recipe{}, s.Block.Errorf("dbname", "names no database; write the one that has the table, such as dbname: test")
	}
	if err := s.Locate(o.Server.Validate()); err != nil {
		return recipe{}, err
	}
	r, err := table(s, o.Table, "mysql "+o.Server.Place())
	r.Connect = func(context.Context) (*sql.DB, error) { return mysql.Open(o.Server) }
	r.Close = closeDB
	return r, err
}

func closeDB(_ context.Context, db *sql.DB) error { return db.Close() }

// prepareShared leaves the connection to the application.
func prepareShared(s providers.Setup) (recipe, error) {
	connecting := slices.Concat([]string{"driver"}, fileKeys, keys[mysql.Options]())
	if err := without(s, connecting, "would be ignored: the application hands in its own connection by providers.Share; remove it"); err != nil {
		return recipe{}, err
	}
	var o database.Options
	if err := s.Block.Decode(&o); err != nil {
		return recipe{}, err
	}
	return table(s, o, "shared")
}

// fileKeys are the keys of driver: sqlite.
var fileKeys = append(keys[sqlite.Options](), "path")

// without refuses the keys, saying why.
func without(s providers.Setup, keys []string, why string) error {
	for _, key := range keys {
		if s.Block.IsSet(key) {
			return s.Block.Errorf(key, "%s", why)
		}
	}
	return nil
}

// keys are the keys in YAML of a struct.
func keys[T any]() []string {
	var names []string
	for _, f := range reflect.VisibleFields(reflect.TypeFor[T]()) {
		name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if name != "" && name != "-" {
			names = append(names, name)
		}
	}
	return names
}

// table is the recipe on a connection to that place.
func table(s providers.Setup, o database.Options, place string) (recipe, error) {
	if o.Table == "" {
		o.Table = database.DefaultTable
	}
	return recipe{
		Store:   place + " " + strings.ToLower(o.Table), // names have no case, to SQLite and to some servers
		Adapter: func(db *sql.DB) (session.Adapter, error) { return database.New(db, o), nil },
	}, s.Locate(o.Validate())
}
