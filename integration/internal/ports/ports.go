// Package ports finds free TCP ports on the loopback address for servers that tests
// start, and keeps others of our tests from taking them.
//
// Asking the kernel for port 0 would not do. The port that it names lies in the range
// from which outgoing connections have their own: while a server is down, for a test of
// what happens then, a client's port may take its place, and a client that dials it may
// even be connected to itself. Ours lie below that range.
package ports

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
)

// Host is the address to which all servers and proxies bind.
const Host = "127.0.0.1"

// A Port is a free TCP port, until Release is called or the process ends.
type Port struct {
	Number int
	lock   net.PacketConn
}

// Addr is the port with its host, as net.Dial takes it.
func (p Port) Addr() string { return net.JoinHostPort(Host, strconv.Itoa(p.Number)) }

// Release lets others have the port.
func (p Port) Release() { _ = p.lock.Close() }

// lowest is the first port that may be handed out: below it there are too many that
// somebody knows by number.
const lowest = 10_000

// Free returns a port on which nothing listens. No other caller of Free on this machine
// gets it before it is released. Strangers do not ask here: a server that is started on
// the port can still find it in use, which is seldom, and is then started on another.
func Free(ctx context.Context) (Port, error) {
	end := outgoing()
	if end <= lowest {
		return Port{}, fmt.Errorf("no ports are left below those of outgoing connections, which begin at %d; raise net.ipv4.ip_local_port_range", end)
	}
	var errs []error
	for range 100 {
		p, err := take(ctx, lowest+rand.IntN(end-lowest)) //nolint:gosec // a port that is guessed is not free
		if err == nil {
			return p, nil
		}
		errs = append(errs, err)
	}
	return Port{}, fmt.Errorf("no free port was found in %d attempts: %w", len(errs), errors.Join(errs[0], errs[len(errs)-1]))
}

// take locks the port with the UDP port of the same number, which no server of ours
// uses and which the kernel frees even if this process is killed, and looks whether the
// TCP port is free.
func take(ctx context.Context, number int) (Port, error) {
	p := Port{Number: number}
	var c net.ListenConfig
	var err error
	if p.lock, err = c.ListenPacket(ctx, "udp", p.Addr()); err != nil {
		return Port{}, err
	}
	l, err := c.Listen(ctx, "tcp", p.Addr())
	if err != nil {
		p.Release()
		return Port{}, err
	}
	return p, l.Close()
}

// outgoing is the first port of outgoing connections.
func outgoing() int {
	const usual = 32_768
	text, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range")
	if err != nil {
		return usual // not Linux; elsewhere they begin higher
	}
	var first int
	if _, err := fmt.Sscan(string(text), &first); err != nil {
		return usual
	}
	return first
}
