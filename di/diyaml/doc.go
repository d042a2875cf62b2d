// Package diyaml registers services in a di.Container from a YAML file: Phalcon's loadFromYaml, in Go's clothes.
//
// # What a file says
//
//	clock:
//	  type: clock              # a name that the program has given to a type
//	  shared: true             # else it is built anew for every Get, as with Phalcon
//	  arguments: {zone: UTC}
//	mailer:
//	  type: mailer
//	  shared: true
//	  eager: true              # built by the container's Start
//	  arguments:
//	    host: localhost
//	    clock: {service: clock} # a reference to another service, of this file or registered before
//	post:
//	  alias: mailer
//
// Phalcon writes a class there and has PHP find it. A Go program has no classes to find by name, and would better not run
// whatever a file names; so it says which types a file may use, each under a name, in [Types]. The arguments are a struct of the
// type's own: its fields are the keys, a [Ref] field is a reference.
//
// Phalcon's calls and properties, which set up an object after its construction, are for the function that makes it.
//
// # Strictness
//
// The file is read by the rules of package config: unknown keys, duplicates, values of another type and references that lead nowhere are refused when the
// file is loaded, with line, column and the nearest valid name; ${VAR} is expanded; secrets do not show. Either all of a file is
// registered or nothing. An error of a build later, and di's Explain, tell the place in the file.
package diyaml
