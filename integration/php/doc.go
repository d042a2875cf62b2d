// Package php tests session/php, and sessions shared with PHP, against PHP itself:
// processes of php-cli that read and write sessions with session_start and
// session_write_close, and say what they found in them.
//
// peer.php judges the formats. site.php is a site that shares its visitors' sessions with
// Go on a real backend: by phpredis's session handler, or by handlers that issue the
// statements of Phalcon's adapters (handlers.php).
//
// Nothing is skipped where php or a server is missing: the tests fail, and `make deps`
// installs it.
//
// There is nothing in it to import.
package php
