// Package session keeps a visitor's variables from one request to the next: what
// Phalcon\Session\Manager and its adapters do for PHP, for Go's net/http.
//
// # The problem
//
// Two requests of one visitor overlap: a page and the pictures on it, two tabs, a
// double click. A session store that reads everything at the start of a request and
// writes everything at its end loses what one of them did, and now and then brings
// back a session from which the visitor has just signed out. Most do. This one cannot:
// its adapters have no operation that stores a session without saying what it replaces.
// What a request does to its session is kept as a list of changes; where somebody else
// was faster, the session is read again and the list replayed on it.
//
// # Use
//
// A Manager is the service. It is made over an Adapter, started, wrapped around the
// handlers, and stopped when the server has drained:
//
//	m := session.New(adapter, session.Options{Lifetime: time.Hour})
//	if err := m.Start(ctx); err != nil { … }
//	defer m.Stop(ctx)
//	http.ListenAndServe(addr, m.Middleware(mux))
//
// A handler asks the manager for the request's session, and the session for its
// variables, each of a type of its own:
//
//	const visits session.Key[int] = "visits"
//
//	s, err := m.From(r.Context())
//	if err != nil {
//		session.Error(w, r, err)
//		return
//	}
//	n, err := visits.Update(s, func(n int) int { return n + 1 })
//
// Why a session could not be read or stored is told to Options.Logger: give one.
//
// Get and Set read and write a variable; Update computes it from what it was and never
// loses a count; a Bag groups variables (a basket) and a Flash holds messages for the
// next page. Regenerate belongs to every sign-in, Destroy to every sign-out. Nothing is
// registered beforehand, and nothing needs to be saved: the middleware commits before
// the first byte of the response leaves. Session.Commit is for the cases that must know
// sooner, and Manager.Load for work that is no HTTP request.
//
// # What holds
//
// No lost update: of two overlapping requests that set different variables, different
// members of a bag, or add messages, both win; Updates of one variable all count. Set is
// last-writer-wins for its own variable. No resurrection: a session that was destroyed
// stays so, and changes to it are ErrGone. No adopted IDs: an ID that this service did
// not make names no session. No half-truths: a write whose answer was lost is
// ErrOutcomeUnknown and is not repeated by anybody. An ID never appears in a log, an
// error or an event; its handle does.
//
// A request that never asks for its session costs no trip to the store; one that reads,
// one; one that reads and writes, two.
//
// # Beside PHP
//
// With Options.Interop: PHP a Go application and a PHP application serve the same
// visitor from the same session, and a site moves from one to the other page by page.
// Bag, Flash and CSRF keep what they keep where Phalcon's classes of these names do.
// See PHP, and package session/php.
//
// # Choosing
//
// The adapters are packages of their own: session/database (SQLite, MySQL, MariaDB),
// session/redis, session/mongo, session/handlersocket, and session/memory for tests.
// Whoever writes another finds the contract at Adapter and its specification in
// session/sessiontest. The form in which a session is stored is a Codec's; JSON is the
// default, and session/php has PHP's. This package knows of no driver and no
// framework: it depends on the standard library and zap.
package session
