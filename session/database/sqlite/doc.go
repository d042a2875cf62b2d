// Package sqlite opens SQLite files for session/database.
//
// SQLite is the database that needs no server: one file, and two more beside it
// while it is open. The driver (modernc.org/sqlite) is Go alone, no C compiler
// takes part. It stands in a package of its own so that an application on a
// server does not link it.
//
// Open sets what sessions want:
//
//   - Write-ahead logging, so that readers and the one writer do not wait for
//     each other. It needs shared memory between the processes that use the
//     file, so the file must not be on a network file system.
//   - A busy_timeout: how long a statement waits for another process's lock.
//   - A commit that has been answered has been written to the disk
//     (PRAGMA synchronous = FULL). With Options.Synchronous "normal" commits are
//     several times faster, and a killed process still loses nothing; but a
//     power cut or a crash of the whole machine may take back the commits of the
//     moments before it, a sign-out among them. The file is never damaged.
//   - A new file belongs to its user alone (mode 0600, whatever the umask), and
//     so do its -wal and -shm files: sessions are secrets. A file that exists
//     keeps its mode, and SQLite gives the other two the same, so that a group
//     can be let in by chmod.
//
// Nothing happens to the file until the first connection is made: that is in
// Adapter.Open, or in a Ping.
package sqlite
