package handlersocket

import (
	"time"
)

// wall is what a clock on the wall shows, and what a DATETIME column holds: a date and a
// time of day of no particular zone. It is kept as the time.Time that shows the same
// in UTC.
type wall struct{ time.Time }

// parseWall reads a DATETIME as MariaDB writes it, with as many digits of a second as
// the column has. ok is false for what is no date, such as 0000-00-00 00:00:00.
func parseWall(text []byte) (w wall, digits int, ok bool) {
	const layout = "2006-01-02 15:04:05"
	switch n := len(text) - len(layout); {
	case n == 0:
	case n >= 2 && n <= 7 && text[len(layout)] == '.':
		digits = n - 1
	default:
		return wall{}, 0, false
	}
	t, err := time.Parse(layout, string(text)) // which takes a fraction too
	return wall{t}, digits, err == nil
}

func (w wall) text(digits int) string {
	const layout = "2006-01-02 15:04:05.000000"
	if digits == 0 {
		return w.Format(layout[:19])
	}
	return w.Format(layout[:20+digits])
}

// unit is what a column with that many digits of a second counts in.
func unit(digits int) time.Duration {
	u := time.Second
	for range digits {
		u /= 10
	}
	return u
}

// zone is PHP's date.timezone, which says what the walls mean.
type zone struct{ *time.Location }

// wallAt is what the wall shows at a moment.
func (z zone) wallAt(t time.Time) wall {
	_, offset := t.In(z.Location).Zone()
	return wall{t.UTC().Add(time.Duration(offset) * time.Second)}
}

// moments are when the wall showed w: the first time and the last. They differ in the
// hour that is shown twice when daylight saving ends. An hour that is never shown, when
// it begins, counts as the moment of the change.
func (z zone) moments(w wall) (first, last time.Time) {
	const day = 24 * time.Hour // no zone changes twice within two days
	_, before := w.Add(-day).In(z.Location).Zone()
	_, after := w.Add(day).In(z.Location).Zone()
	a := w.Add(time.Duration(-before) * time.Second)
	if before == after {
		return a, a
	}
	b := w.Add(time.Duration(-after) * time.Second)
	switch aShown, bShown := z.wallAt(a).Equal(w.Time), z.wallAt(b).Equal(w.Time); {
	case aShown && bShown:
		return a, b
	case aShown:
		return a, a
	case bShown:
		return b, b
	}
	change, _ := a.In(z.Location).ZoneBounds()
	return change, change
}

// shownBy is the last wall of which every showing was at t or before, in whole units.
func (z zone) shownBy(t time.Time, u time.Duration) wall {
	t = t.Truncate(u)
	w := z.wallAt(t)
	if _, last := z.moments(w); !last.After(t) {
		return w
	}
	_, change := t.In(z.Location).ZoneBounds() // from where on the hour is shown again
	return wall{z.wallAt(change).Add(-u)}
}
