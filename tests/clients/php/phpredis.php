<?php
// phpredis, the extension of Debian's package php-redis.
declare(strict_types=1);
require __DIR__ . '/checks.php';

const DEEP = 10000;

function client(int $db = DB): Redis
{
    $redis = new Redis();
    $redis->connect(HOST, PORT, 10, null, 0, 30);
    $redis->select($db);
    return $redis;
}

/** Whether a connection of this name is blocked in BLPOP, XREAD... */
function is_blocked(Redis $redis, string $name): bool
{
    foreach ($redis->client('list') as $row) {
        if ($row['name'] === $name && str_contains($row['flags'], 'b')) {
            return true;
        }
    }
    return false;
}

$redis = client();

check('connect', function () use ($redis) {
    expect($redis->ping(), true);
    expect($redis->echo("a\r\n\0b"), "a\r\n\0b");
    expect($redis->set(key_of('a'), 'value', ['px' => 60000]), true);
    expect($redis->get(key_of('a')), 'value');
    expect($redis->get(key_of('absent')), false);
    expect($redis->set(key_of('a'), 'x', ['nx']), false);
    expect($redis->mGet([key_of('a'), key_of('absent')]), ['value', false]);
    expect($redis->setex(key_of('e'), 100, 'x'), true);
    expect($redis->ttl(key_of('e')) > 95, true);
    expect($redis->del(key_of('a'), key_of('e')), 2);
});

check('names and ids', function () {
    [$one, $two] = [client(), client()];
    expect($one->client('setname', PREFIX . 'one'), true);
    expect($one->client('getname'), PREFIX . 'one');
    $first = $one->client('id');
    expect($two->client('id') > $first, true);
    $mine = array_values(array_filter($two->client('list'), fn ($row) => $row['name'] === PREFIX . 'one'));
    expect(count($mine), 1);
    expect([(int) $mine[0]['id'], (int) $mine[0]['db']], [$first, DB]);
});

check('a deep pipeline keeps order', function () use ($redis) {
    $redis->pipeline();
    for ($i = 0; $i < DEEP; $i++) {
        $i % 2 ? $redis->echo("echo $i") : $redis->set(key_of("p$i"), "value $i");
    }
    foreach ($redis->exec() as $i => $reply) {
        expect($reply, $i % 2 ? "echo $i" : true);
    }
    $redis->pipeline();
    for ($i = 0; $i < DEEP; $i++) {
        $i % 2 ? $redis->echo("echo $i") : $redis->get(key_of("p$i"));
    }
    $replies = $redis->exec();
    expect(count($replies), DEEP);
    foreach ($replies as $i => $reply) {
        expect($reply, $i % 2 ? "echo $i" : "value $i");
    }
});

check('binary, empty and ten megabytes', function () use ($redis) {
    $name = PREFIX . binary(400) . "\r\n$3\r\n";
    expect($redis->set($name, binary(600)), true);
    expect($redis->get($name), binary(600));
    expect($redis->set(key_of('empty'), ''), true);
    expect($redis->get(key_of('empty')), '');
    $big = binary(10_000_000);
    expect($redis->set(key_of('big'), $big), true);
    expect($redis->get(key_of('big')) === $big, true, 'the value came back changed:');
    expect($redis->del($name, key_of('empty'), key_of('big')), 3);
});

check('data types', function () use ($redis) {
    expect($redis->rPush(key_of('l'), 'a', 'b', 'c'), 3);
    expect($redis->lRange(key_of('l'), 0, -1), ['a', 'b', 'c']);
    $redis->hMSet(key_of('h'), ['f' => '1', 'g' => '2']);
    expect($redis->hGetAll(key_of('h')), ['f' => '1', 'g' => '2']);
    $redis->zAdd(key_of('z'), 1.5, 'm', 2, 'n');
    expect($redis->zRange(key_of('z'), 0, -1, true), ['m' => 1.5, 'n' => 2.0]);
    expect($redis->sAdd(key_of('s'), 'x', 'y'), 2);
    expect($redis->sIsMember(key_of('s'), 'x'), true);
    $id = $redis->xAdd(key_of('st'), '*', ['f' => 'v']);
    expect($redis->xRange(key_of('st'), '-', '+'), [$id => ['f' => 'v']]);
});

check('transaction', function () use ($redis) {
    $redis->del(key_of('t'));
    $multi = $redis->multi();
    for ($i = 0; $i < 300; $i++) {
        $multi->incr(key_of('t'));
    }
    expect($multi->exec(), range(1, 300));
    $redis->multi()->incr(key_of('t'));
    expect($redis->discard(), true);
    expect($redis->get(key_of('t')), '300');
});

check('watch conflict', function () use ($redis) {
    $other = client();
    $redis->set(key_of('w'), '1');
    $redis->watch(key_of('w'));
    $other->set(key_of('w'), '2');
    expect($redis->multi()->set(key_of('w'), '3')->exec(), false);
    expect($redis->get(key_of('w')), '2');
    $redis->watch(key_of('w'));
    expect($redis->multi()->set(key_of('w'), '4')->get(key_of('w'))->exec(), [true, '4']);
});

check('publish and subscribe', function () use ($redis) {
    $subscriber = client();
    $publish = in_child(function () {
        $own = client();
        wait_until(fn () => $own->pubsub('numsub', [key_of('c2')])[key_of('c2')] === 1, 'the subscription');
        for ($i = 0; $i < 200; $i++) {
            expect($own->publish(key_of($i % 2 ? 'c1' : 'c2'), (string) $i), 1);
        }
    });
    $heard = [];
    $subscriber->setOption(Redis::OPT_READ_TIMEOUT, '1');
    try {
        $subscriber->subscribe([key_of('c1'), key_of('c2')], function ($same, $channel, $message) use (&$heard) {
            $heard[] = (int) $message;
            if (count($heard) === 200) {
                $same->unsubscribe([key_of('c1'), key_of('c2')]);
            }
        });
    } catch (RedisException) {
        // phpredis 5 never returns from subscribe(): it leaves by its read timeout, and reconnects.
    }
    $publish();
    expect($heard, range(0, 199));
    expect($subscriber->set(key_of('after'), 'plain'), true);
    expect($subscriber->get(key_of('after')), 'plain');
    expect($redis->publish(key_of('c1'), 'late'), 0);
});

check('blocking pop', function () use ($redis) {
    $blocked = client();
    $blocked->client('setname', PREFIX . 'blocked');
    $started = microtime(true);
    expect($blocked->blPop([key_of('q')], 1), []);
    expect(microtime(true) - $started > 0.9, true);
    $push = in_child(function () {
        $own = client();
        wait_until(fn () => is_blocked($own, PREFIX . 'blocked'), 'BLPOP blocks');
        for ($i = 0; $i < 200; $i++) {
            $own->set(key_of('other'), (string) $i);
            expect($own->get(key_of('other')), (string) $i);
        }
        $own->rPush(key_of('q2'), 'job');
    });
    expect($blocked->blPop([key_of('q'), key_of('q2')], 15), [key_of('q2'), 'job']);
    $push();
    expect($redis->get(key_of('other')), '199');
});

check('lua', function () use ($redis) {
    $script = '-- ' . PREFIX . hrtime(true) . "\nredis.call('SET', KEYS[1], ARGV[1]) return {KEYS[1], 7}";
    expect($redis->evalSha(sha1($script), [key_of('lua'), 'v'], 1), false);
    expect(str_starts_with($redis->getLastError(), 'NOSCRIPT No matching script'), true);
    $redis->clearLastError();
    expect($redis->eval($script, [key_of('lua'), 'v'], 1), [key_of('lua'), 7]);
    expect($redis->evalSha(sha1($script), [key_of('lua'), 'w'], 1), [key_of('lua'), 7]);
    expect($redis->get(key_of('lua')), 'w');
    expect($redis->script('exists', sha1($script)), [1]);
});

check('scan', function () use ($redis) {
    $wanted = array_map(fn ($i) => key_of("scan:$i"), range(0, 999));
    $redis->mSet(array_fill_keys($wanted, 1));
    $redis->setOption(Redis::OPT_SCAN, (string) Redis::SCAN_RETRY);
    [$found, $cursor] = [[], null];
    while ($page = $redis->scan($cursor, key_of('scan:*'), 50)) {
        array_push($found, ...$page);
    }
    $found = array_unique($found);
    sort($found);
    sort($wanted);
    expect($found, $wanted);
});

check('databases are separate', function () use ($redis) {
    $moving = client();
    $redis->set(key_of('where'), 'here');
    $moving->select(OTHER_DB);
    $moving->set(key_of('where'), 'there');
    expect([$redis->get(key_of('where')), $moving->get(key_of('where'))], ['here', 'there']);
    $moving->select(DB);
    expect($moving->get(key_of('where')), 'here');
    expect($moving->select(99999), false);
    expect(rtrim($moving->getLastError(), "\0"), 'ERR DB index is out of range');
});

check('errors', function () use ($redis) {
    $redis->set(key_of('text'), 'x');
    expect($redis->lPush(key_of('text'), 'y'), false);
    expect(str_starts_with($redis->getLastError(), 'WRONGTYPE Operation against a key'), true);
    expect($redis->rawCommand('NOSUCH', 'a'), false);
    expect(str_starts_with($redis->getLastError(), "ERR unknown command 'NOSUCH'"), true);
    expect($redis->pipeline()->echo('a')->incr(key_of('text'))->echo('b')->exec(), ['a', false, 'b']);
    $redis->clearLastError();
});

check('reconnect after kill', function () use ($redis) {
    $victim = client();
    $before = $victim->client('id');
    expect($redis->rawCommand('CLIENT', 'KILL', 'ID', (string) $before), 1);
    expect($victim->set(key_of('again'), 'yes'), true);
    expect($victim->client('id') > $before, true);
    expect($redis->get(key_of('again')), 'yes');
});

check('serializer, prefix and session handler', function () {
    $own = client();
    $own->setOption(Redis::OPT_SERIALIZER, (string) Redis::SERIALIZER_PHP);
    $own->setOption(Redis::OPT_PREFIX, PREFIX);
    $own->set('row', ['a' => [1, 2.5, null]]);
    expect($own->get('row'), ['a' => [1, 2.5, null]]);
    foreach (['save_handler' => 'redis', 'use_cookies' => '0', 'cache_limiter' => ''] as $name => $value) {
        ini_set("session.$name", $value);
    }
    ini_set('redis.session.locking_enabled', '1');
    $query = http_build_query(['database' => DB, 'prefix' => PREFIX . 's:']);
    ini_set('session.save_path', sprintf('tcp://%s:%d?%s', HOST, PORT, $query));
    session_id('abc');
    foreach ([1, 2, 3] as $visit) {
        session_start();
        $_SESSION['visits'] = ($_SESSION['visits'] ?? 0) + 1;
        expect($_SESSION['visits'], $visit);
        session_write_close();
    }
});

run_checks(fn () => $redis->flushDB());
