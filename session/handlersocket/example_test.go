package handlersocket_test

import (
	"context"
	"fmt"

	"gyrfalcon/session"
	"gyrfalcon/session/handlersocket"
)

// The service of Phalcon's documentation, on a server with its two default ports. Here
// nobody listens, and Start says what to look at.
func Example() {
	ctx := context.Background()
	a := handlersocket.New(handlersocket.Options{
		Server:   handlersocket.Server{Host: "127.0.0.1", Port: 1, DBName: "session", DBTable: "php_session"},
		PortWr:   2,
		Timezone: "Europe/Kyiv", // PHP's date.timezone
	})
	m := session.New(a, session.Options{})
	if err := m.Start(ctx); err != nil {
		fmt.Println(err)
	}
	fmt.Println(m.Stop(ctx))
	// Output:
	// session: service "session" does not open: session/handlersocket: handlersocket: find php_session: no answer, it was not sent: dial tcp 127.0.0.1:1: connect: connection refused; see that the server runs with the plugin (plugin-load-add=handlersocket) and listens at 127.0.0.1:1 and 127.0.0.1:2
	// <nil>
}
