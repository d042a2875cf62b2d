package redis_test

import (
	"testing"

	"gyrfalcon/session"
	"gyrfalcon/session/redis"
	"gyrfalcon/session/sessiontest"
)

func TestAdapterKeepsTheContract(t *testing.T) {
	t.Parallel()
	onPlaces(t, func(t *testing.T, p place) { sessiontest.TestAdapter(t, p.harness(redis.Phpredis)) })
	t.Run("in Phalcon 5's form", func(t *testing.T) {
		t.Parallel()
		sessiontest.TestAdapter(t, standalone.harness(redis.Phalcon5))
	})
}

func TestHazards(t *testing.T) {
	t.Parallel()
	onPlaces(t, func(t *testing.T, p place) { sessiontest.TestHazards(t, p.harness(redis.Phpredis)) })
}

func TestHazardsOfSessionsThatPHPShares(t *testing.T) {
	t.Parallel()
	h := standalone.harness(redis.Phpredis)
	h.Interop = session.PHP
	sessiontest.TestHazards(t, h)
}
