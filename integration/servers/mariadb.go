package servers

import (
	"fmt"
	"os/user"
	"path/filepath"
	"sync"
	"testing"

	"gyrfalcon/integration/internal/ports"
)

// SharedMariaDB returns the MariaDB server that all tests of the process share. Make a
// database of your own on it (NewDatabase), and change nothing that others would notice.
func SharedMariaDB(t testing.TB) *SQL {
	t.Helper()
	s := &SQL{place: sharedMariaDB.get(t), Node: sharedMariaDBNode}
	s.wantAlive(t)
	return s
}

// sharedMariaDBNode is set by the start of sharedMariaDB, and in no second process.
var sharedMariaDBNode *Node

var sharedMariaDB = shared[sqlPlace]{name: "MariaDB", start: func() (sqlPlace, error) {
	s, err := newMariaDB(nil)
	if err != nil {
		return sqlPlace{}, err
	}
	sharedMariaDBNode = s.forAll()
	return s.place, nil
}}

// NewMariaDB starts a MariaDB server for one test, with which it ends. args are further
// arguments of mariadbd, which prevail over those that it has from here.
func NewMariaDB(t testing.TB, args ...string) *SQL {
	t.Helper()
	starter(t)
	s, err := newMariaDB(args)
	if err != nil {
		t.Fatal(err)
	}
	s.alone = true
	s.endWith(t)
	return s
}

// wantAlive stops a test that would use a server which another test has killed.
func (s *SQL) wantAlive(t testing.TB) {
	t.Helper()
	if s.Node == nil {
		return
	}
	if err := s.died(); err != nil {
		t.Fatal(err)
	}
}

func newMariaDB(args []string) (*SQL, error) {
	path, err := find("mariadbd")
	if err != nil {
		return nil, err
	}
	return newSQL(sqlFlavor{
		mariaDB: true,
		path:    path,
		ports:   3,
		install: copyOf(mariaDBTemplate),
		args: func(addrs []ports.Port) []string {
			return []string{
				"--skip-name-resolve",
				"--innodb-log-file-size=16M",
				// HandlerSocket calls itself beta. A secret that is not set is, to Debian's
				// 10.11.19, a random one.
				"--plugin-maturity=beta", "--plugin-load-add=handlersocket",
				"--handlersocket-address=" + ports.Host,
				fmt.Sprintf("--handlersocket-port=%d", addrs[1].Number), fmt.Sprintf("--handlersocket-port-wr=%d", addrs[2].Number),
				"--handlersocket-plain-secret=", "--handlersocket-plain-secret-wr=",
				"--handlersocket-threads=4", "--handlersocket-threads-wr=2",
			}
		},
	}, args)
}

// mariaDBTemplate is the data of a server that has not been used yet. It is made once:
// that takes as long as all the rest of a start.
var mariaDBTemplate = sync.OnceValues(func() (string, error) {
	install, err := find("mariadb-install-db", "mysql_install_db")
	if err != nil {
		return "", err
	}
	me, err := user.Current()
	if err != nil {
		return "", err
	}
	dir, err := theWatchdog.folder("mariadb-template")
	if err != nil {
		return "", err
	}
	data := filepath.Join(dir, "data")
	// In a folder for temporary tables that it shared with others, those of another test
	// process, which removes what it finds there at its start, would take its own away.
	return data, once(install, "--no-defaults", "--user="+me.Username, "--datadir="+data, "--tmpdir="+dir,
		"--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve",
		"--innodb-log-file-size=16M", "--innodb-buffer-pool-size=64M")
})
