<?php
// Session handlers that issue the statements of Phalcon's adapters of old, each exactly as
// measured on the wire: Phalcon\Session\Adapter\Database, Mongo and HandlerSocket of the
// incubator for Phalcon 1.3 to 3.4, Database and Mongo of the one for Phalcon 5, and Phalcon
// 5's own Redis.
declare(strict_types=1);

/** Database of incubator 3.4: every close writes, no transaction, no lock. */
final class DatabaseHandler implements SessionHandlerInterface {
    const LIFETIME = 1440; // what PHP's session.gc_maxlifetime is
    function __construct(private PDO $db, private string $table) {}
    function open(string $path, string $name): bool { return true; }
    function close(): bool { return false !== $this->db; }
    function read(string $id): string|false {
        $row = $this->query("SELECT `data` FROM `$this->table` WHERE `session_id` = ? AND COALESCE(`modified_at`, `created_at`) + " . self::LIFETIME . ' >= ' . time(), $id)->fetch(PDO::FETCH_NUM);
        return $row === false ? '' : $row[0];
    }
    function write(string $id, string $data): bool {
        $n = $this->query("SELECT COUNT(*) FROM `$this->table` WHERE `session_id` = ?", $id)->fetch(PDO::FETCH_NUM)[0];
        if ($n > 0) {
            $this->query("UPDATE `$this->table` SET `data` = ?, `modified_at` = " . time() . ' WHERE `session_id` = ?', $data, $id);
        } else {
            $this->query("INSERT INTO `$this->table` (`session_id`, `data`, `created_at`, `modified_at`) VALUES (?, ?, " . time() . ', NULL)', $id, $data);
        }
        return true;
    }
    function destroy(string $id): bool { $this->query("DELETE FROM `$this->table` WHERE `session_id` = ?", $id); return true; }
    function gc(int $max): int|false {
        return $this->query("DELETE FROM `$this->table` WHERE COALESCE(`modified_at`, `created_at`) + $max < ?", time())->rowCount();
    }
    private function query(string $sql, ...$values): PDOStatement {
        $s = $this->db->prepare($sql);
        $s->execute($values);
        return $s;
    }
}

/** Database of incubator 5: times of PHP's clock on the wall, and a transaction for each write. */
final class Database5Handler implements SessionHandlerInterface, SessionUpdateTimestampHandlerInterface {
    function __construct(private PDO $db, private string $table) {}
    function open(string $path, string $name): bool { return true; }
    function close(): bool { return true; }
    function read(string $id): string|false {
        $row = $this->query("SELECT `data` FROM `$this->table` WHERE `session_id` = ? AND COALESCE(`modified_at`, `created_at`) >= ?",
            $id, date('Y-m-d H:i:s', time() - (int) ini_get('session.gc_maxlifetime')))->fetch(PDO::FETCH_NUM);
        return $row === false ? '' : $row[0];
    }
    function write(string $id, string $data): bool {
        $this->db->beginTransaction();
        $row = $this->query("SELECT `data` AS data FROM `$this->table` WHERE `session_id` = ? FOR UPDATE", $id)->fetch(PDO::FETCH_NUM);
        if ($row === false) {
            $this->query("INSERT INTO `$this->table` (`session_id`, `data`) VALUES (?, ?)", $id, $data);
        } elseif ($row[0] === $data && ini_get('session.lazy_write')) {
            return $this->db->rollBack();
        } else {
            $this->query("UPDATE `$this->table` SET `data` = ?, `modified_at` = ? WHERE `session_id` = ?", $data, date('Y-m-d H:i:s'), $id);
        }
        return $this->db->commit();
    }
    function updateTimestamp(string $id, string $data): bool { return $this->write($id, $data); }
    function validateId(string $id): bool { return true; }
    function destroy(string $id): bool { $this->query("DELETE FROM `$this->table` WHERE `session_id` = ?", $id); return true; }
    function gc(int $max): int|false {
        return $this->query("DELETE FROM `$this->table` WHERE COALESCE(`modified_at`, `created_at`) < ?", date('Y-m-d H:i:s', time() - $max))->rowCount();
    }
    private function query(string $sql, ...$values): PDOStatement {
        $s = $this->db->prepare($sql);
        $s->execute($values);
        return $s;
    }
}

/**
 * Mongo of incubator 3.4: no write where nothing has changed, an upsert else. destroy and gc,
 * which are fatal errors there, do what they were meant to.
 */
final class MongoHandler implements SessionHandlerInterface {
    private string $data = '';
    function __construct(private MongoDB\Driver\Manager $mongo, private string $collection) {}
    function open(string $path, string $name): bool { return true; }
    function close(): bool { return true; }
    function read(string $id): string|false {
        $found = $this->mongo->executeQuery($this->collection, new MongoDB\Driver\Query(['_id' => $id], ['limit' => 1]))->toArray();
        return $this->data = $found ? $found[0]->data : '';
    }
    function write(string $id, string $data): bool {
        if ($this->data === $data) { return true; }
        $write = new MongoDB\Driver\BulkWrite;
        $write->update(['_id' => $id], ['$set' => ['_id' => $id, 'modified' => new MongoDB\BSON\UTCDateTime((int) (microtime(true) * 1000)), 'data' => $data]], ['upsert' => true]);
        $this->mongo->executeBulkWrite($this->collection, $write);
        return true;
    }
    function destroy(string $id): bool {
        $write = new MongoDB\Driver\BulkWrite;
        $write->delete(['_id' => $id], ['limit' => 1]);
        $this->mongo->executeBulkWrite($this->collection, $write);
        return true;
    }
    function gc(int $max): int|false {
        // Seconds where milliseconds belong: this removes nothing, as in incubator 5.
        $write = new MongoDB\Driver\BulkWrite;
        $write->delete(['modified' => ['$lte' => new MongoDB\BSON\UTCDateTime(time() - $max)]]);
        return $this->mongo->executeBulkWrite($this->collection, $write)->getDeletedCount();
    }
}

/** Mongo of incubator 5: a session has no time until its first change. */
final class Mongo5Handler implements SessionHandlerInterface {
    private string $data = '';
    function __construct(private MongoDB\Driver\Manager $mongo, private string $collection) {}
    function open(string $path, string $name): bool { return true; }
    function close(): bool { return true; }
    function read(string $id): string|false {
        $found = $this->mongo->executeQuery($this->collection, new MongoDB\Driver\Query(['_id' => $id], ['limit' => 1]))->toArray();
        return $this->data = $found ? $found[0]->data : '';
    }
    function write(string $id, string $data): bool {
        if ($this->data === $data) { return true; }
        [$db, $collection] = explode('.', $this->collection, 2);
        $n = $this->mongo->executeCommand($db, new MongoDB\Driver\Command(['aggregate' => $collection, 'cursor' => new stdClass,
            'pipeline' => [['$match' => ['_id' => $id]], ['$group' => ['_id' => 1, 'n' => ['$sum' => 1]]]]]))->toArray();
        $write = new MongoDB\Driver\BulkWrite;
        if ($n) {
            $write->update(['_id' => $id], ['$set' => ['modified' => new MongoDB\BSON\UTCDateTime((int) (microtime(true) * 1000)), 'data' => $data]]);
        } else {
            $write->insert(['_id' => $id, 'modified' => null, 'data' => $data]);
        }
        $this->mongo->executeBulkWrite($this->collection, $write);
        return true;
    }
    function destroy(string $id): bool {
        $write = new MongoDB\Driver\BulkWrite;
        $write->delete(['_id' => $id], ['limit' => 1]);
        return $this->mongo->executeBulkWrite($this->collection, $write)->getDeletedCount() > 0;
    }
    function gc(int $max): int|false { return (new MongoHandler($this->mongo, $this->collection))->gc($max); }
}

/** HandlerSocket of incubator 3.4, over TCP: it always writes, and ignores every error. */
final class HandlerSocketHandler implements SessionHandlerInterface {
    private $socket; private bool $found = false;
    function __construct(private string $address, private string $db, private string $table) {}
    function open(string $path, string $name): bool {
        if (!$this->socket) {
            $this->socket = stream_socket_client("tcp://$this->address", $code, $text, 5);
            $this->ask(['P', '1', $this->db, $this->table, 'PRIMARY', 'id,modified,data']);
        }
        return true;
    }
    function close(): bool { return true; }
    function read(string $id): string|false {
        $row = $this->ask(['1', '=', '1', $id, '1', '0']);
        $this->found = $row[0] === '0' && count($row) === 5;
        return $this->found ? (string) $row[4] : '';
    }
    function write(string $id, string $data): bool {
        $row = [$id, date('Y-m-d H:i:s'), $data];
        $this->ask($this->found ? ['1', '=', '1', $id, '1', '0', 'U', ...$row] : ['1', '+', '3', ...$row]);
        return true;
    }
    function destroy(string $id): bool { $this->ask(['1', '=', '1', $id, '1', '0', 'D']); return true; }
    function gc(int $max): int|false {
        $this->ask(['P', '2', $this->db, $this->table, 'modified', '']);
        return (int) $this->ask(['2', '<', '1', date('Y-m-d H:i:s', time() - $max), '1000', '0', 'D'])[2];
    }
    private function ask(array $fields): array {
        $escape = fn(string $s) => preg_replace_callback('/[\x00-\x0f]/', fn(array $m) => "\x01" . chr(ord($m[0]) | 0x40), $s);
        fwrite($this->socket, implode("\t", array_map($escape, $fields)) . "\n");
        $line = stream_get_line($this->socket, 1 << 24, "\n");
        $unescape = fn(string $s) => $s === "\0" ? null : preg_replace_callback('/\x01(.)/s', fn(array $m) => chr(ord($m[1]) & ~0x40), $s);
        return array_map($unescape, explode("\t", $line));
    }
}

/** Redis of Phalcon 5.18: the session is a serialized string, under a lifetime of the adapter's own. */
final class Redis5Handler implements SessionHandlerInterface, SessionUpdateTimestampHandlerInterface {
    const LOCK_RETRIES = 20_000; // the options' defaults are 100 tries, 50,000 us apart
    const LOCK_WAIT = 2000;
    const LIFETIME = 3600; // the option's default; PHP's session.gc_maxlifetime counts for nothing
    private ?Redis $redis = null; private string $lock = ''; private string $secret = '';
    function __construct(private string $host, private int $port, private int $index, private bool $locking) {}
    function open(string $path, string $name): bool {
        if (!$this->redis) {
            $this->redis = new Redis;
            $this->redis->connect($this->host, $this->port);
            $this->redis->select($this->index);
        }
        return true;
    }
    function close(): bool { $this->release(); return true; }
    function read(string $id): string|false {
        $this->acquire("sess-reds-$id-lock");
        if (!$this->redis->exists("sess-reds-$id")) { return ''; }
        $stored = $this->redis->get("sess-reds-$id");
        if (is_numeric($stored)) { return $stored; }
        $data = @unserialize((string) $stored);
        return is_string($data) ? $data : ''; // what it does not know is an empty session
    }
    function write(string $id, string $data): bool {
        return $this->redis->setex("sess-reds-$id", self::LIFETIME, is_numeric($data) ? $data : serialize($data));
    }
    function updateTimestamp(string $id, string $data): bool { return $this->write($id, $data); }
    function validateId(string $id): bool { return $this->redis->exists("sess-reds-$id") > 0; }
    function destroy(string $id): bool {
        if ($this->redis->exists("sess-reds-$id")) { $this->redis->unlink("sess-reds-$id"); }
        return true;
    }
    function gc(int $max): int|false { return 0; }
    private function acquire(string $key): void {
        if (!$this->locking || $this->lock === $key) { return; }
        $this->release();
        for ($try = 0; $try < self::LOCK_RETRIES; $try++, usleep(self::LOCK_WAIT)) {
            $secret = bin2hex(random_bytes(16));
            if ($this->redis->set($key, $secret, ['nx', 'ex' => 30])) {
                [$this->lock, $this->secret] = [$key, $secret];
                return;
            }
        }
        throw new Exception('the session lock was not acquired');
    }
    private function release(): void {
        if ($this->lock === '') { return; }
        $this->redis->eval("if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) else return 0 end", [$this->lock, $this->secret], 1);
        $this->lock = '';
    }
}

/** The handler that a configuration names; null is one of PHP's own, set by ini. */
function handler(array $c): ?SessionHandlerInterface {
    switch ($c['backend']) {
        case 'redis':
            ini_set('session.save_handler', 'redis');
            ini_set('session.save_path', $c['path']);
            return null;
        case 'redis5':
            return new Redis5Handler($c['host'], $c['port'], $c['index'], $c['locking'] ?? false);
        case 'database': case 'database5':
            $db = new PDO($c['dsn'], 'root', '', [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION, PDO::MYSQL_ATTR_INIT_COMMAND => "SET time_zone = '+00:00'"]);
            return $c['backend'] === 'database' ? new DatabaseHandler($db, $c['table']) : new Database5Handler($db, $c['table']);
        case 'mongo':
            return new MongoHandler(new MongoDB\Driver\Manager($c['uri']), $c['collection']);
        case 'mongo5':
            return new Mongo5Handler(new MongoDB\Driver\Manager($c['uri']), $c['collection']);
        case 'handlersocket':
            return new HandlerSocketHandler($c['address'], $c['db'], $c['table']);
    }
    throw new Exception("no backend is named $c[backend]");
}
