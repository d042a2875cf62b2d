//go:build soak

package database_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gyrfalcon/session"
	"gyrfalcon/session/database"
	"gyrfalcon/session/database/sqlite"
)

// soakTime is how long a soak test goes on.
const soakTime = time.Minute

// Eight visitors, each in six places at once, over two services on one file, which
// count, regenerate and are cleared for a minute: in the end each counter says what was
// acknowledged.
func TestSoakEveryAcknowledgedUpdateIsThere(t *testing.T) {
	t.Parallel()
	path := newFile(t)
	services := []*session.Manager{soakService(t, path), soakService(t, path)}
	var updates, regenerated, refused atomic.Int64
	var wg sync.WaitGroup
	end := time.Now().Add(soakTime)
	for range 8 {
		v := &soakVisitor{services: services}
		v.begin(t)
		for range 6 {
			wg.Go(func() {
				for time.Now().Before(end) {
					regenerate := rand.N(50) == 0
					switch err := v.count(t.Context(), regenerate); {
					case err == nil && regenerate:
						regenerated.Add(1)
						updates.Add(1)
					case err == nil:
						updates.Add(1)
					case errors.Is(err, session.ErrSuperseded), errors.Is(err, session.ErrGone), errors.Is(err, session.ErrNotFound):
						refused.Add(1)
					default:
						t.Errorf("count: %v", err)
						return
					}
				}
			})
		}
		t.Cleanup(func() { v.check(t) })
	}
	wg.Wait()
	t.Logf("%d updates acknowledged, %d of them with a new ID; %d refused, as their ID was superseded", updates.Load(), regenerated.Load(), refused.Load())
}

func soakService(t *testing.T, path string) *session.Manager {
	t.Helper()
	db, err := sqlite.Open(path, sqlite.Options{Synchronous: sqlite.Normal})
	if err != nil {
		t.Fatal(err)
	}
	m := session.New(database.New(db, database.Options{OwnDB: true}), session.Options{Timeout: 30 * time.Second, GCInterval: 50 * time.Millisecond})
	if err := m.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return m
}

// soakVisitor is one visitor, whose places share an ID as a browser's tabs do.
type soakVisitor struct {
	services []*session.Manager
	id       atomic.Pointer[string]
	counted  atomic.Int64
}

func (v *soakVisitor) begin(t *testing.T) {
	t.Helper()
	s, err := v.services[0].Load(t.Context(), "")
	if err == nil {
		err = errors.Join(s.Set("n", 0), s.Commit(t.Context()))
	}
	if err != nil {
		t.Fatal(err)
	}
	id := s.ID()
	v.id.Store(&id)
}

func (v *soakVisitor) count(ctx context.Context, regenerate bool) error {
	s, err := v.services[rand.N(len(v.services))].Load(ctx, *v.id.Load())
	if err != nil {
		return err
	}
	if _, err := session.Update(s, "n", func(n int64) int64 { return n + 1 }); err != nil {
		return err
	}
	if regenerate {
		if err := s.Regenerate(); err != nil {
			return err
		}
	}
	if err := s.Commit(ctx); err != nil {
		return err
	}
	v.counted.Add(1)
	if regenerate {
		id := s.ID()
		v.id.Store(&id)
	}
	return nil
}

// check compares before the services stop: cleanups run backwards.
func (v *soakVisitor) check(t *testing.T) {
	s, err := v.services[0].Load(context.Background(), *v.id.Load())
	if err != nil {
		t.Errorf("in the end: %v", err)
		return
	}
	if n, err := session.Get[int64](s, "n"); err != nil || n != v.counted.Load() {
		t.Errorf("the counter says %d, %v; want the %d that were acknowledged", n, err, v.counted.Load())
	}
}
