//go:build unix

package hs

import (
	"net"
	"syscall"
)

// socket asks a connection's socket, without waiting, whether the other end has
// closed it: a write to such a connection would be lost with nobody knowing whether
// it had been done.
type socket struct {
	raw  syscall.RawConn
	look func(fd uintptr)
	byte [1]byte
	err  error
}

func (s *socket) watch(nc net.Conn) {
	sc, ok := nc.(syscall.Conn)
	if !ok {
		return // no socket to be asked
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return
	}
	s.raw = raw
	s.look = func(fd uintptr) { // made once, so that asking allocates nothing
		_, s.err = syscall.Read(int(fd), s.byte[:]) // which does not wait: Go's sockets never do
	}
}

// quiet says whether the connection is open and nothing has come.
func (s *socket) quiet() bool {
	if s.raw == nil {
		return true
	}
	if err := s.raw.Control(s.look); err != nil {
		return false
	}
	return s.err == syscall.EAGAIN || s.err == syscall.EWOULDBLOCK //nolint:errorlint // as the kernel gives them
}
