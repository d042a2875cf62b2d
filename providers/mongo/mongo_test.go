package mongo_test

import (
	"strings"
	"testing"

	"go.uber.org/fx"
	"go.uber.org/goleak"

	"gyrfalcon/config"
	"gyrfalcon/providers"
	"gyrfalcon/providers/mongo"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// graph builds the application's graph for a block, without starting anything.
func graph(block string, opts ...providers.Option) error {
	cfg, err := config.Parse("gyrfalcon.yaml", []byte("session:\n  adapter: mongo\n  mongo:\n    "+strings.ReplaceAll(block, "\n", "\n    ")+"\n"))
	if err != nil {
		return err
	}
	return fx.New(fx.NopLogger, providers.Module(cfg.Session, append(opts, mongo.Backend)...)).Err()
}

func TestEveryFormIsTaken(t *testing.T) {
	t.Parallel()
	for _, block := range []string{
		"{}",
		"uri: mongodb://localhost:27017\ndatabase: test\ncollection: session_data",
		"uri: \"mongodb://hugo:p%40ss@a:27017,b:27018/admin?replicaSet=rs0&tls=true&w=2&journal=true&connectTimeoutMS=500\"",
		"uri: mongodb+srv://hugo:hunter2@cluster.example.com/?retryWrites=true", // nobody is asked yet
		"ttl_index: true",
		"collection: sessions.of.shop",
	} {
		if err := graph(block); err != nil {
			t.Errorf("%s\ngives %v, want nil", block, err)
		}
	}
}

func TestWhatCannotStandIsToldWithItsPlaceAndWithoutSecrets(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ block, place, says string }{
		{"url: mongodb://a", "4:5: session.mongo.url", `did you mean "uri"?`},
		{"uri: redis://u:hunter2@a", "4:10: session.mongo.uri", "mongodb://"},
		{"uri: \"hunter2\"", "4:10: session.mongo.uri", "mongodb://"},
		{"uri: mongodb://hugo:hunter2@", "4:10: session.mongo.uri", "driver takes"},
		{"uri: mongodb://hugo:hunter2@a:99999", "4:10: session.mongo.uri", "driver takes"},
		{"uri: mongodb://hugo:hun/ter2hunter2@a", "4:10: session.mongo.uri", "percent-encode"},
		{"uri: mongodb://hugo:hunter2%zz@a", "4:10: session.mongo.uri", "percent-encode"},
		{"uri: mongodb://:hunter2@a", "4:10: session.mongo.uri", "percent-encode"},
		{"uri: mongodb://a/?w=hunter2=&connectTimeoutMS=hunter2", "4:10: session.mongo.uri", "among w, connectTimeoutMS"},
		{"uri: mongodb://hugo:hunter2@a/?tls=perhaps", "4:10: session.mongo.uri", "among tls"},
		{"uri: mongodb://hugo:hunter2@a/?w=0", "4:10: session.mongo.uri", "w=0"},
		{"uri: [mongodb://hunter2]", "4:10: session.mongo.uri", "single value"},
		{"database: \"\"", "4:15: session.mongo.database", "names no database"},
		{"database: a.b", "4:15: session.mongo.database", "cannot be a database's name"},
		{"collection: \"\"", "4:17: session.mongo.collection", "names no collection"},
		{"collection: a$b", "4:17: session.mongo.collection", "cannot be a collection's name"},
		{"collection: system.users", "4:17: session.mongo.collection", "name another"},
		{"ttl_index: 1", "4:16: session.mongo.ttl_index", "true"},
	} {
		err := graph(c.block)
		if err == nil {
			t.Errorf("%s\ngives no error, want one that says %q", c.block, c.says)
			continue
		}
		for _, part := range []string{"gyrfalcon.yaml:", c.place, c.says} {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%s\ngives %v\nwant it to say %q", c.block, err, part)
			}
		}
		if strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "ter2") {
			t.Errorf("%s\nshows the password: %v", c.block, err)
		}
	}
}

func TestALifetimeThatATTLIndexCannotCountIsRefused(t *testing.T) {
	t.Parallel()
	cfg, err := config.Parse("gyrfalcon.yaml", []byte("session: {adapter: mongo, lifetime: 876000h, mongo: {ttl_index: true}}"))
	if err != nil {
		t.Fatal(err)
	}
	err = fx.New(fx.NopLogger, providers.Module(cfg.Session, mongo.Backend)).Err()
	if err == nil || !strings.Contains(err.Error(), "1:65: session.mongo.ttl_index") {
		t.Errorf("got %v, want an error about ttl_index with its place", err)
	}
}

func TestHowToConnectIsRefusedWhereTheClientIsShared(t *testing.T) {
	t.Parallel()
	err := graph("uri: mongodb://hugo:hunter2@a", providers.Share("main"))
	if err == nil || !strings.Contains(err.Error(), "4:10: session.mongo.uri") || !strings.Contains(err.Error(), "providers.Share") || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("uri with Share gives %v, want an error about it", err)
	}
	if err := graph("database: a.b", providers.Share("main")); err == nil || !strings.Contains(err.Error(), "4:15") {
		t.Errorf("a database that is none gives %v with Share, want an error with its place", err)
	}
}

func TestServicesOnOneCollectionHaveOneLifetime(t *testing.T) {
	t.Parallel()
	services := func(first, second string) error {
		cfg, err := config.Parse("gyrfalcon.yaml", []byte("session: {adapter: mongo, lifetime: 1h, mongo: {"+first+"}}\nservices: {admin: {adapter: mongo, lifetime: 15m, mongo: {"+second+"}}}"))
		if err != nil {
			t.Fatal(err)
		}
		return fx.New(fx.NopLogger, providers.Module(cfg.Session, mongo.Backend, providers.Further(cfg.Services))).Err()
	}
	for _, same := range [][2]string{
		{"", "uri: mongodb://localhost:27017, collection: session_data"},
		{"uri: \"mongodb://b:1,a\"", "uri: \"mongodb://a:27017,b:1\""},
		{"uri: mongodb://LOCALHOST/", "uri: \"mongodb://u:p@localhost/?w=1\""},
		{"uri: mongodb+srv://u:p@c.example.com/x", "uri: mongodb+srv://C.example.com?tls=true"},
	} {
		if err := services(same[0], same[1]); err == nil || !strings.Contains(err.Error(), "the same lifetime") {
			t.Errorf("{%s} and {%s} with two lifetimes: %v, want an error that says so", same[0], same[1], err)
		}
	}
	for _, other := range []string{"collection: other", "database: other", "uri: mongodb://b"} {
		if err := services("", other); err != nil {
			t.Errorf("{} and {%s} with two lifetimes: %v, want nil", other, err)
		}
	}
}
