package servers

import (
	"encoding/json"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"
)

// Main is for TestMain. It runs the tests, ends the shared servers, looks for goroutines
// that are left, and exits with the tests' status. It does not return.
func Main(m *testing.M, opts ...goleak.Option) {
	underMain.Store(true)
	goleak.VerifyTestMain(thenEnd{m}, opts...)
}

// underMain says that somebody will end the shared servers.
var underMain atomic.Bool

// thenEnd is a run of the tests that ends what they shared.
type thenEnd struct{ m *testing.M }

// Run is what goleak calls.
func (r thenEnd) Run() int {
	status := r.m.Run()
	if err := theWatchdog.end(); err != nil {
		fmt.Fprintln(os.Stderr, "servers:", err)
		status = max(status, 1)
	}
	return status
}

// environment is the variable in which a process tells those that it starts of its
// shared servers.
const environment = "GYRFALCON_TEST_SERVERS"

// told is the content of the variable.
type told struct {
	Process int // which tells it
	Servers map[string]json.RawMessage
}

// inherited is what the process that started this one has told, or nil: then the
// servers are this process's to start.
var inherited = sync.OnceValue(func() *told {
	var by told
	text, ok := os.LookupEnv(environment)
	if !ok || json.Unmarshal([]byte(text), &by) != nil || by.Process == os.Getpid() {
		return nil
	}
	return &by
})

// shared is a server that the tests of one process, and the processes that they start,
// have in common. T is what a second process must know of it.
type shared[T any] struct {
	name  string
	start func() (T, error)

	once  sync.Once
	value T
	err   error
}

// get returns the server, which the first call starts.
func (s *shared[T]) get(t testing.TB) T {
	t.Helper()
	s.once.Do(func() {
		if by := inherited(); by != nil {
			s.value, s.err = inherit[T](by, s.name)
			return
		}
		if !underMain.Load() {
			s.err = fmt.Errorf("nobody would end it: write func TestMain(m *testing.M) { servers.Main(m) }")
			return
		}
		if s.value, s.err = s.start(); s.err == nil {
			s.err = tell(s.name, s.value)
		}
	})
	if s.err != nil {
		t.Fatalf("the shared server %s: %v", s.name, s.err)
	}
	return s.value
}

func inherit[T any](by *told, name string) (T, error) {
	var value T
	text, ok := by.Servers[name]
	if !ok {
		return value, fmt.Errorf("the process that started this one (%d) has not started it, and a second process starts none: let the first one ask for it before", by.Process)
	}
	return value, json.Unmarshal(text, &value)
}

var telling struct {
	sync.Mutex

	told
}

// tell puts a server into the environment of the processes that this one starts.
func tell(name string, value any) error {
	telling.Lock()
	defer telling.Unlock()
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	if telling.Servers == nil {
		telling.told = told{Process: os.Getpid(), Servers: map[string]json.RawMessage{}}
	}
	telling.Servers[name] = text
	if text, err = json.Marshal(telling.told); err != nil {
		return err
	}
	return os.Setenv(environment, string(text))
}

// starter stops a test that would start a server where none must be started.
func starter(t testing.TB) {
	t.Helper()
	if by := inherited(); by != nil {
		t.Fatalf("this process was started by a test (process %d), and starts no servers: use the shared one, or start it behind what the second process does", by.Process)
	}
}
