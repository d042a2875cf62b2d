// Package redis lets YAML keep sessions in Redis: adapter: redis. Its block says where, in
// one of three forms, and how:
//
//	session:
//	  adapter: redis
//	  redis:
//	    path: tcp://127.0.0.1:6379?weight=1   # phpredis's save_path; this server is the default
//	    # or: cluster: {seeds: ["10.0.0.1:7000", "10.0.0.2:7000"]}
//	    # or: sentinel: {master: mymaster, seeds: ["10.0.0.1:26379", "10.0.0.2:26379"]}
//	    username: sessions                    # an ACL user, for every server without auth in the path
//	    password: ${REDIS_PASSWORD}
//	    tls: {ca: /etc/ssl/redis-ca.pem}
//	    flavor: phpredis                      # phpredis | phalcon5
//	    lock: {wait: 2s, expire: 30s}         # take PHP's locks; left out, there are none
//	    wait: {replicas: 1, timeout: 1s}      # each write waits for replicas; left out, none does
//
// A password within a path is part of a URL: % is written %25, & is %26, + is %2B, a comma
// %2C and a space %20. Under password it is written as it is.
//
// With providers.Share the sessions are kept on the application's own
// redis.UniversalClient, and the keys that say how to connect are refused.
package redis

import (
	"context"

	goredis "github.com/redis/go-redis/v9"

	"gyrfalcon/providers"
	"gyrfalcon/session"
	"gyrfalcon/session/redis"
)

// Backend is the backend named redis.
var Backend = providers.NewBackend("redis", prepare)

// recipe's connection is the application's, if it shares one: else the adapter makes its
// own, which may be several.
type recipe = providers.Recipe[goredis.UniversalClient]

// options is the block of the backend that makes its own connections.
type options struct {
	Servers  redis.Servers `yaml:",inline"`
	Sessions redis.Options `yaml:",inline"`
}

func prepare(s providers.Setup) (recipe, error) {
	if s.Shared {
		return prepareShared(s)
	}
	var o options
	if err := s.Block.Decode(&o); err != nil {
		return recipe{}, err
	}
	if err := s.Locate(o.Servers.Validate()); err != nil {
		return recipe{}, err
	}
	if err := s.Locate(o.Sessions.Validate()); err != nil {
		return recipe{}, err
	}
	o.Sessions.PHP = s.PHP()
	return recipe{
		Connect:       func(context.Context) (goredis.UniversalClient, error) { return nil, nil },
		Store:         "redis " + o.Servers.Place(o.Sessions),
		ExpiresItself: true,
		Adapter:       func(goredis.UniversalClient) (session.Adapter, error) { return redis.Dial(o.Servers, o.Sessions), nil },
	}, nil
}

// prepareShared leaves the connection to the application.
func prepareShared(s providers.Setup) (recipe, error) {
	for _, key := range []string{
		"path", "cluster", "sentinel", "username", "password", "database", "tls", "dial_timeout", "read_timeout", "pool_size",
	} {
		if s.Block.IsSet(key) {
			return recipe{}, s.Block.Errorf(key, "would be ignored: the application hands in its own connection by providers.Share; remove it")
		}
	}
	var o redis.Options
	if err := s.Block.Decode(&o); err != nil {
		return recipe{}, err
	}
	if err := s.Locate(o.Validate()); err != nil {
		return recipe{}, err
	}
	o.PHP = s.PHP()
	return recipe{
		Store:         "redis shared " + o.Place(),
		ExpiresItself: true,
		Adapter:       func(c goredis.UniversalClient) (session.Adapter, error) { return redis.New(c, o), nil },
	}, nil
}
