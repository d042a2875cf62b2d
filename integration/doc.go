// Package integration tests what is delivered, from outside: it builds the program as a
// user does, runs it as a process of its own, and looks at it through HTTP and through a
// real browser. What it needs beside Go it names where it is missing: a test that cannot
// run fails, for one that is skipped shows nothing.
//
// There is nothing in it to import.
package integration
