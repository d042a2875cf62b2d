<?php
// A PHP site with phpredis's session handler. It is told what its visitors do: one JSON
// object a line in, one out.
declare(strict_types=1);
ini_set('session.use_cookies', '0');
ini_set('session.cache_limiter', '');
foreach (json_decode($argv[1], true) as $name => $value) {
    if (ini_set($name, $value) === false) { throw new Exception("PHP has no setting $name"); }
}
$said = [];
set_error_handler(function (int $level, string $text) use (&$said): bool { $said[] = $text; return true; });

$commands = [
    // One session under each ID, in which the ID stands.
    'fill' => function (array $c): array {
        ini_set('session.save_path', $c['path']);
        foreach ($c['ids'] as $id) {
            session_id($id);
            if (!session_start()) { return ['ok' => false]; }
            $_SESSION['id'] = $id;
            session_write_close();
        }
        return [];
    },
    'open' => function (array $c): array {
        session_id($c['id']);
        return ['ok' => session_start(), 'vars' => (object) ($_SESSION ?? [])];
    },
    'count' => function (): array { $_SESSION['n'] = ($_SESSION['n'] ?? 0) + 1; return ['vars' => (object) $_SESSION]; },
    'close' => fn (): array => ['ok' => session_write_close()],
    'destroy' => fn (): array => ['ok' => session_destroy()],
];
while (($line = fgets(STDIN)) !== false) {
    $c = json_decode($line, true);
    try {
        $answer = $commands[$c['op']]($c) + ['ok' => true];
    } catch (Throwable $e) {
        $answer = ['ok' => false, 'exception' => (string) $e];
    }
    fwrite(STDOUT, json_encode($answer + ['said' => $said]) . "\n"); // echo would send headers
    $said = [];
}
