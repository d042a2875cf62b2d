// Package mongo lets YAML keep sessions in a MongoDB collection: adapter: mongo. Its
// block says where:
//
//	session:
//	  adapter: mongo
//	  mongo:
//	    uri: mongodb://localhost:27017   # the default: a connection string
//	    database: test                   # the default
//	    collection: session_data         # the default
//	    ttl_index: false                 # the default; true lets the server clear
//
// uri takes what MongoDB's drivers take: hosts, replicaSet, tls, timeouts. A user and a
// password in it are percent-encoded; the whole of it is a secret, and shows nowhere. Its
// w and journal are the sessions' write concern, which without them is majority; its
// retryWrites, readPreference and readConcern have no effect on them; its
// connectTimeoutMS is 5000 by default, where the driver's own is 30000.
//
// With providers.Share the sessions are kept on the application's own *mongo.Client,
// whose concerns they do not use, and uri is refused.
package mongo

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	driver "go.mongodb.org/mongo-driver/v2/mongo"
	driveroptions "go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"

	"gyrfalcon/providers"
	"gyrfalcon/session"
	"gyrfalcon/session/mongo"
)

// Backend is the backend named mongo.
var Backend = providers.NewBackend("mongo", prepare)

type recipe = providers.Recipe[*driver.Client]

// options is the block.
type options struct {
	URI        string        `yaml:"uri"`
	Database   string        `yaml:"database"`
	Collection string        `yaml:"collection"`
	Sessions   mongo.Options `yaml:",inline"`
}

func prepare(s providers.Setup) (recipe, error) {
	if s.Shared && s.Block.IsSet("uri") {
		return recipe{}, s.Block.Errorf("uri", "would be ignored: the application hands in its own client by providers.Share; remove it")
	}
	o := options{URI: "mongodb://localhost:27017", Database: "test", Collection: "session_data"}
	if err := s.Block.Decode(&o); err != nil {
		return recipe{}, err
	}
	for key, name := range map[string]string{"database": o.Database, "collection": o.Collection} {
		if why := oddName(key, name); why != "" {
			return recipe{}, s.Block.Errorf(key, "%s", why)
		}
	}
	place := "shared"
	if !s.Shared {
		c, err := parse(o.URI)
		if err != nil {
			return recipe{}, s.Block.Errorf("uri", "%w", err)
		}
		place, o.Sessions.WriteConcern = c.place, c.concern
	}
	o.Sessions.Lifetime = s.Session.Lifetime
	o.Sessions.TextOnly = s.Session.Interop == "php"
	return recipe{
		Connect: func(context.Context) (*driver.Client, error) { return connect(o.URI) },
		Close:   func(ctx context.Context, client *driver.Client) error { return client.Disconnect(ctx) },
		Store:   fmt.Sprintf("mongo %s %s.%s", place, o.Database, o.Collection),
		Adapter: func(client *driver.Client) (session.Adapter, error) {
			return mongo.New(client.Database(o.Database).Collection(o.Collection), o.Sessions), nil
		},
	}, s.Locate(o.Sessions.Validate())
}

// oddName says why a name cannot be a database's or a collection's, or "".
func oddName(key, name string) string {
	bad := "$\x00"
	if key == "database" {
		bad = "/\\. \"$*<>:|?\x00"
	}
	switch {
	case name == "":
		return "names no " + key + "; write one, or leave the key out"
	case strings.ContainsAny(name, bad):
		return fmt.Sprintf("%q cannot be a %s's name: MongoDB allows none of the characters %q in one", name, key, strings.TrimRight(bad, "\x00"))
	case key == "collection" && (strings.HasPrefix(name, "system.") || strings.HasPrefix(name, ".") || strings.HasSuffix(name, ".")):
		return fmt.Sprintf("%q is not for us to use; name another collection", name)
	}
	return ""
}

// connection is what a connection string says of interest here.
type connection struct {
	place   string // the hosts
	concern *writeconcern.WriteConcern
}

// parse checks a connection string without asking anybody: the hosts of mongodb+srv are
// found when the application starts.
func parse(uri string) (connection, error) {
	scheme, rest, found := strings.Cut(uri, "://")
	if !found || scheme != "mongodb" && scheme != "mongodb+srv" {
		return connection{}, fmt.Errorf("is no connection string of MongoDB's; write one that begins with mongodb:// or mongodb+srv://")
	}
	if scheme == "mongodb+srv" {
		c, err := parse("mongodb://" + withoutSRV(rest))
		rest = rest[strings.LastIndexByte(rest, '@')+1:]
		host, _, _ := strings.Cut(rest, "?")
		host, _, _ = strings.Cut(host, "/")
		return connection{"srv " + strings.ToLower(host), c.concern}, err
	}
	o := driveroptions.Client().ApplyURI(uri)
	if err := o.Validate(); err != nil {
		return connection{}, harmless(uri)
	}
	var hosts []string
	for _, h := range o.Hosts {
		if _, _, err := net.SplitHostPort(h); err != nil {
			h = net.JoinHostPort(strings.Trim(h, "[]"), "27017")
		}
		hosts = append(hosts, strings.ToLower(h))
	}
	slices.Sort(hosts)
	return connection{strings.Join(hosts, ","), o.WriteConcern}, nil
}

// withoutSRV leaves out the options that the driver takes with mongodb+srv only: for that
// it would look the hosts up at once.
func withoutSRV(rest string) string {
	hosts, query, found := strings.Cut(rest, "?")
	if !found {
		return rest
	}
	var others []string
	for _, option := range strings.FieldsFunc(query, func(r rune) bool { return r == '&' || r == ';' }) {
		if name, _, _ := strings.Cut(strings.ToLower(option), "="); name != "srvmaxhosts" && name != "srvservicename" {
			others = append(others, option)
		}
	}
	return hosts + "?" + strings.Join(others, "&")
}

// harmless tells the driver's error if it is there also without user and password, and
// without the options of which some are secrets. Else it says where to look.
func harmless(uri string) error {
	bare := uri
	if at := strings.LastIndexByte(uri, '@'); at >= 0 {
		bare = "mongodb://" + uri[at+1:]
	}
	hosts, query, _ := strings.Cut(bare, "?")
	if err := driveroptions.Client().ApplyURI(hosts).Validate(); err != nil {
		return fmt.Errorf("is no connection string that MongoDB's driver takes: %w", err)
	}
	if driveroptions.Client().ApplyURI(bare).Validate() == nil {
		return fmt.Errorf("has a user or a password that cannot be read, or that does not suit authMechanism; percent-encode them: %% is written %%25, @ is %%40, : is %%3A and / is %%2F")
	}
	if query != "" && !strings.Contains(strings.TrimPrefix(hosts, "mongodb://"), "/") {
		return fmt.Errorf("has no / between the hosts and the ?; write one")
	}
	var names []string
	for _, option := range strings.FieldsFunc(query, func(r rune) bool { return r == '&' || r == ';' }) {
		name, _, _ := strings.Cut(option, "=")
		names = append(names, name)
	}
	return fmt.Errorf("has an option that MongoDB's driver does not take, among %s", strings.Join(names, ", "))
}

// connectTimeout is connectTimeoutMS where the connection string has none. The driver
// makes two connections at a time, and gives each 30 s by default: when the answers to
// two greetings are lost, no request gets a connection for so long.
const connectTimeout = 5 * time.Second

func connect(uri string) (*driver.Client, error) {
	o := driveroptions.Client().ApplyURI(uri)
	if o.ConnectTimeout == nil {
		o.SetConnectTimeout(connectTimeout)
	}
	client, err := driver.Connect(o)
	if err != nil {
		return nil, fmt.Errorf("connect to MongoDB: %w", unlookedUp(uri))
	}
	return client, nil
}

// unlookedUp is what is left to go wrong after parse: the look-up of mongodb+srv.
func unlookedUp(uri string) error {
	if strings.HasPrefix(uri, "mongodb+srv://") {
		c, _ := parse(uri) // its host is no secret
		return fmt.Errorf("the name of %s could not be looked up, or its options are not taken; mongodb+srv:// wants a name with SRV records, and no port", c.place)
	}
	return harmless(uri)
}
