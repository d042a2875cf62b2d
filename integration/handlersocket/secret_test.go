package handlersocket_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"gyrfalcon/integration/load"
	"gyrfalcon/integration/servers"
	"gyrfalcon/session"
	"gyrfalcon/session/handlersocket"
)

// A server that comes back with another secret, on either port, serves nobody, and says
// so: nothing is written, nothing is in doubt, and when the secret is the old one again
// all are served without anybody's help.
func TestUnderAChangedSecretEveryAnswerIsTrue(t *testing.T) {
	t.Parallel()
	const right, wrong = "s3cret", "hunter2"
	secrets := func(read, write string) []string {
		return []string{"--handlersocket-plain-secret=" + read, "--handlersocket-plain-secret-wr=" + write}
	}
	for name, changed := range map[string][]string{
		"of both ports":           secrets(wrong, wrong),
		"of the port for reading": secrets(wrong, right),
		"of the port for writing": secrets(right, wrong),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := servers.NewMariaDB(t, secrets(right, right)...)
			p := newTable(t, srv, handlersocket.Schema)
			r := load.Run(t, load.Plan{
				Open: func(context.Context) (session.Adapter, error) {
					o := p.binary()
					o.Secret = right
					return handlersocket.New(o), nil
				},
				Fault: func(t testing.TB) {
					srv.Stop(t)
					srv.Start(t, changed...)
					pause(t)
					srv.Stop(t)
					srv.Start(t)
				},
				Options: session.Options{Timeout: time.Second},
				Clients: 12,
				Shared:  2,
			})
			told := 0
			for text, n := range r.Errors {
				if strings.Contains(text, right) || strings.Contains(text, wrong) {
					t.Errorf("an error holds a secret: %s", text)
				}
				switch {
				case !strings.Contains(text, "unauth"):
				case !strings.HasPrefix(text, "refused: ") || !strings.Contains(text, "the secret is missing or wrong"):
					t.Errorf("with another secret the site says %q, want a refusal that says why", text)
				default:
					told += n
				}
			}
			if told == 0 {
				t.Errorf("nobody was told that the secret is wrong: %v", r)
			}
		})
	}
}
