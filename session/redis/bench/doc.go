// Package bench measures requests whose sessions are in Redis, beside the same trips made
// by hand and beside a store that is widely used:
//
//	go test -run '^$' -bench . ./...
//
// All contestants are asked in one run, on one server of its own over the loopback
// address, by the same handler: it reads a session of ten variables, and adds one to one
// of them. The floor is what one would write by hand for this one handler, with go-redis
// and encoding/json: GETEX, and a script that compares before it stores. It is one of trips:
// it decodes the whole session, of which ours reads one variable. scs with its
// goredisstore stores without comparing: of two requests at once it loses one.
//
// It is a module of its own, so that nobody who uses the adapter has the others among his
// dependencies.
package bench
