package php

import (
	"errors"
	"path"
	"reflect"
	"strings"
	"sync"
	"time"

	"gyrfalcon/session"
)

// dateLayout is how PHP's DateTime writes its wall-clock time.
const dateLayout = "2006-01-02 15:04:05.000000"

// Kinds of time zones in PHP's DateTime (timezone_type).
const (
	zoneOffset       = 1 // "+02:00"
	zoneAbbreviation = 2 // "EST"
	zoneName         = 3 // "Europe/Kyiv"
)

// abbreviations are those that PHP itself writes for the zones that have them in
// common use; they are ambiguous, and these are PHP's readings, in hours.
var abbreviations = map[string]float64{
	"z": 0, "utc": 0, "gmt": 0, "wet": 0, "west": 1, "bst": 1, "cet": 1, "cest": 2, "met": 1, "mest": 2,
	"eet": 2, "eest": 3, "sast": 2, "msk": 3, "ist": 5.5, "pkt": 5, "jst": 9, "kst": 9, "hkt": 8,
	"awst": 8, "acst": 9.5, "acdt": 10.5, "aest": 10, "aedt": 11, "nzst": 12, "nzdt": 13,
	"nst": -3.5, "ndt": -2.5, "ast": -4, "adt": -3, "est": -5, "edt": -4, "cst": -6, "cdt": -5,
	"mst": -7, "mdt": -6, "pst": -8, "pdt": -7, "akst": -9, "akdt": -8, "hst": -10,
}

var errZone = errors.New("a DateTime in a time zone that is not known here; link time/tzdata where the system has no zones")

// zones keeps what LoadLocation has read.
var zones sync.Map // of string to *time.Location

func zoneOf(name string) (*time.Location, error) {
	if loc, ok := zones.Load(name); ok {
		return loc.(*time.Location), nil //nolint:errcheck,forcetypeassert // nothing else is stored
	}
	if name == "" || name == "Local" {
		return nil, errors.New("a DateTime without a time zone")
	}
	// It becomes a file's path, which can be written in any number of ways.
	if path.Clean(name) != name {
		return nil, errZone
	}
	loc, err := time.LoadLocation(name)
	if err != nil { // which quotes what is stored
		return nil, errZone
	}
	zones.Store(name, loc)
	return loc, nil
}

// time encodes t as a DateTimeImmutable.
func (e *encoder) time(t time.Time) *session.EncodeError {
	if y := t.Year(); y < 0 || y > 9999 {
		return refuse("PHP's DateTime has no form for the year %d", y)
	}
	kind, zone := int64(zoneOffset), t.Format("-07:00")
	if name := t.Location().String(); name != "Local" {
		if loc, err := zoneOf(name); err == nil && sameInstant(t, loc) {
			kind, zone = zoneName, name
		}
	}
	if _, offset := t.Zone(); kind == zoneOffset && offset%60 != 0 {
		zone = t.Format("-07:00:00")
	}
	e.slots++
	e.out = append(e.out, `O:17:"DateTimeImmutable":`...)
	return e.items(3, true, func(i int) *session.EncodeError {
		e.slots++
		switch i {
		case 0:
			e.out = append(e.out, `s:4:"date";`...)
			e.out = appendString(e.out, t.Format(dateLayout))
		case 1:
			e.out = append(e.out, `s:13:"timezone_type";`...)
			e.out = appendInt(e.out, 'i', kind)
		case 2:
			e.out = append(e.out, `s:8:"timezone";`...)
			e.out = appendString(e.out, zone)
		}
		return nil
	})
}

// sameInstant says whether t's wall-clock time in loc means t and nothing else: where
// the clock is put back, one wall-clock time means two instants.
func sameInstant(t time.Time, loc *time.Location) bool {
	back, err := time.ParseInLocation(dateLayout, t.Format(dateLayout), loc)
	if err != nil || !back.Equal(t.Truncate(time.Microsecond)) {
		return false
	}
	start, end := back.ZoneBounds()
	if !start.IsZero() && back.Sub(start) < putBack(start) {
		return false
	}
	return end.IsZero() || end.Sub(back) > putBack(end)
}

// putBack is by how much the clock is put back at the end of a zone's rule.
func putBack(at time.Time) time.Duration {
	_, before := at.Add(-time.Second).Zone()
	_, after := at.Zone()
	return time.Duration(before-after) * time.Second
}

// time decodes a DateTime, a DateTimeImmutable or an object of a class that extends
// them (Carbon), or an int of seconds since 1970, as PHP's time() gives.
func (d *decoder) time(r *reader, v reflect.Value) error {
	if r.tok.kind == 'i' {
		sec, ok := parseInt(r.inside())
		if !ok {
			return errMalformed
		}
		v.Set(reflect.ValueOf(time.Unix(sec, 0)))
		return nil
	}
	if r.tok.kind != 'O' {
		return mismatch(r, v)
	}
	no := mismatch(r, v)
	var o struct {
		Date string `php:"date"`
		Type int    `php:"timezone_type"`
		Zone string `php:"timezone"`
	}
	if err := d.structure(r, reflect.ValueOf(&o).Elem()); err != nil {
		return err
	}
	loc, err := locationOf(o.Type, o.Zone)
	if err != nil {
		return errors.Join(no, err)
	}
	t, err := time.ParseInLocation(dateLayout, o.Date, loc)
	if err != nil { // which quotes what is stored
		return errors.Join(no, errors.New("a DateTime whose date is none"))
	}
	v.Set(reflect.ValueOf(t))
	return nil
}

// locationOf is the time zone that a DateTime names.
func locationOf(kind int, zone string) (*time.Location, error) {
	switch kind {
	case zoneName:
		return zoneOf(zone)
	case zoneAbbreviation:
		hours, ok := abbreviations[strings.ToLower(zone)]
		if !ok {
			return nil, errors.New("a DateTime in a time zone of which only the abbreviation is known")
		}
		return time.FixedZone(zone, int(hours*3600)), nil
	case zoneOffset:
		for _, layout := range []string{"-07:00", "-07:00:00"} {
			if t, err := time.Parse(layout, zone); err == nil {
				// Not its Location, which is this machine's where that has the offset too.
				_, offset := t.Zone()
				return time.FixedZone("", offset), nil
			}
		}
	}
	return nil, errors.New("a DateTime without a time zone")
}
