package app

import (
	"net/http"
	"time"

	"gyrfalcon/session"
)

// thisSession is what a visitor may know of the session. Its ID is not among it: who
// reads that over a shoulder, or in a screenshot, is the visitor.
type thisSession struct {
	session.Info

	Handle    string
	Age       time.Duration
	Adapter   string
	Idle      time.Duration
	MaxAge    time.Duration
	Cookie    session.Cookie
	SameSite  string
	Variables []variable
}

type variable struct{ Name, Text string }

// variableTexts says what the site keeps in the variables that it knows.
var variableTexts = map[string]string{
	string(visits):      "how often you have looked at the shop",
	string(visitorName): "the name you signed in with",
	basket:              "what is in your basket, a bag with a member for each product",
	"_flashMessages":    "messages for the next page",
}

func (s *Site) showSession(w http.ResponseWriter, r *http.Request, v *session.Session) error {
	names, err := v.Names()
	if err != nil {
		return err
	}
	o := s.session.Options()
	t := thisSession{
		Info: v.Info(), Handle: v.Handle(), Adapter: s.adapter,
		Idle: o.Lifetime, MaxAge: o.MaxAge, Cookie: o.Cookie, SameSite: sameSite(o.Cookie.SameSite),
	}
	t.Age = max(o.Now().Sub(t.Born), 0)
	for _, name := range names {
		t.Variables = append(t.Variables, variable{name, variableTexts[name]})
	}
	return s.show(w, r, v, http.StatusOK, "this-session", "This session", t)
}

func sameSite(mode http.SameSite) string {
	switch mode {
	case http.SameSiteStrictMode:
		return "Strict"
	case http.SameSiteNoneMode:
		return "None"
	default:
		return "Lax"
	}
}

// newID shows that a session's ID can change under everything that is in it.
func (s *Site) newID(w http.ResponseWriter, r *http.Request, v *session.Session) error {
	if err := v.Regenerate(); err != nil {
		return err
	}
	if err := v.Flash().Success("Your session has a new ID. The handle below is another one; everything else stayed."); err != nil {
		return err
	}
	return seeOther(w, r, "/session")
}
