package app_test

import (
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"gyrfalcon/app"
	"gyrfalcon/config"
	"gyrfalcon/session"
	"gyrfalcon/session/memory"
	"gyrfalcon/session/sessiontest"
)

// shop is the site on a server, with a visitor's browser before it and a store behind
// it that counts, and that fails on demand.
type shop struct {
	t       *testing.T
	url     string
	browser *http.Client
	manager *session.Manager
	calls   *sessiontest.Counter
	faults  *sessiontest.Faults
}

func openShop(t *testing.T) *shop { return openShopWith(t, session.Options{}) }

func openShopWith(t *testing.T, o session.Options) *shop {
	t.Helper()
	faults := sessiontest.Faulty(memory.New(memory.Options{}))
	calls := sessiontest.Counting(faults)
	o.Cookie = session.Cookie{Name: "session", Insecure: true}
	manager := session.New(calls, o)
	if err := manager.Start(t.Context()); err != nil {
		t.Fatalf("starting the sessions: %v", err)
	}
	t.Cleanup(func() { _ = manager.Stop(context.WithoutCancel(t.Context())) })
	site, err := app.NewSite(app.SiteParams{Session: manager, Config: config.Default(), Logger: o.Logger})
	if err != nil {
		t.Fatalf("NewSite: %v", err)
	}
	server := httptest.NewServer(site)
	t.Cleanup(server.Close)
	return &shop{t: t, url: server.URL, browser: newBrowser(t), manager: manager, calls: calls, faults: faults}
}

// newBrowser is a client with cookies of its own, which shows redirects instead of
// following them.
func newBrowser(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Jar: jar, Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// answer is a response with its body read.
type answer struct {
	*http.Response

	body string
}

func (s *shop) do(method, path string, body io.Reader, header ...string) answer {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, body)
	if err != nil {
		s.t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := s.browser.Do(r)
	if err != nil {
		s.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatalf("%s %s: %v", method, path, err)
	}
	return answer{resp, string(text)}
}

// get loads a page that must be there.
func (s *shop) get(path string) string {
	s.t.Helper()
	a := s.do(http.MethodGet, path, nil)
	if a.StatusCode != http.StatusOK {
		s.t.Fatalf("GET %s: got status %d, want 200; the page: %s", path, a.StatusCode, a.body)
	}
	return a.body
}

// send sends a form as the site's own page would.
func (s *shop) send(path string, fields ...string) answer {
	s.t.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	return s.do(http.MethodPost, path, strings.NewReader(form.Encode()),
		"Content-Type", "application/x-www-form-urlencoded", "Sec-Fetch-Site", "same-origin")
}

// must is send for a form that is accepted: it redirects to a page.
func (s *shop) must(path string, fields ...string) {
	s.t.Helper()
	if a := s.send(path, fields...); a.StatusCode != http.StatusSeeOther {
		s.t.Fatalf("POST %s %q: got status %d, want 303; the page: %s", path, fields, a.StatusCode, a.body)
	}
}

func (s *shop) signIn(name string) {
	s.t.Helper()
	s.must("/sign-in", "name", name, "password", "lure")
}

// id is the session ID that the browser holds, or nothing.
func (s *shop) id() string {
	s.t.Helper()
	u, err := url.Parse(s.url)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, c := range s.browser.Jar.Cookies(u) {
		if c.Name == "session" {
			return c.Value
		}
	}
	return ""
}

// wantText fails the test unless the page has all of the texts.
func wantText(t *testing.T, page string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(page, text) {
			t.Errorf("the page lacks %q; got:\n%s", text, page)
		}
	}
}

func wantNoText(t *testing.T, page string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if strings.Contains(page, text) {
			t.Errorf("the page has %q and must not; got:\n%s", text, page)
		}
	}
}

func wantStatus(t *testing.T, a answer, want int) {
	t.Helper()
	if a.StatusCode != want {
		t.Errorf("%s %s: got status %d, want %d; the page:\n%s", a.Request.Method, a.Request.URL.Path, a.StatusCode, want, a.body)
	}
}

var quantityField = regexp.MustCompile(`id="quantity-([a-z]+)"[^>]* value="(\d+)"`)

// quantities reads the basket's page.
func (s *shop) quantities() map[string]int {
	s.t.Helper()
	found := map[string]int{}
	for _, m := range quantityField.FindAllStringSubmatch(s.get("/basket"), -1) {
		n, err := strconv.Atoi(m[2])
		if err != nil {
			s.t.Fatal(err)
		}
		found[m[1]] = n
	}
	return found
}
