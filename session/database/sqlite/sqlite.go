package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"modernc.org/sqlite"

	"gyrfalcon/session"
)

// DefaultBusyTimeout is what Options.BusyTimeout is by default.
const DefaultBusyTimeout = 5 * time.Second

// The values of Options.Synchronous.
const (
	Full   = "full"   // an answered commit survives a power cut
	Normal = "normal" // an answered commit survives the process only
)

// Memory is the path of a database in memory.
const Memory = ":memory:"

// Options says how a file is opened. The zero value is complete.
type Options struct {
	// BusyTimeout is the longest wait for a lock that another process holds, by
	// default DefaultBusyTimeout, at least a millisecond. A call's context ends
	// it earlier.
	BusyTimeout time.Duration `yaml:"busy_timeout"`

	// Synchronous is Full, the default, or Normal.
	Synchronous string `yaml:"synchronous"`
}

// Validate returns an error that holds a *session.OptionError for each option
// that cannot stand.
func (o Options) Validate() error {
	var errs []error
	if o.BusyTimeout != 0 && o.BusyTimeout < time.Millisecond {
		errs = append(errs, &session.OptionError{
			Option: "busy_timeout",
			Why:    fmt.Sprintf("%v is too short; the shortest is 1ms, and left out it is %v", o.BusyTimeout, DefaultBusyTimeout),
		})
	}
	switch o.Synchronous {
	case "", Full, Normal:
	default:
		errs = append(errs, &session.OptionError{
			Option: "synchronous",
			Why:    fmt.Sprintf("%q is neither %q nor %q", o.Synchronous, Full, Normal),
		})
	}
	return errors.Join(errs...)
}

// Open returns a *sql.DB for the SQLite file at path, which is created when it
// is missing; its folder is not. Any path will do: characters such as ? and %
// have no meaning in it. A relative path begins at the folder in which the
// process is now.
//
// Memory (":memory:") is a database in memory, which only this *sql.DB sees and
// which ends with it.
//
// Open does no I/O; what is wrong with the file, the first connection tells.
// The error of Open is about path and options. The *sql.DB is the caller's to
// close (or the adapter's, with database.Options.OwnDB); until then it holds a
// goroutine, even unused.
func Open(path string, o Options) (*sql.DB, error) {
	if err := o.Validate(); err != nil {
		return nil, fmt.Errorf("session/database/sqlite: %w", err)
	}
	c := &connector{path: path, busy: o.BusyTimeout, synchronous: o.Synchronous}
	if c.busy == 0 {
		c.busy = DefaultBusyTimeout
	}
	if c.synchronous == "" {
		c.synchronous = Full
	}
	dsn, connections := "file::memory:", 1
	if path != Memory {
		if err := c.locate(); err != nil {
			return nil, fmt.Errorf("session/database/sqlite: %w", err)
		}
		// mode=rw: the file is made by the connector, with its mode, and never
		// by SQLite.
		uri := url.URL{Scheme: "file", Path: c.path, RawQuery: "mode=rw"}
		dsn, connections = uri.String(), 1+max(2, runtime.GOMAXPROCS(0)) // the writer, and readers
	}
	base, err := sqlite.NewConnector(dsn)
	if err != nil {
		return nil, fmt.Errorf("session/database/sqlite: %w", err)
	}
	c.base = base
	db := sql.OpenDB(c)
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db, nil
}

// locate makes the path one that stays right when the process changes folders.
func (c *connector) locate() error {
	switch {
	case c.path == "":
		return &session.OptionError{Option: "path", Why: "it is empty; name a file, or \":memory:\""}
	case strings.ContainsRune(c.path, 0):
		return &session.OptionError{Option: "path", Why: "it holds a NUL byte; name a file"}
	}
	path, err := filepath.Abs(c.path)
	if err != nil {
		return err
	}
	c.path = path
	return nil
}

// connector makes connections to one database, and its file when it is missing.
type connector struct {
	base        driver.Connector
	path        string
	busy        time.Duration
	synchronous string
}

func (c *connector) Driver() driver.Driver { return c.base.Driver() }

// Connect makes a connection, set as the package comment says.
func (c *connector) Connect(ctx context.Context) (driver.Conn, error) {
	if c.path != Memory {
		if err := ensureFile(c.path); err != nil {
			return nil, err
		}
	}
	conn, err := c.base.Connect(ctx)
	if err != nil {
		return nil, c.explain(err)
	}
	if err := c.set(ctx, conn); err != nil {
		return nil, errors.Join(c.explain(err), conn.Close())
	}
	return conn, nil
}
