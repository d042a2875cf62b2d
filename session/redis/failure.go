package redis

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

const rights = "the ACL user lacks a right: sessions need ~PREFIX* +getex +get +set +del +eval +evalsha +pexpire +pttl, +wait with the option wait, and in a cluster +cluster|slots (before Redis 7 +cluster) and +asking"

// mends says what to do about what a server answers.
var mends = []struct{ reply, mend string }{
	{"NOAUTH", "the server wants a password: give auth= in the path, or password"},
	{"WRONGPASS", "the server refuses the user or the password"},
	{"ERR invalid password", "the server refuses the password"},
	{"ERR AUTH", "the server has no password, or no users: remove auth from the path, username and password"},
	{"NOPERM", rights},
	{"ERR The user executing the script can't run", rights}, // Redis 7.0 says it so
	{"READONLY", "the server is a replica and takes no writes: name its master, or use sentinel"},
	{"OOM", "the server has reached its maxmemory and takes no writes: raise it"},
	{"MISCONF", "the server cannot save to its disk and takes no writes: see its log"},
	{"NOREPLICAS", "the server has fewer good replicas than its min-replicas-to-write and takes no writes"},
	{"LOADING", "the server is still loading its data"},
	{"MASTERDOWN", "the server is a replica that has lost its master"},
	{"CLUSTERDOWN", "the cluster is down, or does not cover all slots"},
	{"TRYAGAIN", "the cluster is moving the slot"},
	{"WRONGTYPE", "what stands under the session's key is no session: another application uses the prefix; choose another"},
	{"MOVED", "the server is part of a cluster: write cluster:seed[]=… in the path, or cluster in YAML"},
	{"ERR This instance has cluster support disabled", "the server is no part of a cluster: write tcp://… in the path"},
	{"ERR SELECT is not allowed in cluster mode", "a cluster has the database 0 only: remove database"},
	{"ERR DB index is out of range", "the server has fewer databases: choose a lower database"},
	{"ERR unknown command", "the server, or a proxy before it, does not know a command that sessions need (SET with NX and PX, EVAL, PEXPIRE)"},
}

// reply returns what the server answered, or "" where err is another error.
func reply(err error) string {
	if r, is := errors.AsType[goredis.Error](err); is && !errors.Is(err, goredis.Nil) {
		return r.Error()
	}
	return ""
}

// unknownCommand says whether the server does not know a command. A Sentinel's answer to
// the driver, while it looks for the server, is within an error of the driver's.
func unknownCommand(err error) bool {
	_, direct := err.(goredis.Error) //nolint:errorlint // what is wrapped is not the server's own
	return direct && strings.HasPrefix(strings.ToLower(reply(err)), "err unknown command")
}

// isNothing says whether the server has answered that there is nothing. An error of the
// driver's may have that within it, too: a Sentinel's answer that it knows no such master.
func isNothing(err error) bool {
	return err == goredis.Nil //nolint:errorlint // what is wrapped is not the server's own
}

// sentinelMend says what to do about the Sentinels' errors.
func sentinelMend(text string) string {
	switch {
	case strings.Contains(text, "NOAUTH"):
		return "they want a password of their own: give sentinel.password (sentinel_auth= in a path)"
	case strings.Contains(text, "WRONGPASS"):
		return "they refuse the user or the password: look at sentinel.username and sentinel.password (sentinel_auth in a path)"
	case strings.Contains(text, "NOPERM"):
		return "their user lacks a right: it needs &* +sentinel|get-master-addr-by-name +sentinel|sentinels +subscribe"
	}
	return "look at sentinel.seeds and sentinel.master (seed[] and master in a path)"
}

// keyless is a reply without the command's arguments, which Redis adds where it does not
// know the command: a session's key is one of them.
func keyless(err error) error {
	text, _, found := strings.Cut(err.Error(), "with args beginning with")
	if !found {
		return err
	}
	return errors.New(strings.TrimRight(text, ", "))
}

// ended returns why ctx has ended, if it has. The driver gives its connection the context's
// deadline by a clock of its own, which runs a little ahead.
func ended(ctx context.Context, err error) error {
	deadline, ok := ctx.Deadline()
	if ok && errors.Is(err, os.ErrDeadlineExceeded) && time.Until(deadline) < 100*time.Millisecond {
		return context.DeadlineExceeded
	}
	return ctx.Err()
}

// failed says whose error it is, and what to do about it. It shows no session's key.
func (n *node) failed(ctx context.Context, err error) error {
	where := "session/redis"
	if n.name != "" {
		where += ": " + n.name
	}
	answer := reply(err)
	if c, is := n.client.(*goredis.ClusterClient); is && (answer == "" || strings.HasPrefix(answer, "CLUSTERDOWN")) {
		// The driver asks who has which slot when a server says MOVED. A dead one says
		// nothing.
		c.ReloadState(ctx)
	}
	if over := ended(ctx, err); over != nil && !errors.Is(err, over) {
		err = fmt.Errorf("%w (%w)", over, err)
	}
	if text := err.Error(); strings.Contains(text, "all sentinels specified in configuration are unreachable") {
		return fmt.Errorf("%s: no Sentinel tells where the master is: %s: %w", where, sentinelMend(text), err)
	}
	err = keyless(err)
	switch op, is := errors.AsType[*net.OpError](err); {
	case is && op.Op == "dial" && ctx.Err() == nil:
		return fmt.Errorf("%s: the server cannot be reached; is it running, and are its host and port, or its socket, right? %w", where, err)
	case strings.HasPrefix(err.Error(), "redis: invalid reply"), strings.HasPrefix(err.Error(), "redis: can't parse"):
		return fmt.Errorf("%s: what answers there is no Redis; is that the server's port? %w", where, err)
	}
	for _, m := range mends {
		// Before Redis 7 what fails within a script is told within the script's failure.
		if strings.HasPrefix(answer, m.reply) || strings.Contains(answer, "-"+m.reply+" ") || strings.Contains(answer, ": "+m.reply+" ") {
			return fmt.Errorf("%s: %s: %w", where, m.mend, err)
		}
	}
	return fmt.Errorf("%s: %w", where, err)
}
