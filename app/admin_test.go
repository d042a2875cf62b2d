package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

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
	return newAdmin(t, app.AdminParams{Session: manager, Services: services})
}

func newAdmin(t *testing.T, p app.AdminParams) *app.Admin {
	t.Helper()
	admin, err := app.NewAdmin(p)
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

func TestTheOperatorsPageTellsHowLongTheSiteHasRun(t *testing.T) {
	t.Parallel()
	now := time.Date(2030, time.March, 4, 5, 6, 7, 0, time.UTC)
	core, logged := observer.New(zap.DebugLevel)
	clock := app.NewClock(func() time.Time { return now }, zap.New(core))
	admin := newAdmin(t, app.AdminParams{Services: di.New(), Clock: clock})
	wantNoText(t, ask(t, admin, http.MethodGet, "/").Body.String(), "The site has run")
	if got := clock.Running(); got != 0 {
		t.Errorf("before its start: got %v, want 0", got)
	}

	if err := clock.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	now = now.Add(90 * time.Minute)
	page := ask(t, admin, http.MethodGet, "/").Body.String()
	wantText(t, page, "The site has run for <strong>1 hour 30 minutes</strong>", `<time datetime="2030-03-04T05:06:07Z">4 March 2030, 05:06:07 UTC</time>`)

	if err := clock.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if all := logged.All(); len(all) != 1 || all[0].ContextMap()["for"] != 90*time.Minute {
		t.Errorf("got %v logged, want one line that tells 90 minutes", all)
	}
}

func TestTheSitesOwnServicesCrossTheBridgeBothWays(t *testing.T) {
	t.Parallel()
	r := serveHere(t, "http: {address: \"127.0.0.1:0\", admin_address: \"127.0.0.1:0\"}\nsession: {adapter: memory}\nlog: {level: debug}\n")
	body := fetch(t, r.admin+"/services.json")
	var got struct{ Services []di.Service }
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatal(err)
	}
	have := map[string]string{}
	for _, s := range got.Services {
		have[s.Name] = fmt.Sprint(s.Kind, ", ", s.State, ", asks for ", s.AsksFor, ", ", strings.TrimRight(s.Registered, "0123456789"))
	}
	want := map[string]string{
		"log":     "value, ready, asks for [], app/serve.go:",
		"clock":   "shared, started, asks for [log], app/clock.go:",
		"session": "value, ready, asks for [], gyrfalcon.yaml:2:",
	}
	if !maps.Equal(have, want) {
		t.Errorf("got  %v\nwant %v", have, want)
	}
	wantText(t, fetch(t, r.admin+"/"), "The site has run for", `<a href="#service-log">log</a>`)
	r.stop()
	wantText(t, (<-r.ended).stderr, "the site has run")
}

func fetch(t *testing.T, url string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Close = true
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
