<?php
// A PHP process that is asked what it makes of objects: one JSON object a line in, one out.
declare(strict_types=1);

class Kept { public int $known = 0; }

/** What unserialize says to it: "" if it takes it. */
function refusal(string $data): string
{
    try {
        return @unserialize($data) === false ? 'false' : '';
    } catch (Throwable $e) {
        return $e->getMessage();
    }
}

/** PHP's own classes and interfaces, and whether there can be an object of each. */
function classes(): array
{
    $own = ['Core', 'curl', 'date', 'dom', 'FFI', 'fileinfo', 'ftp', 'gd', 'hash', 'intl', 'json', 'ldap', 'libxml', 'openssl', 'PDO', 'pgsql', 'Phar',
        'random', 'Reflection', 'session', 'shmop', 'SimpleXML', 'sockets', 'sodium', 'SPL', 'sqlite3', 'standard', 'sysvmsg', 'sysvsem', 'sysvshm', 'xml', 'zlib'];
    $found = [];
    foreach ([...get_declared_classes(), ...get_declared_interfaces()] as $class) {
        if (in_array((new ReflectionClass($class))->getExtensionName(), $own, true)) {
            $why = refusal(sprintf('O:%d:"%s":0:{}', strlen($class), $class));
            $found[$class] = str_contains($why, 'is not allowed') || str_contains($why, 'Cannot instantiate');
        }
    }
    return $found;
}

while (($line = fgets(STDIN)) !== false) {
    $c = json_decode($line, true);
    $answer = ['version' => PHP_VERSION_ID];
    if ($c['data'] === null) {
        $answer['refused'] = classes();
    } else {
        $answer['refusal'] = refusal(base64_decode($c['data']));
    }
    fwrite(STDOUT, json_encode($answer) . "\n");
}
