package config

import (
	"net"
	"regexp"
)

// Cookie is the configuration of the cookie that holds a session's ID.
type Cookie struct {
	// Name is by default "__Host-" and the service's name, and PHPSESSID under
	// interop: php. Browsers take a cookie with the prefix __Host- only where
	// it is Secure, for the whole of one host, and with __Secure- only where it
	// is Secure (RFC 6265bis, 4.1.3).
	Name string `yaml:"name"`

	// Path is the part of the site that the cookie is sent to, by default "/".
	Path string `yaml:"path"`

	// Domain, if it is not empty, has the cookie sent to the hosts below that
	// domain too.
	Domain string `yaml:"domain"`

	// Secure, by default true, keeps the cookie from plain HTTP.
	Secure bool `yaml:"secure"`

	// HTTPOnly, by default true, keeps the cookie from scripts.
	HTTPOnly bool `yaml:"http_only"`

	// SameSite is lax, the default, strict or none: whether requests from other
	// sites carry the cookie.
	SameSite string `yaml:"same_site"`

	// Persistent has the cookie outlive the browser, for as long as the
	// session. The default is false.
	Persistent bool `yaml:"persistent"`
}

// hostPrefix begins the name of a cookie that goes to one host only.
const hostPrefix = "__Host-"

var (
	cookieName = regexp.MustCompile("^[-0-9A-Za-z!#$%&'*+.^_`|~]+$")                              // RFC 9110, a token
	cookiePath = regexp.MustCompile(`^/[ -:<-~]*$`)                                               // RFC 6265, path-value
	domainName = regexp.MustCompile(`^([0-9A-Za-z]([-0-9A-Za-z]*[0-9A-Za-z])?\.)*[-0-9A-Za-z]+$`) // RFC 1123
)

// check looks at each value by itself. What they must not be together is the session
// package's to say.
func (k Cookie) check(c checker) {
	c.require("cookie.name", cookieName.MatchString(k.Name), "%s is not a cookie's name: letters, digits, - and _", c.describe("cookie.name", k.Name))
	c.require("cookie.path", cookiePath.MatchString(k.Path), "%s is not a path: it begins with / and holds no ;", c.describe("cookie.path", k.Path))
	c.require("cookie.domain", k.Domain == "" || validHost(k.Domain), "%s is not a domain, such as example.com", c.describe("cookie.domain", k.Domain))
	c.oneOf("cookie.same_site", k.SameSite, "lax", "strict", "none")
}

// validHost reports whether s is a host name or an IP address.
func validHost(s string) bool {
	return len(s) <= 253 && (domainName.MatchString(s) || net.ParseIP(s) != nil)
}
