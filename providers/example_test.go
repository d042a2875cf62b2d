package providers_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"go.uber.org/fx"

	"gyrfalcon/config"
	"gyrfalcon/di"
	"gyrfalcon/providers"
	"gyrfalcon/providers/all"
	"gyrfalcon/session"
)

// Visits counts a visitor's visits. Like any constructor in an fx application it has the
// session injected.
type Visits struct{ session *session.Manager }

type VisitsParams struct {
	fx.In

	Session *session.Manager `name:"session"`
}

func NewVisits(p VisitsParams) *Visits { return &Visits{p.Session} }

func (v *Visits) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s, err := v.session.From(r.Context())
	if err != nil {
		session.Error(w, r, err)
		return
	}
	n, err := session.Update(s, "visits", func(n int) int { return n + 1 })
	if err != nil {
		session.Error(w, r, err)
		return
	}
	_, _ = fmt.Fprintf(w, "visit %d\n", n)
}

// An fx application whose sessions are kept where YAML says.
func Example() {
	cfg, err := config.Parse("gyrfalcon.yaml", []byte(`
session:
  adapter: memory # or database, …
  lifetime: 30m
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	var visits *Visits
	var sessions struct {
		fx.In

		Session *session.Manager `name:"session"`
	}
	app := fx.New(
		fx.NopLogger,
		providers.Module(cfg.Session, all.Backends...),
		fx.Provide(NewVisits),
		fx.Populate(&visits, &sessions),
	)
	ctx := context.Background()
	if err := app.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = app.Stop(ctx) }()

	handler := sessions.Session.Middleware(visits)
	var cookies []*http.Cookie
	for range 2 {
		r := httptest.NewRequestWithContext(ctx, http.MethodGet, "https://localhost/", http.NoBody)
		for _, c := range cookies {
			r.AddCookie(c)
		}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		cookies = append(cookies, w.Result().Cookies()...)
		fmt.Print(w.Body)
	}
	// Output:
	// visit 1
	// visit 2
}

// Greeter is a service of the container's that needs one of fx's.
type Greeter struct{ words map[string]string }

// Greeting is what a name is greeted with.
func (g *Greeter) Greeting(name string) string { return g.words["hello"] + ", " + name }

// GreeterProvider registers it, as a package of services would.
type GreeterProvider struct{}

func (GreeterProvider) Register(c *di.Container) error {
	return di.SetShared(c, "greeter", func(ctx context.Context, c *di.Container) (*Greeter, error) {
		words, err := di.Get[map[string]string](ctx, c, "words")
		return &Greeter{words}, err
	})
}

// Door is a constructor's result like any other in an fx application. It has the greeter injected.
type Door struct{ greeter *Greeter }

type DoorParams struct {
	fx.In

	Greeter *Greeter `name:"greeter"`
}

func NewDoor(p DoorParams) *Door { return &Door{p.Greeter} }

// The words come from fx into the container, where the greeter is built of them; and the greeter from there into a constructor of fx's.
func ExampleFromContainer() {
	cfg, err := config.Parse("gyrfalcon.yaml", []byte("session: {adapter: memory}"))
	if err != nil {
		fmt.Println(err)
		return
	}
	var door *Door
	app := fx.New(
		fx.NopLogger,
		fx.Supply(map[string]string{"hello": "Good day"}),
		providers.Module(cfg.Session, append(all.Backends,
			providers.Register(GreeterProvider{}),
			providers.ToContainer[map[string]string]("words", ""),
			providers.FromContainer[*Greeter]("greeter"),
		)...),
		fx.Provide(NewDoor),
		fx.Populate(&door),
	)
	ctx := context.Background()
	if err := app.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(door.greeter.Greeting("Ada"))
	if err := app.Stop(ctx); err != nil {
		fmt.Println(err)
	}
	// Output: Good day, Ada
}
