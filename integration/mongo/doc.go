// Package mongo tests sessions on a real server that speaks MongoDB's protocol (package
// servers says on which): the adapter of package session/mongo, what requests cost in
// trips, what PHP and Go make of each other's documents, and what becomes of sessions
// when the server is killed or an answer is lost.
//
// There is nothing in it to import.
package mongo
