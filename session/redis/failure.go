package redis

import (
	"context"
	"errors"
	"fmt"
	"strings"

	goredis "github.com/redis/go-redis/v9"
)

// mends says what to do about what a server answers.
var mends = []struct{ reply, mend string }{
	{"NOAUTH", "the server wants a password: give auth= in the path, or password"},
	{"WRONGPASS", "the server refuses the user or the password"},
	{"ERR invalid password", "the server refuses the password"},
	{"ERR AUTH", "the server has no password, or no users: remove auth from the path, username and password"},
	{"NOPERM", "the ACL user lacks a right: sessions need ~PREFIX* +getex +get +set +del +eval +evalsha +pexpire +pttl, and +wait with the option wait"},
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

// failed says whose error it is, and what to do about it. A session's key is in no reply
// of Redis's.
func (n *node) failed(ctx context.Context, err error) error {
	where := "session/redis"
	if n.name != "" {
		where += ": " + n.name
	}
	if over := ctx.Err(); over != nil && !errors.Is(err, over) {
		err = fmt.Errorf("%w (%w)", over, err)
	}
	if isReply(err) {
		for _, m := range mends {
			if goredis.HasErrorPrefix(err, m.reply) || strings.Contains(err.Error(), m.reply+" ") {
				return fmt.Errorf("%s: %s: %w", where, m.mend, err)
			}
		}
	}
	switch text := err.Error(); {
	case strings.Contains(text, "first record does not look like a TLS handshake"):
		return fmt.Errorf("%s: the server does not speak TLS: write tcp:// in place of tls://, and leave tls out: %w", where, err)
	case strings.Contains(text, "all sentinels specified in configuration are unreachable"):
		return fmt.Errorf("%s: no Sentinel tells where the master is: look at sentinel.seeds and sentinel.master (seed[] and master in a path): %w", where, err)
	}
	return fmt.Errorf("%s: %w", where, err)
}
