package mysql_test

import (
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"gyrfalcon/integration/servers"
	"gyrfalcon/session/database"
	own "gyrfalcon/session/database/mysql"
)

func TestConnectionsAreEncryptedAndTheServersCertificateIsChecked(t *testing.T) {
	t.Parallel()
	cert, key := servers.Certificate(t)
	stranger, _ := servers.Certificate(t)
	srv := servers.NewMariaDB(t, "--ssl-cert="+cert, "--ssl-key="+key, "--require-secure-transport=ON")
	plain := servers.SharedMariaDB(t)
	with := func(srv *servers.SQL, tls, ca string) own.Options {
		c := srv.Config("mysql")
		host, port, err := net.SplitHostPort(c.Addr)
		if err != nil {
			t.Fatalf("the server is at %s: %v", c.Addr, err)
		}
		number, err := strconv.Atoi(port)
		if err != nil {
			t.Fatal(err)
		}
		return own.Options{Host: host, Port: number, Username: c.User, Password: c.Passwd, DBName: c.DBName, TLS: tls, TLSCA: ca}
	}
	for _, o := range []own.Options{with(srv, own.TLSOn, cert), with(srv, "", cert), with(srv, own.TLSSkipVerify, ""), with(srv, own.TLSPreferred, "")} {
		db, err := own.Open(o)
		if err != nil {
			t.Fatal(err)
		}
		var name, cipher string
		if err := db.QueryRowContext(t.Context(), "SHOW STATUS LIKE 'Ssl_cipher'").Scan(&name, &cipher); err != nil || cipher == "" {
			t.Errorf("tls: %q, tls_ca: %q: the cipher is %q, %v; want one", o.TLS, o.TLSCA, cipher, err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
	for _, c := range []struct {
		options own.Options
		says    string
	}{
		{with(srv, own.TLSOn, ""), "its authority's file in tls_ca"},
		{with(srv, own.TLSOn, stranger), "its authority's file in tls_ca"},
		{with(srv, "", ""), "set tls: true"},
		{with(plain, own.TLSOn, cert), "has no TLS"},
	} {
		db, err := own.Open(c.options)
		if err != nil {
			t.Fatal(err)
		}
		wantOpenError(t, db, database.Options{}, c.says)
	}
	for file, says := range map[string]string{filepath.Join(t.TempDir(), "none.pem"): "no such file", key: "no certificate"} {
		if _, err := own.Open(with(srv, "", file)); err == nil || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), "tls_ca") {
			t.Errorf("Open with %s = %v, want an error about tls_ca that says %q", filepath.Base(file), err, says)
		}
	}
}
