package session_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"gyrfalcon/session"
	"gyrfalcon/session/memory"
)

// browser is a client for examples: it keeps its cookies.
type browser struct{ cookies []*http.Cookie }

func (b *browser) get(h http.Handler, path string) {
	r := httptest.NewRequestWithContext(context.Background(), http.MethodGet, "https://localhost"+path, http.NoBody)
	for _, c := range b.cookies {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	b.cookies = append(w.Result().Cookies(), b.cookies...)
	fmt.Println(strings.TrimSpace(fmt.Sprint(path, ": ", w.Code, " ", w.Body)))
}

// Sign-in, a page for the signed-in, sign-out.
func Example() {
	const user session.Key[string] = "user"

	m := session.New(memory.New(memory.Options{}), session.Options{Lifetime: 20 * time.Minute})
	ctx := context.Background()
	if err := m.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = m.Stop(ctx) }()

	mux := http.NewServeMux()
	mux.HandleFunc("GET /in", func(w http.ResponseWriter, r *http.Request) {
		s, err := m.From(r.Context())
		if err == nil {
			err = s.Regenerate() // whoever knew the ID before knows nothing now
		}
		if err == nil {
			err = user.Set(s, "ada")
		}
		if err == nil {
			err = s.Flash().Success("You are signed in.")
		}
		if err != nil {
			session.Error(w, r, err)
		}
	})
	mux.HandleFunc("GET /page", func(w http.ResponseWriter, r *http.Request) {
		s, err := m.From(r.Context())
		if err != nil {
			session.Error(w, r, err)
			return
		}
		name, _ := user.Get(s)
		messages, _ := s.Flash().Take()
		_, _ = fmt.Fprintf(w, "hello %q %v", name, messages)
	})
	mux.HandleFunc("GET /out", func(w http.ResponseWriter, r *http.Request) {
		if err := m.Destroy(r.Context()); err != nil {
			session.Error(w, r, err)
		}
	})

	site := m.Middleware(mux)
	var b browser
	b.get(site, "/page")
	b.get(site, "/in")
	b.get(site, "/page")
	b.get(site, "/page")
	b.get(site, "/out")
	b.get(site, "/page")
	// Output:
	// /page: 200 hello "" []
	// /in: 200
	// /page: 200 hello "ada" [{success You are signed in.}]
	// /page: 200 hello "ada" []
	// /out: 200
	// /page: 200 hello "" []
}

// Update computes a variable from what it was. However many requests do it at the same
// time, in however many processes, each one counts.
func ExampleUpdate() {
	m := session.New(memory.New(memory.Options{}), session.Options{})
	ctx := context.Background()
	if err := m.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = m.Stop(ctx) }()

	s, _ := m.Load(ctx, "") // in a handler: m.From(r.Context())
	for range 3 {
		n, err := session.Update(s, "visits", func(n int) int { return n + 1 })
		fmt.Println(n, err)
	}
	// Output:
	// 1 <nil>
	// 2 <nil>
	// 3 <nil>
}

// A Bag groups variables, such as what lies in a basket.
func ExampleSession_Bag() {
	m := session.New(memory.New(memory.Options{}), session.Options{})
	ctx := context.Background()
	if err := m.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = m.Stop(ctx) }()

	s, _ := m.Load(ctx, "")
	basket := s.Bag("basket")
	_, _ = session.Update(basket, "hood", func(n int) int { return n + 2 })
	_ = basket.Set("bell", 1)
	names, _ := basket.Names()
	for _, name := range names {
		n, _ := session.Get[int](basket, name)
		fmt.Println(name, n)
	}
	// Output:
	// hood 2
	// bell 1
}

// Load serves what is no HTTP request: a job, a gRPC call, a WebSocket message. Nothing is
// stored without Commit.
func ExampleManager_Load() {
	m := session.New(memory.New(memory.Options{}), session.Options{})
	ctx := context.Background()
	if err := m.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = m.Stop(ctx) }()

	s, _ := m.Load(ctx, "")
	_ = s.Set("user", "ada")
	if err := s.Commit(ctx); err != nil {
		fmt.Println(err)
	}
	id := s.ID() // what the client sends from now on

	again, err := m.Load(ctx, id)
	if err != nil {
		fmt.Println(err)
		return
	}
	user, _ := session.Get[string](again, "user")
	fmt.Println(user)
	_, err = m.Load(ctx, "made up")
	fmt.Println(err)
	// Output:
	// ada
	// session: not found: the ID is malformed
}
