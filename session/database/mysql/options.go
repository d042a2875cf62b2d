package mysql

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"

	"gyrfalcon/session"
)

// What Options has by default.
const (
	DefaultHost            = "localhost"
	DefaultPort            = 3306
	DefaultUsername        = "root"
	DefaultMaxOpenConns    = 32
	DefaultMaxIdleConns    = 8
	DefaultConnMaxLifetime = 30 * time.Minute
	DefaultConnectTimeout  = 5 * time.Second
	DefaultLockTimeout     = 2 * time.Second
)

// The values of Options.TLS.
const (
	TLSOff        = "false"
	TLSOn         = "true"        // and the server's certificate must be right
	TLSSkipVerify = "skip-verify" // whoever answers is taken for the server
	TLSPreferred  = "preferred"   // as skip-verify, and without where the server has no TLS
)

// Options says how a server is reached. The zero value is a server on this machine.
type Options struct {
	// DSN is the driver's own way of saying everything at once, such as
	// "user:password@tcp(db.example.com:3306)/shop?tls=true". Then the fields
	// down to LockTimeout must be left out. Open adds to it what it needs.
	DSN string `yaml:"dsn"`

	// Host and Port are where the server listens, by default DefaultHost and
	// DefaultPort. Host may also be an IPv6 address.
	Host string `yaml:"host"`
	Port int    `yaml:"port"`

	// Socket is the path of the server's Unix socket, in place of Host and Port.
	Socket string `yaml:"socket"`

	// Username is by default DefaultUsername, and Password empty.
	Username string `yaml:"username"`
	Password string `yaml:"password"`

	// DBName is the database; it must exist.
	DBName string `yaml:"dbname"`

	// TLS is TLSOff, the default, or another of the constants; or the name that
	// the application has registered a *tls.Config under with the driver.
	TLS string `yaml:"tls"`

	// TLSCA is a PEM file of the authorities to trust in place of the system's. TLS is
	// then TLSOn. Open reads it.
	TLSCA string `yaml:"tls_ca"`

	// ConnectTimeout bounds the making of a connection, the server's greeting and TLS included, by default
	// DefaultConnectTimeout; a call's context ends it earlier. ReadTimeout and
	// WriteTimeout bound each read from and write to a connection; 0, the default,
	// leaves that to the calls' contexts.
	ConnectTimeout time.Duration `yaml:"connect_timeout"`
	ReadTimeout    time.Duration `yaml:"read_timeout"`
	WriteTimeout   time.Duration `yaml:"write_timeout"`

	// LockTimeout is how long the server lets a statement wait for a row that
	// somebody else has locked, in whole seconds, by default DefaultLockTimeout.
	// A statement that has waited in vain is tried a second time, so it should be
	// less than half of the session service's timeout.
	LockTimeout time.Duration `yaml:"lock_timeout"`

	// MaxOpenConns bounds the pool, by default DefaultMaxOpenConns, and
	// MaxIdleConns what it keeps unused, by default DefaultMaxIdleConns.
	MaxOpenConns int `yaml:"max_open_conns"`
	MaxIdleConns int `yaml:"max_idle_conns"`

	// ConnMaxLifetime is for how long a connection is used, by default
	// DefaultConnMaxLifetime; ConnMaxIdleTime for how long it is kept unused, by
	// default as long.
	ConnMaxLifetime time.Duration `yaml:"conn_max_lifetime"`
	ConnMaxIdleTime time.Duration `yaml:"conn_max_idle_time"`
}

// Validate returns an error that holds a *session.OptionError for each option
// that cannot stand. The errors hold neither the DSN nor the password.
func (o Options) Validate() error {
	var errs []error
	refuse := func(option, format string, args ...any) {
		errs = append(errs, &session.OptionError{Option: option, Why: fmt.Sprintf(format, args...)})
	}
	if o.DSN != "" {
		o.alone(refuse)
		if _, err := o.parse(); err != nil {
			refuse("dsn", "%v", err)
		}
	}
	switch {
	case o.Socket != "" && (o.Host != "" || o.Port != 0):
		refuse("socket", "and host or port are two places; remove one of them")
	case strings.Contains(o.Host, ":") && net.ParseIP(o.Host) == nil:
		refuse("host", "holds a colon; write the name or the address alone, and the port as port")
	case strings.ContainsAny(o.Host, "()/@ "):
		refuse("host", "is no name of a host; write the name or the address alone")
	}
	if o.TLSCA != "" && o.TLS != "" && o.TLS != TLSOn {
		refuse("tls_ca", "is for certificates that are checked, which tls: %s does not; write tls: %s, or leave it out", o.TLS, TLSOn)
	}
	if o.Port < 0 || o.Port > 65535 {
		refuse("port", "%d is no port; the server's default is %d", o.Port, DefaultPort)
	}
	if o.LockTimeout != 0 && (o.LockTimeout < time.Second || o.LockTimeout%time.Second != 0) {
		refuse("lock_timeout", "%v is not in whole seconds, of which it is at least one", o.LockTimeout)
	}
	for option, d := range map[string]time.Duration{
		"connect_timeout": o.ConnectTimeout, "read_timeout": o.ReadTimeout, "write_timeout": o.WriteTimeout,
		"conn_max_lifetime": o.ConnMaxLifetime, "conn_max_idle_time": o.ConnMaxIdleTime,
	} {
		if d < 0 {
			refuse(option, "%v is less than nothing", d)
		}
	}
	if o.MaxOpenConns < 0 {
		refuse("max_open_conns", "%d is less than one; left out it is %d", o.MaxOpenConns, DefaultMaxOpenConns)
	}
	if o.MaxIdleConns < 0 || o.MaxOpenConns > 0 && o.MaxIdleConns > o.MaxOpenConns {
		refuse("max_idle_conns", "%d is not between 0 and max_open_conns", o.MaxIdleConns)
	}
	if o.DSN == "" {
		if _, err := o.config(); err != nil {
			refuse("tls", "%q is neither %q, %q, %q nor %q, nor a name that the application has registered", o.TLS, TLSOff, TLSOn, TLSSkipVerify, TLSPreferred)
		}
	}
	return errors.Join(errs...)
}

// alone refuses what a DSN says already.
func (o Options) alone(refuse func(option, format string, args ...any)) {
	for _, f := range []struct {
		option string
		set    bool
	}{
		{"host", o.Host != ""}, {"port", o.Port != 0}, {"socket", o.Socket != ""}, {"username", o.Username != ""}, {"password", o.Password != ""},
		{"dbname", o.DBName != ""}, {"tls", o.TLS != ""}, {"tls_ca", o.TLSCA != ""}, {"connect_timeout", o.ConnectTimeout != 0}, {"read_timeout", o.ReadTimeout != 0},
		{"write_timeout", o.WriteTimeout != 0},
	} {
		if f.set {
			refuse(f.option, "stands beside dsn, which says the same; remove one of them")
		}
	}
}

var errDSN = errors.New("is not of the form user:password@tcp(host:port)/dbname?param=value (or @unix(/path) for a socket); a / in the values of parameters is written %2F")

// parse reads the DSN. The driver's own errors quote it, and so the password, in part.
func (o Options) parse() (*mysql.Config, error) {
	cfg, err := mysql.ParseDSN(o.DSN)
	if err != nil || cfg.Net != "tcp" && cfg.Net != "unix" {
		return nil, errDSN
	}
	return cfg, nil
}

// config is what the driver is told.
func (o Options) config() (*mysql.Config, error) {
	if o.DSN != "" {
		return o.parse()
	}
	cfg := mysql.NewConfig()
	cfg.User, cfg.Passwd, cfg.DBName = or(o.Username, DefaultUsername), o.Password, o.DBName
	cfg.Net, cfg.Addr = "tcp", net.JoinHostPort(or(o.Host, DefaultHost), strconv.Itoa(or(o.Port, DefaultPort)))
	if o.Socket != "" {
		cfg.Net, cfg.Addr = "unix", o.Socket
	}
	cfg.TLSConfig = or(o.TLS, TLSOff)
	if o.TLSCA != "" {
		cfg.TLSConfig = TLSOn
	}
	cfg.Timeout, cfg.ReadTimeout, cfg.WriteTimeout = or(o.ConnectTimeout, DefaultConnectTimeout), o.ReadTimeout, o.WriteTimeout
	// What the driver checks when it makes a connector is checked here.
	_, err := mysql.NewConnector(cfg)
	return cfg, err
}

func or[T comparable](value, otherwise T) T {
	var zero T
	if value == zero {
		return otherwise
	}
	return value
}
