<?php
// A PHP site that shares its sessions with Go: session_start and session_write_close on a
// real backend. It is told what its visitors do: one JSON object a line in, one out.
declare(strict_types=1);
require __DIR__ . '/lib.php';
require __DIR__ . '/maker.php';
require __DIR__ . '/handlers.php';

$config = json_decode($argv[1], true);
ini_set('session.lazy_write', '1'); // PHP's default
foreach ($config['ini'] ?? [] as $name => $value) {
    if (ini_set($name, (string) $value) === false) { throw new Exception("PHP has no setting $name"); }
}
date_default_timezone_set($config['zone'] ?? 'UTC');
$own = handler($config);
if ($own !== null) { session_set_save_handler($own, false); }

$said = [];
set_error_handler(function (int $level, string $text) use (&$said): bool { $said[] = $text; return true; });

/** Has a visitor's request start its session, do something, and end. */
function visit(string $id, callable $do): array {
    session_id($id);
    if (!session_start()) { return ['ok' => false]; }
    $more = $do() ?? [];
    $more['id'] = session_id();
    session_write_close();
    return ['ok' => true] + $more;
}

final class Unknown { // to Go
    public $self; public $twin; protected $list = []; private $secret = "\0hidden"; public $ref;
    function __construct(public string $name) { $this->self = $this; }
    function link(Unknown $twin, &$ref): void { $this->twin = $twin; $this->list = [$twin, $this]; $this->ref = &$ref; }
    function intact(Unknown $twin): bool {
        return $this->self === $this && $this->twin === $twin && $this->list === [$twin, $this] && $this->secret === "\0hidden";
    }
}

$commands = [
    // A session made at random under each ID.
    'make' => function (array $c): array {
        foreach ($c['ids'] as $i => $id) {
            visit($id, function () use ($c, $i) {
                mt_srand($c['seed'] + $i);
                $maker = new Maker(($c['seed'] + $i) % 3 > 0, $c['text']);
                for ($n = mt_rand(0, 6); $n > 0; $n--) {
                    do { $k = $maker->text(); } while (str_contains($k, '|') || is_numeric($k));
                    $maker->put($_SESSION, $k, 3);
                }
            });
        }
        return ['ok' => true];
    },
    // What PHP finds under each ID.
    'find' => function (array $c): array {
        $vars = [];
        foreach ($c['ids'] as $id) {
            visit($id, function () use (&$vars) { $vars[] = Describer::session(); });
        }
        return ['ok' => true, 'all' => $vars];
    },
    'ids' => function (array $c): array {
        $ids = [];
        for ($i = 0; $i < $c['n']; $i++) {
            ini_set('session.sid_bits_per_character', (string) mt_rand(4, 6));
            ini_set('session.sid_length', (string) mt_rand(22, $c['length']));
            $ids[] = session_create_id();
        }
        return ['ok' => true, 'ids' => $ids];
    },
    'count' => function (array $c): array {
        for ($i = 0; $i < ($c['n'] ?? 1); $i++) {
            $r = visit($c['id'], function () { $_SESSION['n'] = ($_SESSION['n'] ?? 0) + 1; return ['count' => $_SESSION['n']]; });
            if (!$r['ok']) { return $r; }
        }
        return $r;
    },
    'set' => fn(array $c) => visit($c['id'], function () use ($c) { foreach ($c['set'] as $k => $v) { $_SESSION[$k] = $v; } }),
    'get' => fn(array $c) => visit($c['id'], fn() => ['session' => (object) $_SESSION]),
    'clear' => fn(array $c) => visit($c['id'], function () { $_SESSION = []; }),
    'destroy' => fn(array $c) => visit($c['id'], function () { session_destroy(); }),
    'regenerate' => fn(array $c) => visit($c['id'], function () use ($c) { session_regenerate_id($c['delete']); $_SESSION['user'] = 'ada'; }),
    // A request that is under way until 'close'.
    'open' => function (array $c): array { session_id($c['id']); return ['ok' => session_start(), 'session' => (object) $_SESSION]; },
    'close' => function (array $c): array {
        foreach ($c['set'] ?? [] as $k => $v) { $_SESSION[$k] = $v; }
        return ['ok' => session_write_close()];
    },
    // Objects of which Go has no class, that refer to each other across variables.
    'objects' => fn(array $c) => visit($c['id'], function () {
        $one = new Unknown('one'); $two = new Unknown('two'); $ref = ['shared', 1.5];
        $one->link($two, $ref); $two->link($one, $ref);
        $_SESSION['first'] = 'before';
        $_SESSION['one'] = $one;
        $_SESSION['between'] = [1, 2];
        $_SESSION['both'] = ['two' => $two, 'one' => $one];
        $_SESSION['ref'] = &$one->ref;
        $_SESSION['last'] = $two;
    }),
    'intact' => fn(array $c) => visit($c['id'], function () {
        $one = $_SESSION['one']; $two = $_SESSION['last'];
        $ok = $one instanceof Unknown && $two instanceof Unknown && $one->name === 'one' && $two->name === 'two'
            && $one->intact($two) && $two->intact($one) && $_SESSION['both'] === ['two' => $two, 'one' => $one] && $one->ref === ['shared', 1.5];
        if ($ok) { // what is one reference is one still
            $_SESSION['ref'][1] = 2.5;
            $ok = $one->ref[1] === 2.5 && $two->ref[1] === 2.5;
            $_SESSION['ref'][1] = 1.5;
        }
        return ['intact' => $ok];
    }),
];
while (($line = fgets(STDIN)) !== false) {
    $c = json_decode($line, true);
    $said = [];
    try {
        $r = $commands[$c['op']]($c);
    } catch (Throwable $e) {
        session_abort();
        $r = ['ok' => false, 'exception' => get_class($e) . ': ' . $e->getMessage()];
    }
    fwrite(STDOUT, json_encode($r + ['said' => $said], JSON_INVALID_UTF8_SUBSTITUTE) . "\n");
}
