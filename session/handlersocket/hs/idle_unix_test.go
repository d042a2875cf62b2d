//go:build unix

package hs_test

import (
	"testing"

	"gyrfalcon/session/handlersocket/hs"
)

// Where sockets can be asked, a connection that the server has closed meanwhile is not
// used: a write there would be in doubt.
func TestAWriteAfterTheServerClosedAnIdleConnectionIsDone(t *testing.T) {
	t.Parallel()
	s := serve(t, func(request string) string {
		if request[0] == 'P' {
			return "0\t1"
		}
		return "0\t1\t1"
	})
	x := s.open(t, hs.Options{})
	for range 5 {
		if n, err := x.Delete(t.Context(), key("k")); n != 1 || err != nil {
			t.Fatalf("delete = %d, %v; want 1, nil", n, err)
		}
		s.hangUpAll()
	}
}
