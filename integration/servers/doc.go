// Package servers starts real servers for tests, on free ports of the loopback address
// and in temporary folders, and stops them: MariaDB with its HandlerSocket plugin, MySQL
// where there is one, Redis alone, behind Sentinels and as a Cluster, and MongoDB or what
// stands for it.
//
// A package of tests that uses them hands its TestMain to Main:
//
//	func TestMain(m *testing.M) { servers.Main(m) }
//
// and asks for what it needs where it needs it. SharedMariaDB is started when the first
// test asks for it, serves all tests of the process, and is not to be harmed: each test
// makes a database of its own there. A test that kills, stops or fills its server starts
// one for itself with NewMariaDB, which takes about half a second:
//
//	srv := servers.SharedMariaDB(t)
//	db := srv.Open(t, srv.NewDatabase(t, "CHARACTER SET utf8mb4"))
//
// So do SharedRedis and NewRedis (a tenth of a second), SharedSentinel and NewSentinel,
// SharedCluster and NewCluster (two to three seconds each), SharedMongo, NewMongo,
// NewGuardedMongo and NewReadOnlyMongo (one second).
//
// The servers are those that the system's packages install; but for MongoDB there are
// none in Debian. Its shared server is the one that MONGODB_URI names, else, as all that a
// test starts for itself, a mongod from the PATH, else FerretDB, which speaks MongoDB's
// protocol, on PostgreSQL with the DocumentDB extension of Debian's testing suite: `make
// deps` unpacks that, with MONGODB_URI or without, in a cache
// folder (documentdb.sh), and installs nothing of it. FerretDB is not MongoDB: a test that
// passes there is no proof for MongoDB, where it has not run. One that is missing fails
// the test, and the failure says what installs it: a test that is skipped shows nothing.
//
// # What remains of them
//
// Nothing. Main ends the shared servers when the tests have run, and the others end with
// their tests. Should the test process die before that (a panic, a timeout, kill -9), a
// watchdog ends them and removes their folders: a shell that waits for the end of a pipe
// of which nobody but the test process holds the other end.
//
// # A second process
//
// A test may run its own binary again, to see two processes at work on one store. The
// second process is told of the first one's shared servers by its environment:
// SharedMariaDB returns the same server there, and nothing in this package starts or
// stops any.
//
// # Durability
//
// The servers hand each write to the operating system before they acknowledge it, and do
// not wait for the disk. SIGKILL loses nothing of it then: only a power cut would. (What
// a Redis replica has not yet heard of is another matter; that a failover loses.)
package servers
