package handlersocket

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"gyrfalcon/session"
	"gyrfalcon/session/handlersocket/hs"
)

var _ session.Adapter = (*Adapter)(nil)

var (
	errClosed  = errors.New("session/handlersocket: the adapter is closed")
	errNotOpen = errors.New("session/handlersocket: the adapter is not open; call Open first")
)

// Adapter keeps sessions in a table, by way of HandlerSocket. It is safe for concurrent
// use.
type Adapter struct {
	opts Options

	opening chan struct{} // holds one token while Open is at work

	mu     sync.Mutex
	store  *store // nil before Open and after Close
	closed bool
}

// store is an open table.
type store struct {
	opts   Options
	zone   zone
	limits limits
	digits atomic.Int32 // of a second, in the column modified; unknown until a row was seen

	reads, writes *hs.Client // the same where there is one port
	read          *hs.Index  // id, modified, data by id, on the port for reads
	row           *hs.Index  // the same on the port for writes
	use           *hs.Index  // id, modified by id, there
	age           *hs.Index  // modified by modified, there
}

// unknown stands in store.digits before a row was seen.
const unknown = -1

// New returns an adapter. It does no I/O: Open makes sure of the server and the table.
// Options that Validate refuses are refused by Open.
func New(o Options) *Adapter {
	return &Adapter{opts: o.withDefaults(), opening: make(chan struct{}, 1)}
}

// Read returns the session in one trip, which does not slide its expiry: that would be a
// write.
func (a *Adapter) Read(ctx context.Context, id string, life time.Duration) (session.Record, error) {
	s, err := a.begin(ctx)
	if err != nil {
		return session.Record{}, err
	}
	if !s.limits.holdsID(id) {
		return session.Record{}, session.ErrNotFound
	}
	var rows hs.Rows
	if err := s.read.Find(ctx, &rows, byID(id)); err != nil {
		return session.Record{}, fmt.Errorf("session/handlersocket: %w", err)
	}
	return s.record(&rows, id, life)
}

// Create inserts the session in one trip; where an expired one is in its place, that is
// deleted in a second.
func (a *Adapter) Create(ctx context.Context, id string, data []byte, life time.Duration) (session.Record, error) {
	s, err := a.begin(ctx)
	if err != nil {
		return session.Record{}, err
	}
	if !s.limits.holdsID(id) {
		return session.Record{}, s.limits.refuseID(id)
	}
	if err := s.limits.refuseData(data); err != nil {
		return session.Record{}, err
	}
	now := s.zone.wallAt(s.opts.Now())
	r, err := s.insert(ctx, id, data, now, life, false)
	if errors.Is(err, session.ErrExists) {
		return s.insert(ctx, id, data, now, life, true)
	}
	return r, err
}

// insert adds the session's row, after deleting an expired one if it is told to. Where
// nobody knows yet what the column modified makes of the time, it reads that in the same
// trip.
func (s *store) insert(ctx context.Context, id string, data []byte, now wall, life time.Duration, over bool) (session.Record, error) {
	b := s.writes.NewBatch()
	if over {
		b.Delete(s.row, hs.Query{Key: []hs.Value{hs.String(id)}, Filters: s.expired(life, s.known())})
	}
	version, digits := s.written(now)
	b.Insert(s.row, hs.String(id), hs.String(version), hs.Bytes(data))
	at := b.Len() - 1
	if digits == unknown {
		b.Find(s.use, byID(id))
	}
	_ = b.Do(ctx) // what counts is what became of the insert
	switch err := b.Err(at); {
	case errors.Is(err, hs.ErrDuplicateKey) && over && b.Err(0) != nil:
		return session.Record{}, failed(b.Err(0))
	case errors.Is(err, hs.ErrDuplicateKey):
		return session.Record{}, session.ErrExists
	case err != nil:
		return session.Record{}, failed(err)
	}
	if digits == unknown {
		if b.Err(at+1) != nil || b.Rows(at+1).Len() != 1 {
			// It is stored; what is not known is its version, which a Read brings.
			return session.Record{}, fmt.Errorf("session/handlersocket: %w", session.ErrOutcomeUnknown)
		}
		_, digits, _ = s.parse(b.Rows(at+1).Field(0, 1))
	}
	return s.made(now, digits, data, life), nil
}

// Touch slides the expiry in one trip, which reads whether there is a session and moves
// its time of last use forward, but not back.
func (a *Adapter) Touch(ctx context.Context, id string, life time.Duration) error {
	s, err := a.begin(ctx)
	if err != nil {
		return err
	}
	if !s.limits.holdsID(id) {
		return session.ErrNotFound
	}
	now := s.zone.wallAt(s.opts.Now())
	version, _ := s.written(now)
	later := append(s.living(life, s.known()), hs.Filter{Op: hs.Less, Value: hs.String(version)})
	b := s.writes.NewBatch()
	b.Find(s.use, byID(id))
	b.UpdateReturning(s.use, hs.Query{Key: []hs.Value{hs.String(id)}, Filters: later}, hs.String(id), hs.String(version))
	if err := b.Do(ctx); err != nil {
		return failed(err)
	}
	if old := b.Rows(1); old.Len() == 1 && string(old.Field(0, 0)) != id {
		// A collation took another session for this one: it gets its time back.
		ctx, cancel := s.mend(ctx)
		defer cancel()
		_, err := s.use.Update(ctx, hs.Query{Key: []hs.Value{hs.String(id)}, Filters: is(version)}, hs.Bytes(old.Field(0, 0)), hs.Bytes(old.Field(0, 1)))
		if err != nil {
			return failed(err)
		}
	}
	found := b.Rows(0)
	if found.Len() == 0 || string(found.Field(0, 0)) != id {
		return session.ErrNotFound
	}
	if w, digits, ok := s.parse(found.Field(0, 1)); !ok || s.gone(w, digits, life) {
		return session.ErrNotFound
	}
	return nil
}

// Destroy deletes the session in one trip.
func (a *Adapter) Destroy(ctx context.Context, id string) error {
	s, err := a.begin(ctx)
	if err != nil {
		return err
	}
	if !s.limits.holdsID(id) {
		return nil
	}
	var old hs.Rows
	if err := s.row.DeleteReturning(ctx, &old, byID(id)); err != nil {
		return failed(err)
	}
	if old.Len() == 1 && string(old.Field(0, 0)) != id {
		// A collation took another session for this one: it is put back.
		ctx, cancel := s.mend(ctx)
		defer cancel()
		_, err := s.row.Insert(ctx, hs.Bytes(old.Field(0, 0)), hs.Bytes(old.Field(0, 1)), nullable(old.Field(0, 2)))
		if err != nil && !errors.Is(err, hs.ErrDuplicateKey) {
			return fmt.Errorf("session/handlersocket: another session, whose ID is the same to the column's collation, was deleted and could not be put back; make the column id ascii_bin: %w", err)
		}
	}
	return nil
}

// GC deletes expired sessions, those that were last used the longest ago first, some at
// a time.
func (a *Adapter) GC(ctx context.Context, life time.Duration, limit int) (removed int, more bool, err error) {
	s, err := a.begin(ctx)
	if err != nil {
		return 0, false, err
	}
	const chunk = 100 // few enough that writers do not feel how long it keeps the plugin's lock
	q := hs.Query{Op: hs.GreaterEqual, Key: []hs.Value{hs.String("0000-00-00 00:00:00")}, Filters: s.expired(life, s.known())}
	q.Filters[0].While = true
	for removed < limit {
		q.Limit = min(chunk, limit-removed)
		n, err := s.age.Delete(ctx, q)
		removed += int(n)
		if err != nil {
			return removed, true, failed(err)
		}
		if int(n) < q.Limit {
			return removed, false, nil
		}
	}
	return removed, true, nil
}

// Close closes the connections. A second Close does nothing.
func (a *Adapter) Close(context.Context) error {
	a.mu.Lock()
	s := a.store
	a.store, a.closed = nil, true
	a.mu.Unlock()
	if s != nil {
		s.close()
	}
	return nil
}

func (s *store) close() {
	s.reads.Close()
	s.writes.Close()
}

// begin returns the store for one call.
func (a *Adapter) begin(ctx context.Context) (*store, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.closed:
		return nil, errClosed
	case a.store == nil:
		return nil, errNotOpen
	}
	return a.store, ctx.Err()
}

// failed says what became of a write that ended with err.
func failed(err error) error {
	switch {
	case err == nil:
		return nil
	case hs.OutcomeUnknown(err):
		return fmt.Errorf("session/handlersocket: %w: %w", session.ErrOutcomeUnknown, err)
	case errors.Is(err, hs.ErrLockTables), errors.Is(err, hs.ErrLockWait), errors.Is(err, hs.ErrDeadlock):
		return fmt.Errorf("session/handlersocket: %w: %w", session.ErrBusy, err)
	}
	return fmt.Errorf("session/handlersocket: %w", err)
}

// byID is the query for one session.
func byID(id string) hs.Query { return hs.Query{Key: []hs.Value{hs.String(id)}} }

// is filters rows that have that version.
func is(version string) []hs.Filter {
	return []hs.Filter{{Op: hs.Equal, Value: hs.String(version)}}
}

// nullable is a field on its way back.
func nullable(field []byte) hs.Value {
	if field == nil {
		return hs.Null()
	}
	return hs.Bytes(field)
}

// record makes the record of the session that a find brought.
func (s *store) record(rows *hs.Rows, id string, life time.Duration) (session.Record, error) {
	if rows.Len() == 0 || string(rows.Field(0, 0)) != id {
		return session.Record{}, session.ErrNotFound
	}
	w, digits, ok := s.parse(rows.Field(0, 1))
	if !ok || s.gone(w, digits, life) {
		return session.Record{}, session.ErrNotFound
	}
	return s.made(w, digits, rows.Field(0, 2), life), nil
}

// made is the record of a session that was last used when the wall showed w.
func (s *store) made(w wall, digits int, data []byte, life time.Duration) session.Record {
	w = wall{w.Truncate(unit(digits))}
	digest := sha256.Sum256(data)
	return session.Record{
		Data:    slices.Clip(data),
		Version: w.text(digits) + "/" + hex.EncodeToString(digest[:8]),
		Expires: s.expires(w, digits, life),
	}
}

// versionOf is the time in a record's version.
func versionOf(r session.Record) (w wall, digits int, ok bool) {
	text, _, _ := strings.Cut(r.Version, "/")
	return parseWall([]byte(text))
}
