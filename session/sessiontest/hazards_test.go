package sessiontest_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"gyrfalcon/session"
	"gyrfalcon/session/sessiontest"
)

func TestAGoodAdapterHasNoHazards(t *testing.T) {
	t.Parallel()
	for name, h := range map[string]sessiontest.Harness{
		"with a fake clock":       {Private: true},
		"with a clock of its own": {Private: true, ServerClock: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sessiontest.TestHazards(t, harness(h, nil))
		})
	}
}

// hazardous are adapters that fail in ways in which stores do, each with
// hazards that it brings about.
var hazardous = []struct {
	name   string
	brings []string
	wreck  wreck
}{
	{"writes blindly", []string{
		"Two overlapping requests keep both variables",
		"Two requests add to one Bag and both stay",
		"A flash added while another is shown stays",
		"200 concurrent Updates of one counter from two processes end at 200",
		"An Update is computed anew on what another request stored",
		"A change that comes between the two halves of a Regenerate stays",
		"Of two Regenerates at once one is the session, and the other leaves nothing",
		"Requests under way across a Regenerate still read, and change nothing",
	}, func(p *peer, _ func() time.Time) session.Adapter {
		return &bad{Adapter: p, swap: func(ctx context.Context, id string, _ session.Record, next []byte, life time.Duration) (session.Record, error) {
			now, err := p.Read(ctx, id, life)
			if err != nil {
				return now, err
			}
			return p.Swap(ctx, id, now, next, life)
		}}
	}},
	{"creates what it should replace", []string{
		"A logout is not undone by a slow request",
		"A session deleted in the midst of a request refuses changes, and nothing is stored or set",
		"A session that expires in the midst of a request refuses changes, and nothing is stored or set",
		"Regenerate racing Destroy leaves nothing if Destroy came first",
		"A Commit in the midst of a stream tells that the session is gone",
	}, func(p *peer, _ func() time.Time) session.Adapter {
		return &bad{Adapter: p, swap: func(ctx context.Context, id string, prev session.Record, next []byte, life time.Duration) (session.Record, error) {
			r, err := p.Swap(ctx, id, prev, next, life)
			if errors.Is(err, session.ErrNotFound) {
				return p.Create(ctx, id, next, life)
			}
			return r, err
		}}
	}},
	{"destroys nothing", []string{
		"A logout is not undone by a slow request",
		"A panic after Destroy leaves it destroyed",
		"A change after Destroy begins a new session under a new ID",
		"Of two Regenerates at once one is the session, and the other leaves nothing",
		"A logout whose answer is lost is told, and stands",
	}, func(p *peer, _ func() time.Time) session.Adapter {
		return &bad{Adapter: p, destroy: func(context.Context, string) error { return nil }}
	}},
	{"sees its own write as a conflict", []string{
		"An Update is computed anew on what another request stored",
		"200 concurrent Updates of one counter from two processes end at 200",
		"A conflict makes two trips more",
		"Regenerate gives a new ID, and the old one is worth nothing",
	}, func(p *peer, _ func() time.Time) session.Adapter {
		var mu sync.Mutex
		again := make(map[string]bool)
		return &bad{Adapter: p, swap: func(ctx context.Context, id string, prev session.Record, next []byte, life time.Duration) (session.Record, error) {
			r, err := p.Swap(ctx, id, prev, next, life)
			mu.Lock()
			defer mu.Unlock()
			if err == nil && !again[id] { // a driver sent it twice
				again[id] = true
				return session.Record{}, session.ErrConflict
			}
			return r, err
		}}
	}},
	{"never lets a session expire", []string{
		"No deadline ever makes an immortal record",
		"100 reads over three lives keep the session alive with no more touches than the throttle allows",
	}, func(p *peer, _ func() time.Time) session.Adapter {
		return &bad{
			Adapter: p,
			read: func(ctx context.Context, id string, _ time.Duration) (session.Record, error) {
				return p.Read(ctx, id, always)
			},
			gc: func(context.Context, time.Duration, int) (int, bool, error) { return 0, false, nil },
		}
	}},
	{"forgets that a session was read", []string{
		"100 reads over three lives keep the session alive with no more touches than the throttle allows",
	}, func(p *peer, now func() time.Time) session.Adapter {
		var mu sync.Mutex
		born := make(map[string]time.Time)
		return &bad{Adapter: p, read: func(ctx context.Context, id string, life time.Duration) (session.Record, error) {
			mu.Lock()
			defer mu.Unlock()
			if born[id].IsZero() {
				born[id] = now()
			}
			if !now().Before(born[id].Add(life)) {
				return session.Record{}, session.ErrNotFound
			}
			return p.Read(ctx, id, life)
		}}
	}},
	{"asks to be touched each time", []string{
		"100 reads over three lives keep the session alive with no more touches than the throttle allows",
		"A request makes no more trips to the store than are documented",
	}, func(p *peer, now func() time.Time) session.Adapter {
		return &bad{Adapter: p, read: func(ctx context.Context, id string, life time.Duration) (session.Record, error) {
			r, err := p.Read(ctx, id, life)
			r.Slid, r.Expires = false, now()
			return r, err
		}}
	}},
	{"tells IDs in its errors", []string{
		"Everything that happens to a session is told by its handle, and nothing by its ID",
	}, func(p *peer, now func() time.Time) session.Adapter {
		return &bad{
			Adapter: p,
			read: func(ctx context.Context, id string, life time.Duration) (session.Record, error) {
				r, err := p.Read(ctx, id, life)
				r.Slid, r.Expires = false, now()
				return r, err
			},
			touch: func(_ context.Context, id string, _ time.Duration) error {
				return fmt.Errorf("UPDATE sessions WHERE id = '%s': no such table", id)
			},
		}
	}},
	{"mends what it reads", []string{
		"An unparsable payload leaves the stored bytes as they were and serves a new session",
		"A variable whose bytes are broken leaves the others served, and its bytes stay",
	}, func(p *peer, _ func() time.Time) session.Adapter {
		return &bad{Adapter: p, read: func(ctx context.Context, id string, life time.Duration) (session.Record, error) {
			r, err := p.Read(ctx, id, life)
			if err != nil {
				return r, err
			}
			mended := strings.ReplaceAll(string(r.Data), "nul,", "null,")
			if !strings.HasSuffix(strings.TrimSpace(mended), "}") {
				mended = "{}"
			}
			return p.Swap(ctx, id, r, []byte(mended), life)
		}}
	}},
}

// hazardTest makes TestHazardous run in a child.
const hazardTest = "SESSIONTEST_HAZARDOUS"

// TestHazardous is the child of TestBadAdaptersBringHazards: there it fails.
// Otherwise it does nothing.
func TestHazardous(t *testing.T) {
	t.Parallel()
	if os.Getenv(hazardTest) == "" {
		return
	}
	for _, z := range hazardous {
		t.Run(z.name, func(t *testing.T) {
			t.Parallel()
			sessiontest.TestHazards(t, harness(sessiontest.Harness{Private: true}, z.wreck))
		})
	}
}

// TestBadAdaptersBringHazards tests the suite: it must see what bad adapters do.
func TestBadAdaptersBringHazards(t *testing.T) {
	t.Parallel()
	var names []string
	for _, z := range hazardous {
		for _, hazard := range z.brings {
			names = append(names, regexp.QuoteMeta(underscored(hazard)))
		}
	}
	run := "^TestHazardous$/./^(" + strings.Join(names, "|") + ")$"
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run="+run, "-test.v") //nolint:gosec // it is this binary
	cmd.Env = append(os.Environ(), hazardTest+"=1")
	out, err := cmd.CombinedOutput()
	if err == nil {
		t.Fatal("a process that serves bad adapters has passed")
	}
	for _, z := range hazardous {
		for _, hazard := range z.brings {
			line := "TestHazardous/" + underscored(z.name) + "/" + underscored(hazard) + " ("
			if !strings.Contains(string(out), "--- FAIL: "+line) {
				t.Errorf("an adapter that %s passes %q, or was not tested; want it to fail", z.name, hazard)
			}
		}
	}
	if t.Failed() {
		t.Logf("the process said:\n%s", out)
	}
}
