<?php
// phpredis under stampedes, as PHP serves requests: some processes, each of which handles one request after the other.
// The same crowds, and the same record, as ../python/stampede.py.
declare(strict_types=1);

define('HOST', getenv('REDIS_HOST') ?: '127.0.0.1');
define('PORT', (int) (getenv('REDIS_PORT') ?: 6379));
define('OTHER_PORT', (int) (getenv('REDIS_OTHER_PORT') ?: PORT));
define('DB', (int) (getenv('REDIS_DB') ?: 1));
define('PREFIX', getenv('KEY_PREFIX') ?: 'test:');
define('SECONDS', (float) (getenv('STAMPEDE_SECONDS') ?: 7));
define('TTL', 1);

$record = fopen(getenv('RECORD') ?: '/dev/null', 'a');

function record(string ...$fields): void
{
    global $record;
    fwrite($record, implode("\t", $fields) . "\n");
}

function now(): string
{
    return sprintf('%.6f', microtime(true));
}

function connect(int $port, bool $lasting): Redis
{
    $redis = new Redis();
    if ($lasting) {
        $redis->pconnect(HOST, $port, 5, null, 0, 10);
    } else {
        $redis->connect(HOST, $port, 5, null, 0, 10);
    }
    $redis->select(DB);
    return $redis;
}

/** One request: a value from the cache, or computed in 100 to 200 ms. */
function request(string $crowd, int $port, bool $lasting): void
{
    $key = "$crowd:hot";
    $computing = 0;
    $started = hrtime(true);
    $redis = connect($port, $lasting);
    $value = $redis->get(PREFIX . $key);
    if ($value === false) {
        $value = sprintf('%s|%d.%d|%s', $key, posix_getpid(), hrtime(true), now());
        record('asked', $crowd, $key, $value);
        $computing = hrtime(true);
        usleep(random_int(100000, 200000));
        $computing = hrtime(true) - $computing;
        if ($redis->setex(PREFIX . $key, TTL, $value) !== true) {
            throw new Exception('SETEX was refused: ' . $redis->getLastError());
        }
    }
    if (!$lasting) {
        $redis->close();
    }
    record('got', $crowd, $key, $value, sprintf('%.6f', (hrtime(true) - $started - $computing) / 1e9), now());
}

function run_process(string $crowd, int $port, bool $lasting): void
{
    try {
        $finish = microtime(true) + SECONDS;
        while (microtime(true) < $finish) {
            request($crowd, $port, $lasting);
            usleep(random_int(2000, 20000));
        }
        exit(0);
    } catch (Throwable $error) {
        fwrite(STDOUT, "$error\n");
        exit(1);
    }
}

$children = [];
foreach (['connect' => false, 'pconnect' => true] as $crowd => $lasting) {
    for ($number = 0; $number < 12; $number++) {
        $child = pcntl_fork();
        if ($child === 0) {
            run_process($crowd, $number % 2 ? OTHER_PORT : PORT, $lasting);
        }
        $children[] = $child;
    }
}
$failed = false;
foreach ($children as $child) {
    pcntl_waitpid($child, $status);
    $failed = $failed || !pcntl_wifexited($status) || pcntl_wexitstatus($status) !== 0;
}
exit($failed ? 1 : 0);
