package servers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"time"

	"gyrfalcon/integration/internal/ports"
)

// DocumentDBDir is where `make deps` keeps FerretDB, and PostgreSQL with the DocumentDB
// extension: in the system's cache for root, since PostgreSQL is run as nobody then, and
// else in the user's. .ci/deps knows it too.
func DocumentDBDir() (string, error) {
	if os.Getuid() == 0 {
		return "/var/cache/gyrfalcon/documentdb", nil
	}
	cache, err := os.UserCacheDir()
	return filepath.Join(cache, "gyrfalcon", "documentdb"), err
}

// documentDB is that folder, if it is complete.
var documentDB = sync.OnceValues(func() (string, error) {
	dir, err := DocumentDBDir()
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(filepath.Join(dir, "complete")); err != nil {
		return "", fmt.Errorf("the tests need a MongoDB server to start (also where %s names one, which they do not kill, stop or guard): install a mongod on the PATH, or let `make deps` make FerretDB: %w", uriVariable, err)
	}
	return dir, nil
})

// newFerretDB starts PostgreSQL with the DocumentDB extension, and FerretDB on it.
func newFerretDB(args []string) (*Mongo, error) {
	pg, err := startDocumentDB()
	if err != nil {
		return nil, err
	}
	ferret, err := startFerretDB(pg, superuser, append([]string{"--no-auth"}, args...))
	if err != nil {
		pg.discard()
		return nil, err
	}
	addr := ferret.ports[0].Addr()
	return &Mongo{place: mongoPlace{URI: "mongodb://" + addr, Addr: addr, Name: ferret.program.path}, nodes: []*Node{pg, ferret}}, nil
}

// superuser is PostgreSQL's.
const superuser = "postgres"

// startFerretDB starts one that is the given user to PostgreSQL, whoever its own users are.
func startFerretDB(pg *Node, user string, args []string) (*Node, error) {
	from, err := documentDB()
	if err != nil {
		return nil, err
	}
	dir, err := theWatchdog.folder("ferretdb")
	if err != nil {
		return nil, err
	}
	return startNode(program{
		name: "FerretDB", path: filepath.Join(from, "ferretdb"), dir: dir, ports: 1,
		args: func(addrs []ports.Port) ([]string, error) {
			return append([]string{
				"--listen-addr=" + addrs[0].Addr(), "--debug-addr=-", "--telemetry=disable", "--state-dir=" + dir, "--log-level=ERROR",
				"--postgresql-url=postgres://" + user + "@" + pg.ports[0].Addr() + "/postgres?pool_max_conns=32",
			}, args...), nil
		},
		ready: answersMongo,
	})
}

// startDocumentDB starts PostgreSQL on a copy of the data with the extension.
func startDocumentDB() (*Node, error) {
	from, err := documentDB()
	if err != nil {
		return nil, err
	}
	dir, err := theWatchdog.folder("postgres")
	if err != nil {
		return nil, err
	}
	data := filepath.Join(dir, "data")
	if err := once("cp", "-a", filepath.Join(from, "data"), data); err != nil {
		return nil, err
	}
	path, as, err := asNobody(dir, filepath.Join(from, "bin", "postgres"))
	if err != nil {
		return nil, err
	}
	return startNode(program{
		name: "PostgreSQL", path: path, dir: dir, ports: 1,
		args: func(addrs []ports.Port) ([]string, error) {
			return slices.Concat(as, []string{"-D", data, "-p", strconv.Itoa(addrs[0].Number)}), endFormer(data)
		},
		ready: func(ctx context.Context, addrs []ports.Port) error {
			out, err := exec.CommandContext(ctx, filepath.Join(from, "bin", "psql"), //nolint:gosec // of the cache
				"-h", ports.Host, "-p", strconv.Itoa(addrs[0].Number), "-U", superuser, "-Atc", "SELECT 1").CombinedOutput()
			if err != nil {
				return fmt.Errorf("%w: %s", err, out)
			}
			return nil
		},
	})
}

// makeReader makes a user of PostgreSQL who may read all documents and change none:
// FerretDB 2.7.0 gives each user that it makes all rights.
func makeReader(pg *Node, user, password string) error {
	from, err := documentDB()
	if err != nil {
		return err
	}
	command, err := json.Marshal(map[string]any{
		"createUser": user, "pwd": password, "roles": []any{map[string]string{"role": "readAnyDatabase", "db": "admin"}},
	})
	if err != nil {
		return err
	}
	return once(filepath.Join(from, "bin", "psql"), "-h", ports.Host, "-p", strconv.Itoa(pg.ports[0].Number), "-U", superuser,
		"-v", "ON_ERROR_STOP=1", "-qAtc", "SELECT documentdb_api.create_user('"+string(command)+"')")
}

// asNobody returns the program and the first arguments that run path, as nobody where
// this process is root's: PostgreSQL refuses to run as root. The folder becomes
// nobody's, and the one around it can be passed through.
func asNobody(dir, path string) (string, []string, error) {
	if os.Getuid() != 0 {
		return path, nil, nil
	}
	nobody, err := user.Lookup("nobody")
	if err != nil {
		return "", nil, err
	}
	uid, err := strconv.Atoi(nobody.Uid)
	if err != nil {
		return "", nil, err
	}
	gid, err := strconv.Atoi(nobody.Gid)
	if err != nil {
		return "", nil, err
	}
	setpriv, err := find("setpriv")
	if err != nil {
		return "", nil, err
	}
	return setpriv, []string{"--reuid=" + nobody.Uid, "--regid=" + nobody.Gid, "--clear-groups", path},
		errors.Join(os.Chown(dir, uid, gid), os.Chmod(filepath.Dir(dir), 0o711)) //nolint:gosec // others may pass, and see nothing
}

// endFormer ends what is left of a server that was killed. Its children, each of a process
// group of its own, have noticed by then, or are about to; until they are gone no other can
// use the data.
func endFormer(data string) error {
	if _, err := os.Stat(filepath.Join(data, "postmaster.pid")); err != nil {
		return nil //nolint:nilerr // it was not killed
	}
	data, err := filepath.EvalSymlinks(data)
	if err != nil {
		return err
	}
	for deadline := time.Now().Add(patience); ; {
		left := processesIn(data)
		if len(left) == 0 {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("processes of the server that was killed (%v) are still there after %v", left, patience)
		}
		for _, pid := range left {
			_ = syscall.Kill(pid, syscall.SIGKILL) // perhaps it has gone by itself
		}
		<-time.After(5 * time.Millisecond)
	}
}

// processesIn returns those whose working directory is dir, as it is of all of a server's.
// A zombie has none.
func processesIn(dir string) (pids []int) {
	links, _ := filepath.Glob("/proc/[0-9]*/cwd") // the pattern is well formed
	for _, link := range links {
		if at, err := os.Readlink(link); err != nil || at != dir {
			continue // it has ended meanwhile, or is somebody else's
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(link))); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}
