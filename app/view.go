package app

import (
	"bytes"
	"fmt"
	"html/template"
	"net/http"
	"strconv"
	"strings"
	"time"

	"gyrfalcon/session"
)

// view is what a page is rendered from.
type view struct {
	Title   string
	Path    string // of the request, to mark where the visitor is
	Bare    bool   // the session was not asked for: nothing is known of the visitor
	Visitor string // empty unless signed in
	Items   int    // in the basket
	Flashes []session.FlashMessage
	Body    any // the page's own
}

// parsePages parses each page into the layout.
func parsePages(a *assets, names ...string) (map[string]*template.Template, error) {
	funcs := template.FuncMap{"asset": a.url, "money": money, "ordinal": ordinal, "span": span, "clock": clock, "iso": iso}
	layout, err := template.New("layout.html").Funcs(funcs).ParseFS(embedded, "templates/layout.html")
	if err != nil {
		return nil, fmt.Errorf("app: %w", err)
	}
	pages := map[string]*template.Template{}
	for _, name := range names {
		page, err := layout.Clone()
		if err != nil {
			return nil, fmt.Errorf("app: %w", err)
		}
		if pages[name], err = page.ParseFS(embedded, "templates/"+name+".html"); err != nil {
			return nil, fmt.Errorf("app: %w", err)
		}
	}
	return pages, nil
}

// render writes a page. On an error nothing has been written.
func (s *Site) render(w http.ResponseWriter, status int, page string, v view) error {
	return renderPage(w, status, s.pages[page], v)
}

func renderPage(w http.ResponseWriter, status int, page *template.Template, v view) error {
	var b bytes.Buffer
	if err := page.Execute(&b, v); err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(b.Len()))
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // a visitor who has gone needs no page
	return nil
}

// show renders a page for a visitor: with the name, the size of the basket and the
// flash messages, which are used up by it.
func (s *Site) show(w http.ResponseWriter, r *http.Request, v *session.Session, status int, page, title string, body any) error {
	visitor, err := visitorName.Get(v)
	if err != nil {
		return err
	}
	lines, err := basketOf(v)
	if err != nil {
		return err
	}
	flashes, err := takeFlashes(r, v)
	if err != nil {
		return err
	}
	return s.render(w, status, page, view{
		Title: title, Path: r.URL.Path, Visitor: visitor, Items: lines.items(), Flashes: flashes, Body: body,
	})
}

// takeFlashes takes the messages to be shown: not those that nobody will see, because
// the request is a HEAD, or because another one has renewed the session.
func takeFlashes(r *http.Request, v *session.Session) ([]session.FlashMessage, error) {
	if r.Method == http.MethodHead {
		return nil, nil
	}
	if v.Info().Superseded {
		return nil, nil
	}
	return v.Flash().Take()
}

// money writes pence as pounds.
func money(pence int) string { return fmt.Sprintf("£%d.%02d", pence/100, pence%100) }

// ordinal is "1st", "2nd" and so on.
func ordinal(n int) string {
	suffix := "th"
	if n/10%10 != 1 {
		switch n % 10 {
		case 1:
			suffix = "st"
		case 2:
			suffix = "nd"
		case 3:
			suffix = "rd"
		}
	}
	return strconv.Itoa(n) + suffix
}

// span is a duration in words, in its two largest units: "1 hour 5 minutes".
func span(d time.Duration) string {
	if d < time.Second {
		return "less than a second"
	}
	left := int(d / time.Second)
	var words []string
	for _, unit := range []struct {
		name    string
		seconds int
	}{{"day", 24 * 60 * 60}, {"hour", 60 * 60}, {"minute", 60}, {"second", 1}} {
		n := left / unit.seconds
		left %= unit.seconds
		if n > 0 {
			words = append(words, plural(n, unit.name))
		} else if len(words) > 0 {
			break // no "1 day 3 seconds"
		}
		if len(words) == 2 {
			break
		}
	}
	return strings.Join(words, " ")
}

func plural(n int, unit string) string {
	if n == 1 {
		return "1 " + unit
	}
	return strconv.Itoa(n) + " " + unit + "s"
}

// clock and iso write a moment for people and for the datetime attribute. The server
// does not know the visitor's time zone.
func clock(t time.Time) string { return t.UTC().Format("2 January 2006, 15:04:05 UTC") }
func iso(t time.Time) string   { return t.UTC().Format(time.RFC3339) }
