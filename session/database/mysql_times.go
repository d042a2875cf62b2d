package database

import (
	"fmt"
	"strconv"
	"time"
)

// mysqlTimes knows how the table tells the time, and writes the expressions for it.
//
// In columns of INT times are Unix seconds. In columns of TIMESTAMP or DATETIME, as
// the table of Phalcon 5's adapter has them, modified_at is what PHP's clock on the
// wall shows, in PHP's zone, which the connection takes for a time in its own zone;
// and created_at, which the server fills, is a time in the connection's zone.
type mysqlTimes struct {
	zone *time.Location // nil for Unix seconds
	most int64          // the latest second that the columns hold

	// utc says that statements run with time_zone = '+00:00': nobody has named
	// PHP's zone, so that PHP and the server must have the same, and then the
	// instants of TIMESTAMP columns are true ones. In UTC no hour comes twice.
	utc bool
}

// mysqlEpoch is the earliest second that expressions name: TIMESTAMP columns, and
// FROM_UNIXTIME, begin in 1970, in whatever zone.
const mysqlEpoch = 2 * 24 * 60 * 60

// wall is a second as text for columns that are not numbers.
func (m mysqlTimes) wall(second int64) string {
	return "TIMESTAMP'" + time.Unix(second, 0).In(m.zone).Format(time.DateTime) + "'"
}

// dead and alive compare the time of last use with the oldest that lives. They are
// expressions that no index can serve: statements that write find rows by their
// key only, and so all take their locks in one order.
func (m mysqlTimes) dead(oldest int64) string  { return m.compare("<", oldest) }
func (m mysqlTimes) alive(oldest int64) string { return m.compare(">=", oldest) }

func (m mysqlTimes) compare(operator string, second int64) string {
	if m.zone == nil {
		return "{used} " + operator + " " + strconv.FormatInt(second, 10)
	}
	second = max(second, mysqlEpoch)
	return fmt.Sprintf("IF({modified} IS NULL, {created} %s FROM_UNIXTIME(%d), {modified} %s %s)", operator, second, operator, m.wall(second))
}

// expired is the two conditions by which an index on (modified, created) finds what
// has expired. A row fulfils one of them.
func (m mysqlTimes) expired(oldest int64) [2]string {
	if m.zone == nil {
		n := strconv.FormatInt(oldest, 10)
		return [2]string{"{modified} < " + n, "{modified} IS NULL AND {created} < " + n}
	}
	oldest = max(oldest, mysqlEpoch)
	return [2]string{"{modified} < " + m.wall(oldest), fmt.Sprintf("{modified} IS NULL AND {created} < FROM_UNIXTIME(%d)", oldest)}
}

// used is the time of last use moved to now, and never backwards.
func (m mysqlTimes) used(now int64) string {
	if m.zone == nil {
		return fmt.Sprintf("GREATEST({used}, %d)", now)
	}
	return fmt.Sprintf("COALESCE(GREATEST({modified}, %[1]s), %[1]s + INTERVAL GREATEST(0, CAST(UNIX_TIMESTAMP({created}) AS SIGNED) - %[2]d) SECOND)", m.wall(now), now)
}

// born is created_at and modified_at of a new session. PHP compares created_at, a
// time in the server's zone, with its own clock; a modified_at in PHP's zone saves a
// session from that where the zones differ.
func (m mysqlTimes) born(now int64) (created, modified string) {
	if m.zone == nil {
		return strconv.FormatInt(now, 10), "NULL"
	}
	return fmt.Sprintf("FROM_UNIXTIME(%d)", now), m.wall(now)
}

// columns are what read selects, for parse.
func (m mysqlTimes) columns() string {
	if m.zone == nil {
		return "{used}, NULL"
	}
	return "CAST(UNIX_TIMESTAMP({created}) AS SIGNED), CAST({modified} AS CHAR)"
}

// parse returns the time of last use. Of two seconds with one name, as they are when
// a summer ends, it is the later that has been.
func (m mysqlTimes) parse(unix int64, wall *string, now int64) (int64, error) {
	if wall == nil {
		return unix, nil
	}
	// The text may have a fraction, which the layout need not.
	t, err := time.ParseInLocation(time.DateTime, *wall, m.zone)
	if err != nil {
		return 0, fmt.Errorf("a session's time is none: %w", err)
	}
	best := t.Unix()
	for _, shift := range []time.Duration{-time.Hour, -time.Hour / 2, time.Hour / 2, time.Hour} {
		other := t.Add(shift)
		second := other.Unix()
		if other.Format(time.DateTime) == t.Format(time.DateTime) && (best > now && second < best || second > best && second <= now) {
			best = second
		}
	}
	return best, nil
}

// holds tells whether the columns can hold the time.
func (m mysqlTimes) holds(now int64) bool { return now <= m.most }
