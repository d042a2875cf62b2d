package sessiontest

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"gyrfalcon/session"
)

// cookieName is the session's, whomever the sessions are shared with.
const cookieName = "__Host-session"

// visitor is a client that keeps its cookie, as a browser does.
type visitor struct {
	st     *site
	t      *testing.T
	jar    *jar
	client *http.Client
}

func (st *site) visitor() *visitor {
	v := &visitor{st: st, t: st.t, jar: &jar{name: cookieName, heard: st.heard}}
	v.client = &http.Client{
		Transport:     st.srv.Client().Transport,
		Jar:           v.jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return v
}

// visitorWith is a visitor whose session holds the variable n.
func (st *site) visitorWith(n any) *visitor {
	st.t.Helper()
	v := st.visitor()
	v.get(st.using(set("n", n))).want(http.StatusOK)
	if v.jar.id() == "" {
		st.t.Fatal("the answer to a visitor's first Set had no cookie")
	}
	return v
}

// clone is another client with the same cookie.
func (v *visitor) clone() *visitor { return v.st.visitorOf(v.jar.id()) }

// visitorOf is a visitor who comes with that ID.
func (st *site) visitorOf(id string) *visitor {
	v := st.visitor()
	v.jar.set(id)
	return v
}

// stored is the name of the visitor's session in the store.
func (v *visitor) stored() string { return v.st.storedID(v.jar.id()) }

// pending is a request under way.
type pending struct {
	t    *testing.T
	done chan *answer
}

// wait returns the answer.
func (p *pending) wait() *answer {
	p.t.Helper()
	return await(p.t, p.done, "an answer")
}

// start sends a GET, and does not wait for its answer.
func (v *visitor) start(path string) *pending {
	p := &pending{t: v.t, done: make(chan *answer, 1)}
	go func() { p.done <- v.send(http.MethodGet, path) }()
	return p
}

// get sends a GET.
func (v *visitor) get(path string) *answer {
	v.t.Helper()
	return v.start(path).wait()
}

// send sends a request and reads the answer to its end.
func (v *visitor) send(method, path string) *answer {
	return v.sendIn(context.WithoutCancel(v.t.Context()), method, path)
}

func (v *visitor) sendIn(ctx context.Context, method, path string) *answer {
	a := &answer{t: v.t, v: v}
	r, err := http.NewRequestWithContext(ctx, method, v.url(path), http.NoBody)
	if err != nil {
		a.err = err
		return a
	}
	res, err := v.client.Do(r)
	if err != nil {
		a.err = err
		return a
	}
	defer func() { _ = res.Body.Close() }()
	a.read(res)
	return a
}

// getWith sends a GET by a client that is no visitor, and returns the body of its
// answer, which must come over HTTP/2 and set so many cookies.
func getWith(t *testing.T, client *http.Client, url string, cookies int) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	res, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("the answer is %d, error %v; want 200", res.StatusCode, err)
	}
	if n := len(res.Header["Set-Cookie"]); n != cookies || res.ProtoMajor != 2 {
		t.Fatalf("the answer came over HTTP/%d and sets %d cookies, want HTTP/2 and %d", res.ProtoMajor, n, cookies)
	}
	return string(body)
}

// newBrowserJar is net/http's, which keeps a Secure cookie from plain HTTP.
func newBrowserJar(t *testing.T) http.CookieJar {
	t.Helper()
	j, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func (v *visitor) url(path string) string {
	if strings.Contains(path, "://") {
		return path
	}
	return v.st.srv.URL + path
}

// answer is what came back: a whole response, or what the client was told
// instead.
type answer struct {
	t      *testing.T
	v      *visitor
	status int
	header http.Header
	body   string
	err    error
}

func (a *answer) read(res *http.Response) {
	body, err := io.ReadAll(res.Body)
	a.status, a.header, a.body, a.err = res.StatusCode, res.Header, string(body), err
	rest := res.Header.Clone()
	rest.Del("Set-Cookie")
	var said bytes.Buffer
	_ = rest.Write(&said)
	_, _ = a.v.st.heard.Write(append(said.Bytes(), body...))
}

// want wants a whole answer of that status.
func (a *answer) want(status int) *answer {
	a.t.Helper()
	if a.err != nil || a.status != status {
		a.t.Fatalf("the answer is %d (%.200q), error %v; want %d", a.status, a.body, a.err, status)
	}
	return a
}

// wantBroken wants a connection that was cut before an answer.
func (a *answer) wantBroken() {
	a.t.Helper()
	if a.err == nil {
		a.t.Fatalf("the answer is %d (%.200q), want a connection that was cut", a.status, a.body)
	}
}

// cookies are the lines that set the session's cookie.
func (a *answer) cookies() []*http.Cookie {
	all := (&http.Response{Header: a.header}).Cookies()
	return slices.DeleteFunc(all, func(c *http.Cookie) bool { return c.Name != a.v.jar.name })
}

// wantNoCookie wants that the answer says nothing about the session's cookie.
func (a *answer) wantNoCookie() *answer {
	a.t.Helper()
	if n := len(a.cookies()); n > 0 {
		a.t.Fatalf("the answer (status %d) sets the session's cookie %d times, want none", a.status, n)
	}
	return a
}

// wantCookie wants one cookie, and an answer that nobody keeps.
func (a *answer) wantCookie() *answer {
	a.t.Helper()
	if n := len(a.cookies()); n != 1 {
		a.t.Fatalf("the answer (status %d) sets the session's cookie %d times, want once", a.status, n)
	}
	if got := a.header.Values("Cache-Control"); len(got) != 1 || got[0] != "no-store" {
		a.t.Fatalf("an answer with Set-Cookie has Cache-Control %q, want no-store alone", got)
	}
	a.wantVary()
	return a
}

func (a *answer) wantVary() {
	a.t.Helper()
	if got := strings.Join(a.header.Values("Vary"), ", "); !strings.Contains(got, "Cookie") {
		a.t.Fatalf("an answer that used the session has Vary %q, want Cookie in it", got)
	}
}

// wantVars compares all variables, as a JSON object with sorted names, with what
// the visitor's next request sees.
func (v *visitor) wantVars(want string) {
	v.t.Helper()
	if got := v.vars(); got != want {
		v.t.Fatalf("the session holds %s, want %s", got, want)
	}
}

func (v *visitor) vars() string {
	v.t.Helper()
	return v.get(v.st.serve(varsHandler(v.st.m))).want(http.StatusOK).body
}

// varsHandler answers with all variables.
func varsHandler(m *session.Manager) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := m.From(r.Context())
		if err != nil {
			session.Error(w, r, err)
			return
		}
		all, err := varsOf(s)
		if err != nil {
			session.Error(w, r, err)
			return
		}
		_, _ = io.WriteString(w, all)
	})
}

func varsOf(s *session.Session) (string, error) {
	names, err := s.Names()
	if err != nil {
		return "", err
	}
	all := make(map[string]any)
	for _, name := range names {
		var v any
		if err := s.Decode(name, &v); err != nil {
			return "", err
		}
		all[name] = v
	}
	b, err := json.Marshal(all)
	return string(b), err
}

// jar keeps one cookie. It takes a Secure one over plain HTTP, which
// net/http/cookiejar does not: a test's server is on the loopback address.
type jar struct {
	name  string
	heard *heard

	mu    sync.Mutex
	value string
}

var _ http.CookieJar = (*jar)(nil)

func (j *jar) set(id string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.value = id
	if len(id) == 32 {
		j.heard.id(id)
	}
}

func (j *jar) id() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.value
}

// SetCookies keeps or forgets the cookie.
func (j *jar) SetCookies(_ *url.URL, cookies []*http.Cookie) {
	for _, c := range cookies {
		if c.Name != j.name {
			continue
		}
		if c.MaxAge < 0 {
			c.Value = ""
		}
		j.set(c.Value)
	}
}

// Cookies returns the cookie.
func (j *jar) Cookies(*url.URL) []*http.Cookie {
	id := j.id()
	if id == "" {
		return nil
	}
	return []*http.Cookie{{Name: j.name, Value: id}}
}
