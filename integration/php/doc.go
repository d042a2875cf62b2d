// Package php tests session/php against PHP itself: a process of php-cli reads and
// writes sessions with session_start and session_write_close, and says what it found in
// them. Nothing is skipped where php is missing: the tests fail, and `make deps`
// installs it.
//
// There is nothing in it to import.
package php
