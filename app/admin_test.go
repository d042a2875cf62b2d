package app_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"gyrfalcon/app"
	"gyrfalcon/di"
	"gyrfalcon/session"
	"gyrfalcon/session/memory"
)

func openAdmin(t *testing.T) (*app.Admin, *session.Manager) {
	t.Helper()
	manager := session.New(memory.New(memory.Options{}), session.Options{})
	if err := manager.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = manager.Stop(context.WithoutCancel(t.Context())) })
	services := di.New()
	if err := di.SetValue(services, "session", manager); err != nil {
		t.Fatal(err)
	}
	return adminOf(t, manager, services), manager
}

func adminOf(t *testing.T, manager *session.Manager, services *di.Container) *app.Admin {
	t.Helper()
	admin, err := app.NewAdmin(app.AdminParams{Session: manager, Services: services})
	if err != nil {
		t.Fatalf("NewAdmin: %v", err)
	}
	return admin
}

func ask(t *testing.T, h http.Handler, method, path string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, path, nil))
	return w
}

func TestHealthIsBadUntilTheSiteServesAndOnceItStops(t *testing.T) {
	t.Parallel()
	admin, manager := openAdmin(t)
	want := func(when string, status int) {
		t.Helper()
		if got := ask(t, admin, http.MethodGet, "/healthz"); got.Code != status {
			t.Errorf("GET /healthz %s: got %d %q, want %d", when, got.Code, got.Body, status)
		}
	}
	want("before the site serves", http.StatusServiceUnavailable)
	admin.SetServing(true)
	want("while it serves", http.StatusOK)
	admin.SetServing(false)
	want("while it drains", http.StatusServiceUnavailable)
	admin.SetServing(true)
	if err := manager.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	want("when its sessions have stopped", http.StatusServiceUnavailable)
}

func TestTheOperatorsPageExplainsTheServices(t *testing.T) {
	t.Parallel()
	admin, _ := openAdmin(t)
	w := ask(t, admin, http.MethodGet, "/")
	if w.Code != http.StatusOK {
		t.Fatalf("GET /: got status %d, want 200", w.Code)
	}
	wantText(t, w.Body.String(), "session", "ready", "admin_test.go")
	if got := w.Header().Get("Content-Security-Policy"); got == "" {
		t.Error("the page has no Content-Security-Policy")
	}
	if css := ask(t, admin, http.MethodGet, styleURL(t, w.Body.String())); css.Code != http.StatusOK {
		t.Errorf("the page's style: got status %d, want 200", css.Code)
	}
	for path, want := range map[string]int{"/basket": http.StatusNotFound, "/static/nothing.css": http.StatusNotFound} {
		if got := ask(t, admin, http.MethodGet, path).Code; got != want {
			t.Errorf("GET %s: got status %d, want %d", path, got, want)
		}
	}
	if got := ask(t, admin, http.MethodPost, "/healthz").Code; got != http.StatusMethodNotAllowed {
		t.Errorf("POST /healthz: got status %d, want 405", got)
	}
}

func TestTheOperatorsPageTellsStateNeedsAndPlaceOfEachService(t *testing.T) {
	t.Parallel()
	services := di.New()
	admin := adminOf(t, nil, services)
	wantText(t, ask(t, admin, http.MethodGet, "/").Body.String(), "Nothing is registered")

	register := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	register(di.SetValue(services, "password", "hunter2"))
	register(di.SetShared(services, "<b>", func(ctx context.Context, c *di.Container) (string, error) {
		return di.Get[string](ctx, c, "secret")
	}))
	register(services.SetAlias("password", "secret"))
	register(di.Set(services, "idle", func(context.Context, *di.Container) (int, error) { return 1, nil }))
	if _, err := di.Get[string](t.Context(), services, "<b>"); err != nil {
		t.Fatal(err)
	}
	page := ask(t, admin, http.MethodGet, "/").Body.String()
	wantText(t, page, "4 names", "&lt;b&gt;", `data-state="built"`, `<a href="#service-password">password</a>`,
		`<a href="#service-%3cb%3e">&lt;b&gt;</a>`, "alias of", "new each time", "app/admin_test.go:")
	for _, hidden := range []string{"hunter2", "<b>"} {
		if strings.Contains(page, hidden) {
			t.Errorf("the page holds %q", hidden)
		}
	}
	w := ask(t, admin, http.MethodGet, "/services.json")
	var got struct{ Services []di.Service }
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || len(got.Services) != 4 || got.Services[0].AsksFor[0] != "secret" {
		t.Errorf("GET /services.json: got %s, %v; want the four services", w.Body, err)
	}
	if got := w.Header().Get("Content-Type"); got != "application/json" {
		t.Errorf("GET /services.json: got Content-Type %q, want application/json", got)
	}
}
