package session

import (
	"net/url"
	"strings"
	"time"

	"go.uber.org/zap"
)

// Interop says with whom else a service shares its sessions.
type Interop string

// The kinds of Interop. No other is valid.
const (
	// Alone is for a service whose sessions nobody else writes. It is the
	// default.
	Alone Interop = ""

	// PHP is for a service that shares its sessions with a PHP application: a
	// visitor goes from one to the other and back with one cookie. The Codec
	// must be the one of package session/php that is PHP's
	// session.serialize_handler, and the adapter must keep sessions where PHP's
	// session handler does.
	//
	// IDs are stored as they are, as PHP does it; so two services cannot share
	// one table. IDs that PHP made are taken, in each of its alphabets: 22 to
	// 256 characters of 0-9, a-z, A-Z, comma and minus, of which case counts.
	// Those that this service makes are 32 of 0-9 and a-v. An ID that names no
	// session is never adopted, whatever PHP does with it.
	//
	// A session that began in PHP is born, for MaxAge, when this service first
	// sees it. What it must know of a session is kept in the one variable
	// _gyrfalcon, a string that PHP carries along.
	//
	// PHP knows nothing of superseded sessions: after Regenerate, what stands
	// under the old ID is, for PHP, an empty session, and who comes with it is a
	// stranger there at once. Requests under way in this service read what was
	// there for another half minute, as ever, unless PHP has put something there:
	// then they read that. After the half minute it is a session like any other of
	// PHP's. One that PHP moves to an ID of its own is that at once.
	PHP Interop = "php"
)

const (
	// DefaultPHPLifetime is Options.Lifetime's default under PHP: that of
	// session.gc_maxlifetime.
	DefaultPHPLifetime = 1440 * time.Second

	phpCookie = "PHPSESSID" // the default of session.name

	phpIDMin = 22 // the least of session.sid_length
	phpIDMax = 256
)

func (m *Manager) php() bool { return m.opts.Interop == PHP }

// wellFormed says whether id can be one of a session in the store. Nothing else
// ever reaches the adapter.
func (m *Manager) wellFormed(id string) bool {
	if m.php() {
		return wellFormedPHP(id)
	}
	return wellFormed(id)
}

// wellFormedPHP says whether id can be one that PHP's session_create_id made, with
// any session.sid_length and session.sid_bits_per_character.
func wellFormedPHP(id string) bool {
	if len(id) < phpIDMin || len(id) > phpIDMax {
		return false
	}
	for i := range len(id) {
		switch c := id[i]; {
		case c >= '0' && c <= '9', c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == ',', c == '-':
		default:
			return false
		}
	}
	return true
}

// storedID is the name of id's session in the store.
func (m *Manager) storedID(id string) string {
	if m.php() {
		return id
	}
	return storedID(m.opts.Name, id)
}

// cookieID returns the ID that a cookie's value stands for. PHP writes values as in
// a URL (a comma is %2C) and reads them so.
func (m *Manager) cookieID(value string) string {
	if !m.php() || !strings.ContainsAny(value, "%+") {
		return value
	}
	id, err := url.QueryUnescape(value)
	if err != nil {
		return "" // PHP keeps what is no escape, and refuses it by its alphabet
	}
	return id
}

// cookieValue is cookieID backwards.
func (m *Manager) cookieValue(id string) string {
	if m.php() {
		return url.QueryEscape(id)
	}
	return id
}

// tombstone is what stands under a regenerated session's old ID where there may be no
// variables: PHP would take any for a living session. What was there stands within the
// reserved variable, for this service's own readers, unless was is nil.
func (s *Session) tombstone(m meta, was []byte) ([]byte, error) {
	m.was, m.hasWas, m.at = string(was), was != nil, markOf(s.stored)
	d := s.m.opts.Codec.New()
	if err := d.Set(metaName, m.String()); err != nil {
		return nil, err
	}
	return d.Bytes()
}

// claim settles whose session l is, which was read under stored: PHP knows nothing of
// tombstones, and makes sessions of its own of them. One that PHP has moved to another ID
// is PHP's from there on, whatever it has carried along. One to which PHP has added
// variables is PHP's to read at once; but for as long as requests from before the new ID
// may be under way, nothing is changed under the old one, which somebody else may know,
// and no cookie of it is sent. Then it is a session like any of PHP's.
func (m *Manager) claim(l *loaded, stored string, now time.Time) {
	if !m.php() || l.meta.until.IsZero() {
		return
	}
	here, bare := l.meta.at == markOf(stored), empty(l.doc, metaName)
	switch {
	case !here, !bare && !now.Before(l.meta.until):
		l.meta = meta{born: now}
	case !bare:
		l.meta = meta{born: now, until: l.meta.until}
	}
}

// exhume makes l, which was read as a tombstone, the session that it was.
func (m *Manager) exhume(l *loaded) error {
	if !l.meta.hasWas {
		return nil
	}
	was, err := m.opts.Codec.Parse([]byte(l.meta.was))
	if err == nil {
		l.doc = was
	}
	return err
}

// sayInterop tells once, when the service starts, what this side cannot see to.
func (m *Manager) sayInterop() {
	if !m.php() {
		return
	}
	o := &m.opts
	m.log.Info("sessions are shared with PHP, where the same must hold: session.name, cookie path and domain, gc_maxlifetime, serialize_handler, "+
		"the store's charset and time zone; session.use_strict_mode=1 where the handler allows it, and a new ID at every sign-in; "+
		"see the documentation of package session/php",
		zap.String("session.name", o.Cookie.Name), zap.String("cookie_path", o.Cookie.Path), zap.String("cookie_domain", o.Cookie.Domain),
		zap.Int64("session.gc_maxlifetime", int64((o.Lifetime+time.Second-1)/time.Second)), zap.String("uniqueId", o.UniqueID))
}
