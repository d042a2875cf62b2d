package session

import "go.uber.org/zap"

// EventKind is what happened to a session.
type EventKind string

// The kinds of events.
const (
	EventCreated     EventKind = "created"     // a new session was stored
	EventRegenerated EventKind = "regenerated" // a session got a new ID; the handle is the new one's
	EventDestroyed   EventKind = "destroyed"   // Destroy was called
	EventExpired     EventKind = "expired"     // a session was older than MaxAge, or superseded and past its grace, when it was asked for
	EventRefusedID   EventKind = "refused ID"  // a client came with an ID that is malformed or names no session
	EventConflict    EventKind = "conflict"    // somebody else changed the session meanwhile; the changes are replayed
	EventUndecodable EventKind = "undecodable" // what is stored does not parse; it was left as it is
)

// Event tells of something that happened to one session. It holds no session ID.
type Event struct {
	Kind    EventKind
	Service string // the manager's Options.Name
	Handle  string // see Session.Handle; empty where the client's ID was malformed
	Err     error  // with EventUndecodable, what the codec said; else nil
}

func (m *Manager) emit(kind EventKind, handle string, err error) {
	if ce := m.log.Check(zap.DebugLevel, "session event"); ce != nil {
		ce.Write(zap.String("event", string(kind)), zap.String("session", handle), zap.Error(err))
	}
	if m.opts.OnEvent != nil {
		m.opts.OnEvent(Event{Kind: kind, Service: m.opts.Name, Handle: handle, Err: err})
	}
}

// watched says whether anybody would hear of an event, so that a handle need not
// be worked out in vain.
func (m *Manager) watched() bool {
	return m.opts.OnEvent != nil || m.log.Core().Enabled(zap.DebugLevel)
}

// emitFor is emit with the handle of id, which is worked out only if somebody
// listens.
func (m *Manager) emitFor(kind EventKind, id string, err error) {
	if m.watched() {
		m.emit(kind, handleOf(m.opts.Name, id), err)
	}
}
