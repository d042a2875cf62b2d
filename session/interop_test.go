package session_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"gyrfalcon/session"
	"gyrfalcon/session/memory"
	"gyrfalcon/session/sessiontest"
)

// php is a service that shares its store, which store is, with PHP.
func php(t testing.TB, o session.Options) (m *session.Manager, store session.Adapter) {
	t.Helper()
	o.Interop = session.PHP
	store = memory.New(memory.Options{Now: o.Now})
	return startedOn(t, store, o), store
}

// put stores a session as PHP would.
func put(t testing.TB, store session.Adapter, id, payload string) {
	t.Helper()
	if _, err := store.Create(t.Context(), id, []byte(payload), time.Hour); err != nil {
		t.Fatalf("Create: %v", err)
	}
}

// overwrite stores over a session without looking, as PHP would.
func overwrite(t testing.TB, store session.Adapter, id, payload string) {
	t.Helper()
	must(t, "Destroy", store.Destroy(t.Context(), id))
	put(t, store, id, payload)
}

func stored(t testing.TB, store session.Adapter, id string) string {
	t.Helper()
	r, err := store.Read(t.Context(), id, time.Hour)
	if err != nil {
		t.Errorf("Read: %v", err)
	}
	return string(r.Data)
}

// comesWith sends one request whose header Cookie is given, and returns what
// variable n is, and the cookies set.
func comesWith(t testing.TB, m *session.Manager, cookies string, do func(s *session.Session)) []string {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "https://localhost/", http.NoBody)
	r.Header.Set("Cookie", cookies)
	w := httptest.NewRecorder()
	m.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		s, err := m.From(r.Context())
		if err != nil {
			t.Errorf("From: %v", err)
			return
		}
		do(s)
	})).ServeHTTP(w, r)
	return w.Result().Header["Set-Cookie"]
}

var phpIDs = []string{
	"0123456789abcdef0123456789abcdef",  // session.sid_length=32, 4 bits
	"0123456789abcdefghijklmnop",        // 26, 5 bits
	"Ab,d-Fghijklmnopqrstuv",            // 22, 6 bits
	"shop-" + strings.Repeat("0", 32),   // session_create_id("shop-")
	strings.Repeat("Zz9,-", 51) + "Z",   // 256
	"," + strings.Repeat("a", 20) + "-", // the alphabet's marks first and last
	strings.Repeat("A", 22),             // capitals
	strings.Repeat("v", 32), "UPPERlower0123456789,--",
}

func TestIDsOfPHPsAlphabetsAndLengthsAreTaken(t *testing.T) {
	t.Parallel()
	m, store := php(t, session.Options{})
	for _, id := range phpIDs {
		put(t, store, id, `{"n":7}`)
		if set := comesWith(t, m, "PHPSESSID="+strings.ReplaceAll(id, ",", "%2C"), func(s *session.Session) {
			wantValue(t, s, "n", 7)
			must(t, "Set", s.Set("n", 8))
		}); len(set) != 0 {
			t.Errorf("%s: got %q, want no cookie", id, set)
		}
		if got := stored(t, store, id); !strings.Contains(got, `"n":8`) {
			t.Errorf("%s: under the plain ID stands %s, want n = 8", id, got)
		}
	}
}

func TestIDsThatPHPDoesNotMakeNameNothingAndCostNothing(t *testing.T) {
	t.Parallel()
	calls := sessiontest.Counting(memory.New(memory.Options{}))
	m := startedOn(t, calls, session.Options{Interop: session.PHP})
	calls.Reset()
	ok := strings.Repeat("a", 32)
	for _, value := range []string{
		"", ok[:21], strings.Repeat("a", 257), ok[1:] + "_", ok[1:] + ".", ok[1:] + "/", ok[1:] + "%20", ok[1:] + "+", ok[1:] + "%", ok[1:] + "%zz",
		ok[1:] + "%00", ok[1:] + "%C3%A9", ok[1:] + "|", ok[1:] + "_LOCK", ok[1:] + ":", strings.Repeat("%2C", 257),
	} {
		comesWith(t, m, "PHPSESSID="+value, func(s *session.Session) {
			if s.ID() != "" {
				t.Errorf("%.40q has become the session's ID", value)
			}
		})
	}
	if c := calls.Calls(); c != (sessiontest.Calls{}) {
		t.Errorf("the store has had %+v, want nothing", c)
	}
}

func TestTheCaseOfAnIDCounts(t *testing.T) {
	t.Parallel()
	m, store := php(t, session.Options{})
	put(t, store, strings.Repeat("a", 22), `{"n":1}`)
	put(t, store, strings.Repeat("A", 22), `{"n":2}`)
	comesWith(t, m, "PHPSESSID="+strings.Repeat("a", 22), func(s *session.Session) { wantValue(t, s, "n", 1) })
	comesWith(t, m, "PHPSESSID="+strings.Repeat("A", 22), func(s *session.Session) { wantValue(t, s, "n", 2) })
}

func TestOfSeveralCookiesOfPHPTheFirstCounts(t *testing.T) {
	t.Parallel()
	m, store := php(t, session.Options{})
	put(t, store, phpIDs[0], `{"n":1}`)
	put(t, store, phpIDs[1], `{"n":2}`)
	comesWith(t, m, "PHPSESSID="+phpIDs[1]+"; PHPSESSID="+phpIDs[0], func(s *session.Session) { wantValue(t, s, "n", 2) })
	comesWith(t, m, "PHPSESSID=; PHPSESSID="+phpIDs[0], func(s *session.Session) { wantValue(t, s, "n", 0) })
}

func TestAnUnknownIDIsNotAdoptedFromPHPEither(t *testing.T) {
	t.Parallel()
	m, store := php(t, session.Options{Cookie: session.Cookie{Insecure: true}})
	set := comesWith(t, m, "PHPSESSID="+phpIDs[0], func(s *session.Session) { must(t, "Set", s.Set("n", 1)) })
	if len(set) != 1 {
		t.Fatalf("got the cookies %q, want one", set)
	}
	id, rest, _ := strings.Cut(strings.TrimPrefix(set[0], "PHPSESSID="), ";")
	if id == phpIDs[0] || len(id) != 32 || strings.Trim(id, "0123456789abcdefghijklmnopqrstuv") != "" {
		t.Errorf("the new ID is %q, want 32 of 0-9 and a-v, and not the client's", id)
	}
	if rest != " Path=/; HttpOnly; SameSite=Lax" {
		t.Errorf("got %q after the ID", rest)
	}
	if got := stored(t, store, id); !strings.Contains(got, `"n":1`) {
		t.Errorf("under the ID itself stands %s, want n = 1", got)
	}
	_, err := store.Read(t.Context(), phpIDs[0], time.Hour)
	wantErr(t, "Read of the ID that the client came with", err, session.ErrNotFound)
}

func TestACookieIsWrittenAsPHPWritesIt(t *testing.T) {
	t.Parallel()
	m, store := php(t, session.Options{Cookie: session.Cookie{Persistent: true}})
	const id = "a,b-c,defghijklmnopqrstuv"
	put(t, store, id, `{"n":1}`)
	set := comesWith(t, m, "PHPSESSID=a%2Cb-c%2cdefghijklmnopqrstuv", func(s *session.Session) { wantValue(t, s, "n", 1) })
	if len(set) != 1 || !strings.HasPrefix(set[0], "PHPSESSID=a%2Cb-c%2Cdefghijklmnopqrstuv; Path=/; Max-Age=1440;") {
		t.Errorf("got %q, want the ID with its commas as %%2C, for 1440 s", set)
	}
}

func TestASessionThatPHPHasEmptiedIsAnEmptySession(t *testing.T) {
	t.Parallel()
	m, store := php(t, session.Options{})
	put(t, store, phpIDs[0], "")
	if set := comesWith(t, m, "PHPSESSID="+phpIDs[0], func(s *session.Session) {
		names, err := s.Names()
		if err != nil || len(names) != 0 || s.Info().New {
			t.Errorf("got the variables %q, %v, new: %t; want none, and a session that is known", names, err, s.Info().New)
		}
		must(t, "Set", s.Set("n", 1))
	}); len(set) != 0 {
		t.Errorf("got %q, want no cookie: the client's ID names a session", set)
	}
	// PHP empties it again while a request is under way here.
	comesWith(t, m, "PHPSESSID="+phpIDs[0], func(s *session.Session) {
		wantValue(t, s, "n", 1)
		overwrite(t, store, phpIDs[0], "")
		must(t, "Set", s.Set("m", 2))
		must(t, "Commit", s.Commit(t.Context()))
		wantValue(t, s, "n", 0)
		wantValue(t, s, "m", 2)
	})
}

func TestASessionThatPHPHasDestroyedIsGone(t *testing.T) {
	t.Parallel()
	m, store := php(t, session.Options{})
	put(t, store, phpIDs[0], `{"n":1}`)
	// session_regenerate_id(true) moves it to another ID.
	if set := comesWith(t, m, "PHPSESSID="+phpIDs[0], func(s *session.Session) {
		must(t, "Set", s.Set("n", 2))
		must(t, "Destroy", store.Destroy(t.Context(), phpIDs[0]))
		put(t, store, phpIDs[1], `{"n":1}`)
		wantErr(t, "Commit", s.Commit(t.Context()), session.ErrGone)
	}); len(set) != 0 {
		t.Errorf("got %q, want no cookie: it would take the place of PHP's new one", set)
	}
	if got := stored(t, store, phpIDs[1]); got != `{"n":1}` {
		t.Errorf("under PHP's new ID stands %s, want what PHP put there", got)
	}
}

func TestASessionIsBornWhenItIsFirstSeen(t *testing.T) {
	t.Parallel()
	clock := newClock()
	m, store := php(t, session.Options{Now: clock.Now, MaxAge: 20 * time.Minute})
	put(t, store, phpIDs[0], `{"n":1}`)
	look := func(want int) {
		t.Helper()
		comesWith(t, m, "PHPSESSID="+phpIDs[0], func(s *session.Session) { wantValue(t, s, "n", want) })
	}
	look(1) // reading is enough
	if got := stored(t, store, phpIDs[0]); !strings.Contains(got, `"_gyrfalcon":"born=`) {
		t.Errorf("after it was read %s is stored, want its birth in it", got)
	}
	for range 3 {
		clock.Advance(6 * time.Minute)
		look(1)
	}
	clock.Advance(2 * time.Minute)
	look(0)
}

func TestWithoutACapReadingWritesNothing(t *testing.T) {
	t.Parallel()
	m, store := php(t, session.Options{})
	put(t, store, phpIDs[0], `{"n":1}`)
	comesWith(t, m, "PHPSESSID="+phpIDs[0], func(s *session.Session) { wantValue(t, s, "n", 1) })
	if got := stored(t, store, phpIDs[0]); got != `{"n":1}` {
		t.Errorf("stored is %s, want what PHP put there", got)
	}
}

func TestAfterRegenerateTheOldIDIsAnEmptySessionToPHP(t *testing.T) {
	t.Parallel()
	clock := newClock()
	m, store := php(t, session.Options{Now: clock.Now})
	put(t, store, phpIDs[0], `{"n":1,"role":"admin;was=","text":"a=1;until=2"}`)
	set := comesWith(t, m, "PHPSESSID="+phpIDs[0], func(s *session.Session) {
		must(t, "Regenerate", s.Regenerate())
		must(t, "Set", s.Set("user", "ada"))
	})
	if len(set) != 1 {
		t.Fatalf("got the cookies %q, want the new ID", set)
	}
	old := stored(t, store, phpIDs[0])
	doc, err := session.JSON().Parse([]byte(old))
	if err != nil {
		t.Fatal(err)
	}
	for name := range doc.Names() {
		if name != "_gyrfalcon" {
			t.Errorf("PHP would find the variable %q under the old ID, want none", name)
		}
	}
	under := func(n int, role string) {
		t.Helper()
		comesWith(t, m, "PHPSESSID="+phpIDs[0], func(s *session.Session) {
			wantValue(t, s, "n", n)
			wantValue(t, s, "role", role)
			if n != 0 {
				wantErr(t, "Set under the old ID", s.Set("n", 2), session.ErrSuperseded)
			}
		})
	}
	under(1, "admin;was=")
	clock.Advance(31 * time.Second)
	under(0, "")
	_, err = store.Read(t.Context(), phpIDs[0], time.Hour)
	wantErr(t, "Read of the old ID after its grace", err, session.ErrNotFound)
}

// tight is a store that has no room for more than most bytes.
type tight struct {
	session.Adapter

	most int
}

func (a tight) Swap(ctx context.Context, id string, prev session.Record, next []byte, life time.Duration) (session.Record, error) {
	if len(next) > a.most {
		return session.Record{}, session.ErrTooLarge
	}
	return a.Adapter.Swap(ctx, id, prev, next, life)
}

func TestAFullSessionCanBeRegenerated(t *testing.T) {
	t.Parallel()
	for _, interop := range []session.Interop{session.Alone, session.PHP} {
		m := startedOn(t, tight{memory.New(memory.Options{}), 300}, session.Options{Interop: interop})
		v := newVisitor(t, m)
		v.with(func(s *session.Session) { must(t, "Set", s.Set("n", strings.Repeat("x", 266))) })
		old := *v
		v.with(func(s *session.Session) { must(t, "Regenerate", s.Regenerate()) })
		if v.cookie.Value == old.cookie.Value {
			t.Errorf("interop %q: a session that leaves no room was not regenerated", interop)
		}
		v.with(func(s *session.Session) { wantValue(t, s, "n", strings.Repeat("x", 266)) })
		old.with(func(s *session.Session) {
			wantErr(t, "Set under the old ID", s.Set("n", 2), session.ErrSuperseded)
			wantValue(t, s, "n", "") // for want of room
		})
	}
}

func TestSharingWithPHPIsToldAtTheStart(t *testing.T) {
	t.Parallel()
	for interop, want := range map[session.Interop]int{session.PHP: 1, session.Alone: 0} {
		core, logs := observer.New(zap.InfoLevel)
		started(t, session.Options{Interop: interop, UniqueID: "shop", Lifetime: 90*time.Second + time.Millisecond,
			Cookie: session.Cookie{Name: "PHPSESSID", Path: "/app", Domain: "example.com"}, Logger: zap.New(core)})
		lines := logs.FilterMessageSnippet("shared with PHP").All()
		if len(lines) != want {
			t.Errorf("interop %q: got %d lines, want %d", interop, len(lines), want)
		}
		for _, l := range lines {
			said := l.ContextMap()
			for what, want := range map[string]any{
				"session.name": "PHPSESSID", "cookie_path": "/app", "cookie_domain": "example.com",
				"session.gc_maxlifetime": int64(91), "uniqueId": "shop",
			} {
				if said[what] != want {
					t.Errorf("the line says %s = %v, want %v", what, said[what], want)
				}
			}
			for _, what := range []string{"serialize_handler", "charset", "time zone", "session.use_strict_mode=1", "a new ID at every sign-in", "session/php"} {
				if !strings.Contains(l.Message, what) {
					t.Errorf("the line does not speak of %s: %s", what, l.Message)
				}
			}
		}
	}
}

func TestAnUnknownInteropIsRefused(t *testing.T) {
	t.Parallel()
	err := session.Options{Interop: "ruby"}.Validate()
	if err == nil || !strings.HasPrefix(err.Error(), "interop: ") {
		t.Errorf("got %v, want an error about interop", err)
	}
}
