package config_test

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gyrfalcon/config"
)

func TestHTTPAddressesAreChecked(t *testing.T) {
	t.Parallel()
	for _, good := range []string{":8080", "localhost:0", "0.0.0.0:80", `"[::1]:8080"`, "www.example.com:443"} {
		parse(t, "http:\n  address: "+good+"\n", nil)
	}
	parse(t, "http: {address: \"localhost:0\", admin_address: \"localhost:0\"}\n", nil) // two that are free
	refuse(t, nil, []refusal{
		{
			"no port", "http:\n  address: localhost\n",
			`gyrfalcon.yaml:2:12: http.address: "localhost" is not host:port, such as 127.0.0.1:8080 | address: localhost`,
		},
		{
			"port by name", "http:\n  address: localhost:http\n",
			`gyrfalcon.yaml:2:12: http.address: "localhost:http" is not host:port, such as 127.0.0.1:8080 | address: localhost:http`,
		},
		{
			"port out of range", "http:\n  admin_address: localhost:65536\n",
			`gyrfalcon.yaml:2:18: http.admin_address: "localhost:65536" is not host:port, such as 127.0.0.1:8081 | admin_address: localhost:65536`,
		},
		{
			"URL", "http:\n  address: http://localhost:80\n",
			`gyrfalcon.yaml:2:12: http.address: "http://localhost:80" is not host:port, such as 127.0.0.1:8080 | address: http://localhost:80`,
		},
		{
			"one port twice", "http:\n  address: :8081\n",
			`gyrfalcon.yaml:1:1: http.admin_address: takes the same port as address; give it one of its own | http:`,
		},
		{
			"one port twice, of every interface", "http: {address: \"0.0.0.0:80\", admin_address: \"localhost:80\"}\n",
			`gyrfalcon.yaml:1:46: http.admin_address: takes the same port as address; give it one of its own | http: {address: "0.0.0.0:80", admin_address: "localhost:80"}`,
		},
		{
			"one address twice", "http: {address: \"localhost:80\", admin_address: \"localhost:80\"}\n",
			`gyrfalcon.yaml:1:48: http.admin_address: takes the same port as address; give it one of its own | http: {address: "localhost:80", admin_address: "localhost:80"}`,
		},
	})
}

func TestLogIsChecked(t *testing.T) {
	t.Parallel()
	c := parse(t, "log: {level: debug, format: json}\n", nil)
	if want := (config.Log{Level: "debug", Format: "json"}); c.Log != want {
		t.Errorf("Log: got %+v, want %+v", c.Log, want)
	}
	refuse(t, nil, []refusal{{
		"unknown values", "log: {level: warning, format: text}\n",
		"gyrfalcon.yaml:1:14: log.level: \"warning\" is not known here; valid here: debug, error, info, warn | log: {level: warning, format: text}\n" +
			"gyrfalcon.yaml:1:31: log.format: \"text\" is not known here; valid here: console, json | log: {level: warning, format: text}",
	}})
}

func TestDefaultIsForThisMachineAlone(t *testing.T) {
	t.Parallel()
	c := config.Default()
	for _, address := range []string{c.HTTP.Address, c.HTTP.AdminAddress} {
		host, _, err := net.SplitHostPort(address)
		if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsLoopback() {
			t.Errorf("address: got %s, want one of the loopback interface", address)
		}
	}
	want := config.Cookie{Name: "session", Path: "/", HTTPOnly: true, SameSite: "lax"}
	if c.Session.Cookie != want {
		t.Errorf("Session.Cookie: got %+v, want %+v", c.Session.Cookie, want)
	}
	block, err := c.Session.Select([]string{"database"})
	if err != nil {
		t.Fatalf("Select: got error %v, want none", err)
	}
	var db struct {
		Driver string `yaml:"driver"`
		Path   string `yaml:"path"`
	}
	if err := block.Decode(&db); err != nil || db.Driver != "sqlite" || db.Path != "gyrfalcon.db" {
		t.Errorf("Decode: got %+v, %v; want driver sqlite, path gyrfalcon.db", db, err)
	}
}

func TestLoadReadsAFileAndNamesItInErrors(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "app.yaml")
	if err := os.WriteFile(path, []byte("session:\n  lifetime: 2h\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(path)
	if err != nil || c.Session.Lifetime.Hours() != 2 {
		t.Errorf("Load: got %v, %v; want a lifetime of 2h", c, err)
	}
	if err := os.WriteFile(path, []byte("sesion: {}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	want := path + `:1:1: sesion: unknown key; did you mean "session"? | sesion: {}`
	if _, err := config.Load(path); err == nil || err.Error() != want {
		t.Errorf("Load: got error %v, want %s", err, want)
	}
}

func TestLoadExpandsTheEnvironment(t *testing.T) {
	t.Setenv("GYRFALCON_TEST_LIFETIME", "3h")
	path := filepath.Join(t.TempDir(), "app.yaml")
	if err := os.WriteFile(path, []byte("session:\n  lifetime: ${GYRFALCON_TEST_LIFETIME}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(path)
	if err != nil || c.Session.Lifetime.Hours() != 3 {
		t.Errorf("Load: got %v, %v; want a lifetime of 3h", c, err)
	}
}

func TestLoadSaysWhyAFileCannotBeRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	missing := filepath.Join(dir, "none.yaml")
	_, err := config.Load(missing)
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), missing) {
		t.Errorf("Load of a missing file: got error %v, want fs.ErrNotExist with the path", err)
	}
	_, err = config.Load(dir)
	if err == nil || !strings.Contains(err.Error(), dir) {
		t.Errorf("Load of a directory: got error %v, want one with the path", err)
	}
}
