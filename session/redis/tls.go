package redis

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
)

// TLS says how servers prove who they are, and how we do. The zero value trusts the
// system's authorities. The files are read when connections are made.
type TLS struct {
	// CA is a PEM file of the authorities to trust in place of the system's.
	CA string `yaml:"ca"`

	// Cert and Key are PEM files of our own certificate, for servers that want one
	// (Redis's tls-auth-clients, on by default there).
	Cert string `yaml:"cert"`
	Key  string `yaml:"key"`

	// ServerName is the name that servers' certificates must be for, by default the
	// name under which each is reached.
	ServerName string `yaml:"server_name"`

	// SkipVerify takes any certificate: whoever stands between can read everything.
	SkipVerify bool `yaml:"skip_verify"`
}

func (t TLS) validate(refuse func(option, format string, args ...any)) {
	if (t.Cert == "") != (t.Key == "") {
		refuse("tls", "cert and key belong together; give both, or neither")
	}
}

// over fills what t leaves out from less.
func (t TLS) over(less TLS) TLS {
	orElse(&t.CA, less.CA)
	if t.Cert == "" {
		t.Cert, t.Key = less.Cert, less.Key
	}
	orElse(&t.ServerName, less.ServerName)
	t.SkipVerify = t.SkipVerify || less.SkipVerify
	return t
}

func orElse[T comparable](v *T, otherwise T) {
	var zero T
	if *v == zero {
		*v = otherwise
	}
}

// config reads the files; nil for no TLS. Without a ServerName the driver, or
// crypto/tls, takes the host's.
func (t *TLS) config() (*tls.Config, error) {
	if t == nil {
		return nil, nil
	}
	c := &tls.Config{
		MinVersion:         tls.VersionTLS12,
		ServerName:         t.ServerName,
		InsecureSkipVerify: t.SkipVerify, //nolint:gosec // only where the operator asks for it
	}
	if t.CA != "" {
		pem, err := os.ReadFile(t.CA)
		if err != nil {
			return nil, fmt.Errorf("tls: the file of authorities: %w", err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, errors.New("tls: the file of authorities (ca) holds no certificate in PEM")
		}
	}
	if t.Cert != "" {
		key := t.Key
		if key == "" { // PHP's local_cert holds both, where there is no local_pk
			key = t.Cert
		}
		pair, err := tls.LoadX509KeyPair(t.Cert, key)
		if err != nil {
			return nil, fmt.Errorf("tls: our own certificate: %w", err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c, nil
}

// turnedAway says whether err is what a server does to a client without a certificate. As the
// handshake of TLS 1.3 is over for the client by then, it can also meet the end of the
// connection as it writes.
func turnedAway(err error) bool {
	for _, e := range []error{io.EOF, syscall.ECONNRESET, syscall.EPIPE} {
		if errors.Is(err, e) {
			return true
		}
	}
	return strings.Contains(err.Error(), "remote error: tls:")
}
