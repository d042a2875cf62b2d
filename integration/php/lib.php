<?php
// Reads and writes sessions by session_start and session_write_close, so that PHP
// itself is the judge of what Go reads and writes, and describes what it finds.
declare(strict_types=1);
error_reporting(E_ALL & ~E_DEPRECATED);
ini_set('display_errors', 'stderr');
ini_set('session.use_cookies', '0');
ini_set('session.cache_limiter', '');
ini_set('session.gc_probability', '0');
ini_set('session.lazy_write', '0');

class Blank {}
class Kept { public $a; protected $b; private $c;
    function __construct($a = null, $b = null, $c = null) { $this->a = $a; $this->b = $b; $this->c = $c; } }
class Heir extends Kept { private $c = 'own'; public $d; }
class Packed { private $all = []; function __construct(array $all = []) { $this->all = $all; }
    function __serialize(): array { return $this->all; } function __unserialize(array $all): void { $this->all = $all; }
    function all(): array { return $this->all; } }
class Legacy implements Serializable { public $in; function __construct($in = null) { $this->in = $in; }
    function serialize() { return serialize($this->in); } function unserialize($text) { $this->in = unserialize($text); } }
class Raw implements Serializable { public $text; function __construct($text = '') { $this->text = $text; }
    function serialize() { return $this->text; } function unserialize($text) { $this->text = $text; } }
class Typed { public function __construct(public int $id, protected ?string $label = null, private ?Typed $next = null) {} }
enum Suit: string { case Hearts = 'h'; case Spades = 's'; }

final class Handler implements SessionHandlerInterface {
    public string $in = ''; public ?string $out = null; public bool $destroyed = false;
    function open(string $path, string $name): bool { return true; }
    function close(): bool { return true; }
    function read(string $id): string|false { return $this->in; }
    function write(string $id, string $data): bool { $this->out = $data; return true; }
    function destroy(string $id): bool { $this->destroyed = true; return true; }
    function gc(int $max): int|false { return 0; }
}
$handler = new Handler;
session_set_save_handler($handler, false);

/** Starts a session of $data, calls $do, and returns what PHP stores. */
function session(string $format, string $data, callable $do): array {
    global $handler;
    ini_set('session.serialize_handler', $format);
    $handler->in = $data; $handler->out = null; $handler->destroyed = false;
    session_id('test');
    try {
        if (!@session_start()) { return ['ok' => false]; }
        $more = $do();
        @session_write_close();
    } catch (Throwable $e) {
        @session_abort();
        return ['ok' => false, 'exception' => $e->getMessage()];
    }
    return ['ok' => true, 'data' => base64_encode((string) $handler->out)] + $more;
}

/** Describes values so that equal ones are equal texts: types, bits, bytes, order, identity. */
final class Describer {
    private array $objects = []; private array $refs = [];
    function elements(array $a, bool $names = false): string {
        $out = [];
        foreach (array_keys($a) as $k) {
            $text = is_int($k) && !$names ? "i$k" : 's' . bin2hex((string) $k);
            $ref = ReflectionReference::fromArrayElement($a, $k);
            if ($ref === null) { $out[] = $text . '=' . $this->value($a[$k]); continue; }
            $id = $ref->getId();
            if (isset($this->refs[$id])) { $out[] = $text . '=&' . $this->refs[$id]; continue; }
            $this->refs[$id] = count($this->refs) + 1;
            $n = $this->refs[$id];
            $out[] = "$text=&$n:" . $this->value($a[$k]);
        }
        return implode(',', $out);
    }
    function value($v): string {
        switch (true) {
            case $v === null: return 'N';
            case is_bool($v): return $v ? 'b1' : 'b0';
            case is_int($v): return "i$v";
            case is_float($v): return is_nan($v) ? 'dnan' : 'd' . bin2hex(pack('E', $v));
            case is_string($v): return 's' . bin2hex($v);
            case is_array($v): return 'a(' . $this->elements($v) . ')';
        }
        $id = spl_object_id($v);
        if (isset($this->objects[$id])) { return '#' . $this->objects[$id]; }
        $n = $this->objects[$id] = count($this->objects) + 1;
        if ($v instanceof UnitEnum) { return "#$n:E" . get_class($v) . ':' . $v->name; }
        if ($v instanceof Legacy || $v instanceof Raw) { return "#$n:C" . get_class($v); }
        $all = $v instanceof Packed ? $v->all() : (method_exists($v, '__serialize') ? $v->__serialize() : (array) $v);
        return "#$n:O" . get_class($v) . '(' . $this->elements($all, $v instanceof stdClass) . ')';
    }
    /** One text for the whole session. */
    static function whole(): string { return (new self)->elements($_SESSION); }
    /** One text for each variable, each described by itself. */
    static function session(): array {
        $out = [];
        foreach ($_SESSION as $k => $value) {
            $one = [$k => $value];
            if (ReflectionReference::fromArrayElement($_SESSION, $k)) { $one[$k] = &$_SESSION[$k]; }
            $out[] = [base64_encode((string) $k), explode('=', (new self)->elements($one), 2)[1]];
        }
        return $out;
    }
}
