package app

import (
	"crypto/subtle"
	"net/http"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"gyrfalcon/session"
)

const (
	// visitorName is the name that a visitor has signed in with.
	visitorName session.Key[string] = "visitor"

	// password opens the door to anybody who can read the page that shows it.
	password = "lure"

	longestName = 40 // in characters
)

// signInForm is the form as it was sent, and what is wrong with it.
type signInForm struct {
	Name      string
	NameError string
	WordError string // about the password; what was typed is not shown again

	Password    string // the one to type
	LongestName int
}

func (s *Site) showSignIn(w http.ResponseWriter, r *http.Request, v *session.Session) error {
	return s.showSignInForm(w, r, v, http.StatusOK, signInForm{})
}

func (s *Site) showSignInForm(w http.ResponseWriter, r *http.Request, v *session.Session, status int, f signInForm) error {
	f.Password, f.LongestName = password, longestName
	return s.show(w, r, v, status, "sign-in", "Sign in", f)
}

// signIn gives the session a new ID, for what the visitor may do changes: an ID that
// somebody else planted before is worth nothing afterwards. The basket comes along.
func (s *Site) signIn(w http.ResponseWriter, r *http.Request, v *session.Session) error {
	f := signInForm{Name: strings.TrimSpace(r.PostForm.Get("name"))}
	f.NameError = nameError(f.Name)
	if subtle.ConstantTimeCompare([]byte(r.PostForm.Get("password")), []byte(password)) != 1 {
		f.WordError = "That is not the password. It is written above the field."
	}
	if f.NameError != "" || f.WordError != "" {
		return s.showSignInForm(w, r, v, http.StatusUnprocessableEntity, f)
	}
	if err := v.Regenerate(); err != nil {
		return err
	}
	if err := visitorName.Set(v, f.Name); err != nil {
		return err
	}
	if err := v.Flash().Success("Welcome, " + f.Name + ". Your session has a new ID, and your basket came along."); err != nil {
		return err
	}
	return seeOther(w, r, "/")
}

// nameError says what is wrong with a name, or nothing.
func nameError(name string) string {
	switch {
	case name == "":
		return "Please give a name; any will do."
	case !utf8.ValidString(name) || strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }):
		return "Please use letters, digits and spaces only."
	case utf8.RuneCountInString(name) > longestName:
		return "Please give a name of at most " + strconv.Itoa(longestName) + " characters."
	}
	return ""
}

// signOut ends the session with all that is in it. The message is the first thing in a
// new one.
func (s *Site) signOut(w http.ResponseWriter, r *http.Request, v *session.Session) error {
	if err := v.Destroy(r.Context()); err != nil {
		return err
	}
	if err := v.Flash().Notice("Your session has ended: your name, your basket and your visits are forgotten."); err != nil {
		return err
	}
	return seeOther(w, r, "/")
}
