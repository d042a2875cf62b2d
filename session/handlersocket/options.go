package handlersocket

import (
	"database/sql"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"gyrfalcon/session"
)

// What Options has by default.
const (
	DefaultHost      = "localhost"
	DefaultPort      = 9999
	DefaultDBName    = "session"
	DefaultDBTable   = "php_session"
	DefaultTimezone  = "UTC"
	DefaultPool      = 8
	DefaultTimeout   = 5 * time.Second
	DefaultMaxLead   = 5 * time.Minute
	DefaultCharset   = "utf8mb3"
	DefaultDataBytes = 65535
	DefaultIDChars   = 32
)

// Server is where the sessions are: Phalcon's option of that name.
type Server struct {
	Host    string `yaml:"host"`    // by default DefaultHost
	Port    int    `yaml:"port"`    // by default DefaultPort, the plugin's for reads and writes
	DBName  string `yaml:"dbname"`  // the database, by default DefaultDBName
	DBTable string `yaml:"dbtable"` // the table, by default DefaultDBTable; never a view: that crashes the server
}

// Options says where the sessions are and what the table can hold. The zero value is
// complete: it is Phalcon's table, on this machine.
type Options struct {
	Server Server `yaml:"server"`

	// PortWr is the port that writes go to, by default Server.Port. With
	// Server.Port set to the port for reads (9998) and PortWr to the other (9999),
	// reads do not wait behind writes.
	PortWr int `yaml:"port_wr"`

	// Secret is the server's handlersocket_plain_secret, and SecretWr its
	// handlersocket_plain_secret_wr, by default the same. Empty where the server
	// has none.
	Secret   string `yaml:"secret"`
	SecretWr string `yaml:"secret_wr"`

	// Timezone is the zone of the times in the table: PHP's date.timezone, by
	// default UTC. By another, sessions that PHP has written end too early or too late,
	// and those that lead the clock by more than MaxLead cannot be swapped: the error
	// names this option.
	Timezone string `yaml:"timezone"`

	// Pool is the most connections to each port.
	Pool int `yaml:"pool"`

	// Timeout bounds each exchange with the server, within the context's own
	// deadline.
	Timeout time.Duration `yaml:"timeout"`

	// MaxLead is how far the time of last use, which is the version that swaps
	// compare, may run ahead of the clock; at least a second. Past it a swap
	// waits.
	MaxLead time.Duration `yaml:"max_lead"`

	// Charset is the character set of the column data: utf8mb3 (or utf8), utf8mb4,
	// ascii, latin1 or binary (as BLOB has). DataBytes is how many bytes that
	// column holds, and IDChars how many characters the column id: the plugin cuts
	// what is longer and replaces what is no text, in silence, so it is refused
	// here. With SQL set all three are looked up.
	Charset   string `yaml:"charset"`
	DataBytes int    `yaml:"data_bytes"`
	IDChars   int    `yaml:"id_chars"`

	// SQL is a connection to the same server, for Open to look up what the table
	// holds and to make sure that it is no view. It stays the caller's.
	SQL *sql.DB `yaml:"-"`

	// Now is the clock by which sessions expire and which is written to the
	// table; by default time.Now.
	Now func() time.Time `yaml:"-"`
}

func (o Options) withDefaults() Options {
	text := func(option *string, to string) {
		if *option == "" {
			*option = to
		}
	}
	number := func(option *int, to int) {
		if *option == 0 {
			*option = to
		}
	}
	text(&o.Server.Host, DefaultHost)
	number(&o.Server.Port, DefaultPort)
	text(&o.Server.DBName, DefaultDBName)
	text(&o.Server.DBTable, DefaultDBTable)
	number(&o.PortWr, o.Server.Port)
	text(&o.SecretWr, o.Secret)
	text(&o.Timezone, DefaultTimezone)
	number(&o.Pool, DefaultPool)
	text(&o.Charset, DefaultCharset)
	number(&o.DataBytes, DefaultDataBytes)
	number(&o.IDChars, DefaultIDChars)
	if o.Timeout == 0 {
		o.Timeout = DefaultTimeout
	}
	if o.MaxLead == 0 {
		o.MaxLead = DefaultMaxLead
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// Validate returns an error that holds a *session.OptionError for each option that
// cannot stand.
func (o Options) Validate() error {
	o = o.withDefaults()
	var errs []error
	refuse := func(option, format string, args ...any) {
		errs = append(errs, &session.OptionError{Option: option, Why: fmt.Sprintf(format, args...)})
	}
	for _, p := range []struct {
		option string
		port   int
	}{{"server.port", o.Server.Port}, {"port_wr", o.PortWr}} {
		if p.port < 1 || p.port > 65535 {
			refuse(p.option, "%d is no port; the plugin's are 9998 (reads) and 9999 (reads and writes) by default", p.port)
		}
	}
	for _, n := range []struct{ option, name string }{{"server.dbname", o.Server.DBName}, {"server.dbtable", o.Server.DBTable}} {
		if !utf8.ValidString(n.name) || strings.ContainsAny(n.name, "/\\.\x00") || utf8.RuneCountInString(n.name) > 64 {
			refuse(n.option, "%q is no plain name of at most 64 characters", n.name)
		}
	}
	if _, err := time.LoadLocation(o.Timezone); err != nil {
		refuse("timezone", "%q is no time zone that this system knows; write PHP's date.timezone, such as Europe/Kyiv", o.Timezone)
	}
	if _, ok := charsets[strings.ToLower(o.Charset)]; !ok {
		refuse("charset", "%q is none that is checked here; write utf8mb3, utf8mb4, ascii, latin1 or binary", o.Charset)
	}
	if o.Pool < 0 {
		refuse("pool", "%d is negative; leave it out for %d", o.Pool, DefaultPool)
	}
	if o.Timeout < 0 {
		refuse("timeout", "%v is negative; leave it out for %v", o.Timeout, DefaultTimeout)
	}
	if o.MaxLead < time.Second {
		refuse("max_lead", "%v is less than 1s, which the column counts in; leave it out for %v", o.MaxLead, DefaultMaxLead)
	}
	if o.DataBytes < 0 {
		refuse("data_bytes", "%d is negative; leave it out for TEXT's %d", o.DataBytes, DefaultDataBytes)
	}
	if o.IDChars < 0 {
		refuse("id_chars", "%d is negative; leave it out for %d", o.IDChars, DefaultIDChars)
	}
	return errors.Join(errs...)
}

// address is that of one port.
func (o Options) address(port int) string {
	return net.JoinHostPort(o.Server.Host, strconv.Itoa(port))
}

// Place is where the sessions are, for comparing: adapters of equal places keep them in
// one table.
func (o Options) Place() string {
	o = o.withDefaults()
	return o.address(o.PortWr) + " " + o.Server.DBName + "." + o.Server.DBTable
}
