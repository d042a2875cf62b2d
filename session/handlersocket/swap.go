package handlersocket

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"gyrfalcon/session"
	"gyrfalcon/session/handlersocket/hs"
)

// Swap replaces the session in one trip, if its time of last use is still that of prev.
// A session that is missing, has expired or was used since is ErrConflict. Where the row that was
// replaced turns out to hold something else than prev, because somebody who does not
// compare wrote it within the same unit of time, it is put back in a second trip, and
// the swap is ErrConflict.
func (a *Adapter) Swap(ctx context.Context, id string, prev session.Record, next []byte, life time.Duration) (session.Record, error) {
	s, err := a.begin(ctx)
	if err != nil {
		return session.Record{}, err
	}
	if !s.limits.holdsID(id) {
		return session.Record{}, session.ErrNotFound
	}
	if err := s.limits.refuseData(next); err != nil {
		return session.Record{}, err
	}
	before, digits, ok := versionOf(prev)
	if !ok || s.gone(before, digits, life) { // gone is prev; another may have taken its place
		return session.Record{}, session.ErrConflict
	}
	now, err := s.advance(ctx, before, digits)
	if err != nil {
		return session.Record{}, err
	}
	var old hs.Rows
	q := hs.Query{Key: []hs.Value{hs.String(id)}, Filters: is(before.text(digits))}
	if err := s.row.UpdateReturning(ctx, &old, q, hs.String(id), hs.String(now.text(digits)), hs.Bytes(next)); err != nil {
		return session.Record{}, failed(err)
	}
	switch {
	case old.Len() == 0:
		return session.Record{}, session.ErrConflict
	case string(old.Field(0, 0)) != id:
		// A collation took another session for this one.
		if err := s.putBack(ctx, &old, now, digits, next); !errors.Is(err, session.ErrConflict) {
			return session.Record{}, err
		}
		return session.Record{}, session.ErrNotFound
	case !bytes.Equal(old.Field(0, 2), prev.Data):
		return session.Record{}, s.putBack(ctx, &old, now, digits, next)
	}
	r := s.made(now, digits, next, life)
	if prev.Expires.After(r.Expires) { // the clock was set back, which takes nothing from the session
		r.Expires = prev.Expires
	}
	return r, nil
}

// apart is how far the clocks of machines that share a table may differ: a time that leads
// by more than that beyond MaxLead was not written by the clock and the zone that are set here.
const apart = time.Minute

// advance returns the time that a swap writes: now, but at least a unit after the one
// before, so that no two versions in a row are alike. When that would lead the clock by
// too much it waits.
func (s *store) advance(ctx context.Context, before wall, digits int) (wall, error) {
	u := unit(digits)
	for {
		now := s.opts.Now()
		next := now.Truncate(u)
		// A wall that shows more than the one before is a later version, whichever moments the
		// two stand for, and PHP's gc must not find less than that.
		if !s.zone.wallAt(next).After(before.Time) {
			if least := s.used(before, now).Add(u); next.Before(least) {
				next = least
			}
		}
		ahead := next.Sub(now) - s.opts.MaxLead
		switch {
		case ahead <= 0:
			return s.zone.wallAt(next), nil
		case ahead > apart:
			return wall{}, fmt.Errorf("session/handlersocket: the session's time in the table leads the clock by %v, which max_lead, %v, does not explain; nothing was stored. Set timezone, which is %s, to PHP's date.timezone, or set the clock right, if it was set back",
				(next.Sub(now) - u).Round(time.Second), s.opts.MaxLead, s.zone)
		}
		pause := time.NewTimer(min(max(ahead, time.Millisecond), time.Second)) // the clock may not be the one that timers go by
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return wall{}, fmt.Errorf("session/handlersocket: %w: so much was written that the times in the table lead the clock by max_lead, %v; make the column modified DATETIME(6): %w",
				session.ErrBusy, s.opts.MaxLead, ctx.Err())
		}
	}
}

// used is when a version was written. In the hour that is shown twice it may have led
// the clock by MaxLead; what would lead by more was written the first time.
func (s *store) used(w wall, now time.Time) time.Time {
	first, last := s.zone.moments(w)
	if last.Sub(now) <= s.opts.MaxLead {
		return last
	}
	return first
}

// putBack stores again what a swap has replaced without having read it, as long as ours
// is still in its place, and returns ErrConflict. It goes on after the caller's deadline:
// the change at stake is somebody else's.
func (s *store) putBack(ctx context.Context, old *hs.Rows, ours wall, digits int, data []byte) error {
	ctx, cancel := s.mend(ctx)
	defer cancel()
	for {
		next := s.zone.wallAt(s.used(ours, s.opts.Now()).Add(unit(digits)))
		key := []hs.Value{hs.Bytes(old.Field(0, 0))}
		b := s.writes.NewBatch()
		b.UpdateReturning(s.row, hs.Query{Key: key, Filters: is(ours.text(digits))}, key[0], hs.String(next.text(digits)), nullable(old.Field(0, 2)))
		b.Find(s.row, hs.Query{Key: key})
		if err := b.Do(ctx); err != nil {
			return fmt.Errorf("session/handlersocket: %w: a change by somebody who does not compare was replaced, and could not be put back: %w", session.ErrOutcomeUnknown, err)
		}
		replaced, found := b.Rows(0), b.Rows(1)
		switch {
		case replaced.Len() == 1 && bytes.Equal(replaced.Field(0, 2), data), found.Len() == 0:
			return session.ErrConflict // it stands again, or was destroyed meanwhile
		case replaced.Len() == 1:
			// Somebody has written once more within the unit. That is the change to
			// be put back now.
			data, ours, old = old.Field(0, 2), next, replaced
			continue
		}
		var ok bool
		if ours, digits, ok = parseWall(found.Field(0, 1)); !ok || !bytes.Equal(found.Field(0, 2), data) {
			return fmt.Errorf("session/handlersocket: %w: a change by somebody who does not compare was replaced, and could not be put back: others have built on the replacement", session.ErrOutcomeUnknown)
		}
		// Ours was only touched. Once more, on its new time.
	}
}
