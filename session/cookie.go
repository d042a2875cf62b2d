package session

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"
)

// requestID returns the ID that the request came with, or "" where it came with
// none or with one that cannot be ours. Of several cookies of the name the first
// counts, as in PHP.
func (ex *exchange) requestID() string {
	cookies := ex.r.CookiesNamed(ex.m.opts.Cookie.Name)
	if len(cookies) == 0 {
		return ""
	}
	ex.sentCookie = true
	id := ex.m.cookieID(cookies[0].Value)
	if !ex.m.wellFormed(id) {
		ex.m.emit(EventRefusedID, "", nil)
		return ""
	}
	return id
}

// dropCookies removes from h all cookies of the session's name, whoever put them
// there.
func (ex *exchange) dropCookies(h http.Header) {
	lines := h["Set-Cookie"]
	if len(lines) == 0 {
		return
	}
	kept := slices.DeleteFunc(slices.Clone(lines), func(line string) bool {
		name, _, _ := strings.Cut(line, "=")
		return strings.TrimSpace(name) == ex.m.opts.Cookie.Name
	})
	if len(kept) == 0 {
		delete(h, "Set-Cookie")
	} else {
		h["Set-Cookie"] = kept
	}
}

// setCookie puts the last state of the session's cookie into h, and says whether
// there was anything to put.
func (ex *exchange) setCookie(h http.Header) bool {
	ex.dropCookies(h)
	var c *http.Cookie
	switch {
	case ex.issue && ex.s.known:
		c = ex.m.cookie(ex.s.id)
		ex.warnPlain(c)
	case ex.withdraw && ex.sentCookie:
		c = ex.m.cookie("")
		c.MaxAge = -1
		c.Expires = time.Unix(1, 0)
	default:
		return false
	}
	h.Add("Set-Cookie", c.String())
	return true
}

func (m *Manager) cookie(id string) *http.Cookie {
	o := &m.opts.Cookie
	c := &http.Cookie{
		Name:     o.Name,
		Value:    m.cookieValue(id),
		Path:     o.Path,
		Domain:   o.Domain,
		Secure:   !o.Insecure,
		HttpOnly: !o.Scripts,
		SameSite: o.SameSite,
	}
	if o.Persistent {
		c.MaxAge = int((m.opts.Lifetime + time.Second - 1) / time.Second)
	}
	return c
}

// warnPlain says once what a developer behind a plain-HTTP address will otherwise
// look for in vain: browsers drop a Secure cookie there.
func (ex *exchange) warnPlain(c *http.Cookie) {
	if !c.Secure || ex.r.TLS != nil || strings.EqualFold(ex.r.Header.Get("X-Forwarded-Proto"), "https") || isLoopback(ex.r.RemoteAddr) {
		return
	}
	ex.m.warnedPlain.Do(func() {
		ex.m.log.Warn("a Secure session cookie was sent over plain HTTP, where browsers drop it: "+
			"serve HTTPS, let the proxy that ends TLS set X-Forwarded-Proto: https, or, for development only, set secure: false and a name without __Host-",
			zap.String("cookie", c.Name))
	})
}

func isLoopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}
