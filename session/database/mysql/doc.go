// Package mysql opens MySQL and MariaDB for session/database.
//
// It stands in a package of its own so that an application on SQLite does not link
// the driver (github.com/go-sql-driver/mysql); and one that has a *sql.DB of that
// driver hands it to database.New as it is and needs no word of this package.
//
// Open sets what sessions want:
//
//   - A bounded pool. database/sql knows no limit, and a server takes 151
//     connections unless told otherwise; what does not get one waits in the
//     application, where its context ends the wait.
//   - A short innodb_lock_wait_timeout, so that a session that somebody has locked
//     for long is session.ErrBusy, which is certain, and not a lost answer.
//   - Connections that are given up after a while, so that a server behind a name or
//     a proxy can be replaced.
//   - Errors that say what to mend and never hold the password.
//
// Nothing is dialled until the first connection is needed: that is in Adapter.Open,
// or in a Ping.
package mysql
