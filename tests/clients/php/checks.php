<?php
// The check list of one scenario: the same rules and the same environment as ../python/checks.py.
// Prints by STDOUT, not by echo: a session can't start once a script has echoed.
declare(strict_types=1);

define('HOST', getenv('REDIS_HOST') ?: '127.0.0.1');
define('PORT', (int) (getenv('REDIS_PORT') ?: 6379));
define('DB', (int) (getenv('REDIS_DB') ?: 1));
define('OTHER_DB', (int) (getenv('REDIS_OTHER_DB') ?: 2));
define('PREFIX', getenv('KEY_PREFIX') ?: 'test:');
define('CHECK_SECONDS', 45);

$checks = [];

function check(string $name, callable $body): void
{
    global $checks;
    $checks[$name] = $body;
}

function key_of(string $name): string
{
    return PREFIX . $name;
}

/** Bytes that hold every value; the same ones for the same size. */
function binary(int $size): string
{
    $every = implode('', array_map('chr', range(0, 255)));
    $block = $every . hash('sha512', 'seed', true) . strrev($every) . "\r\n";
    return substr(str_repeat($block, intdiv($size, strlen($block)) + 1), 0, $size);
}

function expect($actual, $wanted, string $what = ''): void
{
    if ($actual !== $wanted) {
        $shown = fn ($value) => substr(var_export($value, true), 0, 300);
        throw new Exception("$what expected {$shown($wanted)}, got {$shown($actual)}");
    }
}

function wait_until(callable $condition, string $what, int $seconds = 15)
{
    $deadline = microtime(true) + $seconds;
    while (!($value = $condition())) {
        if (microtime(true) > $deadline) {
            throw new Exception("not within $seconds s: $what");
        }
        usleep(20000);
    }
    return $value;
}

/** Runs the body in a child process; returns a function that waits for it and fails if it failed. */
function in_child(callable $body): callable
{
    $child = pcntl_fork();
    if ($child === 0) {
        try {
            $body();
            $code = 0;
        } catch (Throwable $error) {
            fprintf(STDOUT, "  in the child: %s\n", $error);
            $code = 1;
        }
        posix_kill(posix_getpid(), $code ? SIGUSR1 : SIGKILL);  // no destructor may touch the parent's connections
    }
    return function () use ($child) {
        pcntl_waitpid($child, $status);
        expect(pcntl_wtermsig($status), SIGKILL, 'the child process');
    };
}

function run_checks(callable $before): void
{
    global $checks;
    pcntl_async_signals(true);
    pcntl_signal(SIGALRM, function () {
        throw new Exception('still running after ' . CHECK_SECONDS . ' s');
    });
    $before();
    $failed = 0;
    foreach ($checks as $name => $body) {
        $started = microtime(true);
        pcntl_alarm(CHECK_SECONDS);
        try {
            $body();
            fprintf(STDOUT, "  ok %s %.2fs\n", $name, microtime(true) - $started);
        } catch (Throwable $error) {
            $failed++;
            fprintf(STDOUT, "  FAILED %s %.2fs\n%s\n", $name, microtime(true) - $started, $error);
        }
        pcntl_alarm(0);
    }
    exit($failed ? 1 : 0);
}
