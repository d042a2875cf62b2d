package mongo_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.uber.org/goleak"

	"gyrfalcon/session/mongo"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// server speaks as much of MongoDB's protocol as the adapter needs, and answers what
// a test tells it to: what no real server could be brought to.
type server struct {
	t        *testing.T
	listener net.Listener
	work     sync.WaitGroup

	mu      sync.Mutex
	conns   map[net.Conn]struct{}
	answers map[string]answer
	got     map[string][]bson.Raw // the commands, by their names
}

// answer is what the server says to a command. One that returns nil breaks the
// connection.
type answer func(command bson.Raw) bson.D

// says is always the same answer.
func says(d bson.D) answer { return func(bson.Raw) bson.D { return d } }

func field(key string, value any) bson.E { return bson.E{Key: key, Value: value} }

func ok(fields ...bson.E) bson.D { return append(bson.D{field("ok", 1)}, fields...) }

// refusal is an error of the server's.
func refusal(code int, name, text string) bson.D {
	return bson.D{field("ok", 0), field("code", code), field("codeName", name), field("errmsg", text)}
}

// batch is an answer with documents.
func batch(docs ...any) bson.D {
	return ok(field("cursor", bson.D{field("id", int64(0)), field("ns", "test.session_data"), field("firstBatch", append(bson.A{}, docs...))}))
}

// newServer starts a server that has one empty collection with nothing odd about it.
func newServer(t *testing.T) *server {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &server{t: t, listener: l, conns: map[net.Conn]struct{}{}, got: map[string][]bson.Raw{}}
	one := ok(field("n", 1), field("nModified", 1))
	s.answers = map[string]answer{
		"listCollections": says(batch()),
		"listIndexes":     says(batch(bson.D{field("v", 2), field("key", bson.D{field("_id", 1)}), field("name", "_id_")})),
		"find":            says(batch()),
		"createIndexes":   says(ok()),
		"insert":          says(one),
		"update":          says(one),
		"delete":          says(one),
		"findAndModify":   says(ok(field("value", nil))),
		"endSessions":     says(ok()),
	}
	s.asReplicaSet()
	s.work.Go(s.accept)
	t.Cleanup(func() {
		_ = l.Close()
		s.mu.Lock()
		for c := range s.conns {
			_ = c.Close()
		}
		s.mu.Unlock()
		s.work.Wait()
	})
	return s
}

// asReplicaSet has the server be the primary of a replica set, toward which the
// driver repeats writes.
func (s *server) asReplicaSet() {
	addr := s.listener.Addr().String()
	s.greets(field("setName", "rs0"), field("hosts", bson.A{addr}), field("me", addr), field("setVersion", 1), field("primary", addr))
}

func (s *server) greets(more ...bson.E) {
	hello := says(ok(append([]bson.E{
		field("isWritablePrimary", true), field("ismaster", true), field("helloOk", true),
		field("maxBsonObjectSize", 16<<20), field("maxMessageSizeBytes", 48000000), field("maxWriteBatchSize", 100000),
		field("minWireVersion", 0), field("maxWireVersion", 21), field("logicalSessionTimeoutMinutes", 30),
	}, more...)...))
	s.on("hello", hello)
	s.on("isMaster", hello)
	s.on("ismaster", hello)
}

// on says what a command is answered with from now on.
func (s *server) on(command string, a answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.answers == nil {
		s.answers = map[string]answer{}
	}
	s.answers[command] = a
}

// commands returns those of a name that have come since the last call of forget.
func (s *server) commands(name string) []bson.Raw {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.got[name]
}

func (s *server) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.got)
}

func (s *server) accept() {
	for {
		c, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.conns[c] = struct{}{}
		s.mu.Unlock()
		s.work.Go(func() {
			s.serve(c)
			_ = c.Close()
		})
	}
}

const (
	opReply = 1
	opQuery = 2004 // the driver's first greeting
	opMsg   = 2013
)

func (s *server) serve(c net.Conn) {
	header := make([]byte, 16)
	for {
		if _, err := io.ReadFull(c, header); err != nil {
			return
		}
		body := make([]byte, binary.LittleEndian.Uint32(header)-16)
		if _, err := io.ReadFull(c, body); err != nil {
			return
		}
		code := binary.LittleEndian.Uint32(header[12:])
		command := parse(code, body)
		if command == nil {
			s.t.Errorf("a message with code %d could not be read", code)
			return
		}
		reply := s.answer(command)
		if reply == nil {
			return
		}
		doc, err := bson.Marshal(reply)
		if err != nil {
			s.t.Error(err)
			return
		}
		if _, err := c.Write(message(code, header[4:8], doc)); err != nil {
			return
		}
	}
}

// parse returns the command of a message, with its document sequences as arrays.
func parse(code uint32, body []byte) bson.Raw {
	if code == opQuery { // flags, the collection's name, two numbers, and the document
		at := 4 + bytes.IndexByte(body[4:], 0) + 1 + 8
		return bson.Raw(body[at:])
	}
	var command bson.D
	for rest := body[4:]; len(rest) > 0; {
		kind := rest[0]
		size := binary.LittleEndian.Uint32(rest[1:])
		section := rest[1 : 1+size]
		rest = rest[1+size:]
		if kind == 0 {
			if bson.Unmarshal(section, &command) != nil {
				return nil
			}
			continue
		}
		name, docs, _ := bytes.Cut(section[4:], []byte{0})
		list := bson.A{}
		for len(docs) > 0 {
			size := binary.LittleEndian.Uint32(docs)
			list = append(list, bson.Raw(docs[:size]))
			docs = docs[size:]
		}
		command = append(command, field(string(name), list))
	}
	raw, err := bson.Marshal(command)
	if err != nil {
		return nil
	}
	return raw
}

// message is a reply to a message of that code.
func message(code uint32, request, doc []byte) []byte {
	head := []byte{0, 0, 0, 0, 0} // no flags; a section that is the body
	reply := uint32(opMsg)
	if code == opQuery {
		head = make([]byte, 20) // no flags, no cursor, from the start, one document
		head[16] = 1
		reply = opReply
	}
	b := binary.LittleEndian.AppendUint32(nil, uint32(16+len(head)+len(doc)))
	b = binary.LittleEndian.AppendUint32(b, 1)
	b = append(b, request...)
	b = binary.LittleEndian.AppendUint32(b, reply)
	return append(append(b, head...), doc...)
}

func (s *server) answer(command bson.Raw) bson.D {
	elements, err := command.Elements()
	if err != nil || len(elements) == 0 {
		s.t.Errorf("a command that is none: %v", err)
		return nil
	}
	name := elements[0].Key()
	s.mu.Lock()
	a := s.answers[name]
	s.got[name] = append(s.got[name], command)
	s.mu.Unlock()
	if a == nil {
		return refusal(59, "CommandNotFound", "no such command")
	}
	return a(command)
}

// collection returns a collection of the server's, with a client that is
// disconnected with the test.
func (s *server) collection() *driver.Collection {
	s.t.Helper()
	client, err := driver.Connect(options.Client().ApplyURI("mongodb://" + s.listener.Addr().String()).SetServerSelectionTimeout(20 * time.Second))
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = client.Disconnect(context.Background()) })
	return client.Database("test").Collection("session_data")
}

// open returns an open adapter, closed with the test.
func (s *server) open(o mongo.Options) *mongo.Adapter {
	s.t.Helper()
	a := mongo.New(s.collection(), o)
	s.t.Cleanup(func() { _ = a.Close(context.Background()) })
	if err := a.Open(s.t.Context()); err != nil {
		s.t.Fatalf("Open = %v, want nil", err)
	}
	s.forget()
	return a
}
