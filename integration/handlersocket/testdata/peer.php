<?php
// A PHP application's session adapter for HandlerSocket, as far as the wire goes: on one
// connection to the port for writes it reads a session, and at the end of a request writes
// it without comparing, with date('Y-m-d H:i:s') in its time zone.
//
//   php peer.php HOST PORT DATABASE TABLE ZONE
//
// Commands on the standard input, a line each, with the time at which they happen:
//   read ID TIME         answers "MODIFIED BASE64", or "none"
//   write ID TIME BASE64 answers "done"
//   gc LIFETIME TIME     answers how many sessions it has removed

[, $host, $port, $database, $table, $zone] = $argv;
date_default_timezone_set($zone);
$socket = stream_socket_client("tcp://$host:$port", $errno, $error, 10) or exit("connect: $error\n");

function escape(string $value): string
{
    return preg_replace_callback('/[\x00-\x0f]/', fn ($m) => "\x01" . chr(ord($m[0]) | 0x40), $value);
}

function unescape(string $value): string
{
    return preg_replace_callback('/\x01(.)/s', fn ($m) => chr(ord($m[1]) & ~0x40), $value);
}

function ask(string ...$fields): array
{
    global $socket;
    fwrite($socket, implode("\t", $fields) . "\n");
    $line = fgets($socket);
    if ($line === false) {
        exit("the server hung up\n");
    }
    return explode("\t", rtrim($line, "\n"));
}

foreach ([['1', 'PRIMARY', 'id,modified,data'], ['2', 'modified', '']] as [$number, $index, $columns]) {
    $answer = ask('P', $number, $database, $table, $index, $columns);
    if ($answer[0] !== '0') {
        exit('open: ' . implode(' ', $answer) . "\n");
    }
}
echo "ready\n";

while (($line = fgets(STDIN)) !== false) {
    $command = explode(' ', rtrim($line, "\n"));
    $now = (int) $command[2];
    switch ($command[0]) {
        case 'read':
            $answer = ask('1', '=', '1', escape($command[1]), '1', '0');
            echo isset($answer[4]) ? $answer[3] . ' ' . base64_encode(unescape($answer[4])) : 'none', "\n";
            break;
        case 'write':
            $row = [escape($command[1]), date('Y-m-d H:i:s', $now), escape(base64_decode($command[3]))];
            $answer = ask('1', '=', '1', $row[0], '1', '0', 'U', ...$row);
            if ($answer === ['0', '1', '0']) {
                $answer = ask('1', '+', '3', ...$row);
            }
            echo $answer[0] === '0' ? 'done' : implode(' ', $answer), "\n";
            break;
        case 'gc':
            $answer = ask('2', '<', '1', date('Y-m-d H:i:s', $now - (int) $command[1]), '1000', '0', 'D');
            echo $answer[2], "\n";
            break;
    }
}
