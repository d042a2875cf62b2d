<?php
// Writes testdata/fixtures.jsonl: sessions that PHP has written, in all three formats,
// and payloads that PHP refuses or takes all the same. Run it in this folder:
//
//     php fixtures.php > testdata/fixtures.jsonl
declare(strict_types=1);
require __DIR__ . '/lib.php';
require __DIR__ . '/collections.php';

$binary = implode('', array_map('chr', range(0, 255)));
$nested = function (int $n) { $v = 'leaf'; while ($n-- > 0) { $v = [$v]; } return $v; };

$floats = [0.0, 0.1, 1.5, -2.25, 3.0, 0.1 + 0.2, 1 / 3, 1e15, 123456789012345678.0, 1e100, 1e-10, PHP_FLOAT_MAX, PHP_FLOAT_MIN, PHP_FLOAT_EPSILON, 5e-324, 1e22, 1e25];
$precisions = ['floats of 17 digits' => 17, 'floats of 5 digits' => 5]; // serialize_precision, where it is not -1

$cases = [
    'empty' => fn() => [],
    'null' => fn() => ['n' => null],
    'bools' => fn() => ['yes' => true, 'no' => false],
    'ints' => fn() => ['zero' => 0, 'one' => 1, 'minus' => -1, 'max' => PHP_INT_MAX, 'min' => PHP_INT_MIN, 'octal' => 0755],
    'floats' => fn() => ['f' => [0.0, -0.0, 0.1, 1.5, -2.25, 3.0, 0.1 + 0.2, 1 / 3, 1e15, 1e16, 1e17, 123456789012345678.0, 1e22, 1e25, 1e100, 1e-4, 1e-5, 1.25e-7, PHP_FLOAT_MAX, PHP_FLOAT_MIN, PHP_FLOAT_EPSILON, 5e-324]],
    'float specials' => fn() => ['inf' => INF, 'minus inf' => -INF, 'nan' => NAN],
    'strings' => fn() => ['empty' => '', 'ascii' => 'hello', 'utf8' => 'Grüße, 世界 🦅', 'latin1' => "Gr\xfc\xdfe", 'all' => $binary],
    'delimiters' => fn() => ['a' => '|', 'b' => 'x|i:1;', 'c' => '";', 'd' => "a\nb\0c", 'e' => 'a:1:{i:0;i:1;}', 'f' => '}'],
    'numeric strings' => fn() => ['a' => '5', 'b' => '05', 'c' => '1e3', 'd' => ' 1'],
    'long string' => fn() => ['s' => str_repeat('0123456789abcdef', 260)],
    'arrays' => fn() => ['empty' => [], 'list' => [1, 'two', 3.5, null, true], 'map' => ['a' => 1, 'b' => ['c' => []]], 'mixed' => [5 => 'a', 'k' => 'b', 6 => 'c', -3 => 'd']],
    'array keys' => fn() => ['k' => ['5' => 'int', '05' => 'text', '-5' => 'int', '-0' => 'text', '' => 'empty', ' 5' => 'text', '1.5' => 'text', '9223372036854775807' => 'int', '9223372036854775808' => 'text', '-9223372036854775808' => 'int', "\xff\0" => 'bytes', 'true' => 'text']],
    'array order' => fn() => ['o' => ['z' => 1, 'a' => 2, 3 => 3, 1 => 4], 'p' => [2 => 'a', 1 => 'b', 0 => 'c']],
    'nested 64' => fn() => ['d' => $nested(64)],
    'nested 300' => fn() => ['d' => $nested(300)],
    'names' => fn() => ['!bang' => 1, 'bang!' => 2, '' => 3, ' ' => 4, "uml\xc3\xa4ut" => 5, "\xff\0" => 6, '_SESSION' => 7, 'a:b;c' => 8, '05' => 9],
    'integer names' => fn() => ['a' => 1, 5 => 'five', 0 => 'zero', -7 => 'minus seven'],
    'name of 127 bytes' => fn() => [str_repeat('k', 127) => 1, 'z' => 2],
    'name of 128 bytes' => fn() => [str_repeat('k', 128) => 1, 'z' => 2],
    'name with a bar' => fn() => ['a|b' => 1, 'z' => 2],
    'reference between variables' => function () { $s = ['a' => 'shared', 'x' => 1]; $s['b'] = &$s['a']; return $s; },
    'reference in an array' => function () { $a = ['p' => 5]; $a['q'] = &$a['p']; $a['r'] = 5; return ['arr' => $a]; },
    'reference to an array' => function () { $a = [1, 2]; $s = ['a' => &$a, 'b' => &$a, 'c' => $a]; return $s; },
    'array in itself' => function () { $a = ['name' => 'loop']; $a['self'] = &$a; return ['a' => &$a]; },
    'reference to an element' => function () { $s = ['a' => [1, 2, 3]]; $s['b'] = &$s['a'][1]; return $s; },
    'slots' => function () { $o = new stdClass; $o->v = 1; $k = new Kept(1, [2], 'x'); $l = [1, $k, $k, $o, $o]; $l[] = &$l[0]; return ['l' => $l, 'm' => $o, 'n' => $k]; },
    'one object in three places' => function () { $o = new stdClass; $o->k = 'v'; $s = ['a' => $o]; $s['b'] = &$s['a']; $s['c'] = $o; return $s; },
    'circle of objects' => function () { $a = new stdClass; $b = new stdClass; $a->to = $b; $b->to = $a; $a->self = $a; return ['a' => $a, 'b' => $b]; },
    'property by reference' => function () { $o = new stdClass; $o->a = 'x'; $o->b = &$o->a; return ['o' => $o]; },
    'stdClass' => fn() => ['e' => new stdClass, 'o' => (object) ['a' => 1, 'b' => (object) ['c' => [1]], '5' => 'text']],
    'visibility' => fn() => ['k' => new Kept('public', 'protected', 'private'), 'h' => (function () { $h = new Heir(1, 2, 3); $h->d = new Kept; return $h; })()],
    '__serialize' => fn() => ['p' => new Packed(['x' => 1, 7 => true, '8' => [null]]), 'e' => new Packed],
    'Serializable' => fn() => ['l' => new Legacy(['a' => 1]), 'r' => new Raw('raw } " ; |'), 'e' => new Raw(''), 'after' => 1],
    'Serializable and slots' => function () { $o = new Kept(1, 2, 3); return ['l' => new Legacy([1, $o, 2]), 'o' => $o, 'r' => new Raw('x'), 'p' => $o, 'm' => new Legacy($o)]; },
    'enum' => fn() => ['h' => Suit::Hearts, 'list' => [Suit::Hearts, Suit::Spades, Suit::Hearts]],
    'dates' => fn() => ['utc' => new DateTime('2026-01-02 03:04:05.678901', new DateTimeZone('UTC')), 'kyiv' => new DateTimeImmutable('2026-07-02 03:04:05', new DateTimeZone('Europe/Kyiv')), 'offset' => new DateTime('2026-01-02 03:04:05', new DateTimeZone('+02:00')), 'abbreviation' => new DateTime('2026-01-02 03:04:05', new DateTimeZone('EST'))],
    'spl' => fn() => ['ao' => new ArrayObject(['a' => 1, 2]), 'fixed' => SplFixedArray::fromArray([1, 'b', null]), 'queue' => (function () { $q = new SplQueue; $q[] = 'q'; return $q; })(), 'storage' => (function () { $s = new SplObjectStorage; $s[(object) ['k' => 1]] = 'data'; return $s; })()],
    'more of spl' => fn() => ['iterator' => new ArrayIterator([1, 2]), 'stack' => (function () { $s = new SplStack; $s[] = 1; $s[] = 'two'; return $s; })()],
    'exception' => function () {
        $e = new RuntimeException('boom', 3);
        foreach (['file' => '/app/x.php', 'line' => 12, 'trace' => []] as $name => $value) { (new ReflectionProperty(Exception::class, $name))->setValue($e, $value); }
        return ['e' => $e, 'again' => $e];
    },
    'typed properties' => fn() => ['t' => new Typed(5), 'u' => new Typed(6, 'label', new Typed(7))],
    'nested 1000' => fn() => ['d' => $nested(1000)],
    'sign-in' => fn() => ['user_id' => 1001, 'logged_in' => true, 'last' => 1767322445, 'csrf' => str_repeat('f16d05ec', 8), 'prefs' => ['lang' => 'uk', 'tz' => 'Europe/Kyiv', 'page' => 25]],
    'some of all' => function () use ($binary) {
        $o = new stdClass;
        $s = ['n' => null, 'b' => false, 'i' => -1, 'f' => 1e-7, 's' => $binary, 'a' => ['x' => [1], 'o' => $o, 'l' => [[], [[]]]], 'e' => Suit::Spades, 'p' => new Packed(['amount' => 5, 7 => true])];
        $o->x = &$s['a']['x'];
        $s['o'] = $o;
        return $s;
    },
    'flash of all types' => fn() => ['_flashMessages' => ['success' => ['Saved'], 'error' => ['Bad', 'Worse'], 'notice' => ['n'], 'warning' => ['w']]],
    'collections' => fn() => ['c' => new Phalcon\Support\Collection(['One' => 1, 'two' => [2]]), 'cfg' => new Phalcon\Config\Config(['a' => ['b' => 1]])],
    'floats of 17 digits' => fn() => ['f' => $floats],
    'floats of 5 digits' => fn() => ['f' => [0.1, 1 / 3, 123456.0, 1e100]],
    'phalcon' => fn() => ['app#user' => ['id' => 1, 'name' => 'Ann'], 'app#cart' => ['items' => [1, 2], 'Name' => 'x'], '_flashMessages' => ['success' => ['Saved'], 'error' => ['Bad "x"', 'Second']], '$PHALCON/CSRF$' => 'Zm9vYmFy', '$PHALCON/CSRF/KEY$' => 'cXV4'],
];

$deep = fn(int $n, string $leaf, string $open = 'a:1:{i:0;') => str_repeat($open, $n) . $leaf . str_repeat('}', $n);
// What PHP refuses, or takes, for what it knows of the classes.
$classes = ['a|E:9:"Suit:Nope";', 'a|E:11:"suit:Hearts";', 'a|E:11:"Suit:hearts";', 'a|E:10:"Blank:Nope";', 'a|E:7:"Nope:No";', 'a|O:4:"Suit":0:{}', 'a|O:5:"Typed":1:{s:2:"id";s:1:"x";}', 'a|O:6:"Legacy":0:{}', 'a|C:5:"Blank":0:{}', 'a|C:4:"Nope":4:{abcd}', 'a|O:3:"Raw":0:{}'];
// What hostile or broken stores may hold. A pair is a prefix for php, and the value.
$odd = [
    'php' => [
        'garbage', 'a|', 'a|i:1;b', 'a|i:1;b|i:2', 'a|s:10:"abc";', "a|i:1;\n", ' a|i:1;', 'a|s:-1:"x";', 'a|s:4294967295:"x";', 'a|s:18446744073709551615:"x";',
        'a|a:2147483647:{i:0;i:1;}', 'a|a:18446744073709551617:{i:0;i:1;}', 'a|a:-1:{}', 'a|a:2:{i:0;i:1;}', 'a|a:1:{i:0;i:1;i:1;i:2;}', 'a|O:8:"stdClass":-1:{}', 'a|O:8:"stdClass":999999999:{}',
        'a|i:1;b|R:0;', 'a|i:1;b|R:-1;', 'a|i:1;b|R:99;', 'a|i:1;b|R:2;', 'a|R:1;', 'a|i:1;b|r:99;', 'a|i:7;b|r:1;', 'a|i:1;b|R:1;', 'a|i:1;b|R:01;', 'a|i:1;b|R:+1;', 'a|O:8:"stdClass":0:{}b|r:2;', 'a|O:8:"stdClass":0:{}b|r:1;c|r:2;', 'a|O:8:"stdClass":0:{}b|r:1;c|R:2;',
        '!a|i:1;', '!a|b|i:1;', 'a|i:1;a|i:2;', 'a|i:1;b|R:1;a|i:2;', 'a|i:1;a|R:1;', '_SESSION|i:1;GLOBALS|i:2;', '5|i:1;', '|i:1;', 'a|O:3:"F-o":0:{}', 'a|O:0:"":0:{}', 'a|O:4:"\\Foo":0:{}', 'a|O:7:"Closure":0:{}', 'a|O:9:"Generator":0:{}', 'a|O:7:"WeakMap":0:{}',
        'a|S:5:"a\\00b\\7cc";', 'a|S:1:"\\zz";', 'a|S:1:"\\4";', 'a|a:1:{S:1:"\\61";i:1;}', "\0", '', 'a:1:{s:1:"a";i:1;}', '{"a":1}', 'a|b:2;', 'a|b:01;', 'a|b:;', 'a|n;', 'a|N', 'a|i:+5;', 'a|i:007;', 'a|i:;', 'a|i:-;', 'a|i: 5;', 'a|i:5x;', 'a|i:99999999999999999999;', 'a|i:-99999999999999999999;',
        'a|d:5.;', 'a|d:.5;', 'a|d:.;', 'a|d:1e3;', 'a|d:1E+5;', 'a|d:1e;', 'a|d:+1.5;', 'a|d:-.5e-1;', 'a|d:+;', 'a|d:;', 'a|d:inf;', 'a|d:-INF;', 'a|d:+INF;', 'a|d:-NAN;', 'a|d:0x1p3;', 'a|d:1_0;', 'a|d:1,5;', 'a|d:1e999;', 'a|d:4.9E-325;',
        'a|s:03:"abc";', 'a|s:+3:"abc";', 'a|s:3:abc;', "a|s:3:'abc';", 'a|s:3:"abc"', 'a|s::"";', 'a|a:+0:{}', 'a|a:00:{}', 'a|a:0:{};', 'a|a:0:{i:0;i:1;}', 'a|a:1:{}', 'a|a:1:{i:0;}', 'a|a:1:{i:0;i:1}', 'a|a:1:[i:0;i:1;]', 'a|a:1:{d:1.5;i:1;}', 'a|a:1:{b:1;i:1;}', 'a|a:1:{N;i:1;}', 'a|a:1:{a:0:{}i:1;}', 'a|a:2:{i:0;i:1;i:0;i:2;}', 'a|a:1:{s:1:"5";i:1;}', 'a|a:1:{i:0;R:1;}', 'a|a:2:{i:0;R:3;i:1;i:5;}',
        'a|E:1:"B";', 'a|E:0:"";', 'a|C:3:"Raw":3:{abcd}', 'a|C:3:"Raw":9:{abc}', 'a|C:3:"Raw":4:{a}b;}', 'a|C:6:"Legacy":4:{i:1;}b|O:5:"Blank":0:{}c|r:3;', 'a|C:3:"Raw":4:{i:1;}b|O:5:"Blank":0:{}c|r:2;', 'a|o:1:"a":0:{}', 'a|U:1:"a";', 'a|}', 'a|;',
        ['a|', $deep(4096, 'i:1;')], ['a|', $deep(4097, 'i:1;')], ['a|', $deep(4096, 'a:0:{}')], ['a|', $deep(4096, 'O:8:"stdClass":0:{}')], ['a|', $deep(4095, 'O:8:"stdClass":0:{}')], ['a|', str_repeat('a:1:{i:0;', 100000)], ['a|', $deep(4096, 'i:1;', 'O:8:"stdClass":1:{s:1:"a";')], ['a|', str_repeat('O:8:"stdClass":1:{s:1:"a";', 100000)],
    ],
    'php_serialize' => [
        '', 'a:0:{}', 'a:0:{} trailing', 'i:5;', 'N;', 'b:0;', 'b:1;', 's:1:"a";', 'O:8:"stdClass":1:{s:1:"a";i:1;}', 'O:8:"stdClass":1:{s:1:"a";r:1;}', 'a:2:{s:1:"a";i:1;', 'a:2:{s:1:"a";i:1;}', 'a:1:{s:1:"a";i:1;s:1:"b";i:1;}', 'a|i:1;', 'garbage', 'a:2147483647:{}', 'a:1:{s:1:"a";r:1;}', 'a:1:{d:1;i:1;}', 'a:2:{s:1:"5";i:1;i:5;i:2;}', 'a:1:{s:3:"a|b";i:1;}', 'a:1:{S:1:"\\61";i:1;}',
        'a:2:{s:1:"a";O:5:"Blank":0:{}s:1:"b";r:2;}', 'a:1:{i:5;i:1;}', ['', $deep(4096, 'i:1;')], ['', $deep(4097, 'i:1;')], ['', $deep(4096, 'a:0:{}')],
    ],
    'php_binary' => [
        '', "\x05ab", "\x01a", "\x00i:1;", "\x02ab", "\x01ai:1;\x01bi:2", "\xff" . str_repeat('k', 127) . 'i:1;', "\x81ai:1;", "\x01ai:1;\n", "\x01ai:1;\x01bR:1;",
    ],
];

// One JSON object a line: first PHP's version, then the sessions, then what is odd.
$line = function (array $fields) { echo json_encode($fields, JSON_UNESCAPED_SLASHES | JSON_THROW_ON_ERROR), "\n"; };
ob_start(); // no session starts once anything has been put out
$line(['php' => PHP_VERSION]);
foreach (array_keys($odd) as $format) {
    foreach ($cases as $name => $make) {
        ini_set('serialize_precision', (string) ($precisions[$name] ?? -1));
        $written = session($format, '', function () use ($make) { $_SESSION = $make(); return []; });
        $data = base64_decode($written['data']);
        $read = session($format, $data, fn() => ['vars' => Describer::session()]);
        $line(['name' => $name, 'format' => $format, 'data' => base64_encode(gzcompress($data, 9)), 'vars' => $read['vars'], 'again' => $read['data'] === $written['data'], 'precision' => $precisions[$name] ?? -1]);
    }
}
ini_set('serialize_precision', '-1');
foreach ($odd as $format => $payloads) {
    foreach ($payloads as $data) {
        $data = is_array($data) ? $data[0] . $data[1] : $data;
        $read = session($format, $data, fn() => ['vars' => is_array($_SESSION) ? Describer::session() : []]);
        $line(['odd' => addcslashes(substr($data, 0, 60), "\0..\37\177..\377") . (strlen($data) > 60 ? '... (' . strlen($data) . ' bytes)' : ''), 'format' => $format,
            'data' => base64_encode(gzcompress($data, 9)), 'ok' => $read['ok'], 'vars' => strlen($data) < 1000 ? ($read['vars'] ?? []) : []]);
    }
}
foreach ($classes as $data) {
    $line(['classes' => $data, 'format' => 'php', 'data' => base64_encode(gzcompress($data, 9)), 'ok' => session('php', $data, fn() => [])['ok']]);
}
