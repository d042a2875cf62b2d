package mysql_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"gyrfalcon/integration/load"
	"gyrfalcon/integration/proxy"
	"gyrfalcon/integration/servers"
	"gyrfalcon/session"
	"gyrfalcon/session/database"
	own "gyrfalcon/session/database/mysql"
)

// timeout is the manager's under load. Locks are held for longer.
const timeout = time.Second

// underLoad holds sessions to their answers while fault troubles the database. It must
// have been felt.
func underLoad(t *testing.T, o own.Options, fault func(t testing.TB)) load.Report {
	t.Helper()
	r := load.Run(t, load.Plan{
		Open:    func(context.Context) (session.Adapter, error) { return open(o) },
		Fault:   fault,
		Clients: 24,
		Options: session.Options{Timeout: timeout, GCInterval: 100 * time.Millisecond},
	})
	if r.Refused+r.Unknown == 0 {
		t.Errorf("no request has felt the fault: %v", r)
	}
	return r
}

// during waits for as long as a fault lasts.
func during(t testing.TB, d time.Duration) {
	t.Helper()
	select {
	case <-time.After(d):
	case <-t.Context().Done():
	}
}

// until asks again and again whether something has happened that must happen.
func until(t testing.TB, what string, happened func() bool) {
	t.Helper()
	deadline := time.After(patience)
	for !happened() {
		select {
		case <-deadline:
			t.Fatalf("waited %v in vain until %s", patience, what)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func TestUnderLoadAServerIsKilledAndStartedAgain(t *testing.T) {
	t.Parallel()
	srv := servers.NewMariaDB(t)
	underLoad(t, dsn(srv, makeDatabase(t, srv, "", seedTable)), func(t testing.TB) {
		srv.Kill(t)
		during(t, 300*time.Millisecond)
		srv.Start(t)
	})
}

func TestUnderLoadAServerIsStoppedForThreeSeconds(t *testing.T) {
	t.Parallel()
	srv := servers.NewMariaDB(t)
	underLoad(t, dsn(srv, makeDatabase(t, srv, "", seedTable)), func(t testing.TB) {
		srv.Pause(t)
		during(t, 3*time.Second)
		srv.Resume(t)
	})
}

func TestUnderLoadConnectionsAreCut(t *testing.T) {
	t.Parallel()
	srv := servers.SharedMariaDB(t)
	p := proxy.New(t, srv.Addr())
	o := dsn(srv, makeDatabase(t, srv, "", seedTable), func(c *mysql.Config) { c.Addr = p.Addr() })
	underLoad(t, o, func(t testing.TB) {
		stop := p.CutEvery(100 * time.Millisecond)
		during(t, 2*time.Second)
		stop()
	})
}

func TestUnderLoadConnectionsAreKilled(t *testing.T) {
	t.Parallel()
	srv := servers.SharedMariaDB(t)
	name := makeDatabase(t, srv, "", seedTable)
	underLoad(t, dsn(srv, name), func(t testing.TB) {
		db := srv.Open(t, "")
		end := time.After(2 * time.Second)
		for over := false; !over; {
			killAll(t, db, name)
			select {
			case <-end:
				over = true
			case <-time.After(50 * time.Millisecond):
			}
		}
	})
}

// killAll ends the connections to a database.
func killAll(t testing.TB, db *sql.DB, name string) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), "SELECT ID FROM information_schema.PROCESSLIST WHERE DB = ?", name)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var id int
		if err := rows.Scan(&id); err != nil {
			t.Fatal(err)
		}
		_, _ = db.ExecContext(t.Context(), fmt.Sprintf("KILL %d", id)) // it may have gone
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
}

func TestUnderLoadAServerIsReadOnlyForAWhile(t *testing.T) {
	t.Parallel()
	srv := servers.NewMariaDB(t)
	name := makeDatabase(t, srv, "", seedTable)
	r := underLoad(t, asShop(t, srv, name), func(t testing.TB) {
		srv.Exec(t, "SET GLOBAL read_only = 1")
		during(t, time.Second)
		srv.Exec(t, "SET GLOBAL read_only = 0")
	})
	if r.Unknown > 0 {
		t.Errorf("%d requests were told that their outcome is unknown; a server that is read-only has certainly done nothing", r.Unknown)
	}
}

func TestUnderLoadAServerHasNoConnectionsLeft(t *testing.T) {
	t.Parallel()
	srv := servers.NewMariaDB(t)
	name := makeDatabase(t, srv, "", seedTable)
	underLoad(t, asShop(t, srv, name), func(t testing.TB) {
		root := srv.Open(t, "")
		for range 9 { // which take all that are left
			conn, err := root.Conn(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = conn.Close() }()
		}
		if _, err := root.ExecContext(t.Context(), "SET GLOBAL max_connections = 11"); err != nil { // two to kill with
			t.Fatal(err)
		}
		killAll(t, root, name)
		during(t, time.Second)
		if _, err := root.ExecContext(t.Context(), "SET GLOBAL max_connections = 1000"); err != nil {
			t.Fatal(err)
		}
	})
}

// asShop is how a user connects who is not above the limits.
func asShop(t *testing.T, srv *servers.SQL, name string) own.Options {
	t.Helper()
	srv.Exec(t, "CREATE USER shop@'%' IDENTIFIED BY 'shop'", "GRANT SELECT, INSERT, UPDATE, DELETE ON "+name+".* TO shop@'%'")
	return dsn(srv, name, func(c *mysql.Config) { c.User, c.Passwd = "shop", "shop" })
}

func TestUnderLoadRowsAreLockedForLongerThanTheDeadline(t *testing.T) {
	t.Parallel()
	srv := servers.SharedMariaDB(t)
	name := makeDatabase(t, srv, "", seedTable)
	r := underLoad(t, dsn(srv, name), func(t testing.TB) {
		unlock := lock(t, srv, name+".session_data")
		during(t, 2*timeout)
		unlock()
	})
	// A few statements begin so late that the server has not a moment left for them.
	if r.Unknown > r.Refused/10 {
		t.Errorf("%d requests were told that their outcome is unknown, and %d that nothing was written; want the server to give up before the request does", r.Unknown, r.Refused)
	}
}

func TestUnderLoadATableIsAltered(t *testing.T) {
	t.Parallel()
	srv := servers.SharedMariaDB(t)
	name := makeDatabase(t, srv, "", seedTable)
	underLoad(t, dsn(srv, name), func(t testing.TB) {
		db := srv.Open(t, name)
		tx, err := db.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		var n int
		if err := tx.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM session_data").Scan(&n); err != nil {
			t.Fatal(err)
		}
		altered := make(chan error, 1)
		go func() {
			_, err := db.ExecContext(t.Context(), "ALTER TABLE session_data ADD KEY (modified_at, created_at)")
			altered <- err
		}()
		// It waits for the transaction, and everybody else for it.
		until(t, "ALTER TABLE waits", func() bool {
			err := db.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE DB = ? AND INFO LIKE 'ALTER%' AND STATE LIKE 'Waiting%'", name).Scan(&n)
			return err == nil && n > 0
		})
		during(t, 2*timeout)
		if err := tx.Rollback(); err != nil {
			t.Error(err)
		}
		if err := <-altered; err != nil {
			t.Errorf("ALTER TABLE = %v, want nil", err)
		}
	})
}

// The disk on which the table is fills with other sessions, which are refused in so many
// words. They are small ones: MariaDB 10.11 ends itself ("Error (Out of disk space) in
// rollback") when it has no room for the last part of a large one.
func TestUnderLoadTheDiskIsFull(t *testing.T) {
	t.Parallel()
	srv := servers.NewMariaDB(t) // its table must be gone before the disk is
	disk := smallDisk(t, srv)
	filler := filepath.Join(disk, "filler")
	if err := os.WriteFile(filler, make([]byte, 16<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	o := dsn(srv, makeDatabase(t, srv, "", seedTable+" DATA DIRECTORY = '"+disk+"'"))
	load.Run(t, load.Plan{
		Open:    func(context.Context) (session.Adapter, error) { return open(o) },
		Clients: 24,
		Options: session.Options{Timeout: timeout},
		Fault: func(t testing.TB) {
			a, err := open(o)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = a.Close(context.Background()) }()
			if err := a.Open(t.Context()); err != nil {
				t.Fatal(err)
			}
			ballast := bytes.Repeat([]byte("x"), 5_000)
			stored := 0
			for ; err == nil; stored++ {
				_, err = a.Create(t.Context(), fmt.Sprintf("ballast%d", stored), ballast, life)
			}
			if errors.Is(err, session.ErrOutcomeUnknown) || !strings.Contains(err.Error(), "free space on the server's disk") {
				t.Errorf("Create on a full disk, after %d, = %v; want the mend, and no doubt", stored, err)
			}
			during(t, time.Second)
			if err := os.Remove(filler); err != nil {
				t.Fatal(err)
			}
			until(t, "there is room again", func() bool {
				_, err := a.Create(t.Context(), "afterwards", ballast, life)
				return err == nil || errors.Is(err, session.ErrExists)
			})
		},
	})
}

func open(o own.Options) (session.Adapter, error) {
	db, err := own.Open(o)
	if err != nil {
		return nil, err
	}
	return database.New(db, database.Options{OwnDB: true}), nil
}

// smallDisk is a file system of a few MiB, which is there until the server has ended. InnoDB
// makes its files longer by up to 4 MiB at once: less room than that is none.
func smallDisk(t *testing.T, srv *servers.SQL) string {
	t.Helper()
	disk := t.TempDir()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=24m,mode=1777"); err != nil {
		told := t.Skipf
		if os.Getenv("CI") != "" {
			told = t.Fatalf
		}
		told("a disk can be filled by root only, who may mount one: %v", err)
	}
	t.Cleanup(func() {
		srv.Kill(t)
		if err := syscall.Unmount(disk, 0); err != nil {
			t.Errorf("unmount: %v", err)
		}
	})
	return disk
}
