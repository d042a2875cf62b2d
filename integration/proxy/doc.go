// Package proxy stands between a client and a server in tests: it counts the trips that
// the client makes, and does to the connections what networks do.
//
//	p := proxy.New(t, srv.Addr())
//	db := connect(p.Addr())
//	...                        // the connection is made, and its handshake done
//	p.Mark()
//	_, err := db.Exec(…)
//	if n := p.Trips(); n != 1 { … }
//
// A trip is what costs a network's latency: the client sends something and the server
// answers. It begins with the first bytes that the client sends on a new connection, or
// after the server has sent some. Requests that a client sends without waiting for
// answers are one trip, and so is an answer of many packets. Handshakes are trips too
// (with MySQL, one; with TLS, more): a test that does not want them connects before
// Mark.
//
// # Faults
//
// Delay slows the answers down, Stall holds everything up and loses nothing, PauseAccept
// leaves new connections without an answer, Refuse refuses them, Cut and CutEvery break
// those that there are. They are the network's faults, and blind. Decide sees what the
// client sends and chooses for each request; with it a test has the one fault that
// matters most to whoever writes: the request is carried out, and the answer is lost.
//
// The faults act until they are undone, also on the connections that there are already.
package proxy
