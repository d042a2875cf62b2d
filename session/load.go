package session

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// metaName is the one variable that is not the application's. It holds what the
// backends have no place for.
const metaName = "_gyrfalcon"

// supersededFor is how long a regenerated session's old ID can still be read.
const supersededFor = 30 * time.Second

// meta is kept as text such as "born=1763849999;until=1763850029": every codec, and
// PHP, carries a string. Times are seconds since 1970, and zero times are left out.
type meta struct {
	born  time.Time
	until time.Time // the end of a superseded session's grace
	sent  time.Time // when a persistent cookie was last sent

	at     string // the mark of the stored ID that until and was are about, under PHP
	was    string // the payload of a session of which nothing else is left to see
	hasWas bool

	stored bool // the document says all this already
}

func (m meta) String() string {
	var buf [80]byte
	b := append(buf[:0], "born="...)
	b = strconv.AppendInt(b, m.born.Unix(), 10)
	if !m.until.IsZero() {
		b = append(b, ";until="...)
		b = strconv.AppendInt(b, m.until.Unix(), 10)
	}
	if !m.sent.IsZero() {
		b = append(b, ";sent="...)
		b = strconv.AppendInt(b, m.sent.Unix(), 10)
	}
	if m.at != "" {
		b = append(b, ";at="...)
		b = append(b, m.at...)
	}
	if m.hasWas {
		b = append(b, wasField...)
		b = append(b, m.was...)
	}
	return string(b)
}

// wasField comes last in a meta's text: a payload may hold anything.
const wasField = ";was="

func parseMeta(text string) (meta, error) {
	m := meta{stored: true}
	text, m.was, m.hasWas = strings.Cut(text, wasField)
	for field := range strings.SplitSeq(text, ";") {
		name, value, _ := strings.Cut(field, "=")
		if name == "at" {
			m.at = value
			continue
		}
		sec, err := strconv.ParseInt(value, 10, 64)
		if err != nil {
			return meta{}, fmt.Errorf("session: the variable %s is malformed", metaName)
		}
		switch name {
		case "born":
			m.born = time.Unix(sec, 0)
		case "until":
			m.until = time.Unix(sec, 0)
		case "sent":
			m.sent = time.Unix(sec, 0)
		}
	}
	return m, nil
}

// loaded is a session as the store has it. doc is nil where there is none that
// could be served; absent then says why, and err what the codec said.
type loaded struct {
	rec        Record
	doc        Document
	meta       meta
	superseded bool

	absent EventKind
	err    error
}

// load makes s the session of id, or a new one where id names none.
func (s *Session) load(ctx context.Context, id string) error {
	stored := s.m.storedID(id)
	l, err := s.read(ctx, stored, s.ex != nil)
	if err != nil || l.doc == nil {
		s.m.unlock(ctx, &s.held)
	}
	if err != nil {
		s.tell(gravity(ctx, err), unread, id, err)
		return err
	}
	if l.doc == nil {
		s.m.emitFor(l.absent, id, l.err)
		if l.absent == EventExpired {
			// A store that slides the expiry at each read would keep it for
			// as long as somebody asks.
			s.m.abandon(ctx, stored)
		}
		s.begin()
		return nil
	}
	s.become(id, stored, l)
	return nil
}

// read is fetch with the gate and the deadline of a load, under the session's lock if it
// is to be locked.
func (s *Session) read(ctx context.Context, stored string, lock bool) (loaded, error) {
	m := s.m
	if err := m.gate.enter(); err != nil {
		return loaded{}, err
	}
	defer m.gate.leave()
	d := withDeadline(ctx, m.opts.Timeout)
	defer d.release()
	if lock {
		var err error
		if s.held, err = m.lock(d, stored); err != nil {
			return loaded{}, err
		}
	}
	l, err := m.fetch(d, stored, &s.metaText)
	if err != nil {
		return l, &storeError{"read", err}
	}
	return l, nil
}

// fetch reads a session. scratch is where the stored meta is decoded to.
func (m *Manager) fetch(ctx context.Context, stored string, scratch *string) (loaded, error) {
	rec, err := m.adapter.Read(ctx, stored, m.opts.Lifetime)
	switch {
	case errors.Is(err, ErrNotFound):
		return loaded{absent: EventRefusedID}, nil
	case err != nil:
		return loaded{}, err
	}
	l := loaded{rec: rec}
	if l.doc, l.err = m.opts.Codec.Parse(rec.Data); l.err == nil {
		l.meta, l.err = m.decodeMeta(l.doc, scratch)
	}
	if l.err != nil {
		return loaded{absent: EventUndecodable, err: l.err}, nil //nolint:nilerr // what does not parse is told by an event, and the visitor is served
	}
	now := m.now()
	m.claim(&l, stored, now)
	l.superseded = !l.meta.until.IsZero()
	if l.superseded && !now.Before(l.meta.until) || m.opts.MaxAge > 0 && !now.Before(l.meta.born.Add(m.opts.MaxAge)) {
		return loaded{absent: EventExpired}, nil
	}
	if err := m.exhume(&l); err != nil {
		return loaded{absent: EventUndecodable, err: err}, nil //nolint:nilerr // as above
	}
	return l, nil
}

// decodeMeta returns what is stored of a session's life. One that was born
// elsewhere is born now.
func (m *Manager) decodeMeta(doc Document, scratch *string) (meta, error) {
	err := doc.Decode(metaName, scratch)
	switch {
	case errors.Is(err, ErrNoVariable):
		return meta{born: m.now()}, nil
	case err != nil:
		return meta{}, err
	}
	return parseMeta(*scratch)
}
