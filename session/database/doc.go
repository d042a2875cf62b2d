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
// Times are whole Unix seconds by the application's clock. A session was last
// used at modified_at, or at created_at while that is NULL, and it lives while
// that plus the lifetime is not earlier than now: the rule of Phalcon's adapter,
// by which a session may live up to a second longer than its lifetime. The
// lifetime is the manager's and not in the table: of two services with different
// lifetimes on one table, the GC of the one with the shorter clears the other's
// sessions. Give each a table.
//
// # Which database
//
// New takes any *sql.DB and finds out at Open what answers. SQLite needs no
// server and serves all processes of one machine; open its file with package
// session/database/sqlite. This package imports no driver, so an application
// links those it uses.
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
