package servers

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"gyrfalcon/integration/internal/ports"
)

// uriVariable names a MongoDB server that runs already, as a connection string whose
// user may make databases. It takes the place of the shared server, and of no other.
const uriVariable = "MONGODB_URI"

// Mongo is a server that speaks MongoDB's protocol: the one that MONGODB_URI names, where
// it is shared, else a mongod from the PATH, else FerretDB on PostgreSQL with the DocumentDB
// extension, which `make deps` has made. Its Name says which. Where it is FerretDB it
// is two programs, which are killed and started as one.
type Mongo struct {
	place mongoPlace
	nodes []*Node // in the order of their start; none where it was started by somebody else
	alone bool    // it serves one test, with which it ends
}

// mongoPlace is where such a server is.
type mongoPlace struct{ URI, Addr, Name string }

// SharedMongo returns the server that all tests of the process share. Make a database
// of your own on it (NewDatabase), and change nothing that others would notice.
func SharedMongo(t testing.TB) *Mongo {
	t.Helper()
	m := &Mongo{place: sharedMongo.get(t), nodes: sharedMongoNodes}
	for _, n := range m.nodes {
		if err := n.died(); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

// sharedMongoNodes is set by the start of sharedMongo, and in no second process.
var sharedMongoNodes []*Node

var sharedMongo = shared[mongoPlace]{name: "MongoDB", start: func() (mongoPlace, error) {
	m := &Mongo{place: mongoPlace{URI: os.Getenv(uriVariable), Name: "the server of " + uriVariable}}
	if m.place.URI == "" {
		var err error
		if m, err = newMongo(nil); err != nil {
			return mongoPlace{}, err
		}
		for _, n := range m.nodes {
			sharedMongoNodes = append(sharedMongoNodes, n.forAll())
		}
	}
	if o := options.Client().ApplyURI(m.place.URI); o.Validate() == nil && len(o.Hosts) > 0 {
		m.place.Addr = o.Hosts[0]
	}
	err := m.greet()
	fmt.Printf("the tests of MongoDB run on %s\n", m.place.Name) // go test shows it with -v; make test asks for it
	return m.place, err
}}

// NewMongo starts a server for one test, with which it ends. It is never that of
// MONGODB_URI. args are further arguments of mongod or FerretDB.
func NewMongo(t testing.TB, args ...string) *Mongo {
	t.Helper()
	starter(t)
	m, err := newMongo(args)
	if err != nil {
		t.Fatal(err)
	}
	m.alone = true
	for _, n := range m.nodes {
		n.endWith(t) // the last to start is the first to end
	}
	if err := m.greet(); err != nil {
		t.Fatal(err)
	}
	return m
}

// NewGuardedMongo starts a server for one test that wants a password of everybody but
// this user. Its URI is without user and password.
func NewGuardedMongo(t testing.TB, user, password string) *Mongo {
	t.Helper()
	starter(t)
	create := bson.D{
		{Key: "createUser", Value: user}, {Key: "pwd", Value: password},
		{Key: "roles", Value: bson.A{
			bson.D{{Key: "role", Value: "readWriteAnyDatabase"}, {Key: "db", Value: "admin"}},
			bson.D{{Key: "role", Value: "clusterAdmin"}, {Key: "db", Value: "admin"}},
		}},
	}
	var m *Mongo
	if _, err := find("mongod"); err == nil {
		m = NewMongo(t, "--auth") // who comes from its own machine may make the first user
	} else {
		m = NewMongo(t)
	}
	client := m.Open(t)
	if err := client.Database("admin").RunCommand(t.Context(), create).Err(); err != nil {
		t.Fatalf("make a user: %v", err)
	}
	if len(m.nodes) == 1 {
		return m
	}
	return m.besides(t, superuser)
}

// NewReadOnlyMongo starts a server for one test, and returns it as a user has it who may do
// anything, and as one has it who may read all and change nothing.
func NewReadOnlyMongo(t testing.TB) (all, reader *Mongo) {
	t.Helper()
	starter(t)
	const password = "r3ads-only" // not one that a server would find too weak
	if _, err := find("mongod"); err != nil {
		all = NewMongo(t)
		if err := makeReader(all.nodes[0], "reader", password); err != nil {
			t.Fatal(err)
		}
		return all, all.besides(t, "reader", "--no-auth")
	}
	all = NewMongo(t, "--auth")
	reader = &Mongo{place: all.place, nodes: all.nodes, alone: true}
	for _, user := range []struct {
		name, role string
		m          *Mongo
	}{{"root", "root", all}, {"reader", "readAnyDatabase", reader}} {
		err := all.Open(t).Database("admin").RunCommand(t.Context(), bson.D{
			{Key: "createUser", Value: user.name}, {Key: "pwd", Value: password}, {Key: "roles", Value: bson.A{user.role}},
		}).Err()
		if err != nil {
			t.Fatalf("make a user: %v", err)
		}
		user.m.place.URI = "mongodb://" + user.name + ":" + password + "@" + all.Addr()
	}
	return all, reader
}

// besides starts another FerretDB on the server's PostgreSQL, which is the given user there.
func (m *Mongo) besides(t testing.TB, user string, args ...string) *Mongo {
	t.Helper()
	n, err := startFerretDB(m.nodes[0], user, args)
	if err != nil {
		t.Fatal(err)
	}
	n.endWith(t)
	return &Mongo{place: mongoPlace{URI: "mongodb://" + n.ports[0].Addr(), Addr: n.ports[0].Addr(), Name: m.place.Name}, nodes: []*Node{n}, alone: true}
}

// URI is a connection string for the server, of a user who may do anything.
func (m *Mongo) URI() string { return m.place.URI }

// Addr is the server's TCP address, host:port: the first one where it has several.
func (m *Mongo) Addr() string { return m.place.Addr }

// Name says what the server is, with its version.
func (m *Mongo) Name() string { return m.place.Name }

// Ours says whether the server was started by the tests, for whom nobody must be asked
// and nothing be kept in order.
func (m *Mongo) Ours() bool { return os.Getenv(uriVariable) == "" || m.alone }

// Open returns a client of the server, with opts on top of its URI. It is disconnected
// with the test.
func (m *Mongo) Open(t testing.TB, opts ...*options.ClientOptions) *mongo.Client {
	t.Helper()
	client, err := mongo.Connect(append([]*options.ClientOptions{options.Client().ApplyURI(m.URI())}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Disconnect(context.Background()) })
	return client
}

// NewDatabase makes a database with a name of its own and returns the name. It is
// dropped with the test.
func (m *Mongo) NewDatabase(t testing.TB) string {
	t.Helper()
	random := make([]byte, 8)
	_, _ = rand.Read(random) // never fails
	name := "test_" + hex.EncodeToString(random)
	if !m.alone { // else it goes with the server
		t.Cleanup(func() {
			err := m.do(func(ctx context.Context, c *mongo.Client) error { return c.Database(name).Drop(ctx) })
			if err != nil {
				t.Errorf("drop the database %s: %v", name, err)
			}
		})
	}
	return name
}

// do does something with a client of its own.
func (m *Mongo) do(something func(ctx context.Context, c *mongo.Client) error) error {
	client, err := mongo.Connect(options.Client().ApplyURI(m.URI()))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return errors.Join(something(ctx, client), client.Disconnect(ctx))
}

// greet asks the server for its version.
func (m *Mongo) greet() error {
	return m.do(func(ctx context.Context, c *mongo.Client) error {
		var build struct {
			Version  string `bson:"version"`
			FerretDB struct {
				Version string `bson:"version"`
			} `bson:"ferretdb"`
		}
		if err := c.Database("admin").RunCommand(ctx, bson.D{{Key: "buildInfo", Value: 1}}).Decode(&build); err != nil {
			return fmt.Errorf("ask %s for its version: %w", m.place.Name, err)
		}
		if v := build.FerretDB.Version; v != "" {
			m.place.Name += fmt.Sprintf(", FerretDB %s (which calls itself MongoDB %s)", v, build.Version)
		} else {
			m.place.Name += ", MongoDB " + build.Version
		}
		return nil
	})
}

// Kill ends the server's programs with SIGKILL, and waits for their death. What it has
// acknowledged it still has when it is started again.
func (m *Mongo) Kill(t testing.TB) {
	t.Helper()
	m.mine(t)
	for _, n := range slices.Backward(m.nodes) {
		n.Kill(t)
	}
}

// Start starts a server again that was killed, on the same ports and data.
func (m *Mongo) Start(t testing.TB) {
	t.Helper()
	m.mine(t)
	for _, n := range m.nodes {
		n.Start(t)
	}
}

// Pause stops the server with SIGSTOP: it keeps its connections and answers nobody.
func (m *Mongo) Pause(t testing.TB) { t.Helper(); m.mine(t); m.nodes[len(m.nodes)-1].Pause(t) }

// Resume lets a paused server go on.
func (m *Mongo) Resume(t testing.TB) { t.Helper(); m.mine(t); m.nodes[len(m.nodes)-1].Resume(t) }

// Running says whether the server runs, paused or not.
func (m *Mongo) Running() bool {
	for _, n := range m.nodes {
		if !n.Running() {
			return false
		}
	}
	return true
}

// mine stops a test that would harm a server which is not its own.
func (m *Mongo) mine(t testing.TB) {
	t.Helper()
	if len(m.nodes) == 0 {
		t.Fatalf("%s is not ours; start one for the test that stops it (NewMongo)", m.place.Name)
	}
	m.nodes[0].mine(t)
}

func newMongo(args []string) (*Mongo, error) {
	if path, err := find("mongod"); err == nil {
		return newMongod(path, args)
	}
	return newFerretDB(args)
}

func newMongod(path string, args []string) (*Mongo, error) {
	dir, err := theWatchdog.folder("mongod")
	if err != nil {
		return nil, err
	}
	data := filepath.Join(dir, "data")
	if err := os.Mkdir(data, 0o700); err != nil {
		return nil, err
	}
	n, err := startNode(program{
		name: "mongod", path: path, dir: dir, ports: 1,
		args: func(addrs []ports.Port) ([]string, error) {
			return append([]string{
				"--dbpath", data, "--bind_ip", ports.Host, "--port", fmt.Sprint(addrs[0].Number), "--nounixsocket",
				"--wiredTigerCacheSizeGB", "0.25", "--setParameter", "ttlMonitorSleepSecs=1",
			}, args...), nil
		},
		ready: answersMongo,
	})
	if err != nil {
		return nil, err
	}
	addr := n.ports[0].Addr()
	return &Mongo{place: mongoPlace{URI: "mongodb://" + addr, Addr: addr, Name: path}, nodes: []*Node{n}}, nil
}

// answersMongo returns nil once a server answers.
func answersMongo(ctx context.Context, addrs []ports.Port) error {
	client, err := mongo.Connect(options.Client().SetHosts([]string{addrs[0].Addr()}).SetServerSelectionTimeout(time.Second))
	if err != nil {
		return err
	}
	// A command that a server answers before anybody has given a password.
	err = client.Database("admin").RunCommand(ctx, bson.D{{Key: "hello", Value: 1}}).Err()
	return errors.Join(err, client.Disconnect(ctx))
}
