package app

import (
	"bytes"
	"net/http"
)

// overheard is what a handler answered that nobody was sent: a ResponseWriter that
// keeps its short text.
type overheard struct {
	status int
	header http.Header
	body   bytes.Buffer
}

// overhear lets h answer r into nothing. The site words its own pages, but takes the
// status and the headers from those who know: the mux, and package session.
func overhear(h http.Handler, r *http.Request) *overheard {
	o := &overheard{header: http.Header{}}
	h.ServeHTTP(o, r)
	if o.status == 0 {
		o.status = http.StatusOK
	}
	return o
}

// Header returns the headers so far.
func (o *overheard) Header() http.Header { return o.header }

// WriteHeader keeps the first status.
func (o *overheard) WriteHeader(status int) {
	if o.status == 0 {
		o.status = status
	}
}

// Write keeps the text.
func (o *overheard) Write(p []byte) (int, error) {
	o.WriteHeader(http.StatusOK)
	return o.body.Write(p)
}
