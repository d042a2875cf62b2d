package servers

import (
	"net"
	"strings"
	"syscall"
	"testing"

	"gyrfalcon/integration/internal/ports"
)

func TestAPortThatSomebodyTookMeanwhileIsReplaced(t *testing.T) {
	t.Parallel()
	path, err := find("mariadbd")
	if err != nil {
		t.Fatal(err)
	}
	var asked []int
	s, err := newSQL(sqlFlavor{
		path: path, ports: 1, install: copyOf(mariaDBTemplate),
		args: func(addrs []ports.Port) []string {
			if asked = append(asked, addrs[0].Number); len(asked) == 1 {
				l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", addrs[0].Addr())
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = l.Close() })
			}
			return []string{"--skip-name-resolve"}
		},
	}, nil)
	if err != nil {
		t.Fatalf("a server whose first port was taken: %v, want it on another", err)
	}
	s.endWith(t)
	if len(asked) != 2 || asked[0] == asked[1] || s.Addr() != s.ports[0].Addr() {
		t.Errorf("the server was started on the ports %v and is at %s, want two attempts and the second one's", asked, s.Addr())
	}
}

func TestAServerThatDiesByItselfFailsItsTest(t *testing.T) {
	t.Parallel()
	s, err := newMariaDB(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.discard()
	if err := s.died(); err != nil {
		t.Errorf("a server that runs has died: %v", err)
	}
	if err := s.cmd.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-s.gone
	if err := s.died(); err == nil || !strings.Contains(err.Error(), "has died (signal: killed)") || !strings.Contains(err.Error(), "ready for connections") {
		t.Errorf("after a crash died = %v, want how it ended and what it said", err)
	}
}

func TestAServerThatDoesNotStartSaysWhy(t *testing.T) {
	t.Parallel()
	s, err := newMariaDB([]string{"--no-such-option"})
	if err == nil {
		s.discard()
		t.Fatal("a server with an unknown option has started")
	}
	if !strings.Contains(err.Error(), "no-such-option") {
		t.Errorf("the failure to start is %q, want the server's own words in it", err)
	}
}

func TestAProgramThatIsMissingIsNamedWithWhatInstallsIt(t *testing.T) {
	t.Parallel()
	_, err := find("no-such-server")
	if err == nil || !strings.Contains(err.Error(), "no-such-server") || !strings.Contains(err.Error(), "make deps") {
		t.Errorf("find of a missing program = %v, want its name and the mend", err)
	}
}
