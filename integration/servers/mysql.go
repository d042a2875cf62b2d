package servers

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/go-sql-driver/mysql"

	"gyrfalcon/integration/internal/ports"
)

// dsnVariable names a MySQL server that runs already, as a DSN of the go-sql-driver's
// whose user may make databases.
const dsnVariable = "MYSQL_DSN"

// MySQL returns a real MySQL server that all tests of the process share, and whether
// there is one: the one that MYSQL_DSN names, or one that is started from a mysqld on
// the PATH which is not MariaDB's under its old name. Few systems have one, so the tests
// do not demand it.
func MySQL(t testing.TB) (*SQL, bool) {
	t.Helper()
	path, found := mysqld()
	if os.Getenv(dsnVariable) == "" && path == "" {
		if found != nil {
			t.Fatal(found)
		}
		return nil, false
	}
	s := &SQL{place: sharedMySQL.get(t), Node: sharedMySQLNode}
	s.wantAlive(t)
	return s, true
}

// sharedMySQLNode is set by the start of sharedMySQL, and in no second process.
var sharedMySQLNode *Node

var sharedMySQL = shared[sqlPlace]{name: "MySQL", start: func() (sqlPlace, error) {
	if dsn := os.Getenv(dsnVariable); dsn != "" {
		c, err := mysql.ParseDSN(dsn)
		if err != nil {
			return sqlPlace{}, fmt.Errorf("%s: %w", dsnVariable, err)
		}
		c.DBName = ""
		return sqlPlace{DSN: c.FormatDSN()}, nil
	}
	path, err := mysqld()
	if err != nil {
		return sqlPlace{}, err
	}
	me, err := user.Current()
	if err != nil {
		return sqlPlace{}, err
	}
	s, err := newSQL(mysqlFlavor(path, me.Username), nil)
	if err != nil {
		return sqlPlace{}, err
	}
	sharedMySQLNode = s.forAll()
	return s.place, nil
}}

// mysqld returns the path of MySQL's own mysqld, or "" if there is none.
var mysqld = sync.OnceValues(func() (string, error) {
	path, err := find("mysqld")
	if err != nil {
		return "", nil // it may be missing
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	version, err := exec.CommandContext(ctx, path, "--no-defaults", "--version").Output() //nolint:gosec // it was found on the PATH
	if err != nil {
		return "", fmt.Errorf("%s --version: %w", path, err)
	}
	if strings.Contains(string(version), "MariaDB") {
		return "", nil
	}
	return path, nil
})

func mysqlFlavor(path, username string) sqlFlavor {
	return sqlFlavor{
		path:  path,
		ports: 1,
		install: func(data string) error {
			return once(path, "--no-defaults", "--initialize-insecure", "--user="+username, "--datadir="+data, "--tmpdir="+filepath.Dir(data))
		},
		args: func([]ports.Port) []string {
			return []string{"--loose-mysqlx=OFF", "--loose-innodb-redo-log-capacity=16M", "--secure-file-priv=NULL"}
		},
	}
}
