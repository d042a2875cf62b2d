// Package redis keeps sessions in Redis: on one server, on several by weight, behind
// Sentinels, or in a Redis Cluster.
//
// # Where
//
// Servers says where, and in its Path it says so as phpredis's session.save_path does,
// which is what Phalcon's Redis adapter of old was given:
//
//	a := redis.Dial(redis.Servers{Path: "tcp://127.0.0.1:6379?weight=1"}, redis.Options{})
//
// Of several servers the first four bytes of a session's ID choose one, exactly as in
// phpredis. A server that is dead is not replaced by another: the sessions on it have
// errors until it is back, and the others have none. Who wants more moves to Sentinels or
// a cluster by writing something else there; nothing else changes. New takes a client that
// the application has anyway.
//
// # How
//
// A session is one string under one key, in the form of phpredis or of Phalcon 5's
// adapter (Options.Flavor), and Redis's own clock expires it. Reading slides its expiry in
// the same trip (GETEX; by a script on servers before Redis 6.2). Create is SET NX PX.
// Swap is one call of a script that compares what is stored with what was read, whole up
// to 4 KiB and by its SHA-1 above, and is sent by its name; a server that does not know
// the script has done nothing, and is sent its text. Touch and Destroy are scripts, too, which
// leave alone a key that holds something else than a string. GC has nothing to do.
//
// No write is ever repeated, neither here nor by the driver: one whose answer was lost is
// session.ErrOutcomeUnknown, and everything else promises that nothing was written.
//
// A call ends with its context, also while it waits for an answer or looks for a master:
// with its deadline, and with its cancellation, unless there is one server alone and a
// deadline less than ten seconds away. To hear of a cancellation too, a call is made in a
// goroutine of the adapter's, which takes a request half as long again; Close ends them.
//
// The driver tells of connections that it could not make on standard error, by a logger that
// all of its clients in a process share. It is the application's to replace (SetLogger of
// package redis of go-redis) or to silence (Disable of its package logging): the errors come
// here as well.
//
// # What Redis may lose
//
// Redis confirms a write before its replicas have it. A master that dies takes with it
// what it had not passed on, and a session that a visitor has changed, or signed out of,
// may then be what it was a moment before. Options.Wait has each write wait until so many
// replicas have it, for the price of their answer; what fewer have in time is
// session.ErrOutcomeUnknown. It makes a loss improbable, not impossible: which replica is
// promoted is the Sentinels' or the cluster's choice.
//
// Both are measured. In integration/redis, TestWhatAFailoverLosesAndThatWaitingLosesNothing
// (go test -v) kills a master whose replica has not heard from it for half a second, under 64
// clients: in two runs 794 of 1690 and 1423 of 2908 confirmed changes were lost without Wait,
// and none of 932 and of 2314 with it. A replica that hears of its master until the end lacks
// next to nothing: TestAMasterOfAClusterThatIsKilledIsReplaced lost none of 1773 without Wait.
//
// In session/redis/bench, BenchmarkWait has a write take 31 µs without Wait and 49 µs or more
// with it, all on one machine; over a network it is the replica's round trip.
//
// A server that evicts keys (maxmemory-policy other than noeviction) signs visitors out when
// it is full.
//
// # Beside PHP
//
// With Options.Lock requests take phpredis's lock, or Phalcon 5's, so that a request of
// PHP's and one of ours never have a session at once. Without it ours still lose nothing
// among themselves, but PHP writes whole sessions over what came between.
package redis
