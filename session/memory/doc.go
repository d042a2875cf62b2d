// Package memory keeps sessions in the memory of one process.
//
// It is the adapter for development, for tests, and for an application that
// runs as a single process and whose sessions may be forgotten when it stops:
// nothing is written anywhere, and nobody else sees the sessions. Choose
// session/database with SQLite where they should outlive the process.
//
// Sessions are held as the encoded bytes that the manager hands over, never as
// live values, so a handler cannot change a stored session by accident, and
// what works here works on a server. Bytes are shared, not copied: a Record's
// Data must be left alone, as the contract of session.Adapter says.
//
// The store is divided into shards, each with a lock of its own. A shard keeps
// its sessions in the order of their last use, so GC looks at expired sessions
// only and takes time in proportion to what it removes.
//
// Nothing bounds the number of sessions but their expiry. A Manager makes a
// session when something is first stored in it, so visits alone cost nothing.
package memory
