package php_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"gyrfalcon/integration/servers"
	"gyrfalcon/session"
)

// pages starts php -S, which serves web.php, and returns its address.
func pages(t *testing.T, savePath string) string {
	t.Helper()
	// The shell ends PHP with the test, and also where the test process dies: then its
	// standard input ends.
	cmd := exec.CommandContext(context.Background(), "sh", "-c", "php -S 127.0.0.1:0 web.php & read -r _; kill $!; wait")
	cmd.Env = append(os.Environ(), "SAVE_PATH="+savePath)
	life, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	said, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("start php -S: %v", err)
	}
	lines := bufio.NewScanner(said)
	listens := regexp.MustCompile(`\((http://127\.0\.0\.1:\d+)\) started`)
	for lines.Scan() {
		if at := listens.FindStringSubmatch(lines.Text()); at != nil {
			drained := make(chan struct{})
			go func() {
				_, _ = io.Copy(io.Discard, said)
				close(drained)
			}()
			t.Cleanup(func() {
				_ = life.Close()
				<-drained
				_ = cmd.Wait() // of a process that was killed
			})
			return at[1]
		}
	}
	_ = life.Close()
	_ = cmd.Wait()
	t.Fatal("php -S does not say where it listens")
	return ""
}

// A browser goes from PHP's pages to Go's and back with one cookie: both stand on one
// host, and a cookie does not know of ports.
func TestOneCookieServesBothSites(t *testing.T) {
	t.Parallel()
	srv := servers.SharedRedis(t)
	savePath := fmt.Sprintf("tcp://%s?database=%d", srv.Addr(), srv.NewDatabase(t))
	sh := &shared{t: t}
	sh.m = sh.service(fmt.Sprintf("adapter: redis, redis: {path: %q}, cookie: {secure: false}", savePath), "php")
	mux := http.NewServeMux()
	page := func(path string, do func(s *session.Session) error) {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			s, err := sh.m.From(r.Context())
			var n int
			if err == nil {
				n, err = session.Update(s, "n", func(n int) int { return n + 1 })
			}
			if err == nil {
				err = do(s)
			}
			if err != nil {
				session.Error(w, r, err)
				return
			}
			_, _ = fmt.Fprint(w, n)
		})
	}
	page("/", func(*session.Session) error { return nil })
	page("/regenerate", (*session.Session).Regenerate)
	goSite := httptest.NewServer(sh.m.Middleware(mux))
	t.Cleanup(goSite.Close)
	phpSite := pages(t, savePath)

	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Jar: jar, Transport: goSite.Client().Transport}
	cookie := func() string {
		at, err := url.Parse(goSite.URL)
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, c := range jar.Cookies(at) {
			all = append(all, c.Name+"="+c.Value)
		}
		return strings.Join(all, "; ")
	}
	visit := func(what, at string, n int, changes bool) {
		t.Helper()
		before := cookie()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, at, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		res, err := client.Do(r)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		body, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if want := fmt.Sprint(n); err != nil || string(body) != want {
			t.Errorf("%s: got %q, %v; want %q", what, body, err, want)
		}
		if changed := cookie() != before; changed != changes {
			t.Errorf("%s: the cookie changed: %t, want %t", what, changed, changes)
		}
		if n := strings.Count(cookie(), "PHPSESSID="); n != 1 {
			t.Errorf("%s: the browser has %d cookies of the name, want 1", what, n)
		}
	}
	visit("a first visit, PHP's", phpSite, 1, true)
	visit("Go's", goSite.URL, 2, false)
	visit("PHP's", phpSite, 3, false)
	visit("Go's Regenerate", goSite.URL+"/regenerate", 4, true)
	visit("PHP's after it", phpSite, 5, false)
	visit("PHP's regenerate", phpSite+"?regenerate", 6, true)
	visit("Go's after it", goSite.URL, 7, false)
	visit("an ID with commas, PHP's", phpSite+"?id=a,b,c-0123456789ABCDEFGHIJKL", 1, true)
	if !strings.Contains(cookie(), "a%2Cb%2Cc-") {
		t.Errorf("PHP's cookie is %s, want its commas as %%2C", cookie())
	}
	visit("Go's with it", goSite.URL, 2, false)
	visit("PHP's with it", phpSite, 3, false)
}
