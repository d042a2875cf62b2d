package session

import "errors"

// What an Adapter may return, to be matched with errors.Is. Callers of a Manager
// or a Session meet ErrNotFound (Manager.Load), ErrBusy and ErrOutcomeUnknown.
var (
	// ErrNotFound says that no living session has the ID.
	ErrNotFound = errors.New("session: not found")

	// ErrExists says that a living session already has the ID.
	ErrExists = errors.New("session: already exists")

	// ErrConflict says that the stored session is no longer the one that was
	// read. The manager reads again and replays the request's changes.
	ErrConflict = errors.New("session: changed by somebody else since it was read")

	// ErrBusy says that the store, or others who write the same session,
	// kept a change waiting until its deadline. Nothing was stored; the
	// request may be sent again.
	ErrBusy = errors.New("session: busy, nothing was stored; try again")

	// ErrOutcomeUnknown says that the answer to a write was lost: the change
	// may stand or not. Nobody has repeated it. Session.Reload tells what
	// stands.
	ErrOutcomeUnknown = errors.New("session: the outcome of a write is not known; Reload the session to see what stands")
)

// What a Manager or a Session may return, to be matched with errors.Is.
var (
	// ErrGone says that the session was destroyed or expired while the
	// request was under way. Its changes are refused; nothing was stored.
	ErrGone = errors.New("session: destroyed or expired meanwhile; the change was refused")

	// ErrSuperseded says that another request has regenerated the session's
	// ID. The old ID still serves reads for a short while, but no changes.
	ErrSuperseded = errors.New("session: superseded by a regenerated one; the change was refused")

	// ErrTooLate says that a change would need a response header after the
	// headers have left. Ask for the session, and make its first change,
	// before the first byte of the response.
	ErrTooLate = errors.New("session: too late, the response's headers have left; start the session before the first Write or Flush")

	// ErrClosed says that the request to which the session belongs is over.
	ErrClosed = errors.New("session: used after its request was over")

	// ErrNoSession says that the context comes from no request that went
	// through the manager's middleware.
	ErrNoSession = errors.New("session: none in this context; wrap the handler in Manager.Middleware and pass the request's context")

	// ErrTooLarge says that the encoded session would be larger than
	// Options.MaxData, or than the store has room for. Nothing was stored.
	ErrTooLarge = errors.New("session: too large; nothing was stored")

	// ErrStopped says that the manager has been stopped, or not yet started.
	ErrStopped = errors.New("session: the manager is not running")

	// ErrTokenUsed says that another request has used up, or replaced, the token
	// with which a form came, while this one was under way: CSRF.Verify.
	ErrTokenUsed = errors.New("session: the form's token was used by another request meanwhile; nothing was stored")

	// ErrNoVariable says that the session has no variable of that name.
	ErrNoVariable = errors.New("session: no such variable")
)
