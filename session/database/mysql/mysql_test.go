package mysql_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"gyrfalcon/session"
	"gyrfalcon/session/database/mysql"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestOptionsThatCannotStandAreRefusedByName(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		options mysql.Options
		option  string
		part    string
	}{
		{mysql.Options{DSN: "hunter2"}, "dsn", "user:password@tcp"},
		{mysql.Options{DSN: "root:hun@hunter2(x)/db"}, "dsn", "user:password@tcp"}, // the driver takes half the password for a network
		{mysql.Options{DSN: "root:hunter2@tcp(x)/db?timeout=hunter2"}, "dsn", "user:password@tcp"},
		{mysql.Options{DSN: "root@tcp(x)/db", Password: "hunter2"}, "password", "dsn"},
		{mysql.Options{DSN: "root@tcp(x)/db", Port: 1}, "port", "dsn"},
		{mysql.Options{Host: "db.example.com:3306"}, "host", "as port"},
		{mysql.Options{Host: "root:hunter2@db.example.com"}, "host", "colon"},
		{mysql.Options{Port: 70000}, "port", "70000"},
		{mysql.Options{Socket: "/run/mysqld/mysqld.sock", Host: "localhost"}, "socket", "two places"},
		{mysql.Options{TLS: "yes"}, "tls", "skip-verify"},
		{mysql.Options{TLS: "preferred", TLSCA: "ca.pem"}, "tls_ca", "tls: true"},
		{mysql.Options{DSN: "root@tcp(x)/db", TLSCA: "ca.pem"}, "tls_ca", "dsn"},
		{mysql.Options{LockTimeout: 1500 * time.Millisecond}, "lock_timeout", "whole seconds"},
		{mysql.Options{ReadTimeout: -1}, "read_timeout", "less than nothing"},
		{mysql.Options{MaxOpenConns: -1}, "max_open_conns", "left out"},
		{mysql.Options{MaxOpenConns: 2, MaxIdleConns: 3}, "max_idle_conns", "max_open_conns"},
	} {
		err := c.options.Validate()
		refused, ok := errors.AsType[*session.OptionError](err)
		if !ok || refused.Option != c.option || !strings.Contains(refused.Why, c.part) {
			t.Errorf("Validate = %v, want an *OptionError for %s that says %q", err, c.option, c.part)
		}
		if strings.Contains(fmt.Sprint(err), "hunter2") {
			t.Errorf("Validate tells the password: %v", err)
		}
		if db, err := mysql.Open(c.options); err == nil {
			_ = db.Close()
			t.Errorf("Open with what Validate refuses for %s = nil, want an error", c.option)
		}
	}
}

func TestAllFormsOfOnePlaceAreOnePlace(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		options mysql.Options
		want    string
	}{
		{mysql.Options{DBName: "shop"}, "tcp(localhost:3306)/shop"},
		{mysql.Options{DSN: "root:secret@tcp(localhost)/shop?charset=latin1"}, "tcp(localhost:3306)/shop"},
		{mysql.Options{Host: "::1", Port: 3307, DBName: "shop", Username: "u", Password: "secret"}, "tcp([::1]:3307)/shop"},
		{mysql.Options{Socket: "/run/mysqld/mysqld.sock", DBName: "shop"}, "unix(/run/mysqld/mysqld.sock)/shop"},
	} {
		if got := c.options.Place(); got != c.want {
			t.Errorf("Place = %s, want %s", got, c.want)
		}
	}
}

func TestThePoolIsBoundedUnlessToldOtherwise(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ set, want int }{{0, mysql.DefaultMaxOpenConns}, {3, 3}} {
		db, err := mysql.Open(mysql.Options{MaxOpenConns: c.set})
		if err != nil {
			t.Fatal(err)
		}
		if got := db.Stats().MaxOpenConnections; got != c.want {
			t.Errorf("max_open_conns: %d gives a pool of %d, want %d", c.set, got, c.want)
		}
		_ = db.Close()
	}
}
