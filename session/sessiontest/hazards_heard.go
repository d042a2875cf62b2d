package sessiontest

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"gyrfalcon/session"
)

// heard keeps what a site says to anybody but its client (logs, events), what
// it answers, and the IDs that none of that may hold.
type heard struct {
	mu     sync.Mutex
	text   bytes.Buffer
	events []session.Event
	ids    []string // the clients'
	stored []string // the store's
}

// Write takes a line of a log.
func (h *heard) Write(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.text.Write(p)
}

// Sync makes it a zapcore.WriteSyncer.
func (h *heard) Sync() error { return nil }

func (h *heard) logger() *zap.Logger {
	encoder := zapcore.NewJSONEncoder(zap.NewDevelopmentEncoderConfig())
	return zap.New(zapcore.NewCore(encoder, h, zap.DebugLevel))
}

func (h *heard) event(e session.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.events = append(h.events, e)
	fmt.Fprintf(&h.text, "%+v\n", e)
}

// id takes a client's ID.
func (h *heard) id(id string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !slices.Contains(h.ids, id) {
		h.ids = append(h.ids, id)
	}
}

// kinds are the kinds of the events so far.
func (h *heard) kinds() []session.EventKind {
	h.mu.Lock()
	defer h.mu.Unlock()
	kinds := make([]session.EventKind, len(h.events))
	for i, e := range h.events {
		kinds[i] = e.Kind
	}
	return kinds
}

// says tells whether a log or an event holds text.
func (h *heard) says(text string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return strings.Contains(h.text.String(), text)
}

func (h *heard) storedIDs() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.stored)
}

// wantNoSecrets wants no ID in anything that was heard.
func (h *heard) wantNoSecrets(t *testing.T) {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	for line := range strings.Lines(h.text.String()) {
		for _, id := range slices.Concat(h.ids, h.stored) {
			if strings.Contains(strings.ToLower(line), id) {
				t.Errorf("a log line, an event, an error or an answer holds a session's ID: %s", strings.ReplaceAll(line, id, "<the ID>"))
			}
		}
	}
}

// adapter returns a that tells h of the IDs under which sessions are created.
func (h *heard) adapter(a session.Adapter) session.Adapter { return &creates{Adapter: a, heard: h} }

type creates struct {
	session.Adapter

	heard *heard
}

func (c *creates) Create(ctx context.Context, id string, data []byte, life time.Duration) (session.Record, error) {
	c.heard.mu.Lock()
	c.heard.stored = append(c.heard.stored, id)
	c.heard.mu.Unlock()
	return c.Adapter.Create(ctx, id, data, life)
}
