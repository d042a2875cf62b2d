package mongo_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"

	"gyrfalcon/session"
	"gyrfalcon/session/mongo"
)

const life = time.Hour

// write is a call that writes, with the name of the command that does it.
type write struct {
	name    string
	command string
	call    func(ctx context.Context, a *mongo.Adapter) error
}

const (
	secretID   = "0123456789abcdefghijklmnopqrstuv"
	secretData = "hunter2-and-more"
)

var writes = []write{
	{"Create", "insert", func(ctx context.Context, a *mongo.Adapter) error {
		_, err := a.Create(ctx, secretID, []byte(secretData), life)
		return err
	}},
	{"Swap", "update", func(ctx context.Context, a *mongo.Adapter) error {
		_, err := a.Swap(ctx, secretID, session.Record{Data: []byte("x")}, []byte(secretData), life)
		return err
	}},
	{"Touch", "update", func(ctx context.Context, a *mongo.Adapter) error { return a.Touch(ctx, secretID, life) }},
	{"Destroy", "delete", func(ctx context.Context, a *mongo.Adapter) error { return a.Destroy(ctx, secretID) }},
}

func TestAWriteWhoseAnswerIsLostIsNotRepeated(t *testing.T) {
	t.Parallel()
	for _, w := range writes {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t) // a replica set, toward which the driver repeats its own writes
			a := s.open(mongo.Options{})
			s.on(w.command, says(nil))
			err := w.call(t.Context(), a)
			if !errors.Is(err, session.ErrOutcomeUnknown) {
				t.Errorf("the connection breaks in place of an answer: got %v, want ErrOutcomeUnknown", err)
			}
			if n := len(s.commands(w.command)); n != 1 {
				t.Errorf("the server has got the command %d times, want once", n)
			}
		})
	}
}

// The driver's own writes are repeated there, or the test above would show nothing.
func TestTheDriversOwnWritesAreRepeated(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.on("update", says(nil))
	_, err := s.collection().UpdateOne(t.Context(), bson.D{}, bson.D{field("$set", bson.D{field("x", 1)})})
	if n := len(s.commands("update")); err == nil || n < 2 {
		t.Errorf("UpdateOne = %v after %d commands, want an error after more than one", err, n)
	}
}

func TestAWriteThatWaitsLongerThanItsContextIsOfUnknownOutcome(t *testing.T) {
	t.Parallel()
	for _, w := range writes {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			a := s.open(mongo.Options{})
			ctx, cancel := context.WithCancel(t.Context())
			hold := make(chan struct{})
			s.on(w.command, func(bson.Raw) bson.D { cancel(); <-hold; return nil })
			err := w.call(ctx, a)
			close(hold)
			if !errors.Is(err, session.ErrOutcomeUnknown) || !errors.Is(err, context.Canceled) {
				t.Errorf("got %v, want ErrOutcomeUnknown and context.Canceled", err)
			}
		})
	}
}

func TestAWriteForWhichThereIsNoServerIsNotOfUnknownOutcome(t *testing.T) {
	t.Parallel()
	for _, w := range writes {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			a := s.open(mongo.Options{})
			s.greets(field("setName", "rs0"), field("isWritablePrimary", false), field("ismaster", false), field("secondary", true)) // the last one counts
			s.on(w.command, says(refusal(10107, "NotWritablePrimary", "not primary: "+secretText)))
			ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
			defer cancel()
			err := w.call(ctx, a)
			if err == nil || errors.Is(err, session.ErrOutcomeUnknown) || !errors.Is(err, context.DeadlineExceeded) {
				t.Fatalf("got %v, want context.DeadlineExceeded, and nobody in doubt about the outcome", err)
			}
			wantNoSecret(t, err)
		})
	}
}

func TestAWriteThatIsRefusedByAFormerPrimaryGoesToTheNewOne(t *testing.T) {
	t.Parallel()
	for _, w := range writes {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			a := s.open(mongo.Options{})
			var tries atomic.Int64
			s.on(w.command, func(bson.Raw) bson.D {
				if tries.Add(1) == 1 {
					return refusal(10107, "NotWritablePrimary", "not primary")
				}
				return ok(field("n", 1))
			})
			if err := w.call(t.Context(), a); err != nil || tries.Load() != 2 {
				t.Errorf("got %v after %d tries, want nil after 2", err, tries.Load())
			}
		})
	}
}

// A driver that knows of no change of primary would send the command again at once, and
// again: some thousands of times in the second of this test.
func TestAWriteThatIsRefusedAgainAndAgainIsSentFewTimes(t *testing.T) {
	t.Parallel()
	for _, w := range writes {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			same := field("topologyVersion", bson.D{field("processId", bson.NewObjectID()), field("counter", int64(1))})
			s.greets(same)
			a := s.open(mongo.Options{})
			s.on(w.command, says(append(refusal(10107, "NotWritablePrimary", "not primary"), same)))
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			err := w.call(ctx, a)
			// The waits are at least 10, 20, 40, 80, 160, 250 and 250 ms, and another one
			// is longer than what is left.
			if n := len(s.commands(w.command)); n < 2 || n > 8 {
				t.Errorf("the server has got the command %d times, want it sent again, and at most 8 times", n)
			}
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v, want context.DeadlineExceeded", err)
			}
			if waiting := strings.Contains(fmt.Sprint(err), "no server takes the write"); waiting && errors.Is(err, session.ErrOutcomeUnknown) {
				t.Errorf("got %v, want nobody in doubt about the outcome of what was refused each time", err)
			}
		})
	}
}

// secretText is what a server of some version may say of a command.
const secretText = "cannot execute command { q: { _id: \"" + secretID + "\" }, data: \"" + secretData + "\" }"

func wantNoSecret(t *testing.T, err error) {
	t.Helper()
	if s := fmt.Sprintf("%+v", err); strings.Contains(s, secretID) || strings.Contains(s, secretData) {
		t.Error("the error holds the ID or the data, want neither") // and is not repeated here
	}
}

func TestWhatAServerSaysOfAWriteIsUnderstood(t *testing.T) {
	t.Parallel()
	concern := func(code int, name string) bson.D {
		return ok(field("n", 1), field("writeConcernError", bson.D{field("code", code), field("codeName", name), field("errmsg", secretText)}))
	}
	statement := func(code int) bson.D {
		return ok(field("n", 0), field("writeErrors", bson.A{bson.D{field("index", 0), field("code", code), field("errmsg", secretText)}}))
	}
	for _, c := range []struct {
		name    string
		reply   bson.D
		unknown bool
		part    string
	}{
		{"not acknowledged by the majority", concern(64, "WriteConcernTimeout"), true, "WriteConcernTimeout"},
		{"done by a primary that is none any more", concern(10107, "NotWritablePrimary"), true, "NotWritablePrimary"},
		{"done by a primary that is a secondary now", concern(13435, "NotPrimaryNoSecondaryOk"), true, "NotPrimaryNoSecondaryOk"},
		{"interrupted", refusal(11602, "InterruptedDueToReplStateChange", secretText), true, "InterruptedDueToReplStateChange"},
		{"out of time", refusal(50, "MaxTimeMSExpired", secretText), true, "MaxTimeMSExpired"},
		{"not allowed", refusal(13, "Unauthorized", secretText), false, "readWrite"},
		{"an error without a code", bson.D{field("ok", 0), field("errmsg", secretText)}, true, "error 0"},
		{"a statement that is refused", statement(121), false, "error 121"},
		{"a statement that is refused with the code 0", statement(0), true, "error 0"},
		{"a statement that is refused without a code", ok(field("n", 0), field("writeErrors", bson.A{bson.D{field("index", 0), field("errmsg", secretText)}})), true, "error 0"},
		{"not acknowledged without a code", ok(field("n", 1), field("writeConcernError", bson.D{field("errmsg", secretText)})), true, "error 0"},
		{"too large", statement(17419), false, "max_data"},
	} {
		for _, w := range writes {
			t.Run(c.name+"/"+w.name, func(t *testing.T) {
				t.Parallel()
				s := newServer(t)
				a := s.open(mongo.Options{})
				var tries atomic.Int64
				s.on(w.command, func(bson.Raw) bson.D {
					if tries.Add(1) == 1 {
						return c.reply
					}
					return ok(field("n", 1)) // or one that is sent again would be so without end
				})
				err := w.call(t.Context(), a)
				if n := tries.Load(); n != 1 {
					t.Errorf("the server has got the command %d times, want once", n)
				}
				if err == nil || errors.Is(err, session.ErrOutcomeUnknown) != c.unknown || !strings.Contains(err.Error(), c.part) {
					t.Fatalf("got %v, want an error that says %q; of unknown outcome: %v", err, c.part, c.unknown)
				}
				wantNoSecret(t, err)
			})
		}
	}
}

func TestWhatAServerSaysOfAReadOrOfGCIsNotRepeated(t *testing.T) {
	t.Parallel()
	for name, reply := range map[string]bson.D{
		"a refusal":               refusal(13, "Unauthorized", secretText),
		"one without a code":      {field("ok", 0), field("errmsg", secretText)},
		"a statement's":           ok(field("n", 0), field("writeErrors", bson.A{bson.D{field("index", 0), field("errmsg", secretText)}})),
		"about the write concern": ok(field("n", 0), field("value", nil), field("writeConcernError", bson.D{field("errmsg", secretText)})),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			a := s.open(mongo.Options{})
			s.on("find", says(batch(used(secretID, time.UnixMilli(0)))))
			s.on("findAndModify", says(reply))
			s.on("delete", says(reply))
			_, err := a.Read(t.Context(), secretID, life)
			_, _, clearing := a.GC(t.Context(), life, 10)
			for _, err := range []error{err, clearing} {
				if err == nil {
					t.Fatal("got nil, want an error")
				}
				wantParts(t, "the error", err.Error(), "the server answered with error")
				wantNoSecret(t, err)
			}
		})
	}
}

func TestCreateOfALivingIDSaysSoWithoutTheServersWords(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	a := s.open(mongo.Options{})
	s.on("insert", says(ok(field("n", 0), field("writeErrors", bson.A{bson.D{
		field("index", 0), field("code", 11000), field("errmsg", "E11000 duplicate key error dup key: { _id: \""+secretID+"\" }"),
	}}))))
	s.on("update", says(ok(field("n", 0))))
	_, err := a.Create(t.Context(), secretID, nil, life)
	if !errors.Is(err, session.ErrExists) || strings.Contains(err.Error(), secretID) {
		t.Errorf("Create = %v, want ErrExists alone", err)
	}
	if n := len(s.commands("update")); n != 1 {
		t.Errorf("Create has looked %d times whether the other has expired, want once", n)
	}
}

func TestBytesThatAreNoTextAreRefusedBesidePHPBeforeTheyAreSent(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	a := s.open(mongo.Options{TextOnly: true})
	_, creating := a.Create(t.Context(), secretID, []byte(secretData+"\xff"), life)
	_, swapping := a.Swap(t.Context(), secretID, session.Record{Data: []byte("x")}, []byte(secretData+"\xff"), life)
	for what, err := range map[string]error{"Create": creating, "Swap": swapping} {
		if err == nil || errors.Is(err, session.ErrOutcomeUnknown) || errors.Is(err, session.ErrConflict) {
			t.Fatalf("%s = %v, want an error, and nobody in doubt about the outcome", what, err)
		}
		wantParts(t, what, err.Error(), "not valid UTF-8", "PHP's adapter", "base64", "leave interop out")
		wantNoSecret(t, err)
	}
	if n := len(s.commands("insert")) + len(s.commands("update")); n != 0 {
		t.Errorf("the server has got %d commands, want none", n)
	}
}

func TestEveryWriteHasTheAdaptersConcern(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		o    mongo.Options
		want bson.D
	}{
		{"by default", mongo.Options{}, bson.D{field("w", "majority")}},
		{"as chosen", mongo.Options{WriteConcern: writeconcern.Journaled()}, bson.D{field("j", true)}},
		{"of some members", mongo.Options{WriteConcern: &writeconcern.WriteConcern{W: 2}}, bson.D{field("w", int32(2))}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			a := s.open(c.o)
			for _, w := range writes {
				if err := w.call(t.Context(), a); err != nil {
					t.Fatalf("%s = %v", w.name, err)
				}
			}
			if _, err := a.Read(t.Context(), secretID, life); !errors.Is(err, session.ErrNotFound) {
				t.Fatalf("Read = %v, want ErrNotFound", err)
			}
			s.on("find", says(batch(bson.D{field("_id", "a")})))
			if _, _, err := a.GC(t.Context(), life, 10); err != nil {
				t.Fatalf("GC = %v", err)
			}
			want, err := bson.Marshal(c.want)
			if err != nil {
				t.Fatal(err)
			}
			for name, n := range map[string]int{"insert": 1, "update": 3, "delete": 2, "findAndModify": 1} {
				got := s.commands(name)
				if len(got) != n {
					t.Errorf("the server has got %s %d times, want %d", name, len(got), n)
				}
				for _, command := range got {
					if wc := command.Lookup("writeConcern"); wc.Type == 0 || string(wc.Value) != string(want) {
						t.Errorf("%s has the writeConcern %v, want %v", name, wc, bson.Raw(want))
					}
				}
			}
		})
	}
}

func TestABinaryWhoseLengthsDoNotAgreeIsNoSession(t *testing.T) {
	t.Parallel()
	for _, inner := range []byte{0, 2, 4, 0xff} { // of 3 bytes
		s := newServer(t)
		a := s.open(mongo.Options{})
		s.on("findAndModify", says(ok(field("value", bson.D{
			field("modified", time.Now()),
			field("data", bson.RawValue{Type: bson.TypeBinary, Value: []byte{7, 0, 0, 0, bson.TypeBinaryBinaryOld, inner, 0, 0, 0, 'a', 'b', 'c'}}),
		}))))
		if _, err := a.Read(t.Context(), secretID, life); err == nil || !strings.Contains(err.Error(), "two lengths") {
			t.Errorf("Read of 3 bytes that call themselves %d = %v, want an error that says so", inner, err)
		}
	}
}
