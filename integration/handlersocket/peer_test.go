package handlersocket_test

import (
	"bufio"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"os/exec"
	"strings"
	"testing"
	"time"

	"gyrfalcon/integration/servers"
	"gyrfalcon/session"
	"gyrfalcon/session/handlersocket"
	"gyrfalcon/session/sessiontest"
)

// peer is a PHP process that uses the table.
type peer struct {
	t   testing.TB
	in  io.Writer
	out *bufio.Scanner
}

// php starts a PHP process whose date.timezone is zone.
func php(t testing.TB, p place, zone string) *peer {
	t.Helper()
	path, err := exec.LookPath("php")
	if err != nil {
		t.Fatalf("%v; on Debian it is in php-cli", err)
	}
	host, port, err := net.SplitHostPort(p.writes)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), path, "-n", "testdata/peer.php", host, port, database, p.table, zone)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("php: %v", err)
		}
	})
	peer := &peer{t, in, bufio.NewScanner(out)}
	if said := peer.line(); said != "ready" {
		t.Fatalf("php says %q, want ready", said)
	}
	return peer
}

func (p *peer) line() string {
	p.t.Helper()
	if !p.out.Scan() {
		p.t.Fatalf("php has ended: %v", p.out.Err())
	}
	return p.out.Text()
}

func (p *peer) ask(format string, args ...any) string {
	p.t.Helper()
	if _, err := fmt.Fprintf(p.in, format+"\n", args...); err != nil {
		p.t.Fatal(err)
	}
	return p.line()
}

func (p *peer) write(id, data string, at time.Time) {
	p.t.Helper()
	if said := p.ask("write %s %d %s", id, at.Unix(), base64.StdEncoding.EncodeToString([]byte(data))); said != "done" {
		p.t.Fatalf("php's write: %q", said)
	}
}

func (p *peer) read(id string, at time.Time) (modified, data string) {
	p.t.Helper()
	said := p.ask("read %s %d", id, at.Unix())
	if len(said) < 19 {
		p.t.Fatalf("php reads %q, want a session", said)
	}
	i := strings.LastIndexByte(said, ' ')
	text, err := base64.StdEncoding.DecodeString(said[i+1:])
	if err != nil {
		p.t.Fatal(err)
	}
	return said[:i], string(text)
}

// PHP reads what Go has written and the other way round, in PHP's time zone, at any
// moment around both changes of daylight saving: what one of them keeps alive lives for
// the other, and nobody's clearing takes it.
func TestPHPAndGoShareSessionsAcrossDaylightSaving(t *testing.T) {
	t.Parallel()
	for name, table := range map[string]struct {
		create  string
		options func(place) handlersocket.Options
	}{
		"on DATETIME":    {phalcons, place.text},
		"on DATETIME(6)": {handlersocket.Schema, place.binary},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newTable(t, servers.SharedMariaDB(t), table.create)
			const zone = "Europe/Kyiv"
			location, err := time.LoadLocation(zone)
			if err != nil {
				t.Fatal(err)
			}
			other := php(t, p, zone)
			clock := sessiontest.NewClock(time.Unix(0, 0))
			o := table.options(p)
			o.Timezone, o.Now = zone, clock.Now
			a := open(t, o)
			const life = 90 * time.Minute
			cleared := func(at time.Time) {
				t.Helper()
				if said := other.ask("gc %d %d", int(life.Seconds()), at.Unix()); said != "0" {
					t.Errorf("at %v PHP clears %s sessions that live, want none", at, said)
				}
			}
			n := 0
			for _, change := range []string{"2027-03-28T01:00:00Z", "2027-10-31T01:00:00Z"} {
				at, err := time.Parse(time.RFC3339, change)
				if err != nil {
					t.Fatal(err)
				}
				for d := -100 * time.Minute; d <= 100*time.Minute; d += 7 * time.Minute {
					now := at.Add(d)
					clock.Advance(now.Sub(clock.Now()))
					n++
					ours, theirs := fmt.Sprintf("ours%d", n), fmt.Sprintf("theirs%d", n)
					made, err := a.Create(t.Context(), ours, []byte("name|s:3:\"Go\x01\";"), life)
					if err != nil {
						t.Fatal(err)
					}
					modified, data := other.read(ours, now)
					if data != "name|s:3:\"Go\x01\";" || modified[:19] != now.In(location).Format(time.DateTime) {
						t.Errorf("at %v PHP reads %q of %s, want what Go wrote at %s by PHP's wall", now, data, modified, now.In(location).Format(time.DateTime))
					}
					other.write(ours, "name|s:3:\"PHP\";", now)
					if r := checkShared(t, a, ours, "name|s:3:\"PHP\";", now, life); r.Version == made.Version {
						t.Errorf("at %v the session has its old version after PHP wrote it", now)
					}
					other.write(theirs, "n|i:1;", now)
					r := checkShared(t, a, theirs, "n|i:1;", now, life)
					if _, err := a.Swap(t.Context(), theirs, r, []byte("n|i:2;"), life); err != nil {
						t.Errorf("at %v Swap of PHP's session = %v, want nil", now, err)
					}
					if _, data := other.read(theirs, now); data != "n|i:2;" {
						t.Errorf("at %v PHP reads %q, want what Go swapped", now, data)
					}
					// Much later, it may be in the same hour of the wall, both are used again.
					clock.Advance(56 * time.Minute)
					used := clock.Now()
					if r, err = a.Read(t.Context(), theirs, life); err != nil {
						t.Fatalf("at %v Read = %v, want the session of %v", used, err, now)
					}
					if _, err := a.Swap(t.Context(), theirs, r, []byte("n|i:3;"), life); err != nil {
						t.Errorf("at %v Swap = %v, want nil", used, err)
					}
					if err := a.Touch(t.Context(), ours, life); err != nil {
						t.Errorf("at %v Touch = %v, want nil", used, err)
					}
					for _, id := range []string{ours, theirs} {
						if modified, _ := other.read(id, used); modified[:19] < used.In(location).Format(time.DateTime) {
							t.Errorf("used at %v, %s is of %s, want no less than PHP's wall shows", used, id, modified)
						}
					}
					cleared(used)
					clock.Advance(life - time.Second) // nobody's time is cut short
					cleared(clock.Now())
					for _, id := range []string{ours, theirs} {
						if _, err := a.Read(t.Context(), id, life); err != nil {
							t.Errorf("a second before the end of a life from %v, Read = %v, want the session", used, err)
						}
					}
					if _, _, err := a.GC(t.Context(), life, 1000); err != nil {
						t.Fatal(err)
					}
					for _, id := range []string{ours, theirs} {
						if err := a.Touch(t.Context(), id, life); err != nil {
							t.Errorf("GC a second before the end of a life from %v took the session: %v", used, err)
						}
						if err := a.Destroy(t.Context(), id); err != nil {
							t.Fatal(err)
						}
					}
				}
			}
		})
	}
}

// checkShared reads what PHP has written.
func checkShared(t *testing.T, a session.Adapter, id, want string, now time.Time, life time.Duration) session.Record {
	t.Helper()
	r, err := a.Read(t.Context(), id, life)
	if err != nil || string(r.Data) != want {
		t.Fatalf("at %v Go reads %q, %v; want PHP's %q", now, r.Data, err, want)
	}
	// In the hour that is shown twice a time that was shown before may count as now.
	if r.Expires.Before(now.Add(life)) || r.Expires.After(now.Add(life+2*time.Second)) {
		t.Errorf("written at %v, it expires at %v, want a life of %v later", now, r.Expires, life)
	}
	return r
}

// Where timezone is not PHP's, its sessions lead the clock by hours.
func TestAWrongTimezoneIsToldAsSuch(t *testing.T) {
	t.Parallel()
	p := newTable(t, servers.SharedMariaDB(t), phalcons)
	a := open(t, p.text()) // UTC
	other := php(t, p, "Asia/Tokyo")
	now := time.Now()
	other.write("abc", "theirs", now)
	before, _ := other.read("abc", now)
	r, err := a.Read(t.Context(), "abc", life)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Swap(t.Context(), "abc", r, []byte("ours"), life); err == nil || !strings.Contains(err.Error(), "timezone") {
		t.Errorf("Swap = %v, want an error that names timezone", err)
	}
	if modified, data := other.read("abc", now); modified != before || data != "theirs" {
		t.Errorf("after that the session is %q of %s, want it as PHP wrote it at %s", data, modified, before)
	}
}
