//go:build !unix

package hs

import "net"

// socket cannot ask whether the other end has closed a connection.
type socket struct{}

func (*socket) watch(net.Conn) {}

func (*socket) quiet() bool { return true }
