package mysql

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"time"

	"github.com/go-sql-driver/mysql"

	"gyrfalcon/session"
	"gyrfalcon/session/database/internal/mysqlfault"
)

// Open returns a *sql.DB for the server. It does no I/O: what is wrong with the
// server, the first connection tells. The error of Open is about the options. The
// *sql.DB is the caller's to close (or the adapter's, with database.Options.OwnDB).
func Open(o Options) (*sql.DB, error) {
	if err := o.Validate(); err != nil {
		return nil, fmt.Errorf("session/database/mysql: %w", err)
	}
	cfg, err := o.config()
	if err != nil {
		return nil, fmt.Errorf("session/database/mysql: %w", err)
	}
	// The driver would log to standard error what it returns as well.
	cfg.Logger = &mysql.NopLogger{}
	if cfg.Params == nil {
		cfg.Params = make(map[string]string)
	}
	if _, set := cfg.Params["innodb_lock_wait_timeout"]; !set {
		cfg.Params["innodb_lock_wait_timeout"] = strconv.Itoa(int(or(o.LockTimeout, DefaultLockTimeout) / time.Second))
	}
	if o.TLSCA != "" {
		if cfg.TLS, err = trusting(o.TLSCA); err != nil {
			return nil, fmt.Errorf("session/database/mysql: %w", &session.OptionError{Option: "tls_ca", Why: err.Error()})
		}
	}
	base, err := mysql.NewConnector(cfg)
	if err != nil {
		return nil, errors.New("session/database/mysql: the driver refuses the options") // its error may quote them
	}
	db := sql.OpenDB(&connector{base: base, place: fmt.Sprintf("the server at %s", cfg.Addr), timeout: cfg.Timeout})
	open := or(o.MaxOpenConns, DefaultMaxOpenConns)
	db.SetMaxOpenConns(open)
	db.SetMaxIdleConns(or(o.MaxIdleConns, min(DefaultMaxIdleConns, open)))
	db.SetConnMaxLifetime(or(o.ConnMaxLifetime, DefaultConnMaxLifetime))
	db.SetConnMaxIdleTime(o.ConnMaxIdleTime)
	return db, nil
}

// trusting is TLS with the authorities of a PEM file. The driver fills in the server's name.
func trusting(file string) (*tls.Config, error) {
	text, err := os.ReadFile(file) //nolint:gosec // G304: the operator names the file
	if err != nil {
		return nil, err
	}
	c := &tls.Config{RootCAs: x509.NewCertPool(), MinVersion: tls.VersionTLS12}
	if !c.RootCAs.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s holds no certificate in PEM form", file)
	}
	return c, nil
}

// Place says where the sessions are, without a secret: equal for two Options that
// lead to one database, as far as the options tell.
func (o Options) Place() string {
	cfg, err := o.config()
	if err != nil {
		return ""
	}
	return fmt.Sprintf("%s(%s)/%s", cfg.Net, cfg.Addr, cfg.DBName)
}

// connector makes connections, and explains why it made none.
type connector struct {
	base    driver.Connector
	place   string
	timeout time.Duration // the driver bounds the dialling with it, and not the greeting; 0 for none
}

func (c *connector) Driver() driver.Driver { return c.base.Driver() }

func (c *connector) Connect(ctx context.Context) (driver.Conn, error) {
	within := ctx
	if c.timeout > 0 {
		var cancel context.CancelFunc
		within, cancel = context.WithTimeout(ctx, c.timeout)
		defer cancel()
	}
	conn, err := c.base.Connect(within)
	switch {
	case err == nil:
		return conn, nil
	case within.Err() != nil && ctx.Err() == nil:
		err = fmt.Errorf("it gave no connection within %v; is the server running, and is that the port of MySQL's protocol?", c.timeout)
	default:
		err = explain(err)
	}
	return nil, mysqlfault.Connecting(err, c.place)
}

// explain puts what the driver itself says about TLS and passwords into words that
// name the mend.
func explain(err error) error {
	switch {
	case errors.Is(err, mysql.ErrNoTLS):
		return fmt.Errorf("the server has no TLS; give it a certificate, or set tls: false: %w", err)
	case isCertificate(err):
		return fmt.Errorf("the server's certificate is not trusted; name its authority's file in tls_ca: %w", err)
	case isDial(err):
		return fmt.Errorf("it cannot be reached; is the server running, and are host and port, or the socket, right? %w", err)
	case errors.Is(err, mysql.ErrInvalidConn):
		return fmt.Errorf("the server ended the connection while it was made; is that its MySQL port, and does it take more connections? %w", err)
	}
	return err
}

func isCertificate(err error) bool {
	_, is := errors.AsType[*tls.CertificateVerificationError](err)
	return is
}

func isDial(err error) bool {
	op, is := errors.AsType[*net.OpError](err)
	return is && op.Op == "dial" && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded)
}
