package handlersocket

import (
	"context"
	"errors"
	"testing"
	"time"

	"gyrfalcon/session"
)

func kyiv(t testing.TB) zone {
	t.Helper()
	l, err := time.LoadLocation("Europe/Kyiv")
	if err != nil {
		t.Fatal(err)
	}
	return zone{l}
}

func utc(t testing.TB, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestADatetimeIsReadAndWrittenAsTheColumnHasIt(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]struct {
		digits int
		ok     bool
	}{
		"2027-03-04 05:06:07":        {0, true},
		"2027-03-04 05:06:07.5":      {1, true},
		"2027-03-04 05:06:07.000001": {6, true},
		"0000-00-00 00:00:00":        {0, false},
		"2017-00-00 00:00:00":        {0, false},
		"2027-03-04 05:06:07.":       {0, false},
		"2027-03-04":                 {0, false},
		"":                           {0, false},
	} {
		w, digits, ok := parseWall([]byte(text))
		if ok != want.ok || ok && digits != want.digits {
			t.Errorf("parseWall(%q) = %d digits, %v; want %d, %v", text, digits, ok, want.digits, want.ok)
		}
		if ok && w.text(digits) != text {
			t.Errorf("parseWall(%q) is written as %q", text, w.text(digits))
		}
	}
}

// In Kyiv the clocks went from 04:00 (+3) back to 03:00 (+2) on 31 October 2027, at
// 01:00 UTC, and from 03:00 (+2) to 04:00 (+3) on 28 March 2027.
func TestAWallStandsForTheMomentsAtWhichItWasShown(t *testing.T) {
	t.Parallel()
	z := kyiv(t)
	for text, want := range map[string][2]string{
		"2027-07-01 12:00:00": {"2027-07-01T09:00:00Z", "2027-07-01T09:00:00Z"},
		"2027-10-31 02:59:59": {"2027-10-30T23:59:59Z", "2027-10-30T23:59:59Z"},
		"2027-10-31 03:00:00": {"2027-10-31T00:00:00Z", "2027-10-31T01:00:00Z"}, // shown twice
		"2027-10-31 03:30:00": {"2027-10-31T00:30:00Z", "2027-10-31T01:30:00Z"},
		"2027-10-31 04:00:00": {"2027-10-31T02:00:00Z", "2027-10-31T02:00:00Z"},
		"2027-03-28 02:59:59": {"2027-03-28T00:59:59Z", "2027-03-28T00:59:59Z"},
		"2027-03-28 03:30:00": {"2027-03-28T01:00:00Z", "2027-03-28T01:00:00Z"}, // never shown
		"2027-03-28 04:00:00": {"2027-03-28T01:00:00Z", "2027-03-28T01:00:00Z"},
	} {
		w, _, _ := parseWall([]byte(text))
		first, last := z.moments(w)
		if !first.Equal(utc(t, want[0])) || !last.Equal(utc(t, want[1])) {
			t.Errorf("%s was shown at %v and %v, want %v", text, first.UTC(), last.UTC(), want)
		}
	}
}

// Whatever has expired is cleared, and nothing else, in whichever hour one looks: the
// cut-off of texts agrees with the moments that they stand for.
func TestTheCutOffAgreesWithExpiryAcrossBothChanges(t *testing.T) {
	t.Parallel()
	z := kyiv(t)
	for _, change := range []string{"2027-10-31T01:00:00Z", "2027-03-28T01:00:00Z"} {
		at := utc(t, change)
		for d := -3 * time.Hour; d <= 3*time.Hour; d += 10 * time.Minute {
			cutOff := at.Add(d)
			oldest := z.shownBy(cutOff, time.Second)
			for e := -3 * time.Hour; e <= 3*time.Hour; e += 7*time.Minute + 13*time.Second {
				w := z.wallAt(at.Add(e)).text(0)
				shown, _, _ := parseWall([]byte(w))
				_, last := z.moments(shown)
				if got, want := w <= oldest.text(0), !last.After(cutOff); got != want {
					t.Errorf("at the cut-off %v, %s counts as older: %v, want %v (last shown at %v; the oldest text is %s)",
						cutOff, w, got, want, last.UTC(), oldest.text(0))
				}
			}
		}
	}
}

// Versions in a row differ, none leads the clock by more than it may, and nobody's time
// is cut short, also where the walls show an hour twice or leave one out.
func TestVersionsAdvanceAcrossBothChanges(t *testing.T) {
	t.Parallel()
	for _, change := range []string{"2027-10-31T01:00:00Z", "2027-03-28T01:00:00Z"} {
		now := utc(t, change).Add(-2 * time.Hour)
		const lead = 5 * time.Minute
		s := &store{zone: kyiv(t), opts: Options{MaxLead: lead, Now: func() time.Time { return now }}}
		before := s.zone.wallAt(now)
		for now.Before(utc(t, change).Add(2 * time.Hour)) {
			for range 7 { // at once: the versions run ahead
				ctx, cancel := context.WithTimeout(t.Context(), 0)
				w, err := s.advance(ctx, before, 0)
				cancel()
				if err != nil {
					t.Fatalf("at %v, after %s: advance = %v, want nil", now, before.text(0), err)
				}
				if w.text(0) == before.text(0) {
					t.Fatalf("at %v: %s twice in a row", now, w.text(0))
				}
				if e := s.expires(w, 0, time.Minute); e.Before(now.Add(time.Minute)) {
					t.Fatalf("used at %v as %s, it expires at %v, want a whole minute", now, w.text(0), e.UTC())
				}
				if ahead := s.used(w, now).Sub(now); ahead > lead || ahead < 0 {
					t.Fatalf("at %v, %s leads by %v, want no more than %v", now, w.text(0), ahead, lead)
				}
				before = w
			}
			now = now.Add(10 * time.Second)
		}
	}
}

// In the first showing of the hour that is shown twice, a time early in it is close to what
// its second showing will be: it is a past one all the same, and a swap writes now. PHP's
// gc, which compares walls, would clear the session otherwise.
func TestASwapInTheHourThatIsShownTwiceWritesNow(t *testing.T) {
	t.Parallel()
	for row, want := range map[string]struct{ now, wall string }{
		"2027-10-31 03:01:00.000000": {"2027-10-31T00:57:00Z", "2027-10-31 03:57:00.000000"},
		"2027-10-31 03:00:00.000000": {"2027-10-31T00:59:59Z", "2027-10-31 03:59:59.000000"},
		"2027-10-31 03:10:00.000000": {"2027-10-31T01:11:00Z", "2027-10-31 03:11:00.000000"},
		"2027-10-31 03:57:00.000000": {"2027-10-31T00:57:00Z", "2027-10-31 03:57:00.000001"},
		"2027-10-31 03:59:00.000000": {"2027-10-31T01:10:00Z", "2027-10-31 03:10:00.000000"}, // of the first showing
		"2027-10-31 03:12:00.000000": {"2027-10-31T01:10:00Z", "2027-10-31 03:12:00.000001"}, // it may lead, in the second
	} {
		s := &store{zone: kyiv(t), opts: Options{MaxLead: DefaultMaxLead, Now: func() time.Time { return utc(t, want.now) }}}
		before, digits, _ := parseWall([]byte(row))
		w, err := s.advance(t.Context(), before, digits)
		if err != nil || w.text(6) != want.wall {
			t.Errorf("at %s a swap of %s writes %s, %v; want %s", want.now, row, w.text(6), err, want.wall)
		}
	}
}

func TestASwapThatWouldLeadTheClockByTooMuchIsBusy(t *testing.T) {
	t.Parallel()
	now := utc(t, "2027-07-01T00:00:00Z")
	s := &store{zone: kyiv(t), opts: Options{MaxLead: 2 * time.Second, Now: func() time.Time { return now }}}
	before := s.zone.wallAt(now.Add(2 * time.Second))
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := s.advance(ctx, before, 0); !errors.Is(err, session.ErrBusy) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("advance = %v, want ErrBusy for the deadline", err)
	}
	now = now.Add(time.Second)
	if w, err := s.advance(t.Context(), before, 0); err != nil || w.text(0) != "2027-07-01 03:00:03" {
		t.Errorf("advance a second later = %s, %v; want the second after", w.text(0), err)
	}
}
