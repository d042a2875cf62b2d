// Package mysql tests sessions on real MariaDB and MySQL servers: the adapter of package
// session/database under every kind of table that PHP or we have made, what requests cost
// in trips, what two processes do to one table, and what becomes of sessions when the
// server is killed, stopped, locked or full. The tests on MySQL run where there is one
// (see package servers); MariaDB is demanded.
//
// There is nothing in it to import.
package mysql
