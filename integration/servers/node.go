package servers

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"gyrfalcon/integration/internal/ports"
)

// patience bounds the start and the end of a server. Nothing that works comes near it,
// on a busy machine either.
const patience = time.Minute

// program says how a server is run.
type program struct {
	name  string
	path  string
	dir   string // its own
	ports int    // how many it needs
	args  func(addrs []ports.Port) ([]string, error)

	// ready returns nil once the server serves. It is called again and again.
	ready func(ctx context.Context, addrs []ports.Port) error
}

// A Node is a server of this process's own. It can be killed, paused, and started again
// on the same ports and the same data. Its methods are safe for concurrent use, but
// those that take a test must be called from the test's goroutine.
type Node struct {
	program program
	ports   []ports.Port
	shared  bool // by all tests of the process

	mu      sync.Mutex
	cmd     *exec.Cmd     // nil when it does not run
	gone    chan struct{} // closed when cmd has ended
	leaving bool          // we have ended it
}

// startNode runs a program on ports that it takes for it.
func startNode(p program) (*Node, error) {
	n := &Node{program: p}
	for attempt := 1; ; attempt++ {
		err := n.takePorts()
		if err == nil {
			err = n.start()
		}
		if err == nil {
			return n, nil
		}
		for _, p := range n.ports {
			p.Release()
		}
		if n.ports = nil; !errors.Is(err, errInUse) || attempt == 10 {
			return nil, err
		}
	}
}

func (n *Node) takePorts() error {
	for range n.program.ports {
		p, err := ports.Free(context.Background())
		if err != nil {
			return err
		}
		n.ports = append(n.ports, p)
	}
	return nil
}

// errInUse says that somebody else has taken a port.
var errInUse = errors.New("a port is in use")

// logFile is where the server's output goes, of all its runs.
func (n *Node) logFile() string { return filepath.Join(n.program.dir, "log") }

// start runs the program, with further arguments after its own, and waits until it serves.
func (n *Node) start(further ...string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.cmd != nil {
		return fmt.Errorf("%s runs already", n.program.name)
	}
	args, err := n.program.args(n.ports)
	if err != nil {
		return err
	}
	log, err := os.OpenFile(n.logFile(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }() // the server has its own by then
	before, err := log.Stat()
	if err != nil {
		return err
	}
	cmd := exec.Command(n.program.path, append(args, further...)...) //nolint:gosec,noctx // a server of the system's; it ends when its owner says so
	cmd.Dir = n.program.dir
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = apart()
	if err := cmd.Start(); err != nil {
		return err
	}
	n.cmd, n.gone, n.leaving = cmd, make(chan struct{}), false
	told := theWatchdog.began(cmd.Process.Pid)
	go n.reap(cmd, n.gone)
	if err := errors.Join(told, n.await()); err != nil {
		n.end(syscall.SIGKILL)
		log := n.Log()[before.Size():]
		if strings.Contains(log, "Address already in use") {
			return fmt.Errorf("%s: %w", n.program.name, errInUse)
		}
		return fmt.Errorf("%s did not start: %w; it said:\n%s", n.program.name, err, tail(log))
	}
	return nil
}

// reap waits for the process's end, whoever brings it about.
func (n *Node) reap(cmd *exec.Cmd, gone chan struct{}) {
	_ = cmd.Wait() // what it was is in ProcessState
	_ = theWatchdog.ended(cmd.Process.Pid)
	close(gone)
}

// await waits until the server serves. n.mu is held.
func (n *Node) await() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		err := n.program.ready(ctx, n.ports)
		if err == nil {
			return nil
		}
		select {
		case <-n.gone:
			return fmt.Errorf("it ended (%v)", n.cmd.ProcessState)
		case <-ctx.Done():
			return fmt.Errorf("it does not serve after %v: %w", patience, err)
		case <-tick.C:
		}
	}
}

// end ends the process, if it runs, and waits for its death. n.mu is held.
func (n *Node) end(s syscall.Signal) {
	if n.cmd == nil {
		return
	}
	n.leaving = true
	_ = n.cmd.Process.Signal(s)
	_ = n.cmd.Process.Signal(syscall.SIGCONT) // it may be paused
	select {
	case <-n.gone:
	case <-time.After(patience):
		_ = n.cmd.Process.Kill()
		<-n.gone
	}
	n.cmd = nil
}

// discard ends the node for good.
func (n *Node) discard() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.end(syscall.SIGKILL) // its data are of no use to anybody
	for _, p := range n.ports {
		p.Release()
	}
	_ = os.RemoveAll(n.program.dir) // else the watchdog does it
}

// endWith ends the node with the test, and tells what the server said should either
// have failed.
func (n *Node) endWith(t testing.TB) {
	t.Cleanup(func() {
		if err := n.died(); err != nil {
			t.Error(err)
		} else if t.Failed() {
			t.Logf("%s said at last:\n%s", n.program.name, tail(n.Log()))
		}
		n.discard()
	})
}

// died tells of an end that nobody asked for.
func (n *Node) died() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.cmd == nil || n.leaving {
		return nil
	}
	select {
	case <-n.gone:
		return fmt.Errorf("%s has died (%v); it said:\n%s", n.program.name, n.cmd.ProcessState, tail(n.Log()))
	default:
		return nil
	}
}

// Kill ends the server with SIGKILL, as a crash does, and waits for its death. What it
// has acknowledged it still has when it is started again.
func (n *Node) Kill(t testing.TB) { t.Helper(); n.stop(t, syscall.SIGKILL) }

// Stop ends the server in order (SIGTERM), and waits for its end.
func (n *Node) Stop(t testing.TB) { t.Helper(); n.stop(t, syscall.SIGTERM) }

func (n *Node) stop(t testing.TB, s syscall.Signal) {
	t.Helper()
	n.mine(t)
	if err := n.died(); err != nil {
		t.Fatal(err)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.cmd == nil {
		t.Fatalf("%s does not run; Start it first", n.program.name)
	}
	n.end(s)
}

// Start starts a server again that was killed or stopped, on the same ports and data,
// and waits until it serves. args follow the program's own arguments, in this run alone.
func (n *Node) Start(t testing.TB, args ...string) {
	t.Helper()
	n.mine(t)
	if err := n.start(args...); err != nil {
		t.Fatal(err)
	}
}

// Pause stops the server with SIGSTOP: it keeps its connections and answers nobody. It
// returns once each of the server's threads has stopped, where /proc tells (Linux): one
// that was at work may answer a little longer.
func (n *Node) Pause(t testing.TB) {
	t.Helper()
	n.signal(t, syscall.SIGSTOP)
	n.mu.Lock()
	defer n.mu.Unlock()
	for deadline := time.Now().Add(10 * time.Second); n.cmd != nil && goesOn(n.cmd.Process.Pid); <-time.After(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s did not stop at SIGSTOP", n.program.name)
		}
	}
}

// goesOn tells whether one of a process's threads has not stopped.
func goesOn(pid int) bool {
	states, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
	for _, file := range states {
		text, err := os.ReadFile(file)                     //nolint:gosec // of /proc
		_, after, found := strings.Cut(string(text), ") ") // behind the thread's name
		if err == nil && found && !strings.HasPrefix(after, "T") {
			return true
		}
	}
	return false
}

// Resume lets a paused server go on.
func (n *Node) Resume(t testing.TB) { t.Helper(); n.signal(t, syscall.SIGCONT) }

func (n *Node) signal(t testing.TB, s syscall.Signal) {
	t.Helper()
	n.mine(t)
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.cmd == nil {
		t.Fatalf("%s does not run; Start it first", n.program.name)
	}
	if err := n.cmd.Process.Signal(s); err != nil {
		t.Fatalf("%s: %v", n.program.name, err)
	}
}

// mine stops a test that would harm a server which is not the process's own.
func (n *Node) mine(t testing.TB) {
	t.Helper()
	if n == nil {
		t.Fatal("this server belongs to another process; start one for the test that stops it")
	}
	if n.shared {
		t.Fatalf("all tests share this %s; start one for the test that stops it", n.program.name)
	}
}

// forAll has the tests of the process share the node.
func (n *Node) forAll() *Node {
	n.shared = true
	return n
}

// Running says whether the server runs, paused or not.
func (n *Node) Running() bool {
	if n == nil {
		return true
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.cmd == nil {
		return false
	}
	select {
	case <-n.gone:
		return false
	default:
		return true
	}
}

// Log is what the server has said since its first start. It is empty where the server
// belongs to another process.
func (n *Node) Log() string {
	if n == nil {
		return ""
	}
	text, err := os.ReadFile(n.logFile())
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// tail is the end of a log, which tells why a server died.
func tail(log string) string {
	lines := strings.Split(strings.TrimSpace(log), "\n")
	return strings.Join(lines[max(0, len(lines)-40):], "\n")
}

// find returns the path of a program: on the PATH, or where the systems keep those that
// are not for everyday use.
func find(names ...string) (string, error) {
	for _, name := range names {
		for _, dir := range []string{"", "/usr/sbin", "/usr/local/sbin", "/usr/libexec", "/usr/local/libexec"} {
			if path, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
				return filepath.Abs(path)
			}
		}
	}
	return "", fmt.Errorf("the tests need %s, which is not installed here; `make deps` installs it", names[0])
}
