// Package redis tests sessions on real Redis servers: one, two by weight, a master behind
// Sentinels, and a cluster. It tests the adapter's contract and every hazard, what requests
// cost in trips, what becomes of sessions when servers are killed, stopped, full, closed
// or misconfigured, and sessions and locks that PHP's phpredis shares.
//
// There is nothing in it to import.
package redis
