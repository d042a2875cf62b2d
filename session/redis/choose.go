package redis

// choose returns the index of the server that keeps the session of id, exactly as
// phpredis (5.3.7, 6.1.0) chooses it, so that PHP and Go look in one place: the first four
// bytes of the ID as a little-endian number, modulo the sum of the weights, walked from
// the last server to the first, because phpredis builds its list by prepending. phpredis
// reads the bytes in the machine's order, which is this one on x86 and ARM.
//
// A dead server is not replaced by another one: its sessions would be two sessions.
//
// IDs shorter than four bytes are read as if zeros followed; phpredis reads past their end.
func choose(id string, weights []uint32) int {
	var first [4]byte
	copy(first[:], id)
	total := uint64(0)
	for _, w := range weights {
		total += uint64(w)
	}
	pos := uint64(uint32(first[0]) | uint32(first[1])<<8 | uint32(first[2])<<16 | uint32(first[3])<<24)
	pos %= total
	for i := len(weights) - 1; i > 0; i-- {
		if pos < uint64(weights[i]) {
			return i
		}
		pos -= uint64(weights[i])
	}
	return 0
}

func weights(hosts []host) []uint32 {
	w := make([]uint32, len(hosts))
	for i, h := range hosts {
		w[i] = h.weight
	}
	return w
}
