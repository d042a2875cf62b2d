package session

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"net/http"
)

// Where Phalcon\Encryption\Security (Phalcon\Security before version 5) keeps the name
// and the value of a form's hidden field.
const (
	csrfKeyName   = "$PHALCON/CSRF/KEY$"
	csrfTokenName = "$PHALCON/CSRF$" //nolint:gosec // G101: the name of a variable

	csrfBytes = 16 // of randomness in each, as in Phalcon
)

// CSRF is the token by which a form proves that it comes from this site's own page,
// kept as Phalcon\Encryption\Security keeps it: a form that PHP has shown can be
// checked here, and one that was shown here can be checked by PHP. A site without PHP
// is served better by net/http's CrossOriginProtection, which needs no session.
type CSRF struct{ s *Session }

// CSRF returns the session's token for forms.
func (s *Session) CSRF() *CSRF { return &CSRF{s} }

// Field returns the name and the value of the hidden field that a form needs. All
// forms that are shown before one of them is sent have the same. Phalcon's getToken
// gives each page new ones, so that only the page that was shown last can be sent.
//
// Of two requests that are the first to ask, at once, the later one's field is valid,
// as in Phalcon. Errors are Session.Set's.
func (c *CSRF) Field() (name, value string, err error) {
	if name, err = c.text(csrfKeyName); err != nil {
		return "", "", err
	}
	if value, err = c.text(csrfTokenName); err != nil {
		return "", "", err
	}
	if name != "" && value != "" {
		return name, value, nil
	}
	name, value = newToken(), newToken()
	if err = c.s.Set(csrfKeyName, name); err == nil {
		err = c.s.Set(csrfTokenName, value)
	}
	return name, value, err
}

// newToken returns 22 characters of URL-safe base64, as Phalcon's Random::base64Safe.
func newToken() string {
	var b [csrfBytes]byte
	_, _ = rand.Read(b[:]) // never fails
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// Check says whether the body of r, a form, has the session's token in its hidden field,
// and if so uses it up, as Phalcon's checkToken does. See Verify.
func (c *CSRF) Check(r *http.Request) (bool, error) {
	name, err := c.text(csrfKeyName)
	if err != nil || name == "" {
		return false, err
	}
	return c.Verify(r.PostFormValue(name))
}

// Verify is Check for a value that came by another way than a form's hidden field. It
// compares in constant time. A token is good for one request: of two that bring it at
// once, the commit of the second one is ErrTokenUsed, and what it did to the session
// is not stored. Errors are Session.Set's.
func (c *CSRF) Verify(value string) (bool, error) {
	known, err := c.text(csrfTokenName)
	if err != nil || known == "" || subtle.ConstantTimeCompare([]byte(known), []byte(value)) != 1 {
		return false, err
	}
	err = c.s.update(csrfTokenName, func(_ *Session, d Document, key string) error {
		var now string
		if err := d.Decode(key, &now); err != nil && !errors.Is(err, ErrNoVariable) {
			return err
		}
		if now != known {
			return ErrTokenUsed
		}
		d.Remove(key)
		d.Remove(c.s.prefix() + csrfKeyName)
		return nil
	})
	return err == nil, err
}

// Clear makes the forms that were shown so far invalid, as Phalcon's destroyToken does.
// Errors are Session.Set's.
func (c *CSRF) Clear() error {
	return errors.Join(c.s.Remove(csrfKeyName), c.s.Remove(csrfTokenName))
}

func (c *CSRF) text(name string) (string, error) { return Get[string](c.s, name) }
