// Package database keeps sessions in a table of an SQL database: the adapter
// Phalcon\Session\Adapter\Database.
//
// The table is Phalcon's, to the letter, so one that exists serves as it is:
//
//	CREATE TABLE `session_data` (
//	  `session_id` VARCHAR(35) NOT NULL,
//	  `data` text NOT NULL,
//	  `created_at` INT unsigned NOT NULL,
//	  `modified_at` INT unsigned DEFAULT NULL,
//	  PRIMARY KEY (`session_id`)
//	);
//
// Times are by the application's clock, in whole seconds. A session was last
// used at modified_at, or at created_at while that is NULL, and it lives while
// that plus the lifetime is not earlier than now: the rule of Phalcon's adapter,
// by which a session may live up to a second longer than its lifetime. The
// lifetime is the manager's and not in the table: of two services with different
// lifetimes on one table, the GC of the one with the shorter clears the other's
// sessions. Give each a table.
//
// # Which database
//
// New takes any *sql.DB and finds out at Open what answers: SQLite, MySQL or MariaDB.
// SQLite needs no server and serves all processes of one machine; open its file with
// package session/database/sqlite. A server is opened with package
// session/database/mysql, or by the application in its own way. This package imports
// no driver, so an application links those it uses.
//
//	db, err := sqlite.Open("sessions.db", sqlite.Options{})
//	if err != nil {
//		return err
//	}
//	a := database.New(db, database.Options{OwnDB: true})
//
// # What it promises
//
// Each method is one statement: Read costs one, and so do Create, Swap, Touch
// and Destroy. Swap compares the stored bytes with those that were read, in the
// statement that writes, so that no update is lost and nothing has to be locked.
//
// A write is run a second time only where the first one has certainly done nothing:
// the server has undone it because of somebody else's locks, or the driver has sent
// nothing. Where the answer is lost it is session.ErrOutcomeUnknown, once.
//
// # MySQL and MariaDB
//
// MariaDB 10.3 and MySQL 8.0, and later. The table is used as it is found, and Open
// finds out what that means:
//
//   - Times are Unix seconds in INT columns, as in Phalcon 3, or TIMESTAMP or DATETIME,
//     as in Phalcon 5's incubator, which writes there what PHP's clock on the wall
//     shows: say with Options.Timezone where that clock is. created_at, where the server
//     fills it, is in the server's zone.
//   - data is a column of text or of bytes. Text is in Options.Charset, which is that of
//     PHP's connection where PHP shares the table; in utf8mb4 a session must be valid
//     UTF-8, in latin1 it may be any bytes. What the column cannot hold (characters that
//     its own character set lacks, more bytes than it has room for) is refused before
//     anything is sent: a server that is not in strict mode would cut it, or store ?.
//   - The IDs' column may fold case or accents. An ID is compared byte by byte all the
//     same: nobody else's session is ever read. But of two IDs that such a column takes
//     for one only one can be stored, and PHP takes either for the other. IDs of ours
//     have lower-case letters only.
//   - Nothing depends on the connection: not on its character set, sql_mode, time_zone,
//     clientFoundRows, interpolateParams or parseTime. Values stand in the statements, in
//     hexadecimal, and so a statement is one trip on any pool. Only autocommit must be on.
//
// The table that Create makes, and that the error shows where it is missing, has what
// Phalcon's lacks: room for 16 MiB of any bytes, IDs compared byte by byte, and an index
// on the times for GC. Phalcon's adapter works with it unchanged. A table of Phalcon's
// gets that index by
//
//	ALTER TABLE `session_data` ADD KEY (`modified_at`, `created_at`);
//
// and without it GC walks along the primary key, at most limit rows a call; the manager
// says so when it starts, as it does for a table of an engine without transactions.
//
// A call's deadline bounds the statement in the server too, so that a lock that somebody
// holds for long ends in session.ErrBusy, and no statement waits for it whose caller has
// gone. MySQL, unlike MariaDB, lets no statement bound its wait for a row: package
// mysql sets innodb_lock_wait_timeout on its connections; on a pool of the application's
// own set it in the DSN (innodb_lock_wait_timeout=2).
//
// # SQLite
//
// Data that is text is stored as text, for whoever looks at it with the sqlite3
// shell, and other data as a blob; comparisons are of bytes. Writes of one
// adapter queue for one connection, which it keeps from the pool until Close;
// reads use the others (or that one, if the database is in memory). Where the pool
// has only one connection, which the application may need too, it is borrowed for
// each statement, and its busy_timeout is switched off meanwhile. For another process's lock a write waits as long as the
// connection's busy_timeout says (5 s if it has none), but no longer than its
// context; then it is session.ErrBusy. A statement that has begun is finished,
// so that its outcome is always known; session.ErrOutcomeUnknown remains for
// errors of the disk.
//
// A file that holds nothing but such tables is marked with an application_id
// and, in user_version, the version of its schema; a newer one is refused.
// Among an application's own tables neither mark is set nor looked at.
package database
