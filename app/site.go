package app

import (
	"errors"
	"html/template"
	"net/http"

	"go.uber.org/fx"
	"go.uber.org/zap"

	"gyrfalcon/config"
	"gyrfalcon/session"
)

// maxBody bounds a request's body in bytes. The longest form of the site, signing in,
// stays far below it.
const maxBody = 16 << 10

// SiteParams are what a Site is made of.
type SiteParams struct {
	fx.In

	// Session keeps the visitors' sessions.
	Session *session.Manager `name:"session"`

	// Config is shown to the visitor in part: which adapter keeps the session.
	Config *config.Config

	// Logger gets what a visitor is told in general words only. None is needed.
	Logger *zap.Logger `optional:"true"`
}

// Site is a small shop that shows what a session is for. It is an http.Handler and
// safe for concurrent use.
type Site struct {
	session *session.Manager
	adapter string
	log     *zap.Logger
	pages   map[string]*template.Template
	assets  *assets
	mux     *http.ServeMux
	handler http.Handler
}

// NewSite makes the site. It does no I/O. An error is a mistake in the site's own
// templates.
func NewSite(p SiteParams) (*Site, error) {
	s := &Site{session: p.Session, adapter: p.Config.Session.Adapter, log: p.Logger, mux: http.NewServeMux()}
	if s.log == nil {
		s.log = zap.NewNop()
	}
	var err error
	if s.assets, err = loadAssets(); err != nil {
		return nil, err
	}
	if s.pages, err = parsePages(s.assets, "shop", "basket", "sign-in", "this-session", "error"); err != nil {
		return nil, err
	}
	s.routes()
	s.handler = s.guard(s.session.Middleware(http.HandlerFunc(s.route)))
	return s, nil
}

// ServeHTTP serves the site.
func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

func (s *Site) routes() {
	s.mux.HandleFunc("GET /static/{file}", func(w http.ResponseWriter, r *http.Request) {
		if !s.assets.serve(w, r) {
			s.refuse(w, http.StatusNotFound)
		}
	})
	for pattern, show := range map[string]action{
		"GET /{$}":             s.showShop,
		"GET /basket":          s.showBasket,
		"GET /sign-in":         s.showSignIn,
		"GET /session":         s.showSession,
		"POST /basket/add":     s.addToBasket,
		"POST /basket/change":  s.changeBasket,
		"POST /basket/remove":  s.removeFromBasket,
		"POST /sign-in":        s.signIn,
		"POST /sign-out":       s.signOut,
		"POST /session/new-id": s.newID,
	} {
		s.mux.Handle(pattern, s.visit(show))
	}
}

// route is the mux, but with pages of the site's own for what it does not know. They
// do without the session: a scanner's thousand guesses cost the store nothing.
func (s *Site) route(w http.ResponseWriter, r *http.Request) {
	h, pattern := s.mux.Handler(r)
	if pattern != "" {
		s.mux.ServeHTTP(w, r)
		return
	}
	said := overhear(h, r)
	if allow := said.header.Get("Allow"); allow != "" {
		w.Header().Set("Allow", allow)
	}
	s.refuse(w, said.status)
}

// action answers a request of a visitor whose session is v. An error is answered by
// fail; then nothing must have been written.
type action func(w http.ResponseWriter, r *http.Request, v *session.Session) error

// visit fetches the visitor's session, and a form if there is one, for do.
func (s *Site) visit(do action) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			if err := r.ParseForm(); err != nil {
				s.refuseForm(w, err)
				return
			}
		}
		v, err := s.session.From(r.Context())
		if err != nil {
			s.fail(w, r, err)
			return
		}
		if err = do(w, r, v); err != nil {
			// What was changed before the error must not be stored, for the
			// answer says that nothing was. Where this fails, so will the commit.
			_ = v.Reload(r.Context())
			s.fail(w, r, err)
		}
	})
}

func (s *Site) refuseForm(w http.ResponseWriter, err error) {
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		s.refuse(w, http.StatusRequestEntityTooLarge)
		return
	}
	s.refuse(w, http.StatusBadRequest)
}

// refusal is an error of the visitor's: the answer is a page with this status.
type refusal int

func (e refusal) Error() string { return http.StatusText(int(e)) }

// fail answers a request that an action could not. What is wrong with a session is
// told in package session's words, and logged if it is no visitor's doing.
func (s *Site) fail(w http.ResponseWriter, r *http.Request, err error) {
	if status, ok := errors.AsType[refusal](err); ok {
		s.refuse(w, int(status))
		return
	}
	if _, unreadable := errors.AsType[*session.DecodeError](err); unreadable {
		s.log.Warn("a variable in a session cannot be read", zap.String("path", r.URL.Path), zap.Error(err))
		s.showError(w, http.StatusInternalServerError, "Your session holds something that this page cannot read. Nothing was changed.")
		return
	}
	said := overhear(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { session.Error(w, r, err) }), r)
	if said.status >= http.StatusInternalServerError {
		s.log.Warn("a page could not be served", zap.String("method", r.Method), zap.String("path", r.URL.Path), zap.Error(err))
	}
	if retry := said.header.Get("Retry-After"); retry != "" {
		w.Header().Set("Retry-After", retry)
	}
	s.showError(w, said.status, said.body.String())
}

// refuse shows the page for a status that is the visitor's doing.
func (s *Site) refuse(w http.ResponseWriter, status int) {
	text, ok := refusals[status]
	if !ok {
		text = http.StatusText(status) + "."
	}
	s.showError(w, status, text)
}

var refusals = map[int]string{
	http.StatusBadRequest:            "The form came in a shape that this page cannot read. Please go back, load the page again and try once more.",
	http.StatusForbidden:             "This form was sent from another site, so nothing was changed. Please use the forms on these pages.",
	http.StatusNotFound:              "There is nothing at this address. The bird may have flown.",
	http.StatusMethodNotAllowed:      "This address is there, but not for that kind of request.",
	http.StatusRequestEntityTooLarge: "That is more than this form takes. Nothing was changed.",
}

func (s *Site) showError(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Cache-Control", "no-store")
	v := view{Title: http.StatusText(status), Bare: true, Body: struct {
		Status int
		Text   string
	}{status, text}}
	if err := s.render(w, status, "error", v); err != nil {
		s.log.Error("the error page does not render", zap.Error(err))
		http.Error(w, text, status)
	}
}

// seeOther ends a POST, so that loading the page again sends nothing twice.
func seeOther(w http.ResponseWriter, r *http.Request, path string) error {
	http.Redirect(w, r, path, http.StatusSeeOther)
	return nil
}
