package database

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"gyrfalcon/session"
)

// The names that Options has by default: those of Phalcon's adapter.
const (
	DefaultTable            = "session_data"
	DefaultColumnSessionID  = "session_id"
	DefaultColumnData       = "data"
	DefaultColumnCreatedAt  = "created_at"
	DefaultColumnModifiedAt = "modified_at"
)

// DefaultCharset is what Options.Charset is by default.
const DefaultCharset = "utf8mb4"

// Options says where the sessions are. The zero value is complete: it is
// Phalcon's table under its default names.
type Options struct {
	// Table is the table's name, by default DefaultTable. It is a plain name:
	// the connection says in which database or file the table is.
	Table string `yaml:"table"`

	// The columns' names: Phalcon's options of the same names, with Phalcon's
	// defaults.
	ColumnSessionID  string `yaml:"column_session_id"`
	ColumnData       string `yaml:"column_data"`
	ColumnCreatedAt  string `yaml:"column_created_at"`
	ColumnModifiedAt string `yaml:"column_modified_at"`

	// Create lets Open create the table where it is missing. nil, the default,
	// means true for SQLite, whose file is new when it is missing, and false
	// for servers: there a misspelt Table must not become an empty store. The
	// error then shows the statement that creates the table.
	Create *bool `yaml:"create"`

	// Charset is the character set in which a server's columns of text are read and
	// written, by default DefaultCharset: the one that names the bytes of a session.
	// Where PHP shares the table it must be that of PHP's connection. It has nothing
	// to do with the character set of the connections of the *sql.DB, and columns
	// that hold bytes (BLOB) have none. A session with a character that Charset lacks
	// is an error of Read and stays as it is. SQLite has no use for it.
	Charset string `yaml:"charset"`

	// Timezone is PHP's date.timezone, such as "Europe/Vienna", where a server's
	// table tells the time in columns of TIMESTAMP or DATETIME: PHP writes there
	// what its clock on the wall shows. By default PHP's zone is taken to be the
	// server's, which DATETIME columns do not allow. Columns of INT have no zone.
	Timezone string `yaml:"timezone"`

	// OwnDB makes Close close the *sql.DB too. Without it the *sql.DB stays
	// the caller's to close.
	OwnDB bool `yaml:"-"`

	// Now is the clock by which sessions expire and which is written to the
	// table, in whole seconds; by default time.Now.
	Now func() time.Time `yaml:"-"`
}

// maxName is the longest name in characters: MySQL's limit, kept for every
// server so that a configuration can move.
const maxName = 64

// Validate returns an error that holds a *session.OptionError for each option
// that cannot stand.
func (o Options) Validate() error {
	o = o.withDefaults()
	var errs []error
	seen := make(map[string]string)
	check := func(option, name string) {
		if why := oddName(name); why != "" {
			errs = append(errs, &session.OptionError{Option: option, Why: why})
		}
	}
	check("table", o.Table)
	for _, c := range []struct{ option, name string }{
		{"column_session_id", o.ColumnSessionID},
		{"column_data", o.ColumnData},
		{"column_created_at", o.ColumnCreatedAt},
		{"column_modified_at", o.ColumnModifiedAt},
	} {
		check(c.option, c.name)
		folded := strings.ToLower(c.name) // column names have no case
		if other := seen[folded]; other != "" {
			errs = append(errs, &session.OptionError{
				Option: c.option,
				Why:    fmt.Sprintf("%q is the column of %s already; name another", c.name, other),
			})
		}
		seen[folded] = c.option
	}
	if strings.ContainsFunc(o.Charset, func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '_' }) {
		errs = append(errs, &session.OptionError{Option: "charset", Why: fmt.Sprintf("%q is no name of a character set; write one such as %s", o.Charset, DefaultCharset)})
	}
	if _, err := o.location(); err != nil {
		errs = append(errs, &session.OptionError{Option: "timezone", Why: fmt.Sprintf("%q is no time zone that this machine knows; write PHP's date.timezone, such as Europe/Vienna", o.Timezone)})
	}
	return errors.Join(errs...)
}

// location is the zone that Timezone names, nil if it names none.
func (o Options) location() (*time.Location, error) {
	if o.Timezone == "" {
		return nil, nil
	}
	if o.Timezone == "Local" { // to time.LoadLocation that is this machine's, whatever it is
		return nil, errors.New("unknown time zone Local")
	}
	return time.LoadLocation(o.Timezone)
}

// oddName says why a name cannot be a table's or a column's, or "".
func oddName(name string) string {
	switch {
	case !utf8.ValidString(name):
		return "the name is not valid UTF-8"
	case utf8.RuneCountInString(name) > maxName:
		return fmt.Sprintf("the name has %d characters; %d are the most", utf8.RuneCountInString(name), maxName)
	case strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }):
		return fmt.Sprintf("%q holds a character that cannot be printed; name the table or column as it is", name)
	case strings.TrimSpace(name) != name:
		return fmt.Sprintf("%q begins or ends with a space; remove it", name)
	case strings.Contains(name, "."):
		return fmt.Sprintf("%q holds a dot; give the plain name, and the database where the connection is configured", name)
	}
	return ""
}

func (o Options) withDefaults() Options {
	set := func(name *string, to string) {
		if *name == "" {
			*name = to
		}
	}
	set(&o.Table, DefaultTable)
	set(&o.ColumnSessionID, DefaultColumnSessionID)
	set(&o.ColumnData, DefaultColumnData)
	set(&o.ColumnCreatedAt, DefaultColumnCreatedAt)
	set(&o.ColumnModifiedAt, DefaultColumnModifiedAt)
	set(&o.Charset, DefaultCharset)
	o.Charset = charsetName(o.Charset)
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}
