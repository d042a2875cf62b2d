package redis_test

import (
	"bytes"
	"context"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gyrfalcon/integration/load"
	"gyrfalcon/integration/proxy"
	"gyrfalcon/integration/servers"
	"gyrfalcon/session"
	"gyrfalcon/session/redis"
)

// loading lets one crowd at a time have the machine: a request's deadline is real.
var loading sync.Mutex

// underLoad has 64 clients count while a fault is about.
func underLoad(t *testing.T, s redis.Servers, o redis.Options, p load.Plan) load.Report {
	t.Helper()
	loading.Lock()
	defer loading.Unlock()
	p.Open = func(context.Context) (session.Adapter, error) { return redis.Dial(s, o), nil }
	return load.Run(t, p)
}

// every does something again and again for a while.
func every(t testing.TB, interval, during time.Duration, do func()) {
	t.Helper()
	tick := time.NewTicker(interval)
	defer tick.Stop()
	end := time.After(during)
	for {
		select {
		case <-tick.C:
			do()
		case <-end:
			return
		case <-t.Context().Done():
			return
		}
	}
}

func TestAnAnswerThatIsLostAfterTheScriptRanIsCountedAtMostOnce(t *testing.T) {
	t.Parallel()
	for name, action := range map[string]proxy.Action{"the connection breaks": proxy.CutReply, "the client waits": proxy.LoseReply} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := proxy.New(t, servers.SharedRedis(t).Addr())
			prefix := newPrefix()
			r := underLoad(t, redis.Servers{Path: "tcp://" + p.Addr()}, redis.Options{Prefix: &prefix}, load.Plan{
				Fault: func(t testing.TB) {
					var n atomic.Int64
					p.Decide(func(request []byte) proxy.Action {
						if bytes.Contains(request, []byte("evalsha")) && n.Add(1)%10 == 0 {
							return action
						}
						return proxy.Pass
					})
					every(t, time.Second, 2500*time.Millisecond, func() {})
					p.Decide(nil)
				},
			})
			if r.Unknown == 0 || p.Lost() == 0 {
				t.Errorf("%d answers were lost and %d changes are of unknown outcome, want some", p.Lost(), r.Unknown)
			}
		})
	}
}

// A fault that nobody has felt shows nothing: each of these tests looks whether it was there.

// lockings are the ways to share sessions: a lock that a fault leaves behind would keep its
// visitors out for longer than they may take to be served again.
var lockings = map[string]*redis.Lock{"without locks": nil, "with locks": {}}

func TestConnectionsThatAreKilledLoseNothing(t *testing.T) {
	t.Parallel()
	for name, lock := range lockings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rounds := 50
			if lock != nil {
				rounds = 30
			}
			killConnections(t, lock, rounds)
		})
	}
}

func killConnections(t *testing.T, lock *redis.Lock, rounds int) {
	t.Helper()
	srv := servers.NewRedis(t)
	before, after, killed := 0, 0, 0
	r := underLoad(t, one(srv), redis.Options{Lock: lock}, load.Plan{Fault: func(t testing.TB) {
		before = stat(t, srv, "total_connections_received:")
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for range rounds {
			<-tick.C
			n, _ := srv.Do(t, "CLIENT", "KILL", "TYPE", "normal").(int64)
			killed += int(n)
		}
		after = stat(t, srv, "total_connections_received:")
	}})
	// Each round has a connection of its own.
	if killed < rounds || after-before-rounds < rounds || r.Unknown+r.Refused == 0 {
		t.Errorf("%d connections were killed in %d rounds, %d were made anew, and %d requests have failed; want at least one of each in each round, and some failed",
			killed, rounds, after-before-rounds, r.Unknown+r.Refused)
	}
}

// stat is the number that follows a name in a server's INFO.
func stat(t testing.TB, srv *servers.Redis, name string) int {
	t.Helper()
	info, _ := srv.Do(t, "INFO", "everything").(string)
	_, rest, found := strings.Cut(info, "\n"+name)
	digits, _, _ := strings.Cut(rest, "\r")
	n, err := strconv.Atoi(digits)
	if found && err != nil {
		t.Fatalf("INFO says %s%s, want a number", name, digits)
	}
	return n // 0 before the first
}

func TestScriptsThatAreForgottenAgainAndAgainFailNothing(t *testing.T) {
	t.Parallel()
	srv := servers.NewRedis(t)
	missed := 0
	// Nothing but a busy machine may keep a request waiting here.
	r := underLoad(t, one(srv), redis.Options{}, load.Plan{Options: session.Options{Timeout: 10 * time.Second}, Fault: func(t testing.TB) {
		missed = -stat(t, srv, "errorstat_NOSCRIPT:count=")
		every(t, time.Millisecond, 2*time.Second, func() { srv.Do(t, "SCRIPT", "FLUSH") })
		missed += stat(t, srv, "errorstat_NOSCRIPT:count=")
	}})
	if r.Refused > 0 || r.Unknown > 0 {
		t.Errorf("got %v, want every request served", r)
	}
	if missed == 0 {
		t.Error("no script was missed by the server, want some")
	}
}

// The server stands still for longer than a request may last: one that just waits until it
// goes on is found.
func TestAServerThatStandsStillLosesNothing(t *testing.T) {
	t.Parallel()
	const timeout, margin = 500 * time.Millisecond, 4 * time.Second
	for name, lock := range lockings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := servers.NewRedis(t)
			r := underLoad(t, one(srv), redis.Options{Lock: lock}, load.Plan{
				Options: session.Options{Timeout: timeout},
				Margin:  margin,
				Fault: func(t testing.TB) {
					srv.Pause(t)
					every(t, time.Second, 2*timeout+margin+time.Second, func() {})
					srv.Resume(t)
				},
			})
			if r.Refused+r.Unknown == 0 || r.Longest < timeout {
				t.Errorf("%d requests were refused and %d are of unknown outcome, the longest took %v; want some that have waited for %v in vain",
					r.Refused, r.Unknown, r.Longest, timeout)
			}
		})
	}
}

func TestAServerThatIsKilledAndStartedAgainLosesNothing(t *testing.T) {
	t.Parallel()
	srv := servers.NewRedis(t)
	r := underLoad(t, one(srv), redis.Options{}, load.Plan{Fault: func(t testing.TB) {
		srv.Kill(t)
		every(t, time.Second, time.Second, func() {})
		srv.Start(t)
	}})
	if r.Refused+r.Unknown == 0 {
		t.Error("no request has failed while the server was dead, want some")
	}
}

// until asks again and again whether something has happened that must happen.
func until(t testing.TB, what string, happened func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for end := time.After(patience); !happened(); {
		select {
		case <-tick.C:
		case <-end:
			t.Fatalf("waited %v in vain until %s", patience, what)
		}
	}
}

// Behind Sentinels the master is killed and its replica takes its place; the service
// returns by itself. The master has confirmed for half a second what its replica has not
// heard of, when it is killed: all of that is lost, unless each write waits for the replica. The replica hears
// of its master through a proxy, which then holds everything up.
func TestWhatAFailoverLosesAndThatWaitingLosesNothing(t *testing.T) {
	t.Parallel()
	for name, wait := range map[string]*redis.Wait{"no replica is waited for": nil, "one replica is waited for": {Timeout: 300 * time.Millisecond}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := servers.NewSentinel(t)
			old, replica := s.Servers[0], s.Servers[1]
			p := proxy.New(t, old.Addr())
			r := underLoad(t, ofSentinel(s), redis.Options{Wait: wait}, load.Plan{
				MayLose:  true,
				Recovery: 40 * time.Second,
				Fault: func(t testing.TB) {
					host, port := split(t, p.Addr())
					replica.Do(t, "REPLICAOF", host, port)
					until(t, "the replica has all of its master's data", func() bool {
						role, _ := replica.Do(t, "ROLE").([]any)
						return len(role) > 3 && role[3] == "connected"
					})
					every(t, time.Second, 300*time.Millisecond, func() {})
					p.Stall()
					every(t, time.Second, 500*time.Millisecond, func() {})
					old.Kill(t)
					until(t, "the replica is master", func() bool { return s.Master(t) == replica })
					p.Refuse()
					old.Start(t) // or nobody is left to wait for
				},
			})
			t.Logf("%s: %d of %d acknowledged changes were lost", name, r.Lost, r.Acknowledged)
			if lost := r.Lost > 0; lost != (wait == nil) {
				t.Errorf("%s: %d acknowledged changes were lost, want some only where none is waited for", name, r.Lost)
			}
		})
	}
}

func TestAMasterOfAClusterThatIsKilledIsReplaced(t *testing.T) {
	t.Parallel()
	c := servers.NewCluster(t)
	const key = "a key whose master is killed"
	old := c.Master(t, key)
	r := underLoad(t, ofCluster(c), redis.Options{}, load.Plan{
		MayLose:  true,
		Recovery: 40 * time.Second,
		Fault: func(t testing.TB) {
			old.Kill(t)
			// Some of each client's sessions are elsewhere: that those are served shows nothing.
			until(t, "the replica is master", func() bool { return c.Master(t, key) != old })
			until(t, "all servers know it", func() bool {
				for _, r := range c.Servers {
					if r == old {
						continue
					}
					if info, _ := r.Do(t, "CLUSTER", "INFO").(string); !strings.Contains(info, "cluster_state:ok") {
						return false
					}
				}
				return true
			})
		},
	})
	t.Logf("%d of %d acknowledged changes were lost", r.Lost, r.Acknowledged)
	if dead := failures(r, old.Addr()); dead == 0 {
		t.Errorf("no request has failed at the dead master %s, want some:\n%v", old.Addr(), r)
	}
}

// failures counts those whose error names an address, or that lost a connection.
func failures(r load.Report, address string) int {
	n := 0
	for text, times := range r.Errors {
		if strings.Contains(text, address) || strings.Contains(text, "EOF") || strings.Contains(text, "reset by peer") {
			n += times
		}
	}
	return n
}

func TestTwoProcessesLoseNoCount(t *testing.T) {
	t.Parallel()
	onPlaces(t, func(t *testing.T, p place) {
		load.Count(t, p.harness(redis.Phpredis), load.Counting{Clients: 32, Updates: 25})
	})
}

// The session that a writer works on is in the slot that moves.
func TestASlotThatMovesLosesNothing(t *testing.T) {
	t.Parallel()
	c := servers.NewCluster(t)
	prefix := "{moving}" + newPrefix() // all sessions in one slot
	from := c.Master(t, prefix)
	slot := from.Do(t, "CLUSTER", "KEYSLOT", prefix)
	redirected := 0
	underLoad(t, ofCluster(c), redis.Options{Prefix: &prefix}, load.Plan{Fault: func(t testing.TB) {
		to := c.Servers[0]
		if to.Addr() == from.Addr() {
			to = c.Servers[1]
		}
		moveSlot(t, c, slot, from, to)
		until(t, "a client is told that the slot has moved", func() bool {
			redirected = stat(t, from, "errorstat_MOVED:count=") + stat(t, from, "errorstat_ASK:count=")
			return redirected > 0
		})
	}})
	t.Logf("%d commands were sent elsewhere", redirected)
}

// moveSlot does what redis-cli --cluster reshard does.
func moveSlot(t testing.TB, c *servers.Cluster, slot any, from, to *servers.Redis) {
	t.Helper()
	host, port := split(t, to.Addr())
	to.Do(t, "CLUSTER", "SETSLOT", slot, "IMPORTING", memberID(t, from))
	from.Do(t, "CLUSTER", "SETSLOT", slot, "MIGRATING", memberID(t, to))
	for {
		keys, _ := from.Do(t, "CLUSTER", "GETKEYSINSLOT", slot, 5).([]any)
		if len(keys) == 0 {
			break
		}
		for _, key := range keys {
			from.Do(t, "MIGRATE", host, port, key, 0, 5000)
		}
	}
	for _, r := range []*servers.Redis{to, from, c.Servers[0], c.Servers[1], c.Servers[2]} {
		r.Do(t, "CLUSTER", "SETSLOT", slot, "NODE", memberID(t, to))
	}
}
