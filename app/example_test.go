package app_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"gyrfalcon/app"
	"gyrfalcon/config"
	"gyrfalcon/session"
	"gyrfalcon/session/memory"
)

// The site needs no fx: it is a handler, made from a session service that somebody
// else starts and stops.
func ExampleNewSite() {
	ctx := context.Background()
	manager := session.New(memory.New(memory.Options{}), session.Options{})
	if err := manager.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = manager.Stop(ctx) }()

	site, err := app.NewSite(app.SiteParams{Session: manager, Config: config.Default()})
	if err != nil {
		fmt.Println(err)
		return
	}

	w := httptest.NewRecorder()
	site.ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodGet, "/", nil))
	fmt.Println(w.Code, w.Result().Cookies()[0].Name)

	w = httptest.NewRecorder()
	site.ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodGet, "/nowhere", nil))
	fmt.Println(w.Code, len(w.Result().Cookies()))
	// Output:
	// 200 __Host-session
	// 404 0
}
