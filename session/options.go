package session

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"go.uber.org/zap"
)

// Defaults of Options, and its limits.
const (
	DefaultName       = "session"
	DefaultLifetime   = time.Hour
	DefaultMaxData    = 64 << 10
	DefaultTimeout    = 5 * time.Second
	DefaultGCInterval = time.Minute

	// MinLifetime is the shortest idle lifetime: SQL tables of Phalcon's form
	// and PHP's handlers count in whole seconds.
	MinLifetime = time.Second
)

// Options says how a Manager keeps sessions. The zero value is complete and safe.
type Options struct {
	// Name is the service's name, by default DefaultName. It is part of every
	// stored ID: two services of different names can share a table, and an ID
	// of the one is nothing to the other. Renaming a service signs everybody
	// out.
	Name string

	// Lifetime is how long a session lives without being used, at least
	// MinLifetime, by default DefaultLifetime, and DefaultPHPLifetime under PHP.
	// It is PHP's session.gc_maxlifetime. Each use renews it (with a write to the store
	// at most every twentieth of it, or every minute, whichever is shorter).
	// Services that share a table must have the same: each clears it by its own.
	Lifetime time.Duration

	// MaxAge caps a session's whole life, however much it is used. 0, the
	// default, does not.
	MaxAge time.Duration

	// UniqueID is Phalcon's uniqueId: variables are stored as
	// "<UniqueID>#<name>", so that several applications can keep theirs in
	// one visitor's session. Empty by default: names are stored as they are.
	UniqueID string

	// Interop is PHP where a PHP application uses the same sessions. The
	// default, Alone, is for a service that has them to itself.
	Interop Interop

	// Codec is the form in which a session is stored, by default JSON. Under
	// PHP it must be one of package session/php.
	Codec Codec

	// MaxData is the largest encoded session in bytes, by default
	// DefaultMaxData. A larger one is ErrTooLarge.
	MaxData int

	// Cookie says how the ID travels. Its zero value is the safest cookie
	// there is.
	Cookie Cookie

	// Timeout bounds each load and each commit, also for a request whose
	// context has no deadline, by default DefaultTimeout. A commit has this
	// long even when the client has gone.
	Timeout time.Duration

	// GCInterval is the time between two clearings of expired sessions, by
	// default DefaultGCInterval; each comes up to a tenth late, at random, so
	// that several processes spread theirs. Negative: never, for a store that
	// is cleared by something else.
	GCInterval time.Duration

	// ErrorHandler answers a request whose commit failed before the response
	// had begun. By default it is Error. It need not log: Logger was told.
	ErrorHandler func(w http.ResponseWriter, r *http.Request, err error)

	// OnEvent is told of everything that happens to sessions. It is called
	// while the request waits, possibly from many goroutines at once: it must
	// be quick and must not call the Session. What fails is no event: Logger is
	// told of it. None by default.
	OnEvent func(Event)

	// Logger is told why a session could not be read, stored or destroyed, with
	// the session's handle and the cause: at warn where the store, or the
	// session's size, is in the way, and at error what nobody expects; once for
	// each request, until something succeeds again. What visitors do every day
	// (ErrGone, ErrSuperseded, ErrTokenUsed, a client that hangs up), and events,
	// are told at debug level. What nobody else could be told (a touch, a late
	// commit or a clearing that failed) is a warning too. None by default: then
	// nothing tells why visitors are answered 503.
	Logger *zap.Logger

	// Now is the clock, by default time.Now; for tests.
	Now func() time.Time
}

// hostPrefix begins the name of a cookie that goes to one host only.
const hostPrefix = "__Host-"

// Cookie says how a session's ID travels. The zero value is the cookie "__Host-"
// with the service's name ("__Host-session"), Secure, HttpOnly, SameSite=Lax and
// Path=/, which ends with the browser session.
type Cookie struct {
	// Name is the cookie's name, by default "__Host-" and Options.Name, and
	// PHPSESSID under PHP. It is never rewritten: with a "__Host-" name a
	// Domain, another Path than "/" or Insecure is an error (RFC 6265bis,
	// section 4.1.3). Services of one site each need their own; where one
	// request comes to two with the same, the inner one's From is an error.
	Name string

	// Path is the part of the site that gets the cookie, by default "/".
	Path string

	// Domain, when set, sends the cookie to all hosts below it too. By
	// default it goes only to the host that set it.
	Domain string

	// Insecure leaves out Secure: the cookie then travels over plain HTTP,
	// where everybody on the way can read it. For development on a loopback
	// address only.
	Insecure bool

	// Scripts leaves out HttpOnly: scripts in the page can read the ID.
	Scripts bool

	// SameSite is http.SameSiteLaxMode by default. http.SameSiteNoneMode
	// needs a secure cookie.
	SameSite http.SameSite

	// Persistent keeps the cookie when the browser closes: it is sent with
	// Max-Age, and again whenever the session's life is renewed.
	Persistent bool
}

// OptionError says which option cannot stand, and why. Validate returns it, one
// for each such option, joined.
type OptionError struct {
	Option string // the option's name in YAML, such as "cookie.domain"
	Why    string // what is wrong, with the mend
}

func (e *OptionError) Error() string { return e.Option + ": " + e.Why }

// Validate returns an error that holds an *OptionError for each option that
// cannot stand. New's defaults count as set.
func (o Options) Validate() error {
	o = o.withDefaults()
	var errs []error
	refuse := func(option, format string, args ...any) {
		errs = append(errs, &OptionError{option, fmt.Sprintf(format, args...)})
	}
	if o.Lifetime < MinLifetime {
		refuse("lifetime", "%v is too short; the shortest is %v", o.Lifetime, MinLifetime)
	}
	if o.MaxAge < 0 {
		refuse("max_age", "%v is negative; leave it out for no limit", o.MaxAge)
	}
	if o.MaxData < 0 {
		refuse("max_data", "%d is negative; leave it out for %d", o.MaxData, DefaultMaxData)
	}
	if o.Timeout < 0 {
		refuse("timeout", "%v is negative; leave it out for %v", o.Timeout, DefaultTimeout)
	}
	if o.Interop != Alone && o.Interop != PHP {
		refuse("interop", "%q is not known; write php, or leave it out", o.Interop)
	}
	if strings.ContainsRune(o.Name, 0) {
		refuse("name", "a service's name holds no NUL byte")
	}
	if o.Cookie.Name == hostPrefix+o.Name && (&http.Cookie{Name: o.Cookie.Name}).Valid() != nil {
		refuse("cookie.name", "the service's name %q cannot be a part of a cookie's name: give the cookie a name of its own", o.Name)
	} else {
		o.Cookie.validate(refuse)
	}
	return errors.Join(errs...)
}

func (c Cookie) validate(refuse func(option, format string, args ...any)) {
	probe := http.Cookie{Name: c.Name, Value: "x", Path: c.Path, Domain: c.Domain}
	if err := probe.Valid(); err != nil {
		refuse("cookie", "%s", strings.TrimPrefix(err.Error(), "http: "))
	}
	if hasPrefixFold(c.Name, hostPrefix) {
		if c.Domain != "" {
			refuse("cookie.domain", "a cookie named __Host-… goes to one host only: leave domain out, or name the cookie __Secure-session")
		}
		if c.Path != "/" {
			refuse("cookie.path", "a cookie named __Host-… has the path /: write path: /, or name the cookie __Secure-session")
		}
	}
	if c.Insecure && (hasPrefixFold(c.Name, hostPrefix) || hasPrefixFold(c.Name, "__Secure-")) {
		refuse("cookie.secure", "browsers refuse a cookie named %s without Secure: write secure: true, or name the cookie session", c.Name)
	}
	switch c.SameSite {
	case http.SameSiteLaxMode, http.SameSiteStrictMode:
	case http.SameSiteNoneMode:
		if c.Insecure {
			refuse("cookie.same_site", "browsers refuse SameSite=None without Secure: write secure: true, or same_site: lax")
		}
	default:
		refuse("cookie.same_site", "%d is none of lax, strict and none", c.SameSite)
	}
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

func (o Options) withDefaults() Options {
	orElse(&o.Name, DefaultName)
	if o.Interop == PHP {
		orElse(&o.Lifetime, DefaultPHPLifetime)
		orElse(&o.Cookie.Name, phpCookie)
	}
	orElse(&o.Lifetime, DefaultLifetime)
	orElse(&o.MaxData, DefaultMaxData)
	orElse(&o.Timeout, DefaultTimeout)
	orElse(&o.GCInterval, DefaultGCInterval)
	orElse(&o.Cookie.Name, hostPrefix+o.Name)
	orElse(&o.Cookie.Path, "/")
	orElse(&o.Cookie.SameSite, http.SameSiteLaxMode)
	if o.Codec == nil {
		o.Codec = JSON()
	}
	if o.ErrorHandler == nil {
		o.ErrorHandler = Error
	}
	if o.Logger == nil {
		o.Logger = zap.NewNop()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

func orElse[T comparable](v *T, otherwise T) {
	var zero T
	if *v == zero {
		*v = otherwise
	}
}

// touchAfter is how long a session goes unrenewed while it is used: short enough
// that it never loses more than a twentieth of its idle life to the saving.
func (o Options) touchAfter() time.Duration {
	return min(o.Lifetime/20, time.Minute)
}
