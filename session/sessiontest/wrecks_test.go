package sessiontest_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"gyrfalcon/session"
	"gyrfalcon/session/sessiontest"
)

// always is a lifetime in which nothing expires.
const always = 1 << 62

// wrecks are bad adapters, each with promises that it breaks.
var wrecks = []struct {
	name   string
	breaks []string
	h      sessiontest.Harness
	wreck  wreck
}{
	{"opens whatever the context says", []string{"Open of an ended context fails"}, sessiontest.Harness{},
		func(p *peer, _ func() time.Time) session.Adapter {
			return &bad{Adapter: p, open: func(context.Context) error { return nil }}
		}},
	{"empties the store when opened", []string{"Open leaves what is stored"}, sessiontest.Harness{},
		func(p *peer, _ func() time.Time) session.Adapter {
			return &bad{Adapter: p, open: func(ctx context.Context) error { wipe(p); return p.Open(ctx) }}
		}},
	{"closes only once it is open", []string{"Close works after an Open that failed", "Close works without an Open"}, sessiontest.Harness{},
		func(p *peer, _ func() time.Time) session.Adapter {
			err := errors.New("not open")
			return &bad{Adapter: p,
				open:  func(ctx context.Context) error { err = p.Open(ctx); return err },
				close: func(ctx context.Context) error { return errors.Join(err, p.Close(ctx)) }}
		}},
	{"empties the store when closed", []string{"Close leaves what is stored", "Closing one adapter leaves another on the same store"}, sessiontest.Harness{},
		func(p *peer, _ func() time.Time) session.Adapter {
			return &bad{Adapter: p, close: func(ctx context.Context) error { wipe(p); return p.Adapter.Close(ctx) }}
		}},
	{"never closes", []string{"Every method fails after Close"}, sessiontest.Harness{},
		func(p *peer, _ func() time.Time) session.Adapter {
			return &bad{Adapter: p, close: func(context.Context) error { return nil }}
		}},
	{"reads an empty session where there is none", []string{"Read of an unknown ID is ErrNotFound", "Destroy removes the session and no other"}, sessiontest.Harness{},
		func(p *peer, _ func() time.Time) session.Adapter {
			return &bad{Adapter: p, read: func(ctx context.Context, id string, life time.Duration) (session.Record, error) {
				r, err := p.Read(ctx, id, life)
				if errors.Is(err, session.ErrNotFound) {
					return session.Record{}, nil
				}
				return r, err
			}}
		}},
	{"creates without storing", []string{"Read returns what Create stored"}, sessiontest.Harness{},
		func(p *peer, _ func() time.Time) session.Adapter {
			return &bad{Adapter: p, create: func(_ context.Context, _ string, data []byte, _ time.Duration) (session.Record, error) {
				return session.Record{Data: data}, nil
			}}
		}},
	{"has a version of its own for each read", []string{"Read changes neither content nor version", "Version differs whenever the content does"}, sessiontest.Harness{},
		func(p *peer, _ func() time.Time) session.Adapter {
			var mu sync.Mutex
			n := 0
			return &bad{Adapter: p, read: func(ctx context.Context, id string, life time.Duration) (session.Record, error) {
				r, err := p.Read(ctx, id, life)
				mu.Lock()
				defer mu.Unlock()
				n++
				r.Version = fmt.Sprintf("read %d", n)
				return r, err
			}}
		}},
	{"has one version for everything", []string{"Version differs whenever the content does"}, sessiontest.Harness{},
		func(p *peer, _ func() time.Time) session.Adapter {
			return recording(p, func(r *session.Record) { r.Version = "1" })
		}},
	{"folds the case of IDs", []string{"IDs that differ only in case are two sessions"}, sessiontest.Harness{},
		func(p *peer, _ func() time.Time) session.Adapter { return renaming(p, strings.ToLower) }},
	{"cuts IDs to the room that it has", []string{"An ID with which another one begins is nobody's"}, sessiontest.Harness{},
		func(p *peer, _ func() time.Time) session.Adapter {
			return renaming(p, func(id string) string { return id[:min(len(id), 32)] })
		}},
	{"knows letters and digits only", []string{"IDs that PHP made name sessions"}, sessiontest.Harness{},
		func(p *peer, _ func() time.Time) session.Adapter {
			return &bad{Adapter: p, create: func(ctx context.Context, id string, data []byte, life time.Duration) (session.Record, error) {
				if strings.ContainsAny(id, ",-") {
					return session.Record{}, errors.New("a malformed ID")
				}
				return p.Create(ctx, id, data, life)
			}}
		}},
	{"creates over anything", []string{
		"Create of a living ID is ErrExists and changes nothing", "Of many who create one ID one wins",
		"Adapters on one store see each other's changes at once",
	}, sessiontest.Harness{},
		func(p *peer, _ func() time.Time) session.Adapter {
			return &bad{Adapter: p, create: func(ctx context.Context, id string, data []byte, life time.Duration) (session.Record, error) {
				if err := p.Destroy(ctx, id); err != nil {
					return session.Record{}, err
				}
				return p.Create(ctx, id, data, life)
			}}
		}},
	{"never gives an ID away twice", []string{"Create takes the place of an expired session", "Create works after Destroy"}, sessiontest.Harness{},
		func(p *peer, _ func() time.Time) session.Adapter {
			var known sync.Map
			return &bad{Adapter: p, create: func(ctx context.Context, id string, data []byte, life time.Duration) (session.Record, error) {
				if _, used := known.LoadOrStore(id, true); used {
					return session.Record{}, session.ErrExists
				}
				return p.Create(ctx, id, data, life)
			}}
		}},
	{"says that everything slid", []string{"Create and Swap do not say that they slid"}, sessiontest.Harness{},
		func(p *peer, _ func() time.Time) session.Adapter {
			return recording(p, func(r *session.Record) { r.Slid = true })
		}},
	{"destroys everything at once", []string{"Destroy removes the session and no other"}, sessiontest.Harness{},
		func(p *peer, _ func() time.Time) session.Adapter {
			return &bad{Adapter: p, destroy: func(ctx context.Context, id string) error { wipe(p); return p.Destroy(ctx, id) }}
		}},
	{"does not find what shall be destroyed", []string{"Destroy of an absent session is nil"}, sessiontest.Harness{},
		func(p *peer, _ func() time.Time) session.Adapter {
			return &bad{Adapter: p, destroy: func(ctx context.Context, id string) error {
				if _, err := p.Read(ctx, id, always); err != nil {
					return err
				}
				return p.Destroy(ctx, id)
			}}
		}},
	{"touches into being", []string{"Touch of an unknown ID is ErrNotFound and makes none"}, sessiontest.Harness{},
		func(p *peer, _ func() time.Time) session.Adapter {
			return &bad{Adapter: p, touch: func(ctx context.Context, id string, life time.Duration) error {
				_, err := p.Create(ctx, id, nil, life)
				if errors.Is(err, session.ErrExists) {
					return p.Touch(ctx, id, life)
				}
				return err
			}}
		}},
	{"finds nothing to touch when nothing changes", []string{"Touch leaves the content"}, sessiontest.Harness{},
		func(p *peer, now func() time.Time) session.Adapter {
			var mu sync.Mutex
			touched := make(map[string]time.Time)
			return &bad{Adapter: p, touch: func(ctx context.Context, id string, life time.Duration) error {
				mu.Lock()
				defer mu.Unlock()
				if touched[id].Equal(now()) {
					return session.ErrNotFound
				}
				touched[id] = now()
				return p.Touch(ctx, id, life)
			}}
		}},
	{"swaps without storing", []string{"Swap replaces the content", "A large session is stored as it is"}, sessiontest.Harness{},
		func(p *peer, _ func() time.Time) session.Adapter {
			return &bad{Adapter: p, swap: func(_ context.Context, _ string, _ session.Record, next []byte, _ time.Duration) (session.Record, error) {
				return session.Record{Data: next}, nil
			}}
		}},
	{"swaps only what was read", []string{"Swap takes the records of Create, Swap and Read"}, sessiontest.Harness{},
		func(p *peer, _ func() time.Time) session.Adapter {
			return &bad{Adapter: p,
				read: func(ctx context.Context, id string, life time.Duration) (session.Record, error) {
					r, err := p.Read(ctx, id, life)
					r.Version = "read " + r.Version
					return r, err
				},
				swap: func(ctx context.Context, id string, prev session.Record, next []byte, life time.Duration) (session.Record, error) {
					if !strings.HasPrefix(prev.Version, "read ") {
						return session.Record{}, session.ErrConflict
					}
					return p.Swap(ctx, id, prev, next, life)
				}}
		}},
	{"finds nothing to swap when nothing changes", []string{"Swap to the same content succeeds"}, sessiontest.Harness{},
		func(p *peer, _ func() time.Time) session.Adapter {
			return &bad{Adapter: p, swap: func(ctx context.Context, id string, prev session.Record, next []byte, life time.Duration) (session.Record, error) {
				if bytes.Equal(prev.Data, next) {
					return session.Record{}, session.ErrConflict
				}
				return p.Swap(ctx, id, prev, next, life)
			}}
		}},
	{"swaps blindly", []string{
		"Swap of an outdated record is ErrConflict and changes nothing", "Swap after a change and back loses nothing",
		"Of many who swap one record one wins", "Many who count up by Read and Swap lose no count",
		"Many who count up on two adapters lose no count", "Adapters on one store see each other's changes at once",
	}, sessiontest.Harness{},
		func(p *peer, _ func() time.Time) session.Adapter {
			return &bad{Adapter: p, swap: func(ctx context.Context, id string, _ session.Record, next []byte, life time.Duration) (session.Record, error) {
				r, err := p.Read(ctx, id, life)
				dawdle()
				for err == nil {
					var swapped session.Record
					if swapped, err = p.Swap(ctx, id, r, next, life); err == nil {
						return swapped, nil
					}
					if errors.Is(err, session.ErrConflict) {
						r, err = p.Read(ctx, id, life)
					}
				}
				return session.Record{}, err
			}}
		}},
	{"compares as a collation does", []string{"Swap tells contents apart that look alike"}, sessiontest.Harness{},
		func(p *peer, _ func() time.Time) session.Adapter {
			return &bad{Adapter: p, swap: func(ctx context.Context, id string, prev session.Record, next []byte, life time.Duration) (session.Record, error) {
				r, err := p.Read(ctx, id, life)
				if err == nil && bytes.EqualFold(bytes.TrimRight(r.Data, " "), bytes.TrimRight(prev.Data, " ")) {
					prev = r
				}
				return p.Swap(ctx, id, prev, next, life)
			}}
		}},
	{"swaps into being", []string{
		"Swap never creates a session", "Swap of an expired session revives nothing",
		"Destroy removes the session and no other", "A session destroyed among writers stays destroyed",
	}, sessiontest.Harness{},
		func(p *peer, _ func() time.Time) session.Adapter {
			return &bad{Adapter: p, swap: func(ctx context.Context, id string, prev session.Record, next []byte, life time.Duration) (session.Record, error) {
				dawdle()
				r, err := p.Swap(ctx, id, prev, next, life)
				if errors.Is(err, session.ErrNotFound) {
					return p.Create(ctx, id, next, life)
				}
				return r, err
			}}
		}},
	{"changes what it returned", []string{"Data is never changed once it was returned"}, sessiontest.Harness{},
		func(p *peer, _ func() time.Time) session.Adapter {
			return &bad{Adapter: p, swap: func(ctx context.Context, id string, prev session.Record, next []byte, life time.Duration) (session.Record, error) {
				r, err := p.Swap(ctx, id, prev, next, life)
				if err == nil {
					copy(prev.Data, next)
				}
				return r, err
			}}
		}},
	{"lends its buffer", []string{"Appending to Data changes nothing that is stored"}, sessiontest.Harness{},
		func(p *peer, _ func() time.Time) session.Adapter {
			var mu sync.Mutex
			buffers := make(map[string][]byte)
			return &bad{Adapter: p, read: func(ctx context.Context, id string, life time.Duration) (session.Record, error) {
				r, err := p.Read(ctx, id, life)
				mu.Lock()
				defer mu.Unlock()
				if !bytes.Equal(buffers[id], r.Data) {
					buffers[id] = append(make([]byte, 0, 2*len(r.Data)+16), r.Data...)
				}
				r.Data = buffers[id]
				return r, err
			}}
		}},
	{"cuts at NUL", []string{"All 256 byte values are stored as they are"}, sessiontest.Harness{},
		func(p *peer, _ func() time.Time) session.Adapter {
			return storing(p, func(b []byte) []byte { b, _, _ = bytes.Cut(b, []byte{0}); return b })
		}},
	{"trims", []string{"Text is stored as it is"}, sessiontest.Harness{},
		func(p *peer, _ func() time.Time) session.Adapter { return storing(p, bytes.TrimSpace) }},
	{"cuts what is long", []string{"A large session is stored as it is"}, sessiontest.Harness{},
		func(p *peer, _ func() time.Time) session.Adapter {
			return storing(p, func(b []byte) []byte { return b[:min(len(b), 65535)] })
		}},
	{"takes an empty session for none", []string{"An empty session is a session"}, sessiontest.Harness{},
		func(p *peer, _ func() time.Time) session.Adapter {
			return &bad{Adapter: p, read: func(ctx context.Context, id string, life time.Duration) (session.Record, error) {
				r, err := p.Read(ctx, id, life)
				if err == nil && len(r.Data) == 0 {
					return session.Record{}, session.ErrNotFound
				}
				return r, err
			}}
		}},
	{"cuts what does not fit", []string{"What the store cannot take is refused whole"}, sessiontest.Harness{MaxData: 1000},
		func(p *peer, _ func() time.Time) session.Adapter {
			return storing(p, func(b []byte) []byte { return b[:min(len(b), 1000)] })
		}},
	{"does not say why it refuses what does not fit", []string{"What the store has no room for is ErrTooLarge"}, sessiontest.Harness{MaxData: 1000},
		func(p *peer, _ func() time.Time) session.Adapter {
			return &bad{Adapter: p, create: func(ctx context.Context, id string, data []byte, life time.Duration) (session.Record, error) {
				r, err := p.Create(ctx, id, data, life)
				if errors.Is(err, session.ErrTooLarge) {
					err = errors.New("refused")
				}
				return r, err
			}}
		}},
	{"replaces what is no text", []string{"What the store cannot take is refused whole"}, sessiontest.Harness{TextOnly: true},
		func(p *peer, _ func() time.Time) session.Adapter {
			return storing(p, func(b []byte) []byte { return bytes.ToValidUTF8(b, []byte("?")) })
		}},
	{"replaces characters that it lacks", []string{"What the store cannot take is refused whole"}, sessiontest.Harness{TextOnly: true, Holds: ascii},
		func(p *peer, _ func() time.Time) session.Adapter {
			return storing(p, func(b []byte) []byte {
				return bytes.Map(func(r rune) rune {
					if r > unicode.MaxASCII && r != utf8.RuneError {
						return '?'
					}
					return r
				}, b)
			})
		}},
	{"tells IDs in its errors", []string{"No error holds an ID or a session's content"}, sessiontest.Harness{},
		func(p *peer, _ func() time.Time) session.Adapter {
			return &bad{Adapter: p, read: func(ctx context.Context, id string, life time.Duration) (session.Record, error) {
				r, err := p.Read(ctx, id, life)
				if err != nil {
					err = fmt.Errorf("read %s: %w", id, err)
				}
				return r, err
			}}
		}},
	{"tells contents in its errors", []string{"No error holds an ID or a session's content"}, sessiontest.Harness{},
		func(p *peer, _ func() time.Time) session.Adapter {
			return &bad{Adapter: p, create: func(ctx context.Context, id string, data []byte, life time.Duration) (session.Record, error) {
				r, err := p.Create(ctx, id, data, life)
				if err != nil {
					err = fmt.Errorf("insert %q: %w", data, err)
				}
				return r, err
			}}
		}},
}
