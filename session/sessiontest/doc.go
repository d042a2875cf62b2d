// Package sessiontest tests session adapters, and helps to test what uses them.
//
// TestAdapter is the specification of session.Adapter: a subtest for each of its
// promises, named after the promise. Whoever writes an adapter describes it with
// a Harness (how to make an empty store, how to open an adapter on it, and what
// the store cannot do) and calls TestAdapter from one test:
//
//	func TestConformance(t *testing.T) {
//		sessiontest.TestAdapter(t, sessiontest.Harness{
//			NewStore: func(t testing.TB) string { return filepath.Join(t.TempDir(), "sessions.db") },
//			Open: func(ctx context.Context, store string, now func() time.Time) (session.Adapter, error) {
//				return mine.New(store, mine.Options{Now: now}), nil
//			},
//		})
//	}
//
// Expiry is tested with a fake clock, a Clock, that adapters are given as their
// Now. Where the store's own clock decides (Harness.ServerClock), the suite uses
// lives of a second or two and waits for them.
//
// For tests of what stands above an adapter there are two wrappers. Counting
// tells what a request costs its store. Faulty makes methods fail: before
// anything was done (Fail), without an answer (Hang), or, the nasty case, after
// everything was done (LoseAnswer); a Fault of your own can let another request
// go first.
//
// TestHazards goes further than TestAdapter: it puts a whole session service over
// the adapter, behind a server on a TCP port, and has overlapping requests, a
// second process, clients that hang up, panics, proxies and a failing store do
// their worst. An adapter that keeps its contract passes it; it takes the same
// Harness and is called in the same way.
//
// Who tests handlers needs no suite. Request gives a request the cookie of a
// session that holds what the test wants, and After returns the session as the
// handler left it.
package sessiontest
