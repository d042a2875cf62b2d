package sessiontest

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"strings"
	"testing"

	"gyrfalcon/session"
)

var responseHazards = []hazard{
	{name: "Flush before Write sends the cookie", test: func(t *testing.T, h Harness) {
		st := newSite(t, h)
		v := st.visitor()
		halt := st.halt()
		res := v.open(st.serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if err := st.change(r, set("n", 1)); err != nil {
				t.Errorf("Set = %v, want nil", err)
			}
			if err := http.NewResponseController(w).Flush(); err != nil {
				t.Errorf("Flush = %v, want nil", err)
			}
			halt.here()
			_, _ = io.WriteString(w, "the body")
		})))
		v.head(res).want(http.StatusOK).wantCookie()
		v.clone().wantVars(`{"n":1}`) // while the first request still runs
		halt.release()
		if body, err := io.ReadAll(res.Body); err != nil || string(body) != "the body" {
			t.Errorf("after the Flush came %q, error %v; want the body", body, err)
		}
	}},
	{name: "A 103 does not commit", test: func(t *testing.T, h Harness) {
		st := newSite(t, h)
		v := st.visitor()
		early := 0
		ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
			Got1xxResponse: func(code int, header textproto.MIMEHeader) error {
				early++
				if code != http.StatusEarlyHints || len(header["Set-Cookie"]) > 0 {
					t.Errorf("an early answer %d has Set-Cookie %d times, want 103 without", code, len(header["Set-Cookie"]))
				}
				return nil
			},
		})
		a := v.sendIn(ctx, http.MethodGet, st.serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if err := st.change(r, set("before", 1)); err != nil {
				t.Errorf("Set = %v, want nil", err)
			}
			w.Header().Set("Link", "</style.css>; rel=preload")
			w.WriteHeader(http.StatusEarlyHints)
			if c := st.calls.Calls(); c.Create > 0 {
				t.Errorf("after a 103 the store has had %+v, want no write", c)
			}
			if err := st.change(r, set("after", 2)); err != nil {
				t.Errorf("Set after a 103 = %v, want nil", err)
			}
			w.WriteHeader(http.StatusAccepted)
		})))
		a.want(http.StatusAccepted).wantCookie()
		if early != 1 {
			t.Errorf("%d early answers came, want 1", early)
		}
		v.wantVars(`{"after":2,"before":1}`)
	}},
	{name: "HEAD, 304 and redirects carry the cookie and no-store", test: func(t *testing.T, h Harness) {
		st := newSite(t, h)
		for _, c := range []struct {
			method string
			status int
		}{{http.MethodHead, 200}, {http.MethodGet, 304}, {http.MethodGet, 303}, {http.MethodPost, 307}, {http.MethodGet, 204}, {http.MethodGet, 404}} {
			v := st.visitor()
			path := st.serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if err := st.change(r, set("n", 1)); err != nil {
					t.Errorf("Set = %v, want nil", err)
				}
				w.Header().Set("Cache-Control", "public, max-age=600")
				w.Header().Set("Etag", `"1"`)
				w.Header().Set("Location", "/elsewhere")
				w.WriteHeader(c.status)
			}))
			a := v.send(c.method, path).want(c.status).wantCookie()
			if a.header.Get("Etag") != `"1"` {
				t.Errorf("%s %d: the handler's Etag is gone, want it kept", c.method, c.status)
			}
			v.wantVars(`{"n":1}`)
		}
	}},
	{name: "An answer that only read keeps the handler's Cache-Control and varies by the cookie", test: func(t *testing.T, h Harness) {
		st := newSite(t, h)
		v := st.visitorWith(0)
		for _, vary := range []string{"", "Accept-Encoding", "accept, cookie", "*"} {
			a := v.get(st.serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if err := st.change(r, look); err != nil {
					t.Errorf("From = %v, want nil", err)
				}
				w.Header().Set("Cache-Control", "private, max-age=60")
				if vary != "" {
					w.Header().Set("Vary", vary)
				}
			}))).want(http.StatusOK).wantNoCookie()
			if got := a.header.Get("Cache-Control"); got != "private, max-age=60" {
				t.Errorf("Cache-Control is %q, want the handler's", got)
			}
			want := map[string]string{"": "Cookie", "Accept-Encoding": "Accept-Encoding, Cookie"}[vary]
			if want == "" {
				want = vary
			}
			if got := strings.Join(a.header.Values("Vary"), ", "); got != want {
				t.Errorf("Vary is %q where the handler said %q, want %q", got, vary, want)
			}
		}
		a := v.get(st.using(look)).want(http.StatusOK).wantNoCookie()
		if got := a.header.Get("Cache-Control"); got != "no-store" {
			t.Errorf("Cache-Control is %q where the handler says nothing, want no-store", got)
		}
	}},
	{name: "A browser's cookie jar keeps the cookie over HTTP 2", test: testHTTP2},
	{name: "A hijacked connection is handed over with the cookie in the headers, and the session stored", test: func(t *testing.T, h Harness) {
		st := newSite(t, h)
		v := st.visitor()
		a := v.get(st.serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if err := st.change(r, set("n", 1)); err != nil {
				t.Errorf("Set = %v, want nil", err)
			}
			conn, buf, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Errorf("Hijack = %v, want nil", err)
				return
			}
			defer func() { _ = conn.Close() }()
			err = st.change(r, func(s *session.Session) error {
				return errors.Join(s.Set("later", 2), s.Commit(r.Context()))
			})
			if err != nil {
				t.Errorf("Set and Commit on a hijacked connection, whose client knows the session, = %v; want nil", err)
			}
			res := http.Response{StatusCode: http.StatusOK, ProtoMajor: 1, ProtoMinor: 1, Header: w.Header(), Close: true}
			_ = res.Write(buf)
			_ = buf.Flush()
		})))
		a.want(http.StatusOK).wantCookie()
		v.wantVars(`{"later":2,"n":1}`)
	}},
	{name: "Only one Set-Cookie of the name leaves, the last state", test: func(t *testing.T, h Harness) {
		st := newSite(t, h)
		v := st.visitorWith(0)
		old := v.jar.id()
		a := v.get(st.serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			http.SetCookie(w, &http.Cookie{Name: v.jar.name, Value: "forged"})
			http.SetCookie(w, &http.Cookie{Name: "theme", Value: "dark"})
			http.SetCookie(w, &http.Cookie{Name: v.jar.name, Value: "forged-too"})
			err := st.change(r, func(s *session.Session) error {
				return errors.Join(s.Regenerate(), s.Commit(r.Context()), s.Destroy(r.Context()), s.Set("n", 1))
			})
			if err != nil {
				t.Errorf("Regenerate, Commit, Destroy, Set = %v, want nil", err)
			}
		}))).want(http.StatusOK).wantCookie()
		if n := len(a.header["Set-Cookie"]); n != 2 {
			t.Errorf("%d cookies were set, want 2: the session's, and the handler's own", n)
		}
		if v.jar.id() == old {
			t.Error("the cookie is the one before, want a new one")
		}
		v.wantVars(`{"n":1}`)
		if n := st.living(); n != 2 {
			t.Errorf("%d sessions live, want 2: the last one, and the regenerated one in its grace", n)
		}
	}},
}

// change does something to the session of the request.
func (st *site) change(r *http.Request, do func(s *session.Session) error) error {
	s, err := st.m.From(r.Context())
	if err != nil {
		return err
	}
	return do(s)
}

// open sends a GET and returns when the headers of its answer are there. The
// body is closed with the test.
func (v *visitor) open(path string) *http.Response {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(v.t.Context()), patience)
	v.t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, v.url(path), http.NoBody)
	if err != nil {
		v.t.Fatal(err)
	}
	res, err := v.client.Do(r)
	if err != nil {
		v.t.Fatalf("the headers of an answer do not come: %v", err)
	}
	v.t.Cleanup(func() { _ = res.Body.Close() })
	return res
}

// head is an answer of which only the headers are known.
func (v *visitor) head(res *http.Response) *answer {
	return &answer{t: v.t, v: v, status: res.StatusCode, header: res.Header}
}

// testHTTP2 uses what the other hazards stand in for: TLS, and the cookie jar of
// net/http, which keeps Secure.
func testHTTP2(t *testing.T, h Harness) {
	st := newSite(t, h)
	srv := httptest.NewUnstartedServer(http.HandlerFunc(st.route))
	srv.EnableHTTP2 = true
	srv.StartTLS()
	t.Cleanup(func() { closeServer(t, srv) })
	client := srv.Client()
	client.Jar = newBrowserJar(t)
	visits := st.serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := st.change(r, count); err != nil {
			t.Errorf("Update = %v, want nil", err)
		}
		if _, _, err := http.NewResponseController(w).Hijack(); !errors.Is(err, http.ErrNotSupported) {
			t.Errorf("Hijack over HTTP/2 = %v, want http.ErrNotSupported", err)
		}
		w.Header().Set("Content-Type", "text/event-stream")
		for range 3 {
			_, _ = io.WriteString(w, "data: x\n\n")
			if err := http.NewResponseController(w).Flush(); err != nil {
				t.Errorf("Flush over HTTP/2 = %v, want nil", err)
			}
		}
	}))
	for _, cookies := range []int{1, 0, 0} {
		getWith(t, client, srv.URL+visits, cookies)
	}
	vars := getWith(t, client, srv.URL+st.serve(varsHandler(st.m)), 0)
	if vars != `{"n":3}` {
		t.Errorf("after 3 visits the session holds %s, want 3", vars)
	}
}

// upgrade speaks with a handler that switches protocols, and returns the
// headers of its answer and a connection that speaks the other.
func (v *visitor) upgrade(path string) (*http.Response, net.Conn, *bufio.Reader) {
	v.t.Helper()
	conn, err := (&net.Dialer{}).DialContext(v.t.Context(), "tcp", v.st.srv.Listener.Addr().String())
	if err != nil {
		v.t.Fatal(err)
	}
	v.t.Cleanup(func() { _ = conn.Close() })
	r, err := http.NewRequestWithContext(v.t.Context(), http.MethodGet, v.url(path), http.NoBody)
	if err != nil {
		v.t.Fatal(err)
	}
	r.Header.Set("Connection", "Upgrade")
	r.Header.Set("Upgrade", "echo")
	for _, c := range v.jar.Cookies(nil) {
		r.AddCookie(c)
	}
	if err := r.Write(conn); err != nil {
		v.t.Fatal(err)
	}
	buf := bufio.NewReader(conn)
	res, err := http.ReadResponse(buf, r)
	if err != nil {
		v.t.Fatalf("the answer to an upgrade: %v", err)
	}
	_ = res.Body.Close()
	v.jar.SetCookies(nil, res.Cookies())
	return res, conn, buf
}
