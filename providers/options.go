package providers

import (
	"errors"
	"net/http"

	"gyrfalcon/config"
	"gyrfalcon/session"
	"gyrfalcon/session/php"
)

// options turns a service's configuration into its manager's options. What the
// session package refuses is told with its place in the file.
func (m *module) options(s config.Session) (session.Options, error) {
	codec, err := codec(s)
	if err != nil {
		return session.Options{}, err
	}
	o := session.Options{
		Name:       s.Name,
		Interop:    interop(s),
		Lifetime:   s.Lifetime,
		MaxAge:     s.MaxAge,
		UniqueID:   s.UniqueID,
		Codec:      codec,
		MaxData:    int(s.MaxData),
		GCInterval: s.GCInterval,
		Timeout:    s.Timeout,
		Cookie: session.Cookie{
			Name:       s.Cookie.Name,
			Path:       s.Cookie.Path,
			Domain:     s.Cookie.Domain,
			Insecure:   !s.Cookie.Secure,
			Scripts:    !s.Cookie.HTTPOnly,
			SameSite:   sameSite(s.Cookie.SameSite),
			Persistent: s.Cookie.Persistent,
		},
	}
	for _, adjust := range m.adjust {
		adjust(&o)
	}
	return o, locate(o.Validate(), s.Errorf)
}

func isPHP(s config.Session) bool { return s.Interop == "php" }

func interop(s config.Session) session.Interop {
	if isPHP(s) {
		return session.PHP
	}
	return session.Alone
}

func codec(s config.Session) (session.Codec, error) {
	switch s.Codec {
	case "json":
		if isPHP(s) {
			return nil, s.Errorf("codec", "PHP does not read json; write the one that is its session.serialize_handler: php, php_serialize or php_binary")
		}
		return session.JSON(), nil
	case "php":
		return php.Native(), nil
	case "php_serialize":
		return php.Serialize(), nil
	case "php_binary":
		return php.Binary(), nil
	}
	return nil, s.Errorf("codec", "%q is no codec; there are json, php, php_serialize and php_binary", s.Codec)
}

func sameSite(word string) http.SameSite {
	switch word {
	case "strict":
		return http.SameSiteStrictMode
	case "none":
		return http.SameSiteNoneMode
	}
	return http.SameSiteLaxMode
}

// Locate gives each *session.OptionError in err, as an adapter's Options.Validate
// returns them, its place in the backend's block.
func (s Setup) Locate(err error) error { return locate(err, s.Block.Errorf) }

func locate(err error, errorf func(key, format string, args ...any) error) error {
	if err == nil {
		return nil
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var located []error
		for _, e := range joined.Unwrap() {
			located = append(located, locate(e, errorf))
		}
		return errors.Join(located...)
	}
	if oe, ok := errors.AsType[*session.OptionError](err); ok {
		return errorf(oe.Option, "%s", oe.Why)
	}
	return err
}
