package session_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"gyrfalcon/session"
)

func TestAManagerWithoutAnAdapterSaysSoAtTheStart(t *testing.T) {
	t.Parallel()
	m := session.New(nil, session.Options{})
	for range 2 {
		err := m.Start(t.Context())
		if err == nil || !strings.Contains(err.Error(), `"session" has no adapter: hand one to New`) {
			t.Errorf("Start of New(nil, …): got %v, want an error that says what to hand to New", err)
		}
	}
	must(t, "Stop", m.Stop(t.Context()))
	must(t, "Stop of one that was never started", session.New(nil, session.Options{}).Stop(t.Context()))
	_, err := m.Load(t.Context(), strings.Repeat("a", 32))
	wantErr(t, "Load", err, session.ErrStopped)
}

func TestAMiddlewareAroundNothingAnswersAndIsLogged(t *testing.T) {
	t.Parallel()
	core, logged := observer.New(zap.WarnLevel)
	m := started(t, session.Options{Logger: zap.New(core)})
	w := httptest.NewRecorder()
	m.Middleware(nil).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://localhost/", http.NoBody))
	if w.Code != http.StatusInternalServerError {
		t.Errorf("Middleware(nil): got status %d, want 500", w.Code)
	}
	if n := logged.FilterMessageSnippet("Middleware was given no handler").Len(); n != 1 {
		t.Errorf("Middleware(nil): logged %v, want one line that says so", logged.All())
	}
}

func TestNoContextIsOneWithoutASession(t *testing.T) {
	t.Parallel()
	m := started(t, session.Options{})
	_, err := m.From(nil) //nolint:staticcheck // SA1012: what is tested
	wantErr(t, "From(nil)", err, session.ErrNoSession)
	wantErr(t, "Destroy(nil)", m.Destroy(nil), session.ErrNoSession) //nolint:staticcheck // SA1012: what is tested
}
