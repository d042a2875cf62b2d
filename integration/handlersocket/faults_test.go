package handlersocket_test

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	"gyrfalcon/integration/load"
	"gyrfalcon/integration/proxy"
	"gyrfalcon/integration/servers"
	"gyrfalcon/session"
	"gyrfalcon/session/handlersocket"
)

// trouble is what a fault has to work with: a server of its own, behind a proxy for each
// port.
type trouble struct {
	srv           *servers.SQL
	db            *sql.DB
	table         string
	reads, writes *proxy.Proxy
}

// last is how long a fault lasts: longer than a request's deadline.
const last = 1500 * time.Millisecond

func pause(t testing.TB) {
	t.Helper()
	select {
	case <-time.After(last):
	case <-t.Context().Done():
		t.Fatal("the test ended within a fault")
	}
}

func (w *trouble) exec(t testing.TB, statement string) {
	t.Helper()
	if _, err := w.db.ExecContext(t.Context(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// thread is the number of a server's thread that does something like that.
func (w *trouble) thread(t testing.TB, like string) int {
	t.Helper()
	var id int
	err := w.db.QueryRowContext(t.Context(), "SELECT id FROM information_schema.processlist WHERE CONCAT(COALESCE(state, ''), COALESCE(info, '')) LIKE ? AND id <> CONNECTION_ID() ORDER BY id LIMIT 1", like).Scan(&id)
	if err != nil {
		t.Fatalf("no thread does %q: %v", like, err)
	}
	return id
}

// fault is what happens to a server, or on the way to it.
type fault struct {
	do func(t testing.TB, w *trouble)

	// felt says whether the clients have felt it: or all that is right afterwards shows
	// nothing.
	felt func(r load.Report, w *trouble) bool
}

// says is felt where clients were told of one of these. A server that is only too slow for
// so many gives other errors.
func says(signs ...string) func(load.Report, *trouble) bool {
	return func(r load.Report, _ *trouble) bool {
		for e := range r.Errors {
			for _, sign := range signs {
				if strings.Contains(e, sign) {
					return true
				}
			}
		}
		return false
	}
}

var broken = says("EOF", "connection reset", "broken pipe", "connection refused")

// everybody is felt where as many requests failed as there are clients: it lasts longer
// than any request.
func everybody(r load.Report, _ *trouble) bool { return r.Refused+r.Unknown >= load.DefaultClients }

// faults are what happens to servers. None may keep a request beyond its deadline, lose
// what was acknowledged, or need anybody's help afterwards.
var faults = map[string]fault{
	"the server restarts":  {func(t testing.TB, w *trouble) { w.srv.Stop(t); w.srv.Start(t) }, broken},
	"the server is killed": {func(t testing.TB, w *trouble) { w.srv.Kill(t); w.srv.Start(t) }, broken},
	"the server stands still": {func(t testing.TB, w *trouble) {
		w.srv.Pause(t)
		pause(t)
		w.srv.Resume(t)
	}, everybody},
	"connections break": {func(t testing.TB, w *trouble) {
		stops := []func(){w.reads.CutEvery(20 * time.Millisecond), w.writes.CutEvery(20 * time.Millisecond)}
		pause(t)
		for _, stop := range stops {
			stop()
		}
	}, broken},
	"answers get lost": {func(t testing.TB, w *trouble) {
		w.writes.DropReplies()
		pause(t)
		w.writes.Decide(nil)
	}, func(r load.Report, w *trouble) bool { return w.writes.Lost() > 0 && r.Unknown > 0 && r.Stood > 0 }},
	// That thread's connections never hear of it again.
	"a thread of the plugin is killed": {func(t testing.TB, w *trouble) {
		w.exec(t, fmt.Sprintf("KILL QUERY %d", w.thread(t, "handlersocket: mode=wr%")))
		pause(t)
	}, says("lock_tables")},
	// The statement waits for connections that may write, so they are taken away first.
	"the server becomes read-only": {func(t testing.TB, w *trouble) {
		w.writes.Refuse()
		w.writes.Cut()
		w.exec(t, "SET GLOBAL read_only = 1")
		w.writes.Accept(t)
		pause(t)
		w.writes.Refuse()
		w.writes.Cut()
		w.exec(t, "SET GLOBAL read_only = 0")
		w.writes.Accept(t)
	}, says("lock_tables")},
	"a transaction locks all sessions": {func(t testing.TB, w *trouble) {
		tx := locked(t, w.db, "SELECT * FROM "+w.table+" FOR UPDATE")
		pause(t)
		if err := tx.Rollback(); err != nil {
			t.Fatal(err)
		}
	}, everybody},
	// It waits for the connections, and new ones wait for it.
	"ALTER TABLE waits": {func(t testing.TB, w *trouble) {
		ended := make(chan error, 1)
		go func() {
			_, err := w.db.ExecContext(context.WithoutCancel(t.Context()), "ALTER TABLE "+w.table+" ADD COLUMN more INT NULL")
			ended <- err
		}()
		until(t, "ALTER TABLE waits", func() bool {
			var n int
			err := w.db.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM information_schema.processlist WHERE state LIKE '%metadata lock%' AND info LIKE 'ALTER TABLE%'").Scan(&n)
			return err == nil && n > 0
		})
		w.reads.Cut() // so that there are new connections
		pause(t)
		w.exec(t, fmt.Sprintf("KILL QUERY %d", w.thread(t, "%metadata lock%ALTER TABLE%")))
		if err := <-ended; err == nil {
			t.Error("ALTER TABLE was not kept waiting")
		}
	}, everybody},
}

// 64 clients count meanwhile.
func TestUnderFaultsEveryAnswerIsTrue(t *testing.T) {
	t.Parallel()
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := servers.NewMariaDB(t)
			p := newTable(t, srv, handlersocket.Schema)
			w := &trouble{srv: srv, db: db(t, srv), table: p.table, reads: proxy.New(t, p.reads), writes: proxy.New(t, p.writes)}
			p.reads, p.writes = w.reads.Addr(), w.writes.Addr()
			r := load.Run(t, load.Plan{
				Open:    func(context.Context) (session.Adapter, error) { return handlersocket.New(p.binary()), nil },
				Fault:   func(t testing.TB) { fault.do(t, w) },
				Options: session.Options{Timeout: time.Second},
			})
			if !fault.felt(r, w) {
				t.Errorf("%d answers were lost, and the clients say %v: they have not felt it", w.writes.Lost(), r)
			}
		})
	}
}
