package mysql_test

import (
	"errors"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"gyrfalcon/integration/proxy"
	"gyrfalcon/integration/servers"
	"gyrfalcon/session"
	"gyrfalcon/session/database"
)

// What the server has undone because of somebody's lock (1205, as 1213) is tried once
// more, and no oftener.
func TestWhatALockUndidIsTriedOnceMore(t *testing.T) {
	t.Parallel()
	onServers(t, func(t *testing.T, srv *servers.SQL) {
		for name, free := range map[string]bool{"and succeeds if the lock is gone": true, "and fails if it is not": false} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				where := makeDatabase(t, srv, "", seedTable)
				wire := proxy.New(t, srv.Addr())
				db, err := handedIn(srv, where, func(c *mysql.Config) {
					c.Net, c.Addr = "tcp", wire.Addr()
					c.Params = map[string]string{"innodb_lock_wait_timeout": "2"}
				})
				if err != nil {
					t.Fatal(err)
				}
				a := openAdapter(t, db, database.Options{})
				r, err := a.Create(t.Context(), "locked", []byte("1"), time.Hour)
				if err != nil {
					t.Fatal(err)
				}
				unlock := lock(t, srv, where+".session_data")
				defer unlock()
				wire.Mark()
				swapped := make(chan error, 1)
				go func() {
					_, err := a.Swap(t.Context(), "locked", r, []byte("2"), time.Hour)
					swapped <- err
				}()
				if free {
					for wire.Trips() < 2 { // the second try waits for the lock
						select {
						case err := <-swapped:
							t.Fatalf("Swap = %v before the lock was gone", err)
						case <-time.After(time.Millisecond):
						}
					}
					unlock()
				}
				err = <-swapped
				if free && err != nil || !free && !errors.Is(err, session.ErrBusy) {
					t.Errorf("Swap = %v, want nil where the lock is gone at the second try, else ErrBusy", err)
				}
				if n := wire.Trips(); n != 2 {
					t.Errorf("the statement was sent %d times, want 2", n)
				}
			})
		}
	})
}
