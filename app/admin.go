package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"go.uber.org/fx"

	"gyrfalcon/di"
	"gyrfalcon/session"
)

// AdminParams are what an Admin is made of.
type AdminParams struct {
	fx.In

	// Session is asked whether it runs.
	Session *session.Manager `name:"session"`

	// Services is the registry that the page explains.
	Services *di.Container `name:"di"`

	// Clock tells the page how long the site has run; without one it does not say. It comes from the registry.
	Clock *Clock `name:"clock"`
}

// Admin answers the operators: GET /healthz is 200 while the site serves and else 503,
// and GET / explains the registry, as does GET /services.json for programs. It shows no secret and no session, but what it does
// show is nobody else's business: it belongs on an address of its own that visitors do
// not reach. It is an http.Handler and safe for concurrent use.
type Admin struct {
	session  *session.Manager
	services *di.Container
	clock    *Clock
	assets   *assets
	page     *template.Template
	serving  atomic.Bool
	handler  http.Handler
}

// NewAdmin makes the operators' handler. It does no I/O. An error is a mistake in the
// template.
func NewAdmin(p AdminParams) (*Admin, error) {
	a := &Admin{session: p.Session, services: p.Services, clock: p.Clock}
	var err error
	if a.assets, err = loadAssets(); err != nil {
		return nil, err
	}
	page := template.New("admin.html").Funcs(template.FuncMap{"asset": a.assets.url, "span": span, "clock": clock, "iso": iso})
	if a.page, err = page.ParseFS(embedded, "templates/admin.html"); err != nil {
		return nil, fmt.Errorf("app: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", a.health)
	mux.HandleFunc("GET /{$}", a.explain)
	mux.HandleFunc("GET /services.json", a.document)
	mux.HandleFunc("GET /static/{file}", func(w http.ResponseWriter, r *http.Request) {
		if !a.assets.serve(w, r) {
			http.NotFound(w, r)
		}
	})
	a.handler = secureHeaders(mux)
	return a, nil
}

// ServeHTTP serves the operators.
func (a *Admin) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.handler.ServeHTTP(w, r) }

// SetServing says whether the site takes visitors. It does not at first, nor while it
// drains: a load balancer that asks /healthz then sends its requests elsewhere.
func (a *Admin) SetServing(yes bool) { a.serving.Store(yes) }

// health costs no trip to the store: a store that is slow must not have every replica
// restarted at once.
func (a *Admin) health(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Type", "text/plain; charset=utf-8")
	if err := a.healthy(r.Context()); err != nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = fmt.Fprintln(w, err)
		return
	}
	_, _ = fmt.Fprintln(w, "ok")
}

func (a *Admin) healthy(ctx context.Context) error {
	if !a.serving.Load() {
		return errors.New("not serving: starting or stopping")
	}
	// A session that is new is not read: this asks the manager alone.
	if _, err := a.session.Load(ctx, ""); err != nil {
		return fmt.Errorf("not serving: %w", err)
	}
	return nil
}

func (a *Admin) explain(w http.ResponseWriter, _ *http.Request) {
	var b bytes.Buffer
	v := struct {
		Services []di.Service
		Since    *time.Time
		Running  time.Duration
	}{Services: a.services.Services()}
	if a.clock != nil {
		if since, ok := a.clock.Since(); ok {
			v.Since, v.Running = &since, a.clock.Running()
		}
	}
	if err := a.page.Execute(&b, v); err != nil {
		http.Error(w, "The page does not render.", http.StatusInternalServerError)
		return
	}
	answerNow(w, "text/html; charset=utf-8", b.Bytes())
}

// document is the page for programs.
func (a *Admin) document(w http.ResponseWriter, _ *http.Request) {
	text, err := a.services.JSON()
	if err != nil {
		http.Error(w, "The document cannot be made.", http.StatusInternalServerError)
		return
	}
	answerNow(w, "application/json", text)
}

// answerNow answers with what holds for this moment only.
func answerNow(w http.ResponseWriter, contentType string, body []byte) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Type", contentType)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body)
}
