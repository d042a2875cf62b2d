package providers_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"go.uber.org/fx"

	"gyrfalcon/config"
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
	var visits *Visits
	var sessions struct {
		fx.In

		Session *session.Manager `name:"session"`
	}
	app := fx.New(
		fx.NopLogger,
		fx.Error(err), // nil is no error
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
