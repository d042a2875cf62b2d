package mongo_test

import (
	"fmt"
	"testing"

	"go.uber.org/goleak"

	"gyrfalcon/providers"
	"gyrfalcon/providers/internal/yamltest"
	"gyrfalcon/providers/mongo"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// graph builds the application's graph for a block, without starting anything.
func graph(block string, opts ...providers.Option) error {
	return yamltest.Graph(yamltest.Block("mongo", "", block), append(opts, mongo.Backend))
}

func TestEveryFormIsTaken(t *testing.T) {
	t.Parallel()
	for _, block := range []string{
		"{}",
		"uri: mongodb://localhost:27017\ndatabase: test\ncollection: session_data",
		"uri: \"mongodb://hugo:p%40ss@a:27017,b:27018/admin?replicaSet=rs0&tls=true&w=2&journal=true&connectTimeoutMS=500\"",
		"uri: mongodb+srv://hugo:hunter2@cluster.example.com/?retryWrites=true", // nobody is asked yet
		"uri: mongodb+srv://cluster.example.com/?srvMaxHosts=2&srvServiceName=sessions&w=2",
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
		{"uri: mongodb+srv://hugo:hunter2@c.example.com?w=2", "4:10: session.mongo.uri", "no / between"},
		{"uri: mongodb+srv://hugo:hunter2@c.example.com/?w=0", "4:10: session.mongo.uri", "w=0"},
		{"uri: mongodb+srv://hugo:hunter2@c.example.com/?w=2&connectTimeoutMS=hunter2", "4:10: session.mongo.uri", "among w, connectTimeoutMS"},
		{"uri: mongodb+srv://hugo:hun%zzter2hunter2@c.example.com", "4:10: session.mongo.uri", "percent-encode"},
		{"uri: [mongodb://hunter2]", "4:10: session.mongo.uri", "single value"},
		{"database: \"\"", "4:15: session.mongo.database", "names no database"},
		{"database: a.b", "4:15: session.mongo.database", "cannot be a database's name"},
		{"collection: \"\"", "4:17: session.mongo.collection", "names no collection"},
		{"collection: a$b", "4:17: session.mongo.collection", "cannot be a collection's name"},
		{"collection: system.users", "4:17: session.mongo.collection", "name another"},
		{"ttl_index: 1", "4:16: session.mongo.ttl_index", "true"},
	} {
		yamltest.Refuses(t, c.block, graph(c.block), "gyrfalcon.yaml:", c.place, c.says)
	}
}

func TestALifetimeThatATTLIndexCannotCountIsRefused(t *testing.T) {
	t.Parallel()
	const file = "session: {adapter: mongo, lifetime: 876000h, mongo: {ttl_index: true}}"
	yamltest.Refuses(t, file, yamltest.Graph(file, []providers.Option{mongo.Backend}), "1:65: session.mongo.ttl_index")
}

func TestHowToConnectIsRefusedWhereTheClientIsShared(t *testing.T) {
	t.Parallel()
	shared := providers.Share("main")
	yamltest.Refuses(t, "uri with Share", graph("uri: mongodb://hugo:hunter2@a", shared), "4:10: session.mongo.uri", "providers.Share")
	yamltest.Refuses(t, "a database that is none, with Share", graph("database: a.b", shared), "4:15")
}

func TestServicesOnOneCollectionHaveOneLifetime(t *testing.T) {
	t.Parallel()
	services := func(first, second string) error {
		return yamltest.Graph("session: {adapter: mongo, lifetime: 1h, mongo: {"+first+"}}\nservices: {admin: {adapter: mongo, lifetime: 15m, mongo: {"+second+"}}}", []providers.Option{mongo.Backend})
	}
	for _, same := range [][2]string{
		{"", "uri: mongodb://localhost:27017, collection: session_data"},
		{"uri: \"mongodb://b:1,a\"", "uri: \"mongodb://a:27017,b:1\""},
		{"uri: mongodb://LOCALHOST/", "uri: \"mongodb://u:p@localhost/?w=1\""},
		{"uri: mongodb+srv://u:p@c.example.com/x", "uri: mongodb+srv://C.example.com/?tls=true"},
	} {
		yamltest.Refuses(t, fmt.Sprintf("{%s} and {%s} with two lifetimes", same[0], same[1]), services(same[0], same[1]), "the same lifetime")
	}
	for _, other := range []string{"collection: other", "database: other", "uri: mongodb://b"} {
		if err := services("", other); err != nil {
			t.Errorf("{} and {%s} with two lifetimes: %v, want nil", other, err)
		}
	}
}
