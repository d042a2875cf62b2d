// Package all lists every backend that Gyrfalcon has, for applications that leave the
// choice to YAML entirely. It links all their drivers: an application that knows what
// it runs on passes that backend alone to providers.Module and links no other's.
package all

import (
	"gyrfalcon/providers"
	"gyrfalcon/providers/database"
	"gyrfalcon/providers/handlersocket"
	"gyrfalcon/providers/memory"
	"gyrfalcon/providers/mongo"
	"gyrfalcon/providers/redis"
)

// Backends are all backends: database, handlersocket, memory, mongo and redis. Append your own.
var Backends = []providers.Option{database.Backend, handlersocket.Backend, memory.Backend, mongo.Backend, redis.Backend}
