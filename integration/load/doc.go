// Package load holds a session service under load to its answers, while a test makes
// trouble for its store.
//
// Run has many clients count, over real HTTP, each in a session of its own and all of
// them in a few that they share; a callback brings a fault about and undoes it meanwhile.
// Then every counter is read. It must be at least the number of changes that were
// acknowledged and at most that number and the changes of unknown outcome together:
//
//   - an answer 2xx is a change that stands: one that is missing was lost;
//   - an error is a promise that nothing was written: one that was counted was a lie,
//     and so is one that was counted twice;
//   - only session.ErrOutcomeUnknown, or an answer that never came, leaves both open.
//
// Besides, no request may outlast its deadline, each client must be served again soon
// after the fault without anybody's help, and no goroutine of the service may remain.
//
//	load.Run(t, load.Plan{
//		Open:  func(ctx context.Context) (session.Adapter, error) { … },
//		Fault: func(t testing.TB) { srv.Kill(t); srv.Start(t) },
//	})
//
// Count is the same without a fault, from two processes on one counter: every request
// must be answered 2xx, and none of them lost. It takes the harness that the adapter has
// for package sessiontest.
package load
