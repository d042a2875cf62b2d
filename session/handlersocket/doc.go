// Package handlersocket keeps sessions in a table of MariaDB's by way of its HandlerSocket
// plugin: the adapter Phalcon\Session\Adapter\HandlerSocket. The protocol is spoken by
// package hs below it, whose documentation says what the plugin costs; read it before
// choosing this adapter.
//
// The table is Phalcon's, so one that exists serves as it is:
//
//	CREATE TABLE `php_session` (
//	    `id` VARCHAR(32) NOT NULL DEFAULT '',
//	    `modified` DATETIME NOT NULL DEFAULT '0000-00-00 00:00:00',
//	    `data` TEXT,
//	    PRIMARY KEY (`id`),
//	    KEY `modified` (`modified`)
//	) ENGINE=InnoDB DEFAULT CHARACTER SET utf8;
//
// A new one is better made by Schema: DATETIME(6), an ID that is compared as it is, and
// data that may be anything. PHP does not notice the difference.
//
// # How it keeps the contract
//
// The plugin cannot compare data, so modified is the version: a swap is an update with a
// filter on it, and writes the clock's time, but at least one unit of the column more
// than what was there. On Phalcon's DATETIME that unit is a second, and a session that
// is changed more often than that runs ahead of the clock; by Options.MaxLead at the
// most, then its swaps wait and end as session.ErrBusy. On DATETIME(6) nothing of the
// sort happens. A session that leads the clock expires as if it had been used just now.
//
// modified is kept as what a clock on the wall shows in PHP's time zone
// (Options.Timezone). In the hour that is shown twice when daylight saving ends, two
// moments have the same text. A swap compares the data too, so no change is lost; and for
// expiry the second showing counts, so that nobody loses a session: it may live an
// hour longer.
//
// Times are judged at each Read. PHP's adapter does not do that, and deletes expired
// sessions only when it clears.
//
// # Beside PHP
//
// PHP's adapter writes without comparing, and always, also what it did not change. Its
// write within the same unit as the one that was read is told by the row that a swap
// brings back: it is put back, and the swap is session.ErrConflict. When others have
// built on the replacement meanwhile it cannot be; then the swap is
// session.ErrOutcomeUnknown, so that it is not lost in silence. The same is said of a
// swap that was given up at its deadline; should the server carry it out later, nobody
// is left to put anything back. What PHP does to a
// write of ours is another matter: whatever was stored while a PHP request was under
// way is replaced at its end, as it is between two PHP requests.
//
// # What is refused
//
// The plugin stores what it is given as well as it can, and answers that all is well:
// IDs and data that are too long are cut, and what is no text in the column's character
// set becomes question marks. So Options says what the columns hold (by default what
// Phalcon's do), or Options.SQL lets Open look it up, and whatever does not fit is an
// error before anything is sent. Of an ID that could not be stored there is no session.
// A row that comes back under another ID than the one asked for, because the column's
// collation took them for one, is not that session and is left as it was.
//
// # Operating it
//
//   - No privileges, no binary log: sessions written here are on no replica. Never use it
//     on a Galera cluster.
//   - Writes are serialized in the whole server, and wait for rows that SQL transactions
//     lock. With Server.Port at the port for reads and PortWr at the other, reads do
//     not; with one port for both they do.
//   - ALTER TABLE and its like wait for open connections, and everybody else for them.
//     Stop the application first, or let it be idle for half a minute.
//   - Opening a view crashes the server. With Options.SQL that is checked.
//   - An SQL transaction that locks several sessions can end up in a deadlock with a
//     write of ours; the server then rolls back everything that the plugin's thread has
//     taken into one transaction, and this undoes writes on other connections that are
//     answered as done: sessions go back to what they were before. Clear
//     sessions with this adapter's GC, not with SQL. Where SQL must lock several, run the
//     server with innodb_deadlock_detect=OFF: the lock's time-out ends a deadlock then, and
//     undoes nothing that was answered.
//
// The lifetime is the manager's and not in the table: of two services with different
// lifetimes on one table, the GC of the one with the shorter clears the other's sessions.
package handlersocket
