package php_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"sync"
	"testing"

	"gyrfalcon/integration/servers"
	"gyrfalcon/session"
	"gyrfalcon/session/php"
)

func TestMain(m *testing.M) { servers.Main(m) }

// formats are the codecs by what PHP calls them (session.serialize_handler).
var formats = map[string]session.Codec{
	"php":           php.Native(),
	"php_serialize": php.Serialize(),
	"php_binary":    php.Binary(),
}

// peer is a PHP process. It answers one call at a time.
type peer struct {
	mu  sync.Mutex
	in  io.WriteCloser
	out *bufio.Reader
}

// startPeer starts peer.php.
func startPeer(t testing.TB) *peer {
	t.Helper()
	return startPHP(t, "peer.php")
}

// startPHP starts a PHP process, which ends with the test.
func startPHP(t testing.TB, args ...string) *peer {
	t.Helper()
	path, err := exec.LookPath("php")
	if err != nil {
		t.Fatalf("these tests need PHP 8.1 or later (`make deps` installs it): %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, path, "-d", "opcache.enable_cli=0", "--")
	cmd.Args = append(cmd.Args[:len(cmd.Args)-1], args...)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatalf("a pipe to php: %v", err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatalf("a pipe from php: %v", err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("start php: %v", err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		err := cmd.Wait()
		cancel()
		if err != nil {
			t.Errorf("php ended with %v", err)
		}
	})
	return &peer{in: in, out: bufio.NewReader(out)}
}

// command is what peer.php is asked.
type command struct {
	Op     string   `json:"op"`
	Format string   `json:"format,omitempty"`
	Data   []byte   `json:"data"`
	Seed   int      `json:"seed"`
	Linked bool     `json:"linked"`
	Edits  [][2]any `json:"edits,omitempty"` // the name, and the serialized value or nil

	Counter bool `json:"counter"` // the first variable is n
	Plain   bool `json:"plain"`   // no object is held by reference
}

// reply is what it answers.
type reply struct {
	OK        bool        `json:"ok"`
	Exception string      `json:"exception"`
	Data      []byte      `json:"data"`  // what PHP stored
	Vars      []described `json:"vars"`  // what PHP found
	Whole     string      `json:"whole"` // all of it in one text, in which what is the same has one number
}

// described is a variable's name and a description of its value (see describe).
type described struct{ name, value string }

// UnmarshalJSON reads a pair.
func (d *described) UnmarshalJSON(b []byte) error {
	var pair struct {
		name  []byte
		value string
	}
	if err := json.Unmarshal(b, &[2]any{&pair.name, &pair.value}); err != nil {
		return err
	}
	d.name, d.value = string(pair.name), pair.value
	return nil
}

func (p *peer) ask(t testing.TB, c command) reply {
	t.Helper()
	var r reply
	p.call(t, c, &r)
	return r
}

// call sends one command and waits for its answer.
func (p *peer) call(t testing.TB, c, into any) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	line, err := json.Marshal(c)
	if err != nil {
		t.Fatalf("a command for php: %v", err)
	}
	if _, err := p.in.Write(append(line, '\n')); err != nil {
		t.Fatalf("ask php: %v", err)
	}
	answer, err := p.out.ReadBytes('\n')
	if err != nil {
		t.Fatalf("php's answer to %.200s: %v", line, err)
	}
	if err := json.Unmarshal(answer, into); err != nil {
		t.Fatalf("php's answer %.200s: %v", answer, err)
	}
}
