package sessiontest

import (
	"bufio"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/http/httputil"
	"net/textproto"
	"net/url"
	"strings"
	"testing"
	"time"

	"gyrfalcon/session"
)

var proxyHazards = []hazard{
	{name: "Behind a ReverseProxy the upstream's cookie of the name never leaves, and the session's does", test: func(t *testing.T, h Harness) {
		st := newSite(t, h)
		up := st.upstream(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Link", "</style.css>; rel=preload")
			http.SetCookie(w, &http.Cookie{Name: "__Host-session", Value: "upstreams"})
			w.WriteHeader(http.StatusEarlyHints)
			http.SetCookie(w, &http.Cookie{Name: "theme", Value: "dark"})
			w.Header().Set("Cache-Control", "public, max-age=600")
			_, _ = io.WriteString(w, "the body")
		})
		early := 0
		ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
			Got1xxResponse: func(code int, header textproto.MIMEHeader) error {
				early++
				if code != http.StatusEarlyHints || len(header["Set-Cookie"]) > 0 {
					t.Errorf("an early answer %d has the cookies %q, want 103 without", code, header["Set-Cookie"])
				}
				return nil
			},
		})
		v := st.visitor()
		a := v.sendIn(ctx, http.MethodGet, st.proxied(up, count)).want(http.StatusOK).wantCookie()
		if early != 1 || a.body != "the body" {
			t.Errorf("%d early answers and the body %q came, want 1 and the upstream's", early, a.body)
		}
		if got := strings.Join(a.header["Set-Cookie"], "\n"); strings.Contains(got, "upstreams") || !strings.Contains(got, "theme=dark") {
			t.Errorf("the answer sets %d cookies, want the upstream's theme and not its __Host-session", len(a.header["Set-Cookie"]))
		}
		v.wantVars(`{"n":1}`)

		// Also where no cookie is due, and where the session is not used at all.
		v.get(st.proxied(up, count)).want(http.StatusOK).wantNoCookie()
		v.get(st.serve(up)).want(http.StatusOK).wantNoCookie()
		v.wantVars(`{"n":2}`)
	}},
	{name: "Behind a ReverseProxy HEAD, 304 and redirects carry the cookie and no-store", test: func(t *testing.T, h Harness) {
		st := newSite(t, h)
		for _, c := range []struct {
			method string
			status int
		}{{http.MethodHead, 200}, {http.MethodGet, 304}, {http.MethodGet, 302}, {http.MethodGet, 500}} {
			up := st.upstream(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Cache-Control", "public, max-age=600")
				w.Header().Set("Location", "/elsewhere")
				w.WriteHeader(c.status)
			})
			v := st.visitor()
			v.send(c.method, st.proxied(up, count)).want(c.status).wantCookie()
			v.wantVars(`{"n":1}`)
		}
	}},
	{name: "Behind a ReverseProxy server-sent events come one by one, and the cookie before the first", test: func(t *testing.T, h Harness) {
		st := newSite(t, h)
		halt := st.halt()
		up := st.upstream(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			_, _ = io.WriteString(w, "data: one\n\n")
			_ = http.NewResponseController(w).Flush()
			halt.here()
			_, _ = io.WriteString(w, "data: two\n\n")
		})
		v := st.visitor()
		res := v.open(st.proxied(up, count))
		v.head(res).want(http.StatusOK).wantCookie()
		events := bufio.NewReader(res.Body)
		if line, err := events.ReadString('\n'); err != nil || line != "data: one\n" {
			t.Fatalf("the first event is %q, error %v; want data: one, before the second is sent", line, err)
		}
		v.clone().wantVars(`{"n":1}`)
		halt.release()
		if rest, err := io.ReadAll(events); err != nil || !strings.Contains(string(rest), "data: two") {
			t.Errorf("the rest is %q, error %v; want data: two", rest, err)
		}
	}},
	{name: "Behind a ReverseProxy an upgrade carries the cookie, and the session is stored before", test: func(t *testing.T, h Harness) {
		st := newSite(t, h)
		up := st.upstream(echo(t))
		v := st.visitor()
		res, conn, buf := v.upgrade(st.proxied(up, count))
		v.head(res).want(http.StatusSwitchingProtocols).wantCookie()
		v.clone().wantVars(`{"n":1}`)
		if _, err := io.WriteString(conn, "hello\n"); err != nil {
			t.Fatalf("write to the upgraded connection: %v", err)
		}
		if line, err := buf.ReadString('\n'); err != nil || line != "hello\n" {
			t.Errorf("the upgraded connection answers %q, error %v; want what was sent", line, err)
		}
	}},
	{name: "Behind a ReverseProxy over HTTP 2 the cookie leaves once", test: func(t *testing.T, h Harness) {
		st := newSite(t, h)
		up := st.upstream(func(w http.ResponseWriter, _ *http.Request) {
			http.SetCookie(w, &http.Cookie{Name: "__Host-session", Value: "upstreams", Path: "/", Secure: true})
			_, _ = io.WriteString(w, "the body")
		})
		srv := httptest.NewUnstartedServer(http.HandlerFunc(st.route))
		srv.EnableHTTP2 = true
		srv.StartTLS()
		t.Cleanup(func() { closeServer(t, srv) })
		client := srv.Client()
		client.Jar = newBrowserJar(t)
		path := st.proxied(up, count)
		for _, cookies := range []int{1, 0, 0} {
			getWith(t, client, srv.URL+path, cookies)
		}
		vars := getWith(t, client, srv.URL+st.serve(varsHandler(st.m)), 0)
		if vars != `{"n":3}` {
			t.Errorf("after 3 visits the session holds %s, want 3", vars)
		}
	}},
	{name: "Behind a ReverseProxy a commit that fails is answered all the same", test: func(t *testing.T, h Harness) {
		st := newSite(t, h)
		up := st.upstream(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Upstream", "1")
			_, _ = io.WriteString(w, strings.Repeat("the body", 10_000))
		})
		v := st.visitorWith(0)
		st.faults.On(Swap, Fail(errStore))
		a := v.get(st.proxied(up, count)).want(http.StatusServiceUnavailable).wantNoCookie()
		if a.header.Get("X-Upstream") != "" || strings.Contains(a.body, "the body") {
			t.Errorf("the answer is %.100q, with the headers %v; want nothing of the upstream's", a.body, a.header)
		}
		v.get(st.proxied(st.upstream(echo(t)), count)).want(http.StatusServiceUnavailable)
	}},
	{name: "Behind a ReverseProxy an upstream that breaks off does not lose the session", test: func(t *testing.T, h Harness) {
		st := newSite(t, h)
		up := st.upstream(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "half of the bo")
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		})
		v := st.visitorWith(0)
		v.get(st.proxied(up, count)).wantBroken()
		v.wantVars(`{"n":1}`)
	}},
}

// upstream returns a proxy to a server of its own.
func (st *site) upstream(h http.HandlerFunc) http.Handler {
	st.t.Helper()
	srv := httptest.NewServer(h)
	st.t.Cleanup(func() { closeServer(st.t, srv) })
	target, err := url.Parse(srv.URL)
	if err != nil {
		st.t.Fatal(err)
	}
	return &httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(target) },
		Transport:     srv.Client().Transport,
		FlushInterval: time.Millisecond,
		ErrorLog:      st.srv.Config.ErrorLog,
	}
}

// proxied serves a handler that changes the session and lets up answer.
func (st *site) proxied(up http.Handler, change func(s *session.Session) error) string {
	return st.serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := st.change(r, change); err != nil {
			session.Error(w, r, err)
			return
		}
		up.ServeHTTP(w, r)
	}))
}

// echo is an upstream that switches protocols, to one in which it says what it
// is told, line by line.
func echo(t *testing.T) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		conn, buf, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Errorf("the upstream's Hijack = %v, want nil", err)
			return
		}
		defer func() { _ = conn.Close() }()
		_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
		for {
			line, err := buf.ReadString('\n')
			if err != nil {
				return
			}
			_, _ = io.WriteString(conn, line)
		}
	}
}
