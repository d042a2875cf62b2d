package session_test

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"gyrfalcon/session"
)

func TestTheCookieSaysWhatItsOptionsSay(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		cookie session.Cookie
		set    string // after the ID
		gone   string
	}{
		{
			"nothing", session.Cookie{},
			"; Path=/; HttpOnly; Secure; SameSite=Lax",
			"__Host-session=; Path=/; Expires=Thu, 01 Jan 1970 00:00:01 GMT; Max-Age=0; HttpOnly; Secure; SameSite=Lax",
		},
		{
			"everything", session.Cookie{Name: "sid", Path: "/shop", Domain: "example.com", Insecure: true, Scripts: true, SameSite: http.SameSiteStrictMode, Persistent: true},
			"; Path=/shop; Domain=example.com; Max-Age=1200; SameSite=Strict",
			"sid=; Path=/shop; Domain=example.com; Expires=Thu, 01 Jan 1970 00:00:01 GMT; Max-Age=0; SameSite=Strict",
		},
		{
			"none", session.Cookie{Name: "sid", SameSite: http.SameSiteNoneMode},
			"; Path=/; HttpOnly; Secure; SameSite=None",
			"sid=; Path=/; Expires=Thu, 01 Jan 1970 00:00:01 GMT; Max-Age=0; HttpOnly; Secure; SameSite=None",
		},
	} {
		v := newVisitor(t, started(t, session.Options{Cookie: c.cookie, Lifetime: 20 * time.Minute}))
		line := v.with(func(s *session.Session) { must(t, "Set", s.Set("a", 1)) }).Header.Get("Set-Cookie")
		_, rest, _ := strings.Cut(line, "=")
		if len(rest) < 32 || rest[32:] != c.set {
			t.Errorf("%s: got Set-Cookie with %q after the ID, want %q", c.name, rest[min(32, len(rest)):], c.set)
		}
		line = v.with(func(s *session.Session) { must(t, "Destroy", s.Destroy(t.Context())) }).Header.Get("Set-Cookie")
		if line != c.gone {
			t.Errorf("%s: after Destroy got Set-Cookie %q, want %q", c.name, line, c.gone)
		}
	}
}

func TestASecureCookieOverPlainHTTPIsWarnedAboutOnce(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		request func(r *http.Request)
		cookie  session.Cookie
		want    int
	}{
		{"from elsewhere", func(*http.Request) {}, session.Cookie{}, 1},
		{"from this machine", func(r *http.Request) { r.RemoteAddr = "[::1]:1234" }, session.Cookie{}, 0},
		{"over TLS", func(r *http.Request) { r.TLS = &tls.ConnectionState{} }, session.Cookie{}, 0},
		{"behind a proxy that ends TLS", func(r *http.Request) { r.Header.Set("X-Forwarded-Proto", "https") }, session.Cookie{}, 0},
		{"with a cookie that is not Secure", func(*http.Request) {}, session.Cookie{Name: "session", Insecure: true}, 0},
	} {
		core, logged := observer.New(zap.WarnLevel)
		m := started(t, session.Options{Logger: zap.New(core), Cookie: c.cookie})
		for range 3 {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody)
			r.RemoteAddr = "192.0.2.1:1234"
			c.request(r)
			m.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				s, err := m.From(r.Context())
				must(t, "From", err)
				must(t, "Set", s.Set("a", 1))
			})).ServeHTTP(httptest.NewRecorder(), r)
		}
		warnings := logged.FilterMessageSnippet("plain HTTP").All()
		if len(warnings) != c.want {
			t.Errorf("%s: got %d warnings for three visitors, want %d", c.name, len(warnings), c.want)
		}
		for _, w := range warnings {
			if !strings.Contains(w.Message, "X-Forwarded-Proto: https") {
				t.Errorf("%s: got %q, want it to name the mend", c.name, w.Message)
			}
		}
	}
}
