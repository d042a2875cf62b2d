package bench_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/alexedwards/scs/goredisstore"
	"github.com/alexedwards/scs/v2"
	goredis "github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"gyrfalcon/integration/servers"
	"gyrfalcon/session"
	"gyrfalcon/session/redis"
)

// scs.New begins to clear a store that is then replaced, and which can be stopped only
// once its goroutine has got so far.
func TestMain(m *testing.M) {
	servers.Main(m, goleak.IgnoreAnyFunction("github.com/alexedwards/scs/v2/memstore.(*MemStore).startCleanup"))
}

const life = time.Hour

// site is a contestant's site: its pages, and the cookie of a visitor who has a session
// of ten variables.
type site struct {
	read, count http.Handler
	cookie      *http.Cookie
}

// contestants build their sites on a server.
var contestants = []struct {
	name  string
	build func(tb testing.TB, addr string, database int) site
}{
	{"floor", floor},
	{"gyrfalcon", ours},
	{"scs", rival},
}

// first are a visitor's first variables.
func first() map[string]string {
	vars := map[string]string{}
	for i := range 9 {
		vars["variable"+strconv.Itoa(i)] = "a value of some twenty bytes"
	}
	return vars
}

func client(tb testing.TB, addr string, database int) *goredis.Client {
	c := goredis.NewClient(&goredis.Options{Addr: addr, DB: database, ContextTimeoutEnabled: true})
	tb.Cleanup(func() { _ = c.Close() })
	return c
}

var swap = goredis.NewScript(`if redis.call('get', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('set', KEYS[1], ARGV[2], 'px', ARGV[3])
return 1`)

// floor is written by hand for these two pages.
func floor(tb testing.TB, addr string, database int) site {
	c := client(tb, addr, database)
	type visitor struct {
		N    int               `json:"n"`
		Rest map[string]string `json:"rest"`
	}
	data, err := json.Marshal(visitor{Rest: first()})
	if err == nil {
		err = c.Set(tb.Context(), "floor", data, life).Err()
	}
	if err != nil {
		tb.Fatal(err)
	}
	page := func(write bool) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			cookie, err := r.Cookie("session")
			if err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			ctx, cancel := context.WithTimeout(r.Context(), 5*time.Second)
			defer cancel()
			stored, err := c.GetEx(ctx, cookie.Value, life).Bytes()
			var v visitor
			if err == nil {
				err = json.Unmarshal(stored, &v)
			}
			if err == nil && write {
				v.N++
				var next []byte
				if next, err = json.Marshal(v); err == nil {
					var done int
					if done, err = swap.Run(ctx, c, []string{cookie.Value}, stored, next, life.Milliseconds()).Int(); err == nil && done == 0 {
						err = errors.New("conflict")
					}
				}
			}
			if err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
			}
		})
	}
	return site{page(false), page(true), &http.Cookie{Name: "session", Value: "floor"}}
}

// ours is the session service.
func ours(tb testing.TB, addr string, database int) site {
	m := session.New(redis.New(client(tb, addr, database), redis.Options{}), session.Options{Lifetime: life})
	if err := m.Start(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = m.Stop(context.Background()) })
	page := func(do func(s *session.Session) error) http.Handler {
		return m.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			s, err := m.From(r.Context())
			if err == nil {
				err = do(s)
			}
			if err != nil {
				session.Error(w, r, err)
			}
		}))
	}
	count := func(s *session.Session) error {
		_, err := session.Update(s, "n", func(n int) int { return n + 1 })
		return err
	}
	begin := page(func(s *session.Session) error {
		for name, value := range first() {
			if err := s.Set(name, value); err != nil {
				return err
			}
		}
		return count(s)
	})
	read := page(func(s *session.Session) error {
		_, err := session.Get[int](s, "n")
		return err
	})
	return site{read, page(count), firstCookie(tb, begin)}
}

// rival is scs.
func rival(tb testing.TB, addr string, database int) site {
	m := scs.New()
	m.Store = goredisstore.New(client(tb, addr, database))
	m.Lifetime = life
	page := func(do func(ctx context.Context)) http.Handler {
		return m.LoadAndSave(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { do(r.Context()) }))
	}
	begin := page(func(ctx context.Context) {
		for name, value := range first() {
			m.Put(ctx, name, value)
		}
		m.Put(ctx, "n", 0)
	})
	read := page(func(ctx context.Context) { m.GetInt(ctx, "n") })
	count := page(func(ctx context.Context) { m.Put(ctx, "n", m.GetInt(ctx, "n")+1) })
	return site{read, count, firstCookie(tb, begin)}
}

func firstCookie(tb testing.TB, begin http.Handler) *http.Cookie {
	cookies := visit(tb, begin, nil).Result().Cookies()
	if len(cookies) != 1 {
		tb.Fatalf("a first visit brought %d cookies, want one", len(cookies))
	}
	return cookies[0]
}

// visit sends one request.
func visit(tb testing.TB, page http.Handler, cookie *http.Cookie) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(context.Background(), http.MethodGet, "https://localhost/", http.NoBody)
	if cookie != nil {
		r.AddCookie(&http.Cookie{Name: cookie.Name, Value: cookie.Value})
	}
	w := httptest.NewRecorder()
	page.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		tb.Fatalf("a request was answered %d %s", w.Code, w.Body)
	}
	return w
}

func BenchmarkRequest(b *testing.B) {
	srv := servers.SharedRedis(b)
	for _, what := range []string{"read", "read and write"} {
		for _, c := range contestants {
			s := c.build(b, srv.Addr(), srv.NewDatabase(b))
			page := s.read
			if what != "read" {
				page = s.count
			}
			b.Run(what+"/"+c.name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					visit(b, page, s.cookie)
				}
			})
		}
	}
}

// Every contestant counts: what is measured is what is said.
func TestEveryContestantCounts(t *testing.T) {
	t.Parallel()
	srv := servers.SharedRedis(t)
	for _, c := range contestants {
		database := srv.NewDatabase(t)
		s := c.build(t, srv.Addr(), database)
		db := client(t, srv.Addr(), database)
		stored := func() string {
			keys := db.Keys(t.Context(), "*").Val()
			if len(keys) != 1 {
				t.Fatalf("%s: %d keys are stored, want one", c.name, len(keys))
			}
			return db.Get(t.Context(), keys[0]).Val()
		}
		before := stored()
		visit(t, s.read, s.cookie)
		if stored() != before {
			t.Errorf("%s: a read changed what is stored", c.name)
		}
		visit(t, s.count, s.cookie)
		if stored() == before {
			t.Errorf("%s: a write did not change what is stored", c.name)
		}
	}
}
