// Package php keeps sessions in the forms that PHP keeps them in, so that a Go and a
// PHP application can serve one visitor from one session.
//
// # Choosing
//
// PHP has three forms, by the name of its setting session.serialize_handler, and each
// is a session.Codec here:
//
//	php            Native()     name|value for each           PHP's default, and Phalcon's
//	php_serialize  Serialize()  one serialized array
//	php_binary     Binary()     length, name, value for each
//
// Take the one that the PHP side has. Where that can be chosen, php_serialize is the
// safest: it has room for any name, while PHP stores an empty session for a name with
// '|' under php, and drops names of more than 127 bytes under php_binary, both without
// a word. This package refuses such names instead.
//
//	m := session.New(adapter, session.Options{Codec: php.Native()})
//
// # What becomes of values
//
// A variable is decoded when it is asked for, into whatever type is asked for, as
// encoding/json does: numbers of any kind that can hold the value exactly (of a float, a
// float32 takes the nearest that it has, but for one beyond its range), strings and
// []byte, slices, arrays and maps, structs, pointers (nil is PHP's null),
// encoding.TextMarshaler's types as strings, and time.Time.
//
// Slices are written as PHP's lists and are read from nothing else; maps as arrays, by
// ascending keys, integers first. Structs are arrays too, with a field's name from its
// tag or its own; with a class they are objects:
//
//	type User struct {
//		_     struct{} `php:"class=App\\User"`
//		Name  string   `php:"name"`
//		Email string   `php:"email,protected"`
//		Seen  []string `php:"seen,omitempty"`
//		cache map[string]int // not exported: not stored
//	}
//
// A struct without a class, and a map with string keys, are also read from objects of
// any class, by the properties' bare names. A time.Time is written as a
// DateTimeImmutable, to the microsecond, which is all that PHP has, and is read from
// any DateTime and from PHP's time().
//
// Into an any goes what PHP has, with nothing lost: nil, bool, int, float64, string (of
// any bytes), Array in its order, *Object with its class and its private properties,
// *Enum, *Serializable, and *Ref for what PHP holds by reference. Go need not know the
// classes. A float is written as PHP writes it under serialize_precision=-1.
//
// # What is not touched
//
// What is not set goes back byte for byte, be it readable for Go or not. Setting a
// variable to what it is already changes nothing either, in whichever of PHP's ways it
// was written.
//
// PHP numbers the values of a session, and a value that stands in several places is
// written as a number in all but the first (R:2; for a reference, r:2; for an object).
// When a variable before it changes, those numbers are written anew; when the variable
// goes in which the value stood, it is written out in the next place that refers to it.
// Session.Set replaces a variable as PHP's unset and assignment do: others that shared
// its old value by reference keep that.
//
// An object that was read and is set again unchanged is still the same object (===) as
// the others that PHP finds, however many there are; one that stood in one place only is
// a copy where it is set in another. One that was changed takes the place of the one that it was
// read from, with all that refer to that, if that one is replaced; where it still
// stands the changed one is an object of its own. What was decoded from one variable
// does not change what is decoded from another until the session is read again. Where
// another request has changed the session meanwhile, what was set is replayed on what
// that one stored, and an object in it is a copy there; Update knows no such seam.
//
// # Hostile and broken sessions
//
// A payload is split in one pass that looks at the structure only, without recursion
// and without believing a length or a count. A variable that PHP would not read is a
// *session.DecodeError when it is asked for; the others are not affected, and the stored
// session stays (PHP destroys it). Where the structure itself breaks nobody can tell
// where the next variable begins: that is Parse's error.
//
// A session of n bytes costs work and memory in proportion to n, for each variable that is
// decoded: a value that stands in several places by reference is decoded as often into
// targets that cannot share it, up to four times n and 64 KiB. More is a
// *session.DecodeError; into an any, nothing is decoded twice.
//
// As PHP, this package reads arrays and objects nested up to 4096 deep and refuses to
// write deeper ones. It refuses objects of those classes of PHP's own at which
// unserialize throws whatever is in them, such as Closure, SplFileInfo and PDO. Whether
// any other class exists, and takes its properties, only PHP knows.
//
// # Beside a PHP application
//
// A service with session.Options.Interop: PHP, in YAML interop: php, shares its sessions
// with a PHP application. On both sides the cookie's name, path and domain must be the
// same, the lifetime (session.gc_maxlifetime), the format, the character set of the
// store, and, where a table tells the time in DATETIME or TIMESTAMP columns, the time
// zone. On PHP's side there must be a new ID at every sign-in, and
// session.use_strict_mode=1 where the handler allows it: PHP takes any ID that a browser
// brings, and Go then serves the session that PHP has made of it. MIGRATING.md beside
// this file has the whole table, what can be lost, the bugs of others, and how a
// site is moved page by page.
//
// With session.Options.UniqueID as Phalcon's uniqueId, a Bag is what
// Phalcon\Session\Bag finds under its name, and a Flash is what Phalcon\Flash\Session
// finds: both are arrays, in the very bytes that Phalcon writes. A Bag's names keep
// their case, while Phalcon's lookups ignore it.
//
// On PHP's side of a session, these things surprise:
//
//   - PHP stores the whole session of a request when it ends, over whatever Go has
//     stored meanwhile, unless its handler locks (phpredis's redis.session.locking_enabled).
//   - One variable that PHP cannot read costs PHP the session: it is destroyed in the
//     store. A case of an enum that one of several PHP applications lacks is such a
//     variable. An ordinary object of a class that it lacks is carried along, one of a
//     class with the old interface Serializable loses what is in it.
//   - A top-level integer key is dropped at each store under php and php_binary. Go can
//     store the name "5" there, which PHP carries along, but $_SESSION['5'] does not
//     reach it.
//   - Under php_serialize a session that is no array ($_SESSION = 5) is never stored
//     again by PHP, and nothing can be set in it by Go.
//   - PHP writes a reference to an object (&) as one to wherever the object stands first,
//     which is then held by reference too when it is read again.
//
// A session's objects keep the payload in memory that they were decoded from, where it
// holds references; keep what you need of them beyond a request in types of your own.
//
// The formats are those of PHP 8.2, in ext/standard/var_unserializer.re, var.c and
// ext/session/session.c.
package php
