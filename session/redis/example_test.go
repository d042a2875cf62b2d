package redis_test

import (
	"fmt"
	"time"

	"gyrfalcon/session"
	"gyrfalcon/session/redis"
)

// Two servers, of which one has twice as many sessions, as PHP's session.save_path says
// it.
func ExampleDial() {
	a := redis.Dial(redis.Servers{
		Path: "tcp://10.0.0.1:6379?weight=1, tcp://10.0.0.2:6379?weight=2",
	}, redis.Options{})
	m := session.New(a, session.Options{Lifetime: time.Hour})
	fmt.Println(m.Options().Lifetime, "in Redis, from m.Start on")
	// Output: 1h0m0s in Redis, from m.Start on
}

// A write to a cluster waits until a replica has it.
func ExampleOptions() {
	servers := redis.Servers{Cluster: &redis.Cluster{Seeds: []string{"10.0.0.1:7000", "10.0.0.2:7000"}}}
	options := redis.Options{Wait: &redis.Wait{Replicas: 1, Timeout: 200 * time.Millisecond}}
	fmt.Println(servers.Validate(), options.Validate())
	m := session.New(redis.Dial(servers, options), session.Options{Lifetime: time.Hour})
	fmt.Println(m.Options().Lifetime, "in the cluster, from m.Start on")
	// Output:
	// <nil> <nil>
	// 1h0m0s in the cluster, from m.Start on
}

// Which server has a session? PHP looks on the same one.
func ExampleParsePath() {
	path, err := redis.ParsePath("tcp://10.0.0.1:6379?weight=1, tcp://10.0.0.2:6379?weight=2&auth=secret")
	fmt.Println(path, err)
	fmt.Println(path.Server("5f8hjk1v3c2a9d7e0b4g6i8m"))

	_, err = redis.ParsePath("redis://default:secret@10.0.0.1/2")
	fmt.Println(err)
	// Output:
	// tcp://10.0.0.1:6379?weight=1&database=0,tcp://10.0.0.2:6379?weight=2&database=0 <nil>
	// 10.0.0.2:6379
	// session/redis: the path is malformed: server 1: redis:// is no scheme of phpredis's; write tcp://host:port?database=0&auth=password
}
