package hs_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"gyrfalcon/session/handlersocket/hs"
)

func TestAnIndexIsOpenedOncePerConnectionAndAgainAfterALossWithTheSecret(t *testing.T) {
	t.Parallel()
	s := serve(t, ordinary)
	x := s.open(t, hs.Options{Secret: "s"})
	for range 3 {
		if _, err := find(t.Context(), x, "k"); err != nil {
			t.Fatal(err)
		}
	}
	s.hangUpAll()
	if _, err := find(t.Context(), x, "k"); err != nil {
		t.Fatalf("find after the server hung up = %v, want a new connection to serve it", err)
	}
	got := strings.Join(s.requests(), "|")
	const open, one = "A\t1\ts|P\t0\tdb\tthings\tPRIMARY\tid,v\tn|", "0\t=\t1\tk\t1\t0"
	if want := open + one + "|" + one + "|" + one + "|" + open + one; got != want {
		t.Errorf("the server heard %q, want %q", got, want)
	}
}

func TestAnIndexThatWouldNotOpenIsToldAndTriedAgain(t *testing.T) {
	t.Parallel()
	missing, isOpen := true, false
	s := serve(t, func(request string) string {
		switch {
		case request[0] == 'P' && missing:
			return "1\t1\topen_table"
		case request[0] == 'P':
			isOpen = true
		case !isOpen:
			return "2\t1\tstmtnum"
		}
		return ordinary(request)
	})
	x := s.open(t, hs.Options{})
	if _, err := find(t.Context(), x, "k"); !errors.Is(err, hs.ErrOpenTable) || !strings.Contains(err.Error(), "things") {
		t.Errorf("find in a missing table = %v, want ErrOpenTable with the table's name", err)
	}
	missing = false
	if _, err := find(t.Context(), x, "k"); err != nil {
		t.Errorf("find once the table is there = %v, want nil", err)
	}
	if n := s.accepted(); n != 1 {
		t.Errorf("%d connections, want the first to go on", n)
	}
}

func TestAWrongSecretIsTold(t *testing.T) {
	t.Parallel()
	s := serve(t, func(string) string { return "3\t1\tunauth" })
	x := s.open(t, hs.Options{Secret: "hunter2"})
	_, err := find(t.Context(), x, "k")
	if !errors.Is(err, hs.ErrUnauthorized) || !strings.Contains(err.Error(), "plain_secret") || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("find with a wrong secret = %v, want ErrUnauthorized, which names the setting and not the secret", err)
	}
	if se, ok := errors.AsType[*hs.ServerError](err); !ok || se.Verb != "authenticate for" {
		t.Errorf("find with a wrong secret = %v, want the answer to the secret, not the one to the find", err)
	}
	if _, err := find(t.Context(), x, "k"); !errors.Is(err, hs.ErrUnauthorized) || s.accepted() != 2 {
		t.Errorf("once more = %v on %d connections, want ErrUnauthorized on a second one: the secret may be right by now", err, s.accepted())
	}
}

func TestASecretThatNobodyWantsIsGivenOnce(t *testing.T) {
	t.Parallel()
	s := serve(t, func(request string) string {
		if request[0] == 'A' {
			return "3\t1\tunauth" // as a server without a secret does, which then serves
		}
		return ordinary(request)
	})
	x := s.open(t, hs.Options{Secret: "s"})
	for range 3 {
		if _, err := find(t.Context(), x, "k"); err != nil {
			t.Errorf("find = %v, want nil", err)
		}
	}
	if got := s.requests(); len(got) != 5 {
		t.Errorf("the server heard %q, want the secret once", got)
	}
}

func TestASilentServerIsGivenUpAndItsLateAnswerMeetsNobody(t *testing.T) {
	t.Parallel()
	const short = 300 * time.Millisecond // long enough to send a request on a busy machine
	for name, patience := range map[string]func(t *testing.T, heard <-chan struct{}) (hs.Options, context.Context){
		"Options.Timeout": func(t *testing.T, _ <-chan struct{}) (hs.Options, context.Context) {
			return hs.Options{Timeout: short}, t.Context()
		},
		"a context's deadline": func(t *testing.T, _ <-chan struct{}) (hs.Options, context.Context) {
			ctx, cancel := context.WithTimeout(t.Context(), short)
			t.Cleanup(cancel)
			return hs.Options{Timeout: time.Hour}, ctx
		},
		"a context's end": func(t *testing.T, heard <-chan struct{}) (hs.Options, context.Context) {
			ctx, cancel := context.WithCancel(t.Context())
			go func() {
				<-heard
				cancel()
			}()
			return hs.Options{Timeout: time.Hour}, ctx
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			heard := make(chan struct{})
			s := serve(t, func(request string) string {
				if strings.Contains(request, "slow") {
					close(heard)
					return silence
				}
				return ordinary(request)
			})
			o, ctx := patience(t, heard)
			o.Conns = 1
			x := s.open(t, o)
			_, err := x.Delete(ctx, key("slow"))
			if lost, ok := errors.AsType[*hs.LostError](err); !ok || !lost.Sent {
				t.Errorf("%v, want a *LostError that says that it was sent", err)
			}
			if ctx.Err() != nil && !errors.Is(err, ctx.Err()) {
				t.Errorf("%v, want it to be %v", err, ctx.Err())
			}
			if _, err := find(t.Context(), x, "k"); err != nil {
				t.Errorf("a find after that = %v, want nil", err)
			}
			if n := s.accepted(); n != 2 {
				t.Errorf("%d connections, want 2: the abandoned one is closed", n)
			}
		})
	}
}

func TestAWriteWhoseAnswerIsLostIsNotRepeated(t *testing.T) {
	t.Parallel()
	s := serve(t, func(request string) string {
		if strings.Contains(request, "lost") {
			return hangUp
		}
		return ordinary(request)
	})
	x := s.open(t, hs.Options{})
	if _, err := find(t.Context(), x, "k"); err != nil {
		t.Fatal(err)
	}
	_, err := x.Insert(t.Context(), hs.String("lost"), hs.Null())
	if !hs.OutcomeUnknown(err) {
		t.Errorf("insert with a lost answer = %v, want its outcome to be unknown", err)
	}
	n := 0
	for _, r := range s.requests() {
		if strings.Contains(r, "lost") {
			n++
		}
	}
	if n != 1 {
		t.Errorf("the insert was sent %d times, want once", n)
	}
}

// A server that hangs up on a new connection is not asked again and again.
func TestAServerThatHangsUpAtOnceIsToldAfterOneConnection(t *testing.T) {
	t.Parallel()
	s := serve(t, func(string) string { return hangUp })
	_, err := find(t.Context(), s.open(t, hs.Options{}), "k")
	if _, ok := errors.AsType[*hs.LostError](err); !ok || s.accepted() != 1 {
		t.Errorf("find = %v after %d connections, want a *LostError after one", err, s.accepted())
	}
}

// torn is a connection that breaks after so many bytes.
type torn struct {
	net.Conn
	after int
}

func (c torn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p[:min(c.after, len(p))])
	if err == nil && n < len(p) {
		err = io.ErrClosedPipe
	}
	return n, err
}

// What went before the request, to open the table, is not the request.
func TestAWriteIsInDoubtOnlyIfAllOfItWasSent(t *testing.T) {
	t.Parallel()
	const before, request = len("P\t0\tdb\tthings\tPRIMARY\tid,v\tn\n"), len("0\t=\t1\tk\t1\t0\tD\n")
	s := serve(t, ordinary)
	for after, doubt := range map[int]bool{
		0:                      false,
		before:                 false,
		before + request - 1:   false, // without its line feed it is no request
		before + request:       true,
		before + request + 1:   true, // into the next one
		before + 2*request - 1: true,
	} {
		c := hs.New(hs.Options{Address: s.address, Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			nc, err := new(net.Dialer).DialContext(ctx, network, address)
			return torn{nc, after}, err
		}})
		t.Cleanup(c.Close)
		x := define(t, c)
		b := c.NewBatch()
		b.Delete(x, key("k"))
		b.Delete(x, key("l"))
		err := b.Do(t.Context())
		if lost, ok := errors.AsType[*hs.LostError](b.Err(0)); !ok || lost.Sent != doubt || hs.OutcomeUnknown(b.Err(0)) != doubt {
			t.Errorf("after %d bytes: %v, want its outcome to be unknown: %v", after, err, doubt)
		}
		if hs.OutcomeUnknown(b.Err(1)) {
			t.Errorf("after %d bytes the second, of which the end was not sent, is %v, want it not sent", after, b.Err(1))
		}
	}
}

func TestAServerThatIsNotThereIsToldAsNotReached(t *testing.T) {
	t.Parallel()
	x := define(t, hs.New(hs.Options{Address: "127.0.0.1:1"}))
	_, err := x.Delete(t.Context(), key("k"))
	if _, lost := errors.AsType[*hs.LostError](err); !lost || hs.OutcomeUnknown(err) {
		t.Errorf("delete where nobody listens = %v, want a *LostError with a known outcome: not done", err)
	}
}

func TestAContextThatHasEndedSendsNothing(t *testing.T) {
	t.Parallel()
	s := serve(t, ordinary)
	x := s.open(t, hs.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := x.Delete(ctx, key("k")); !errors.Is(err, context.Canceled) || hs.OutcomeUnknown(err) {
		t.Errorf("delete = %v, want context.Canceled and nobody in doubt", err)
	}
	if got := s.requests(); len(got) != 0 {
		t.Errorf("the server heard %q, want nothing", got)
	}
}

func TestAConnectionWhoseThreadLetsNobodyWriteIsNotUsedAgain(t *testing.T) {
	t.Parallel()
	s := serve(t, func(request string) string {
		if strings.HasSuffix(request, "\tD") {
			return "1\t1\tlock_tables"
		}
		return ordinary(request)
	})
	x := s.open(t, hs.Options{})
	if _, err := x.Delete(t.Context(), key("k")); !errors.Is(err, hs.ErrLockTables) {
		t.Errorf("delete = %v, want ErrLockTables", err)
	}
	if _, err := find(t.Context(), x, "k"); err != nil || s.accepted() != 2 {
		t.Errorf("find after that = %v on %d connections, want nil on a second one", err, s.accepted())
	}
}

func TestACheckThatRefusesKeepsTheTableFromBeingOpened(t *testing.T) {
	t.Parallel()
	s := serve(t, ordinary)
	view := errors.New("things is a view")
	asked := 0
	x := s.open(t, hs.Options{Check: func(_ context.Context, database, table string) error {
		if asked++; asked == 1 {
			return view
		}
		if database != "db" || table != "things" {
			t.Errorf("the check was asked about %s.%s, want db.things", database, table)
		}
		return nil
	}})
	if _, err := x.Delete(t.Context(), key("k")); !errors.Is(err, view) || hs.OutcomeUnknown(err) {
		t.Errorf("delete = %v, want the check's error", err)
	}
	if got := s.requests(); len(got) != 0 {
		t.Errorf("the server heard %q, want nothing", got)
	}
	for range 3 {
		if _, err := find(t.Context(), x, "k"); err != nil {
			t.Fatal(err)
		}
	}
	if asked != 2 {
		t.Errorf("the check was asked %d times, want once more for the connection", asked)
	}
}
