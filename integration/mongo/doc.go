// Package mongo tests sessions on a real server that speaks MongoDB's protocol (package
// servers says on which): the adapter of package session/mongo, what requests cost in
// trips, what PHP and Go make of each other's documents, and what becomes of sessions
// when the server is killed or an answer is lost.
//
// # What was tried on what
//
// FerretDB 2.7.0 on PostgreSQL 18 with the DocumentDB extension is not MongoDB, and cannot
// be brought to all that MongoDB does:
//
//   - Passwords are real there (SCRAM-SHA-256): a wrong one, an unknown user and none.
//   - Roles are not: each user whom FerretDB makes may do anything, whatever roles are
//     asked for. Who may only read is a user of PostgreSQL's instead, as whom a second
//     FerretDB comes; its answer is "permission denied for table documents_2". MongoDB's
//     own (Unauthorized, 13), of a user who may read and not write, or write and not make
//     an index, is tried on the scripted server of package session/mongo.
//   - create with capped, timeseries, collation or viewOn is answered ok, and makes a
//     plain collection with the options {}; shardCollection is "no such command". The
//     tests ask all the same, and refuse or use what the server says that it has made.
//     MongoDB's own answers are tried on the scripted server.
//   - Hashed, sparse, partial, descending, text, geographical, unique and compound
//     indexes are real; "hidden indexes are not supported yet", and neither are those with
//     a collation. TTL indexes are real.
//   - There is one server: no replica set, no election, no router. What a server says when
//     it is no primary any more, or has not had a majority's word, is scripted.
//
// With a mongod on the PATH all of the tests run on that. With MONGODB_URI those run on
// its server that share one; what kills a server, stops it or restricts its users starts
// one of its own (a mongod, or else FerretDB) and needs that all the same.
//
// There is nothing in it to import.
package mongo
