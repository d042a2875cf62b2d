<?php
/** Makes random sessions; with $text all strings are valid UTF-8, with $plain no object is held by reference. */
final class Maker {
    public array $objects = []; public array $pool = [];
    function __construct(private bool $linked, private bool $text = false, private bool $plain = false) {}
    function text(): string {
        switch (mt_rand(0, 5)) {
            case 0: return '';
            case 1: return random_text(mt_rand(1, 12), 'abcdefghijklmnopqrstuvwxyz');
            case 2: return random_text(mt_rand(1, 20), '|;:"{}\\aisOCRr0123456789');
            case 3: return $this->text ? ["\0\n", 'Ω', '🧀', 'héllo €'][mt_rand(0, 3)] : random_text(mt_rand(1, 9), "\x00\xff\x80\xc3\xa9\n");
            case 4: return (string) mt_rand(-20, 20);
            default: return ['07', '-0', '9223372036854775807', '9223372036854775808', '-9223372036854775808', '1.5', ' 1', 'héllo €'][mt_rand(0, 7)];
        }
    }
    function float(): float {
        switch (mt_rand(0, 4)) {
            case 0: return [0.0, -0.0, INF, -INF, NAN, 0.1, 1e15, 1e16, 1e17, 123456789012345678.0, 1e22, 1e-4, 1e-5, PHP_FLOAT_MAX, PHP_FLOAT_MIN, 5e-324][mt_rand(0, 15)];
            case 1: return mt_rand(-1000, 1000) / 100;
            default: return unpack('E', pack('N2', mt_rand(0, 0xffffffff), mt_rand(0, 0xffffffff)))[1];
        }
    }
    function value(int $depth) {
        $kinds = $depth > 0 ? ($this->linked ? 13 : 9) : 5;
        switch (mt_rand(0, $kinds)) {
            case 0: return null;
            case 1: return (bool) mt_rand(0, 1);
            case 2: return mt_rand(-1000, 1000);
            case 3: return [PHP_INT_MIN, PHP_INT_MAX, 0, -1, 1 << 40][mt_rand(0, 4)];
            case 4: return $this->float();
            case 5: return $this->text();
            case 6: case 7: return $this->elements($depth);
            case 8: $o = new stdClass; $this->keep($o); foreach ($this->elements($depth) as $k => $v) { $o->{'p' . $k} = $v; } return $o;
            case 9: $o = new Heir($this->value($depth - 1), $this->value($depth - 1)); $o->d = $this->value($depth - 1); $this->keep($o); return $o;
            case 10: $p = new Packed(['x' => $this->value($depth - 1), 7 => $this->value($depth - 1)]); $this->keep($p); return $p;
            case 11: $p = mt_rand(0, 1) ? new Legacy($this->value($depth - 1)) : new Raw('text }' . mt_rand(0, 9)); $this->keep($p); return $p;
            case 12: return mt_rand(0, 1) ? Suit::Hearts : Suit::Spades;
            default: return $this->objects ? $this->objects[array_rand($this->objects)] : null;
        }
    }
    function keep(object $o): void { $this->objects[] = $o; }
    function elements(int $depth): array {
        $a = [];
        $list = mt_rand(0, 1);
        for ($n = mt_rand(0, 4); $n > 0; $n--) {
            $k = $list ? count($a) : $this->text();
            $this->put($a, $k, $depth - 1);
        }
        return $a;
    }
    /** Puts a value there, or a reference to one that is elsewhere too. */
    function put(array &$a, $k, int $depth): void {
        if (!$this->linked || mt_rand(0, 5)) { unset($a[$k]); $a[$k] = $this->value($depth); return; }
        if (!$this->pool || mt_rand(0, 1)) {
            $v = $this->value($depth);
            if ($this->plain && is_object($v)) { unset($a[$k]); $a[$k] = $v; return; }
            $i = count($this->pool);
            $this->pool[$i] = $v;
        } else { $i = array_rand($this->pool); }
        unset($a[$k]);
        $a[$k] = &$this->pool[$i];
    }
}
function random_text(int $n, string $of): string {
    $out = '';
    while ($n-- > 0) { $out .= $of[mt_rand(0, strlen($of) - 1)]; }
    return $out;
}
