package handlersocket

import (
	"context"
	"time"

	"gyrfalcon/session/handlersocket/hs"
)

// parse reads a row's time, and learns from it how the column keeps time.
func (s *store) parse(text []byte) (w wall, digits int, ok bool) {
	w, digits, ok = parseWall(text)
	if ok && s.digits.Load() != int32(digits) {
		s.digits.Store(int32(digits))
	}
	return w, digits, ok
}

// known is how many digits of a second the column has, or the fewest that it may have.
func (s *store) known() int { return max(int(s.digits.Load()), 0) }

// written is a time as it is to be written, with the digits that the column has, or
// unknown: then all are written, and the column cuts off what it does not have.
func (s *store) written(w wall) (text string, digits int) {
	if digits = int(s.digits.Load()); digits == unknown {
		return w.text(6), unknown
	}
	return w.text(digits), digits
}

// expires is the moment from which a session is gone that was last used when the wall
// showed w. What the column cut off that time is in its favour, and so is the hour that
// is shown twice; a time that leads the clock counts as now.
func (s *store) expires(w wall, digits int, life time.Duration) time.Time {
	u := unit(digits)
	_, used := s.zone.moments(w)
	if now := s.opts.Now().Truncate(u); used.After(now) {
		used = now
	}
	return used.Add(u).Add(ceil(life, u))
}

// gone says whether it has expired.
func (s *store) gone(w wall, digits int, life time.Duration) bool {
	return !s.opts.Now().Before(s.expires(w, digits, life))
}

// oldest is the last time of use, in the table's words, of sessions that are gone.
func (s *store) oldest(life time.Duration, digits int) string {
	u := unit(digits)
	return s.zone.shownBy(s.opts.Now().Add(-u).Add(-ceil(life, u)), u).text(digits)
}

// expired filters sessions that are gone, and living those that are not.
func (s *store) expired(life time.Duration, digits int) []hs.Filter {
	return []hs.Filter{{Op: hs.LessEqual, Value: hs.String(s.oldest(life, digits))}}
}

func (s *store) living(life time.Duration, digits int) []hs.Filter {
	return []hs.Filter{{Op: hs.Greater, Value: hs.String(s.oldest(life, digits))}}
}

// ceil rounds up to whole units.
func ceil(life, u time.Duration) time.Duration {
	if rest := life % u; rest > 0 && life <= 1<<63-1-u {
		return life - rest + u
	}
	return life
}

// mend is a context for setting right what this call has done to others' data: it does
// not end with the caller's patience.
func (s *store) mend(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), s.opts.Timeout)
}
