// ioredis. Argument: its major version, 5 or 6 (6 speaks RESP3).
import assert from 'node:assert/strict';
import {
  binary, check, db, host, key, main, otherDb, port, prefix, range, sameBytes, sleep, toObject, waitUntil,
} from './checks.mjs';

const major = process.argv[2];
const { default: Redis } = await import(`ioredis${major}`);
const deep = 10000;

function connect(options = {}) {
  const connection = new Redis({ host, port, db, ...options });
  connection.on('error', () => {});
  return connection;
}
const redis = connect();

const values = (replies) => replies.map(([error, value]) => {
  assert.equal(error, null);
  return value;
});
const fields = (line) => Object.fromEntries(line.trim().split(' ').map((pair) => pair.split(/=(.*)/s).slice(0, 2)));

check('connect', { memory: true }, async () => {
  assert.equal(await redis.ping(), 'PONG');
  assert.equal(await redis.set(key('hello'), 'wörld'), 'OK');
  assert.equal(await redis.get(key('hello')), 'wörld');
  assert.equal(await redis.get(key('absent')), null);
  assert.equal(await redis.set(key('hello'), 1, 'PX', 60000, 'NX'), null);
  assert.match(await redis.info('server'), /redis_version:/);
});

check('protocol', async () => {
  const hello = await redis.call('HELLO');
  const pairs = toObject(hello);
  assert.equal(Number(pairs.proto), major >= 6 ? 3 : 2);
  await redis.hset(key('h'), 'f', 1, 'g', 2);
  assert.deepEqual({ ...(await redis.hgetall(key('h'))) }, { f: '1', g: '2' });
  await redis.zadd(key('z'), 1.5, 'm');
  assert.equal(String(await redis.zscore(key('z'), 'm')), '1.5');
  await redis.sadd(key('s'), 'a', 'b');
  assert.deepEqual([...(await redis.smembers(key('s')))].sort(), ['a', 'b']);
});

check('names and ids', { memory: true }, async () => {
  const one = connect({ connectionName: prefix + 'one' });
  const two = connect();
  const first = await one.client('ID');
  assert.ok((await two.client('ID')) > first || first > 0);
  assert.equal(await one.client('GETNAME'), prefix + 'one');
  await one.client('SETNAME', prefix + 'renamed');
  const rows = (await two.client('LIST')).split('\n').filter(Boolean).map(fields);
  const mine = rows.filter((row) => row.name === prefix + 'renamed');
  assert.deepEqual(mine.map((row) => row.id), [String(first)]);
  assert.equal(mine[0].addr, `${one.stream.localAddress}:${one.stream.localPort}`);
  assert.equal(mine[0].db, String(db));
});

check('a deep pipeline keeps order', { memory: true }, async () => {
  const pipeline = redis.pipeline();
  for (const i of range(deep)) i % 2 ? pipeline.echo(`echo ${i}`) : pipeline.set(key(`p${i}`), `value ${i}`);
  assert.deepEqual(values(await pipeline.exec()), range(deep).map((i) => (i % 2 ? `echo ${i}` : 'OK')));
  const send = (i) => (i % 2 ? redis.echo(`echo ${i}`) : redis.get(key(`p${i}`)));
  const replies = await Promise.all(range(deep).map(send));
  assert.deepEqual(replies, range(deep).map((i) => (i % 2 ? `echo ${i}` : `value ${i}`)));
});

check('auto pipelining', { memory: true }, async () => {
  const auto = connect({ enableAutoPipelining: true });
  await Promise.all(range(2000).map((i) => auto.set(key(`auto${i}`), i)));
  assert.deepEqual(await Promise.all(range(2000).map((i) => auto.get(key(`auto${i}`)))), range(2000).map(String));
});

check('binary, empty and ten megabytes', { memory: true }, async () => {
  const name = Buffer.concat([Buffer.from(prefix), binary(256), Buffer.from('\r\n$3\r\n')]);
  await redis.set(name, binary(256));
  sameBytes(await redis.getBuffer(name), binary(256));
  await redis.set(key('empty'), '');
  assert.equal(await redis.get(key('empty')), '');
  const big = binary(10_000_000);
  await redis.set(key('big'), big);
  const [before, value, after] = await Promise.all([redis.echo('a'), redis.getBuffer(key('big')), redis.echo('b')]);
  assert.deepEqual([before, after], ['a', 'b']);
  sameBytes(value, big);
  assert.equal(await redis.del(key('big'), key('empty'), name), 3);
});

check('transaction', { memory: true }, async () => {
  await redis.del(key('t'));
  const multi = redis.multi();
  for (let i = 0; i < 500; i += 1) multi.incr(key('t'));
  assert.deepEqual(values(await multi.exec()), range(500).map((i) => i + 1));
  assert.equal(await redis.multi({ pipeline: false }), 'OK');
  assert.equal(await redis.incr(key('t')), 'QUEUED');
  assert.deepEqual(values(await redis.exec()), [501]);
  await assert.rejects(redis.exec(), /EXEC without MULTI/);
});

check('watch conflict', { memory: true }, async () => {
  const other = connect();
  await redis.set(key('w'), 1);
  await redis.watch(key('w'));
  await other.set(key('w'), 2);
  assert.equal(await redis.multi().set(key('w'), 3).exec(), null);
  assert.equal(await redis.get(key('w')), '2');
  await redis.watch(key('w'));
  assert.deepEqual(values(await redis.multi().set(key('w'), 4).get(key('w')).exec()), ['OK', '4']);
});

check('publish and subscribe', { memory: true }, async () => {
  const subscriber = connect();
  const heard = [];
  subscriber.on('message', (channel, message) => heard.push([channel, message]));
  subscriber.on('pmessage', (pattern, channel, message) => heard.push([channel, message]));
  assert.equal(await subscriber.subscribe(key('c1'), key('c2')), 2);
  assert.equal(await subscriber.psubscribe(key('p*')), 3);
  const sent = range(200).map((i) => [[key('c1'), key('c2'), key('px')][i % 3], String(i)]);
  for (const [channel, message] of sent) assert.equal(await redis.publish(channel, message), 1);
  await waitUntil(() => heard.length >= sent.length, 'all messages');
  assert.deepEqual(heard, sent);
  assert.equal(await subscriber.unsubscribe(key('c1'), key('c2')), 1);
  assert.equal(await subscriber.punsubscribe(key('p*')), 0);
  assert.equal(await redis.publish(key('c1'), 'late'), 0);
  // The same connection goes back to ordinary commands, and to a subscription again.
  assert.equal(await subscriber.set(key('after'), 'plain'), 'OK');
  assert.equal(await subscriber.get(key('after')), 'plain');
  await subscriber.subscribe(key('c2'));
  await redis.publish(key('c2'), 'again');
  await waitUntil(() => heard.length > sent.length, 'a message after subscribing again');
  assert.deepEqual(heard.at(-1), [key('c2'), 'again']);
});

check('blocking pop', async () => {
  const blocked = connect();
  const started = Date.now();
  assert.equal(await blocked.blpop(key('q'), 0.3), null);
  assert.ok(Date.now() - started > 250);
  const waiting = blocked.blpop(key('q'), key('q2'), 15);
  const behind = blocked.get(key('flag'));
  for (const i of range(200)) {
    await redis.set(key('flag'), i);
    assert.equal(await redis.get(key('flag')), String(i));
  }
  await redis.set(key('flag'), 'after');
  await redis.rpush(key('q2'), 'job');
  assert.deepEqual(await waiting, [key('q2'), 'job']);
  assert.equal(await behind, 'after');
});

check('streams', async () => {
  const reader = connect();
  await redis.xgroup('CREATE', key('st'), 'group', '$', 'MKSTREAM');
  const waiting = reader.xreadgroup('GROUP', 'group', 'me', 'BLOCK', 15000, 'STREAMS', key('st'), '>');
  const id = await redis.xadd(key('st'), '*', 'f', 'v');
  const reply = await waiting;
  const rows = Array.isArray(reply) ? reply[0][1] : Object.values(reply)[0];
  assert.deepEqual(rows, [[id, ['f', 'v']]]);
  assert.equal(await redis.xack(key('st'), 'group', id), 1);
});

check('lua', async () => {
  const unique = `-- ${prefix}${process.pid}${Date.now()}\n`;
  redis.defineCommand('setAndGet', {
    numberOfKeys: 1,
    lua: `${unique}redis.call('SET', KEYS[1], ARGV[1]) return redis.call('GET', KEYS[1])`,
  });
  assert.equal(await redis.setAndGet(key('lua'), 'one'), 'one');
  assert.equal(await redis.setAndGet(key('lua'), 'two'), 'two');
  redis.defineCommand('inPipeline', { numberOfKeys: 1, lua: `${unique}--\nreturn {KEYS[1], ARGV[1]}` });
  const pipeline = redis.pipeline();
  for (const i of range(100)) pipeline.inPipeline(key('k'), i);
  assert.deepEqual(values(await pipeline.exec()), range(100).map((i) => [key('k'), String(i)]));
  await assert.rejects(redis.evalsha('0'.repeat(40), 0), /NOSCRIPT No matching script/);
});

check('scan', { memory: true }, async () => {
  await redis.mset(Object.fromEntries(range(1000).map((i) => [key(`scan:${i}`), i])));
  const found = new Set();
  for await (const page of redis.scanStream({ match: key('scan:*'), count: 50 })) {
    page.forEach((name) => found.add(name));
  }
  assert.deepEqual([...found].sort(), range(1000).map((i) => key(`scan:${i}`)).sort());
});

check('databases are separate', { memory: true }, async () => {
  const moving = connect();
  await redis.set(key('where'), 'here');
  await moving.select(otherDb);
  await moving.set(key('where'), 'there');
  assert.deepEqual([await redis.get(key('where')), await moving.get(key('where'))], ['here', 'there']);
  await moving.select(db);
  assert.equal(await moving.get(key('where')), 'here');
});

check('errors', async () => {
  await redis.set(key('text'), 'x');
  await assert.rejects(redis.lpush(key('text'), 1), /^ReplyError: WRONGTYPE Operation against a key/);
  await assert.rejects(redis.call('NOSUCH', 'a'), /ERR unknown command 'NOSUCH'/);
  await assert.rejects(redis.incr(key('text')), /not an integer or out of range/);
  const replies = await redis.pipeline().echo('a').incr(key('text')).echo('b').exec();
  assert.deepEqual([replies[0][1], replies[2][1]], ['a', 'b']);
  assert.match(replies[1][0].message, /not an integer/);
});

check('reconnect after kill', async () => {
  const victim = connect({ retryStrategy: () => 20 });
  const before = await victim.client('ID');
  const closed = new Promise((resolve) => victim.once('close', resolve));
  assert.equal(await redis.client('KILL', 'ID', before), 1);
  await closed;
  assert.equal(await victim.set(key('again'), 'yes'), 'OK');
  assert.ok((await victim.client('ID')) > before);
  assert.equal((await victim.client('INFO')).includes(`db=${db} `), true);
  assert.equal(await victim.get(key('again')), 'yes');
});

check('a killed subscriber subscribes again', async () => {
  const subscriber = connect({ retryStrategy: () => 20 });
  const id = await subscriber.client('ID');
  const heard = [];
  subscriber.on('message', (_, message) => heard.push(message));
  await subscriber.subscribe(key('resub'));
  await redis.client('KILL', 'ID', id);
  await waitUntil(() => redis.publish(key('resub'), 'hello'), 'the subscriber is back');
  await waitUntil(() => heard.includes('hello'), 'the message');
});

// ioredis 5 breaks when the first line of MONITOR arrives together with its OK, as it may on a busy server: try again.
check('monitor', () => waitUntil(async () => {
  const monitor = connect({ monitor: true, retryStrategy: null });
  const seen = new Promise((resolve) => {
    monitor.on('monitor', (_, words) => words.includes(key('seen')) && resolve(words));
    monitor.on('error', () => resolve(null));
  });
  await new Promise((resolve) => ['monitoring', 'error', 'end'].forEach((event) => monitor.once(event, resolve)));
  await redis.set(key('seen'), 'value');
  const words = await Promise.race([seen, sleep(2000)]);
  monitor.disconnect();
  if (words) assert.deepEqual(words.slice(1), [key('seen'), 'value']);
  return words;
}, 'MONITOR shows the SET'));

check('quit', { memory: true }, async () => {
  const leaving = connect();
  const replies = Promise.all([leaving.echo('one'), leaving.echo('two'), leaving.quit()]);
  assert.deepEqual(await replies, ['one', 'two', 'OK']);
  await sleep(0);
  assert.notEqual(leaving.status, 'ready');
});

await main(() => redis.flushdb());
