package providers_test

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/fx"
	"go.uber.org/fx/fxtest"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"gyrfalcon/providers"
	"gyrfalcon/providers/all"
	"gyrfalcon/session/database/sqlite"
)

// interop: php is all that YAML needs to say: what a PHP application has stored is
// counted on, and what is stored is what PHP would read.
func TestSessionsAreSharedWithPHPByOneKeyInYAML(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sessions.db")
	cfg := parse(t, fmt.Sprintf("session: {interop: php, unique_id: shop, database: {path: %q}}", path))
	core, logs := observer.New(zap.InfoLevel)
	var p sessionParams
	app := fxtest.New(t, fx.NopLogger, fx.Provide(func() *zap.Logger { return zap.New(core) }), providers.Module(cfg.Session, all.Backends...), fx.Populate(&p))
	app.RequireStart()
	defer app.RequireStop()
	if n := logs.FilterMessageSnippet("shared with PHP").Len(); n != 1 {
		t.Errorf("what must be true on PHP's side was told %d times, want once", n)
	}

	db, err := sqlite.Open(path, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	const id = "AbCdEfGhIjKlMnOpQrStUv,-"
	const born = `shop#n|i:41;user|O:8:"App\User":1:{s:4:"name";s:3:"ada";}`
	if _, err := db.ExecContext(t.Context(), "INSERT INTO session_data (session_id, data, created_at) VALUES (?, ?, ?)", id, born, time.Now().Unix()); err != nil {
		t.Fatal(err)
	}
	n, cookie := count(t, p.Session, &http.Cookie{Name: "PHPSESSID", Value: "AbCdEfGhIjKlMnOpQrStUv%2C-"}) //nolint:gosec // a client's cookie
	if n != 42 || cookie.Value != "AbCdEfGhIjKlMnOpQrStUv%2C-" {
		t.Errorf("the counter is %d, and the ID %q; want 42, and PHP's", n, cookie.Value)
	}
	stored := func(id string) (data string) {
		if err := db.QueryRowContext(t.Context(), "SELECT data FROM session_data WHERE session_id = ?", id).Scan(&data); err != nil {
			t.Errorf("what is stored: %v", err)
		}
		return data
	}
	if got, want := stored(id), strings.Replace(born, "41", "42", 1)+"_gyrfalcon|s:15:\"born="; !strings.HasPrefix(got, want) {
		t.Errorf("stored is %q, want %q and so on", got, want)
	}

	_, cookie = count(t, p.Session, nil)
	if cookie == nil || cookie.Name != "PHPSESSID" || !strings.HasPrefix(stored(cookie.Value), "shop#n|i:1;") {
		t.Errorf("a new visitor's cookie is %v, want PHPSESSID with the ID of what is stored", cookie)
	}
}

func TestSessionsInMemoryCanHavePHPsForm(t *testing.T) {
	t.Parallel()
	var p sessionParams
	app := fxtest.New(t, fx.NopLogger, providers.Module(parse(t, "session: {adapter: memory, interop: php, codec: php_binary}").Session, all.Backends...), fx.Populate(&p))
	app.RequireStart()
	defer app.RequireStop()
	var cookie *http.Cookie
	for want := 1; want <= 3; want++ {
		var n int
		if n, cookie = count(t, p.Session, cookie); n != want {
			t.Errorf("visit %d: the counter is %d", want, n)
		}
	}
	if o := p.Session.Options(); o.Lifetime != 1440*time.Second || cookie.Name != "PHPSESSID" {
		t.Errorf("lifetime %v, cookie %s; want PHP's defaults, 24m and PHPSESSID", o.Lifetime, cookie.Name)
	}
}
