<?php
// Collection and Config as Phalcon 5 stores them, for the fixtures; they are not Phalcon's.
declare(strict_types=1);
namespace Phalcon\Support {
    class Collection {
        protected array $data = [];
        function __construct(array $data = [], protected bool $insensitive = true, protected bool $strictNull = false, protected ?string $type = null) {
            foreach ($data as $key => $value) { $this->data[$key] = $this->element($value); }
        }
        protected function element($value) { return $value; }
        function __serialize(): array { return ['data' => $this->data, 'insensitive' => $this->insensitive, 'strictNull' => $this->strictNull, 'type' => $this->type]; }
        function __unserialize(array $all): void { foreach ($all as $name => $value) { $this->$name = $value; } }
    }
}
namespace Phalcon\Config {
    class Config extends \Phalcon\Support\Collection {
        protected function element($value) { return is_array($value) ? new self($value) : $value; }
    }
}
