// Package app is Gyrfalcon's example: a whole fx application around one session service,
// and the command gyrfalcon that runs it. It is there to be read, to be clicked through,
// and to be tested from end to end; nothing imports it.
//
// # The site
//
// Site is a small shop, rendered on the server, that works without scripts. Each thing
// it remembers shows one thing that sessions are for:
//
//   - the visit counter is a session.Key[int] and counts by Update, so that two tabs
//     that load at once are two visits;
//   - the basket is a session.Bag with a member for each product, so that two requests
//     that add different things both win;
//   - a message that survives the redirect after a form is a flash message;
//   - signing in calls Regenerate, so that an ID planted before is worth nothing;
//   - signing out calls Destroy, and what a slow request still does is refused;
//   - the page "This session" shows what may be known: age, idle limit, adapter, and the
//     handle that stands for the ID in logs, never the ID.
//
// What is not a page of a visitor's (styles, pictures, unknown addresses, refused forms)
// never asks for the session, and so costs the store nothing. Forms of other sites are
// refused by net/http's CrossOriginProtection before anything reads them; the content
// policy allows the site's own style and pictures and nothing else.
//
// # The registry
//
// The site's Clock comes from the registry: its factory asks there for the logger, which
// is fx's and was handed in, and NewAdmin gets the clock injected under name:"clock" like
// anything of fx's. The registry starts it and stops it. See providers.ToContainer,
// FromContainer and Register, and the operators' page, which shows who needs whom.
//
// # The operators' address
//
// Admin is served on an address of its own: /healthz for a load balancer, and a page
// that explains the service registry and how long the site has run. It says nothing secret, but has no access control
// either. An address that other machines reach is allowed, because a container's health
// is asked from outside it, and warned about at every start.
//
// # The command
//
// Main reads the configuration, builds the fx graph, starts it, prints one line with the
// address and waits. The order of life is fx's: connection, session service, operators'
// server, visitors' server, and back. When its context ends it takes no new requests,
// answers those under way (for 15 s at most), commits, closes the store and returns 0.
//
// A start that fails is told in one line that says what to do: the root cause, without
// the graph that fx wraps around it. Nothing is left open then.
//
// # For an application of your own
//
// Copy the shape rather than the package: a parameter struct with
// Session *session.Manager `name:"session"`, the manager's Middleware around the
// handler, and providers.Module with the backends that you want to link.
package app
