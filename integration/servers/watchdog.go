package servers

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"syscall"
)

// watch is what the watchdog runs. It is told of the processes' beginnings and ends on
// its standard input; when that ends it kills those that are left, and removes the
// folder, which may take a moment in which they still write there.
const watch = `
trap '' HUP INT TERM
pids=
while read -r event pid; do
	left=
	for p in $pids; do [ "$p" = "$pid" ] || left="$left $p"; done
	pids=$left
	[ "$event" = began ] && pids="$pids $pid"
done
for p in $pids; do kill -9 "$p"; done
for i in 1 2 3 4 5 6 7 8 9; do rm -rf "$1" && exit 0; sleep 0.$i; done
exit 1
`

// watchdog is a process that outlives this one, to end its servers and to remove their
// folders. It is started with the first server.
type watchdog struct {
	mu     sync.Mutex
	cmd    *exec.Cmd
	events io.WriteCloser
	dir    string
}

var theWatchdog watchdog

// folder returns a new folder for a server.
func (w *watchdog) folder(name string) (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.cmd == nil {
		if err := w.start(); err != nil {
			return "", fmt.Errorf("start the servers' watchdog: %w", err)
		}
	}
	return os.MkdirTemp(w.dir, name+"-")
}

func (w *watchdog) start() (err error) {
	if w.dir, err = os.MkdirTemp("", "gyrfalcon-servers-"); err != nil {
		return err
	}
	cmd := exec.Command("/bin/sh", "-c", watch, "watchdog", w.dir) //nolint:gosec,noctx // the folder is ours; it outlives all contexts
	cmd.SysProcAttr = apart()
	if w.events, err = cmd.StdinPipe(); err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return errors.Join(err, os.RemoveAll(w.dir))
	}
	w.cmd = cmd
	return nil
}

// apart keeps the terminal's Ctrl-C from a process: it ends with its test.
func apart() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

func (w *watchdog) began(pid int) error { return w.say("began", pid) }
func (w *watchdog) ended(pid int) error { return w.say("ended", pid) }

func (w *watchdog) say(event string, pid int) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.cmd == nil {
		return nil // it has done its work already
	}
	_, err := fmt.Fprintln(w.events, event, pid)
	return err
}

// end has the watchdog do its work now.
func (w *watchdog) end() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.cmd == nil {
		return nil
	}
	err := w.events.Close()
	if e := w.cmd.Wait(); e != nil {
		err = fmt.Errorf("the servers' watchdog has left something in %s: %w", w.dir, e)
	}
	w.cmd = nil
	return err
}
