// Package config reads the configuration of a Gyrfalcon application from a YAML
// file, and refuses what it does not understand at boot, with the place and the
// mend, rather than to run on something that nobody meant.
//
// # The file
//
//	session:
//	  adapter: database
//	  lifetime: 1h
//	  cookie:
//	    same_site: strict
//	  database:
//	    driver: mysql
//	    password: ${MYSQL_PASSWORD}
//	services:
//	  adminSession:
//	    lifetime: 15m
//	http:
//	  address: 127.0.0.1:8080
//	log:
//	  format: json
//
// [Load] reads a file, [Parse] what a program has at hand, and [Default] returns
// the configuration for development, with no file at all. A file sets what is to
// differ from the defaults, which are meant for a public site; an empty file is
// valid. Every key is documented at the field that it sets: [Session], [Cookie],
// [HTTP], [Log].
//
// # An adapter's own block
//
// What a database or a Redis server needs to be told is not this package's
// business: new adapters come without its knowledge. The block under the
// adapter's name is kept as it stands, and whoever owns the adapter decodes it,
// as strictly as everything else:
//
//	block, err := cfg.Session.Select([]string{"database", "memory"})
//	...
//	options := database.Defaults()
//	if err := block.Decode(&options); err != nil { ... }
//	if options.Table == "" {
//		return block.Errorf("table", "names no table")
//	}
//
// [Session.Select] is where a key that is neither a session's nor an adapter's
// comes out. Blocks of adapters that were not chosen may stay in the file: they
// are parsed, but not decoded, and their variables need not be set.
//
// # Variables
//
// In a value ${NAME} stands for an environment variable, ${NAME:-default} for one
// that may be missing or empty, and $$ for a dollar sign; any other dollar sign is
// itself. Variables are expanded after the file has been parsed, so that no value
// can change the structure of the file, and once only. Keys are not expanded.
// A missing variable without a default is an error; an empty one is not.
//
// What is not quoted has the type that its field wants, after expansion: port:
// ${PORT} is a number, and a password of digits is still a text. What is quoted
// is a text. Inside { } and [ ] YAML itself demands the quotes.
//
// # What is refused
//
// Unknown and duplicate keys, values of another type, a key without a value,
// values out of range and combinations that cannot work, such as a cookie named
// __Host-session with a domain. An [Error] names file, line and column, the key,
// the nearest valid name, and shows the line; all that is wrong is told at once.
//
// Of YAML a configuration needs little, and the rest is refused: more than one
// document, anchors, aliases, merge keys, tags, yes and no for true and false,
// numbers with a leading zero, nesting deeper than 32 levels and files larger
// than 1 MiB.
//
// # Secrets
//
// No error shows what a variable expanded to, the value of a key that sounds like
// a secret (password, token, auth, dsn, uri, key and the like) or what stands
// under such a key, nor the user and password of a URL. In the line that an error
// shows, all from such a value to the end of the line is masked. That holds for a
// file that is no valid YAML too, where it is better to mask too much.
package config
