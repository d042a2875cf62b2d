<?php
// A PHP process that the tests talk to: one JSON object a line in, one out.
declare(strict_types=1);
require __DIR__ . '/lib.php';
require __DIR__ . '/maker.php';

$commands = [
    // What PHP reads in a payload, and writes of it.
    'read' => fn(array $c) => session($c['format'], base64_decode($c['data']), fn() => ['vars' => Describer::session(), 'whole' => Describer::whole()]),
    // The same after variables were unset, or unset and set in their old place.
    'edit' => fn(array $c) => session($c['format'], base64_decode($c['data']), function () use ($c) {
        foreach ($c['edits'] ?? [] as [$name, $value]) {
            $name = base64_decode($name);
            if ($value === null) { unset($_SESSION[$name]); continue; }
            $new = unserialize(base64_decode($value));
            if (!array_key_exists($name, $_SESSION)) { $_SESSION[$name] = $new; continue; }
            $old = $_SESSION; $_SESSION = [];
            foreach (array_keys($old) as $k) {
                if ((string) $k === $name) { $_SESSION[$k] = $new; continue; }
                if (ReflectionReference::fromArrayElement($old, $k)) { $_SESSION[$k] = &$old[$k]; } else { $_SESSION[$k] = $old[$k]; }
            }
            unset($old);
        }
        return [];
    }),
    // A session made at random.
    'make' => fn(array $c) => session($c['format'], '', function () use ($c) {
        mt_srand($c['seed']);
        $maker = new Maker($c['linked'], plain: $c['plain']);
        if ($c['counter']) { $_SESSION['n'] = 0; }
        for ($n = mt_rand(0, 6); $n > 0; $n--) {
            do { $k = $maker->text(); } while (str_contains($k, '|') || is_numeric($k));
            $maker->put($_SESSION, $k, 3);
        }
        return [];
    }),
];
while (($line = fgets(STDIN)) !== false) {
    $c = json_decode($line, true);
    fwrite(STDOUT, json_encode($commands[$c['op']]($c)) . "\n");
}
