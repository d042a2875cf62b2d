// Package hs is a client of HandlerSocket, the plugin of MariaDB and MySQL that reads
// and writes rows by an index, over a line protocol of its own and without SQL. It
// needs nothing but the standard library.
//
// # When to use it
//
// What HandlerSocket is good at is one row by its key, very often: no parser, no
// optimizer, no privileges stand between the request and the index. Measured beside
// SQL statements on one machine, a find takes about a third of the time, a durable
// write a little more than half; sixteen finds in one Batch take a small part of sixteen single
// ones. In exchange it takes from the server most of what one has a database for. Read
// the next section first; where any of it matters, use SQL.
//
// # What it costs
//
// There are no privileges. Whoever reaches the port can read and write every table of
// every database, the accounts' in mysql included. The ports belong on loopback or in a
// network of their own. The secret (handlersocket_plain_secret) travels in clear with
// each new connection, and any SQL user reads it with SHOW VARIABLES: it keeps out
// mistakes, not attackers.
//
// There is no binary log. What is written here is on no replica, in no point-in-time
// recovery, and in no change stream. On Galera it is worse: a later SQL statement that
// meets such a row throws its node out of the cluster. Never write there.
//
// Triggers do not fire; DEFAULT CURRENT_TIMESTAMP and ON UPDATE do nothing. Nothing is
// checked as strict SQL would: text that is too long is cut, bytes that the column's
// character set cannot hold become question marks, dates that are none become
// 0000-00-00, NULL in a NOT NULL column becomes a zero value, and keys are cut and
// compared as the column's collation has it, so that "A" may find "a", and 33
// characters a row of 32. All of that is answered as done. Check values before they are
// sent, and look at the key of what comes back.
//
// Writes are serialized, server-wide: a connection that writes takes one lock for the
// whole plugin, whatever handlersocket_threads_wr says. While one write waits for a row
// that an SQL transaction holds (up to 50 s), all others wait behind it, and fail with
// ErrLockTables after handlersocket_wrlock_timeout (12 s). Finds on the port for writes
// stand in the same queue; those on the port for reads never wait.
//
// DDL waits for open connections. ALTER, TRUNCATE, DROP, RENAME and OPTIMIZE TABLE wait
// as long as any connection, even an idle one, has the table open, and while they wait
// new connections and all SQL on the table wait behind them. FLUSH TABLES WITH READ LOCK
// and SET GLOBAL read_only wait likewise for connections of the port for writes. Close
// the client first (Options.IdleTimeout closes what nobody uses).
//
// Opening a view crashes the whole server (MariaDB 10.11 and 11.8). Definition.Table
// must name a base table; with an SQL connection at hand, Options.Check and TablesOnly
// make sure. A request that begins with the letter Q stops the port for good: this
// package has no way to send one.
//
// # How to use it
//
// The plugin has two ports, for reads and for both; a Client is a pool of connections
// to one of them. An Index says which columns to read and write by which index, and is
// opened once on each connection, in the same trip as its first request there.
//
//	reads := hs.New(hs.Options{Address: "localhost:9998"})
//	defer reads.Close()
//	byID, err := reads.Index(hs.Definition{Database: "shop", Table: "stock", Columns: []string{"sku", "pieces"}})
//	if err != nil {
//		return err
//	}
//	var rows hs.Rows
//	err = byID.Find(ctx, &rows, hs.Query{Key: []hs.Value{hs.String("falcon")}})
//	for i := range rows.Len() {
//		fmt.Printf("%s: %s\n", rows.Field(i, 0), rows.Field(i, 1))
//	}
//
// A Batch carries many operations in one trip. A Rows and a Batch keep their memory: used
// again, they allocate nothing, however many fields come.
//
// Every exchange ends by its context or Options.Timeout, whichever is sooner, and a
// connection whose exchange was abandoned is closed, never used again out of step.
//
// # What an error means
//
// A *ServerError is the server's answer and matches a sentinel such as
// ErrDuplicateKey. A *LostError says that no answer came. For writes the question is
// whether they were done all the same, and OutcomeUnknown answers it. This package
// repeats nothing that may have been done.
//
// The server runs what arrives together, on all connections of one of its threads, in
// one transaction. When it ends a deadlock with an SQL transaction by rolling that back,
// operations that it has answered as done are gone with it. Within a Batch this is
// told: earlier writes become an *UndoneError. Of other connections nobody is told, so
// keep SQL that locks several rows away from tables written by HandlerSocket; or run the
// server with innodb_deadlock_detect=OFF, and without innodb_rollback_on_timeout: there a
// deadlock ends by the time-out of a lock (innodb_lock_wait_timeout, 50 s by default; it is
// ErrLockWait here), which undoes nothing that was answered.
package hs
