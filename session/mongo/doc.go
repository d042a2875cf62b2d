// Package mongo keeps sessions in a collection of MongoDB: the adapter
// Phalcon\Session\Adapter\Mongo.
//
// A session is a document such as Phalcon's adapters write, of every version:
//
//	{_id: "the stored ID", modified: ISODate("2027-03-04T05:06:07.890Z"), data: "the encoded session"}
//
// so that a collection which exists serves as it is:
//
//	client, err := mongo.Connect(options.Client().ApplyURI("mongodb://localhost:27017"))
//	if err != nil {
//		return err
//	}
//	a := mongosession.New(client.Database("test").Collection("session_data"), mongosession.Options{})
//
// A session was last used at modified, a moment in milliseconds by the
// application's clock, and lives until that plus the lifetime. The adapter of
// incubator-session 5 leaves modified null until the first change: such a session
// lives, and its life begins when it is first read or touched here, or when GC
// comes by. data is a string where it is valid UTF-8, and otherwise binary, which
// PHP's adapters would take for an object: Options.TextOnly refuses it.
//
// # What it promises
//
// Each method is one command on one document, so that nothing needs a
// transaction and a standalone server will do. Read is a findAndModify which
// moves modified only where that is due, after a twentieth of the lifetime or a
// minute, and otherwise changes nothing. Swap is an update of one document whose
// filter has the data that were read, and the type in which they are stored. Create is an insert; only
// where an expired session has the ID a second command replaces that.
//
// # Who repeats what
//
// Nobody repeats a write. The driver would, toward a replica set, with a number
// by which MongoDB knows a write that it has done; one of the servers that speak
// MongoDB's protocol and know no such numbers would find the data changed by the
// first try, and the change would be made twice. So writes are sent as commands
// that the driver does not repeat, whatever retryWrites says. One that a server
// has refused because it is no longer the primary has certainly not been done: it
// is sent to the new one, after a short pause. Any other write whose answer is
// lost, or which the majority has not confirmed in time, is
// session.ErrOutcomeUnknown. A Read may be repeated.
//
// # Concerns and timeouts
//
// Writes wait until a majority of a replica set has them (w: majority), the slide
// of a Read too: what was acknowledged is not rolled back when the primary fails.
// Options.WriteConcern is for those who know better; the collection's own
// concern is not used. All goes to the primary, whatever the read preference,
// because a secondary may not have the last request's change yet. Each call
// ends with its context, which the manager bounds by its Timeout; the driver's
// serverSelectionTimeoutMS bounds it further only if it is shorter. Its
// connectTimeoutMS, 30 s by default, bounds no call, but how long the client may
// be without new connections after a network has lost answers: give it 5 s.
//
// # Clearing
//
// GC deletes expired sessions by an index on modified, which Open makes where
// there is none that finds them all (a hashed one has no order, a sparse or a
// partial one leaves some out), and in commands of a hundred. With
// Options.TTLIndex Open makes that a TTL index and the server clears by itself,
// an hour after a session's end, lest its clock and the application's differ.
// Where Open may not make an index it says so (see Adapter.Warnings), and GC has
// to look at every document.
//
// # What does not serve
//
// Open refuses a capped collection (its server removes the oldest sessions,
// living or not), a time series or a view, one with a collation (IDs or data that
// differ would be one to it), one that is sharded by anything but _id (an ID
// would not be unique), one with documents whose _id is no string, a TTL index
// that would remove living sessions, and an index for which the server would
// refuse sessions (a unique one, or one of places on modified or data).
//
// A document holds at most 16 MiB, and so does the command that replaces one:
// sessions of more than 8 MiB can be stored but hardly swapped.
package mongo
