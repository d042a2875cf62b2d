package session

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
)

const (
	idBytes = 20 // 160 bits
	idLen   = 32 // idBytes in base32: no padding, 5 bits a character

	handleBytes = 5 // 8 characters: enough to follow one visitor through a log
)

// base32hex in lower case: it fits VARCHAR(32), and a key column that does not
// tell cases apart does not make two IDs one.
var idEncoding = base32.NewEncoding("0123456789abcdefghijklmnopqrstuv").WithPadding(base32.NoPadding)

// newID returns a session ID of 160 random bits. crypto/rand does not fail: it
// ends the process where the system has no randomness.
func newID() string {
	var b [idBytes]byte
	_, _ = rand.Read(b[:])
	return encodeID(b[:])
}

// wellFormed says whether id is of the form that newID makes.
func wellFormed(id string) bool {
	if len(id) != idLen {
		return false
	}
	for i := range len(id) {
		c := id[i]
		if (c < '0' || c > '9') && (c < 'a' || c > 'v') {
			return false
		}
	}
	return true
}

// storedID is the name under which the session of id is kept. It is a digest, so
// that who reads the store cannot take over a session, and the service's name is
// part of it, so that one service's ID is nothing to another on the same table.
func storedID(service, id string) string {
	sum := digest("gyrfalcon", service, id)
	return encodeID(sum[:idBytes])
}

// handleOf is what stands for a session in logs and events: the same in every
// process, and in a domain of its own, so that it is no part of a stored ID.
func handleOf(service, id string) string {
	sum := digest("gyrfalcon handle", service, id)
	return encodeID(sum[:handleBytes])
}

// markOf is what says, within a session that PHP may move to another ID, under which
// stored ID it was written. It is of no service: all that share the store read it.
func markOf(stored string) string {
	sum := digest("gyrfalcon mark", "", stored)
	return encodeID(sum[:idBytes])
}

func digest(domain, service, id string) [sha256.Size]byte {
	var buf [128]byte
	b := append(buf[:0], domain...)
	b = append(b, 0)
	b = append(b, service...)
	b = append(b, 0)
	b = append(b, id...)
	return sha256.Sum256(b)
}

func encodeID(b []byte) string {
	var text [idLen]byte
	n := idEncoding.EncodedLen(len(b))
	idEncoding.Encode(text[:n], b)
	return string(text[:n])
}
