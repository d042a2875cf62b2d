package memory

import (
	"sync"
	"time"

	"gyrfalcon/session"
)

// entry is one stored session, and a link in its shard's list.
type entry struct {
	id         string
	data       []byte
	version    string
	kept       time.Time // when it was last kept alive
	prev, next *entry
}

func (e *entry) record(life time.Duration) session.Record {
	return session.Record{Data: e.data, Version: e.version, Expires: e.kept.Add(life)}
}

// shard is a part of the store. Its list runs from the session that was used
// longest ago to the one that was used last. Its order bends only when the
// clock is set back; then GC comes later to some, never too early.
type shard struct {
	mu      sync.Mutex
	entries map[string]*entry
	list    entry // list.next is the oldest, list.prev the newest

	_ [32]byte // keeps neighbours' locks off each other's cache line
}

func (s *shard) init() {
	s.entries = make(map[string]*entry)
	s.list.next, s.list.prev = &s.list, &s.list
}

// living returns the session if there is one that has not expired.
func (s *shard) living(id string, now time.Time, life time.Duration) *entry {
	e := s.entries[id]
	if e == nil || !now.Before(e.kept.Add(life)) {
		return nil
	}
	return e
}

// use makes e the last used session. A clock that was set back does not take
// from its life.
func (s *shard) use(e *entry, now time.Time) {
	if now.After(e.kept) {
		e.kept = now
	}
	e.unlink()
	s.link(e)
}

func (s *shard) add(e *entry) {
	s.entries[e.id] = e
	s.link(e)
}

func (s *shard) remove(e *entry) {
	delete(s.entries, e.id)
	e.unlink()
}

func (s *shard) link(e *entry) {
	e.prev, e.next = s.list.prev, &s.list
	e.prev.next, e.next.prev = e, e
}

func (e *entry) unlink() {
	e.prev.next, e.next.prev = e.next, e.prev
}

// expire removes up to limit sessions that have expired. Seeing that the one used
// longest ago still lives, which ends it, counts for nothing.
func (s *shard) expire(now time.Time, life time.Duration, limit int) (removed int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for removed < limit && s.list.next != &s.list {
		oldest := s.list.next
		if now.Before(oldest.kept.Add(life)) {
			break
		}
		s.remove(oldest)
		removed++
	}
	return removed
}
