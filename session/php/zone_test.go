package php_test

import (
	"os"
	"os/exec"
	"testing"
	"time"

	"gyrfalcon/session/php"
)

// zoneChild says to the test below that it is the child in another time zone.
const zoneChild = "PHP_TEST_ZONE_CHILD"

// A DateTime that names an offset has that offset, on a machine too whose own zone has
// had the same one: EET has had +02:00 ever since the year 0, or what stood for it before
// there were zones, as Kyiv had +02:02:04.
func TestADateTimesOffsetIsNotTakenForTheMachinesZone(t *testing.T) {
	t.Parallel()
	if os.Getenv(zoneChild) == "" {
		for _, zone := range []string{"EET", "Europe/Kyiv"} {
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.count=1") //nolint:gosec // this very test
			cmd.Env = append(os.Environ(), "TZ="+zone, zoneChild+"=1")
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("in the time zone %s: %v\n%s", zone, err, out)
			}
		}
		return
	}
	if _, offset := time.Date(2026, 7, 1, 0, 0, 0, 0, time.Local).Zone(); offset != 3*3600 {
		t.Fatalf("the machine's zone is %d seconds east in summer, want 10800", offset)
	}
	for zone, want := range map[string]int{"+02:00": 2 * 3600, "+03:00": 3 * 3600, "-03:30": -3.5 * 3600, "+02:02:04": 2*3600 + 2*60 + 4} {
		for _, clock := range []string{"2026-07-02 03:04:05.000000", "2026-01-02 03:04:05.000000"} {
			stored := date(clock, 1, zone)
			got := decodeAs[time.Time](t, parsed(t, php.Native(), "t|"+stored), "t")
			if _, offset := got.Zone(); offset != want || got.Format("2006-01-02 15:04:05.000000") != clock {
				t.Errorf("%s: got %v", stored, got)
			}
			d := php.Native().New()
			must(t, "Set", d.Set("t", got))
			wantBytes(t, d, "t|"+stored)
		}
	}
}
