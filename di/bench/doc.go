// Package bench measures gyrfalcon/di beside what else keeps services: samber/do v2 by name, dig, and a map with a mutex. It is a
// module of its own, so that nobody who uses gyrfalcon has the others among the dependencies.
//
//	go test -run '^$' -bench . -benchmem
//
// # What is measured
//
// BenchmarkGet asks for one built shared service among a hundred names. With two goroutines each of them asks as often as the one does
// alone, and ns/op is what one Get costs while the other goroutine asks, too: where nobody waits for anybody it is the
// same number. An op is then two Gets, so that what do allocates is counted twice.
//
// BenchmarkStart has 10,000 names registered, and measures how long it takes until there is an instance for each. What is lazy
// is asked once for every name. Every service is a pointer and builds at once, so that what is measured is the container.
//
// # What cannot be compared
//
// dig finds by type, not by name, and is meant for the start of a program: its Get here is an Invoke of a function with a named
// parameter. It makes no promise for two goroutines, and is measured with one. The map neither knows circles nor starts, stops
// or explains anything: it is how fast one could be without.
package bench
