package redis_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gyrfalcon/integration/servers"
	"gyrfalcon/session"
	"gyrfalcon/session/php"
	"gyrfalcon/session/redis"
)

// site is a PHP process. It answers one call at a time.
type site struct {
	mu  sync.Mutex
	in  io.Writer
	out *bufio.Reader
}

type told struct {
	Op   string   `json:"op"`
	ID   string   `json:"id,omitempty"`
	Path string   `json:"path,omitempty"`
	IDs  []string `json:"ids,omitempty"`
}

type answer struct {
	OK        bool           `json:"ok"`
	Exception string         `json:"exception"`
	Said      []string       `json:"said"` // notices and warnings
	Vars      map[string]any `json:"vars"`
}

// startSite starts a PHP process with these settings, which ends with the test.
func startSite(t testing.TB, ini map[string]string) *site {
	t.Helper()
	path, err := exec.LookPath("php")
	if err != nil {
		t.Fatalf("these tests need PHP with its redis extension (`make deps` installs them): %v", err)
	}
	config, err := json.Marshal(ini)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), path, "testdata/site.php", string(config))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("start php: %v", err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("php ended with %v", err)
		}
	})
	return &site{in: in, out: bufio.NewReader(out)}
}

// try tells PHP something and returns what it answers.
func (p *site) try(t testing.TB, c told) answer {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	line, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var a answer
	if _, err = p.in.Write(append(line, '\n')); err == nil {
		if line, err = p.out.ReadBytes('\n'); err == nil {
			err = json.Unmarshal(line, &a)
		}
	}
	if err != nil || a.Exception != "" {
		t.Errorf("PHP, %s: %v %s", c.Op, err, a.Exception)
	}
	return a
}

// do is try of what must work without a warning.
func (p *site) do(t testing.TB, c told) answer {
	t.Helper()
	a := p.try(t, c)
	if !a.OK || len(a.Said) > 0 {
		t.Fatalf("PHP, %s: ok %t, and said %q; want it done, and nothing said", c.Op, a.OK, a.Said)
	}
	return a
}

// phpIDs are 1,200 IDs, as PHP makes them by default and in each of its alphabets, and as
// we make them.
func phpIDs() []string {
	var ids []string
	for i, alphabet := range []string{"0123456789abcdef", "0123456789abcdefghijklmnopqrstuv", "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-,"} {
		for n := range 400 {
			var id strings.Builder
			for k := range 32 {
				id.WriteByte(alphabet[(n*(2*k+7)+n*n*k+k*k+i)%len(alphabet)])
			}
			ids = append(ids, fmt.Sprintf("%s%c%d", id.String(), alphabet[10], n))
		}
	}
	return ids
}

// The table is made by phpredis itself: PHP stores 1,200 sessions for each set of weights,
// and we look on which server each of them is.
func TestTheServerOfASessionIsTheOneThatPhpredisChooses(t *testing.T) {
	t.Parallel()
	all := servers.SharedRedises(t)
	ids := phpIDs()
	if unique := slices.Compact(slices.Sorted(slices.Values(ids))); len(unique) != 1200 {
		t.Fatalf("%d different IDs, want 1200", len(unique))
	}
	p := startSite(t, map[string]string{"session.save_handler": "redis"})
	for _, weights := range [][]int{{1, 1}, {1, 2, 3}, {4, 1}} {
		prefix := newPrefix()
		var urls []string
		for i, w := range weights {
			urls = append(urls, fmt.Sprintf("tcp://%s?weight=%d&prefix=%s", all[i].Addr(), w, prefix))
		}
		text := strings.Join(urls, ", ")
		p.do(t, told{Op: "fill", Path: text, IDs: ids})
		path, err := redis.ParsePath(text)
		if err != nil {
			t.Fatal(err)
		}
		a := openAdapter(t, redis.Servers{Path: text}, redis.Options{PHP: true})
		on := map[string]string{} // where PHP has put it
		for _, r := range all[:len(weights)] {
			for _, key := range keys(t, r, prefix+"*") {
				on[strings.TrimPrefix(key, prefix)] = r.Addr()
			}
		}
		counts, wrong := map[string]int{}, 0
		for _, id := range ids {
			counts[on[id]]++
			if got := path.Server(id); got != on[id] {
				wrong++
			}
			if r, err := a.Read(t.Context(), id, life); err != nil || string(r.Data) != fmt.Sprintf(`id|s:%d:"%s";`, len(id), id) {
				t.Fatalf("weights %v: Read of what PHP has stored = %q, %v", weights, r.Data, err)
			}
		}
		if wrong > 0 || len(counts) != len(weights) {
			t.Errorf("weights %v: %d of %d IDs are elsewhere than phpredis has them (%v); want 0, and some on each", weights, wrong, len(ids), counts)
		}
		t.Logf("weights %v: phpredis has spread 1200 IDs as %v", weights, counts)
	}
}

// keys are those on a server that match a pattern.
func keys(t testing.TB, r *servers.Redis, pattern string) []string {
	t.Helper()
	client := connectDB(t, r, 0)
	var found []string
	for it := client.Scan(t.Context(), 0, pattern, 1000).Iterator(); it.Next(t.Context()); {
		found = append(found, it.Val())
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// shared is a visitor's two sites: PHP's and ours.
type shared struct {
	t    *testing.T
	php  *site
	ours *session.Manager
	id   string
}

// newShared starts both, and has PHP begin a session.
func newShared(t *testing.T, handler, path string, lock *redis.Lock, ini map[string]string) *shared {
	t.Helper()
	settings := map[string]string{"session.save_handler": handler, "session.save_path": path}
	maps.Copy(settings, ini)
	sh := &shared{t: t, php: startSite(t, settings), id: phpIDs()[len(t.Name())]}
	sh.ours = started(t, redis.Dial(redis.Servers{Path: path}, redis.Options{PHP: true, Lock: lock}),
		session.Options{Interop: session.PHP, Codec: php.Native(), GCInterval: -1, Timeout: 20 * time.Second})
	sh.visitPHP(1)
	return sh
}

// visitPHP counts a visit to PHP's site, which must be the nth.
func (sh *shared) visitPHP(n float64) {
	sh.t.Helper()
	sh.php.do(sh.t, told{Op: "open", ID: sh.id})
	if a := sh.php.do(sh.t, told{Op: "count"}); a.Vars["n"] != n {
		sh.t.Errorf("PHP counts %v visits, want %v", a.Vars["n"], n)
	}
	sh.php.do(sh.t, told{Op: "close"})
}

// visitGo sends our site a request.
func (sh *shared) visitGo(do func(s *session.Session) error) (code int, err error) {
	r := httptest.NewRequestWithContext(context.WithoutCancel(sh.t.Context()), http.MethodGet, "https://localhost/", http.NoBody)
	r.Header.Set("Cookie", "PHPSESSID="+sh.id)
	w := httptest.NewRecorder()
	sh.ours.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var s *session.Session
		if s, err = sh.ours.From(r.Context()); err == nil {
			err = do(s)
		}
		if err != nil {
			session.Error(w, r, err)
		}
	})).ServeHTTP(w, r)
	return w.Code, err
}

// countGo counts a visit to our site, which must be the nth.
func (sh *shared) countGo(n int) {
	sh.t.Helper()
	got := 0
	code, err := sh.visitGo(func(s *session.Session) (err error) {
		got, err = session.Update(s, "n", func(n int) int { return n + 1 })
		return err
	})
	if err != nil || code != http.StatusOK || got != n {
		sh.t.Errorf("we count %d visits, %v, status %d; want %d", got, err, code, n)
	}
}

func TestPHPAndGoShareASessionBothWays(t *testing.T) {
	t.Parallel()
	all := servers.SharedRedises(t)
	prefix := newPrefix()
	for name, c := range map[string]struct {
		handler, path string
		lock          *redis.Lock
		ini           map[string]string
		prefix        string // where the path has none
	}{
		"a cluster, under its own prefix": {handler: "rediscluster", path: "seed[]=" + servers.SharedCluster(t).Servers[0].Addr() + "&timeout=2&read_timeout=2", prefix: "PHPREDIS_CLUSTER_SESSION:"},
		"one server":                      {handler: "redis", path: fmt.Sprintf("tcp://%s?weight=1&prefix=1%s", all[0].Addr(), prefix)},
		"three servers":                   {handler: "redis", path: fmt.Sprintf("tcp://%s?prefix=3%s, tcp://%s?weight=2&prefix=3%s, tcp://%s?prefix=3%s", all[0].Addr(), prefix, all[1].Addr(), prefix, all[2].Addr(), prefix)},
		"a cluster":                       {handler: "rediscluster", path: "seed[]=" + servers.SharedCluster(t).Servers[1].Addr() + "&timeout=2&read_timeout=2&prefix=c" + prefix},
		"a socket":                        {handler: "redis", path: "unix://" + all[0].Socket() + "?prefix=u" + prefix},
		"with its locks":                  {handler: "redis", path: fmt.Sprintf("tcp://%s?prefix=l%s", all[0].Addr(), prefix), lock: &redis.Lock{}, ini: map[string]string{"redis.session.locking_enabled": "1", "redis.session.lock_expire": "30"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sh := newShared(t, c.handler, c.path, c.lock, c.ini)
			for n := 2; n < 10; n += 2 {
				sh.countGo(n)
				if key := c.prefix + sh.id; c.prefix != "" {
					if got, want := fmt.Sprint(servers.SharedCluster(t).Master(t, key).Do(t, "GET", key)), fmt.Sprintf("n|i:%d;", n); !strings.HasPrefix(got, want) {
						t.Errorf("%s… holds %q after our visit, want what begins with %q", c.prefix, got, want)
					}
				}
				sh.visitPHP(float64(n + 1))
			}
			if code, err := sh.visitGo(func(s *session.Session) error { return s.Destroy(t.Context()) }); code != http.StatusOK {
				t.Errorf("Destroy: status %d, %v", code, err)
			}
			sh.visitPHP(1)
			sh.php.do(t, told{Op: "open", ID: sh.id})
			sh.php.do(t, told{Op: "destroy"})
			if _, err := sh.ours.Load(t.Context(), sh.id); !errors.Is(err, session.ErrNotFound) {
				t.Errorf("Load after PHP's session_destroy = %v, want ErrNotFound", err)
			}
		})
	}
}
