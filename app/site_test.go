package app_test

import (
	"errors"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"gyrfalcon/session"
	"gyrfalcon/session/sessiontest"
)

const form = "application/x-www-form-urlencoded"

func TestAFormFromAnotherSiteIsRefusedAndChangesNothing(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	s.must("/basket/add", "product", "hood")
	for name, header := range map[string][]string{
		"said by the browser":       {"Sec-Fetch-Site", "cross-site"},
		"from a sister site":        {"Sec-Fetch-Site", "same-site"},
		"said by its origin":        {"Origin", "https://example.com"},
		"from an origin not stated": {"Origin", "null"},
	} {
		for _, path := range []string{"/basket/add", "/basket/remove", "/sign-in", "/sign-out", "/session/new-id", "/nowhere"} {
			s.calls.Reset()
			a := s.do(http.MethodPost, path, strings.NewReader("product=hood&name=Eve&password=lure"), append(header, "Content-Type", form)...)
			wantStatus(t, a, http.StatusForbidden)
			wantText(t, a.body, "sent from another site")
			if calls := s.calls.Calls(); calls != (sessiontest.Calls{}) {
				t.Errorf("%s, POST %s: got %+v at the store, want no calls", name, path, calls)
			}
		}
	}
	if got := s.quantities()["hood"]; got != 1 {
		t.Errorf("hoods in the basket: got %d, want 1", got)
	}
}

func TestAFormWithoutABrowsersHeadersIsTaken(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	wantStatus(t, s.do(http.MethodPost, "/basket/add", strings.NewReader("product=hood"), "Content-Type", form), http.StatusSeeOther)
}

func TestEveryAnswerHasTheSecurityHeaders(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	css := styleURL(t, s.get("/"))
	answers := map[string]answer{
		"page":           s.do(http.MethodGet, "/", nil),
		"head":           s.do(http.MethodHead, "/session", nil),
		"redirect":       s.send("/basket/add", "product", "hood"),
		"style":          s.do(http.MethodGet, css, nil),
		"not found":      s.do(http.MethodGet, "/nowhere", nil),
		"no such method": s.do(http.MethodDelete, "/", nil),
		"bad form":       s.send("/basket/add", "product", "dragon"),
		"foreign form":   s.do(http.MethodPost, "/sign-out", nil, "Sec-Fetch-Site", "cross-site"),
		"cleaned path":   s.do(http.MethodGet, "//basket", nil),
	}
	s.faults.On(sessiontest.Read, sessiontest.Fail(errors.New("unplugged")))
	answers["store away"] = s.do(http.MethodGet, "/", nil)
	s.faults.On(sessiontest.Read, nil)
	s.faults.On(sessiontest.Swap, sessiontest.Fail(errors.New("unplugged")))
	answers["commit failed"] = s.send("/basket/add", "product", "hood")
	for name, a := range answers {
		for header, want := range map[string]string{
			"Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
			"X-Content-Type-Options":  "nosniff",
			"Referrer-Policy":         "same-origin",
		} {
			if got := a.Header.Get(header); got != want {
				t.Errorf("%s (status %d): got %s: %q, want %q", name, a.StatusCode, header, got, want)
			}
		}
	}
}

func TestPagesHoldNothingThatThePolicyForbids(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	s.signIn("Ada")
	s.must("/basket/add", "product", "hood")
	forbidden := regexp.MustCompile(`<script|<style|style="|\son[a-z]+="|javascript:|https?://`)
	for _, path := range []string{"/", "/basket", "/sign-in", "/session", "/nowhere"} {
		a := s.do(http.MethodGet, path, nil)
		if found := forbidden.FindString(a.body); found != "" {
			t.Errorf("GET %s: the page holds %q", path, found)
		}
	}
}

func TestWhatIsNoPageOfAVisitorsNeverAsksForTheSession(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	css := styleURL(t, s.get("/")) // from here on the browser sends a session's cookie
	for _, c := range []struct {
		method, path string
		want         int
	}{
		{http.MethodGet, css, http.StatusOK},
		{http.MethodGet, "/static/nothing.css", http.StatusNotFound},
		{http.MethodGet, "/static/", http.StatusNotFound},
		{http.MethodGet, "/favicon.ico", http.StatusNotFound},
		{http.MethodGet, "/wp-login.php", http.StatusNotFound},
		{http.MethodGet, "/healthz", http.StatusNotFound},
		{http.MethodDelete, "/basket", http.StatusMethodNotAllowed},
	} {
		s.calls.Reset()
		a := s.do(c.method, c.path, nil)
		wantStatus(t, a, c.want)
		if calls := s.calls.Calls(); calls != (sessiontest.Calls{}) {
			t.Errorf("%s %s: got %+v at the store, want no calls", c.method, c.path, calls)
		}
		if a.Header.Get("Set-Cookie") != "" || a.Header.Get("Vary") != "" {
			t.Errorf("%s %s: got Set-Cookie %q and Vary %q, want neither", c.method, c.path, a.Header.Get("Set-Cookie"), a.Header.Get("Vary"))
		}
	}
}

func TestAPageCostsOneTripToReadAndAnotherOnlyToChange(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	s.get("/")
	s.calls.Reset()
	s.get("/basket")
	if got, want := s.calls.Reset(), (sessiontest.Calls{Read: 1}); got != want {
		t.Errorf("GET /basket: got %+v at the store, want %+v", got, want)
	}
	s.must("/basket/add", "product", "hood")
	if got, want := s.calls.Reset(), (sessiontest.Calls{Read: 1, Swap: 1}); got != want {
		t.Errorf("POST /basket/add: got %+v at the store, want %+v", got, want)
	}
}

func TestAWrongMethodIsToldWhichOnesThereAre(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	for path, want := range map[string]string{"/": "GET, HEAD", "/basket": "GET, HEAD", "/sign-in": "GET, HEAD, POST", "/basket/add": "POST"} {
		a := s.do(http.MethodPut, path, nil)
		wantStatus(t, a, http.StatusMethodNotAllowed)
		if got := a.Header.Get("Allow"); got != want {
			t.Errorf("PUT %s: got Allow: %q, want %q", path, got, want)
		}
		wantText(t, a.body, "Method Not Allowed", "The Mews")
	}
	wantStatus(t, s.do(http.MethodGet, "/sign-out", nil), http.StatusMethodNotAllowed)
}

func TestAFormThatIsTooLargeOrBrokenIsRefused(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	large := s.send("/sign-in", "name", strings.Repeat("a", 17<<10), "password", "lure")
	wantStatus(t, large, http.StatusRequestEntityTooLarge)
	broken := s.do(http.MethodPost, "/sign-in", strings.NewReader("name=%zz"), "Content-Type", form)
	wantStatus(t, broken, http.StatusBadRequest)
	if s.id() != "" {
		t.Error("a refused form made a session, and must not")
	}
}

var styleLink = regexp.MustCompile(`<link rel="stylesheet" href="([^"]+)">`)

func styleURL(t *testing.T, page string) string {
	t.Helper()
	m := styleLink.FindStringSubmatch(page)
	if m == nil {
		t.Fatalf("the page links no style; got:\n%s", page)
	}
	return m[1]
}

func TestTheStyleIsKeptForEverUnderTheHashOfItsContent(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	css := styleURL(t, s.get("/"))
	if !regexp.MustCompile(`^/static/style\.[0-9a-f]{12}\.css$`).MatchString(css) {
		t.Errorf("the style's address: got %s, want one with a hash", css)
	}
	a := s.do(http.MethodGet, css, nil)
	wantStatus(t, a, http.StatusOK)
	if got, want := a.Header.Get("Cache-Control"), "public, max-age=31536000, immutable"; got != want {
		t.Errorf("got Cache-Control: %q, want %q", got, want)
	}
	if got, want := a.Header.Get("Content-Type"), "text/css; charset=utf-8"; got != want {
		t.Errorf("got Content-Type: %q, want %q", got, want)
	}
}

func TestAStoreThatIsAwayIsToldInPlainWordsAndLoggedWithoutTheID(t *testing.T) {
	t.Parallel()
	core, logs := observer.New(zapcore.InfoLevel)
	s := openShopWith(t, session.Options{Logger: zap.New(core)})
	s.must("/basket/add", "product", "hood")
	s.faults.On(sessiontest.Read, sessiontest.Fail(errors.New("unplugged")))
	a := s.do(http.MethodGet, "/basket", nil)
	wantStatus(t, a, http.StatusServiceUnavailable)
	wantText(t, a.body, "cannot be reached just now", "The Mews")
	wantNoText(t, a.body, "unplugged")
	if a.Header.Get("Retry-After") == "" {
		t.Error("the answer has no Retry-After")
	}
	if logs.FilterMessage("a page could not be served").Len() != 1 {
		t.Errorf("the log: got %v, want one entry about the page", logs.All())
	}
	for _, entry := range logs.All() {
		for _, f := range entry.Context {
			if strings.Contains(f.String, s.id()) {
				t.Errorf("the log holds the session's ID: %v", entry)
			}
		}
	}
	s.faults.On(sessiontest.Read, nil)
	if got := s.quantities()["hood"]; got != 1 {
		t.Errorf("hoods in the basket once the store is back: got %d, want 1", got)
	}
}

func TestASessionThatIsGoneMeanwhileIsAConflict(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	s.must("/basket/add", "product", "hood")
	s.faults.On(sessiontest.Swap, sessiontest.Fail(session.ErrNotFound))
	a := s.send("/basket/add", "product", "lure")
	wantStatus(t, a, http.StatusConflict)
	if a.Header.Get("Set-Cookie") != "" {
		t.Errorf("got Set-Cookie: %q, want none", a.Header.Get("Set-Cookie"))
	}
}

func TestAVariableThatCannotBeReadOffersToEndTheSession(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	s.get("/")
	v, err := s.manager.Load(t.Context(), s.id())
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Set("basket", "no basket at all"); err != nil {
		t.Fatal(err)
	}
	if err := v.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.calls.Reset()
	a := s.do(http.MethodGet, "/", nil)
	wantStatus(t, a, http.StatusInternalServerError)
	wantText(t, a.body, "holds something that this page cannot read", "End this session")
	if got := s.calls.Calls().Swap; got != 0 {
		t.Errorf("changes stored by a page that failed: got %d, want none", got)
	}
	s.must("/sign-out")
	wantText(t, s.get("/"), "your <strong>1st</strong> visit")
}
