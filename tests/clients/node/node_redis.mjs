// node-redis (npm `redis`). Arguments: its major version, 4, 5 or 6, and the protocol, 2 or 3.
import assert from 'node:assert/strict';
import {
  binary, check, db, host, key, main, memory, otherDb, port, prefix, range, sameBytes, toObject, waitUntil,
} from './checks.mjs';

const major = Number(process.argv[2]);
const protocol = Number(process.argv[3] ?? 2);
const library = await import(`redis${major}`);
const deep = 10000;

async function connect(options = {}) {
  const { database = db, ...rest } = options;
  if (major >= 5) rest.RESP = protocol;
  const client = library.createClient({ url: `redis://${host}:${port}/${database}`, ...rest });
  client.on('error', () => {});
  return client.connect();
}
const redis = await connect({ socket: { reconnectStrategy: 20 } });

// The same client with replies as Buffers.
function asBuffers(client) {
  if (major >= 5) return client.withTypeMapping({ [library.RESP_TYPES.BLOB_STRING]: Buffer });
  return { get: (name) => client.get(library.commandOptions({ returnBuffers: true }), name) };
}
const clientId = (client) => client.sendCommand(['CLIENT', 'ID']);

async function scanAll(options) {
  const names = [];
  for await (const page of redis.scanIterator(options)) names.push(...[page].flat());
  return names;
}

check('cache', { memory: true }, async () => {
  assert.equal(await redis.ping(), 'PONG');
  assert.equal(await redis.set(key('a'), 'wörld', { EX: 100 }), 'OK');
  assert.equal(await redis.get(key('a')), 'wörld');
  assert.equal(await redis.get(key('absent')), null);
  const left = await redis.ttl(key('a'));
  assert.ok(left > 95 && left <= 100, String(left));
  assert.equal(await redis.set(key('a'), 1, { NX: true }).catch(() => redis.set(key('a'), '1', { NX: true })), null);
  assert.deepEqual(await redis.mGet([key('a'), key('absent'), key('a')]), ['wörld', null, 'wörld']);
  await redis.mSet([[key('m1'), '1'], [key('m2'), '2']]);
  assert.equal(await redis.incrBy(key('m1'), 41), 42);
  assert.equal(await redis.exists([key('m1'), key('m2'), key('absent')]), 2);
  assert.equal(Number(await redis.expire(key('m1'), 50)), 1);
  assert.equal(Number(await redis.persist(key('m1'))), 1);
  assert.equal(await redis.getDel(key('m1')), '42');
  await redis.set(key('short'), 'x', { PX: 30 });
  await waitUntil(async () => (await redis.get(key('short'))) === null, 'a key with PX 30 expires');
  assert.equal(await redis.del([key('a'), key('m2')]), 2);
});

check('protocol', async () => {
  const hello = await redis.sendCommand(['HELLO']);
  const pairs = toObject(hello);
  assert.equal(pairs.proto, protocol);
  await redis.hSet(key('h'), { f: '1', g: '2' });
  assert.deepEqual({ ...(await redis.hGetAll(key('h'))) }, { f: '1', g: '2' });
  await redis.zAdd(key('z'), [{ score: 1.5, value: 'm' }, { score: 2, value: 'n' }]);
  assert.equal(await redis.zScore(key('z'), 'm'), 1.5);
  assert.deepEqual(
    (await redis.zRangeWithScores(key('z'), 0, -1)).map((row) => ({ ...row })),
    [{ value: 'm', score: 1.5 }, { value: 'n', score: 2 }],
  );
  await redis.sAdd(key('s'), ['a', 'b']);
  assert.deepEqual([...(await redis.sMembers(key('s')))].sort(), ['a', 'b']);
});

check('names and ids', { memory: true }, async () => {
  const one = await connect({ name: prefix + 'one' });
  const first = await clientId(one);
  assert.ok(first > (await clientId(redis)));
  assert.equal(await one.clientGetName(), prefix + 'one');
  await one.clientSetName(prefix + 'renamed');
  const mine = (await redis.clientList()).filter((row) => row.name === prefix + 'renamed');
  assert.deepEqual(mine.map((row) => [row.id, row.db]), [[first, db]]);
  assert.equal((await one.clientInfo()).addr, mine[0].addr);
});

check('a deep pipeline keeps order', { memory: true }, async () => {
  const sent = range(deep).map((i) => (i % 2 ? redis.echo(`echo ${i}`) : redis.set(key(`p${i}`), `value ${i}`)));
  assert.deepEqual(await Promise.all(sent), range(deep).map((i) => (i % 2 ? `echo ${i}` : 'OK')));
  const pipeline = redis.multi();
  for (const i of range(deep)) i % 2 ? pipeline.echo(`echo ${i}`) : pipeline.get(key(`p${i}`));
  assert.deepEqual(await pipeline.execAsPipeline(), range(deep).map((i) => (i % 2 ? `echo ${i}` : `value ${i}`)));
});

check('binary, empty and ten megabytes', { memory: true }, async () => {
  const buffers = asBuffers(redis);
  const name = Buffer.concat([Buffer.from(prefix), binary(256), Buffer.from('\r\n$3\r\n')]);
  await redis.set(name, binary(256));
  sameBytes(await buffers.get(name), binary(256));
  await redis.set(key('empty'), '');
  assert.equal(await redis.get(key('empty')), '');
  const big = binary(10_000_000);
  await redis.set(key('big'), big);
  const [before, value, after] = await Promise.all([redis.echo('a'), buffers.get(key('big')), redis.echo('b')]);
  assert.deepEqual([before, after], ['a', 'b']);
  sameBytes(value, big);
  assert.equal(await redis.del([key('big'), key('empty')]), 2);
});

check('transaction', { memory: true }, async () => {
  await redis.del(key('t'));
  const multi = redis.multi();
  for (let i = 0; i < 500; i += 1) multi.incr(key('t'));
  assert.deepEqual(await multi.exec(), range(500).map((i) => i + 1));
  assert.deepEqual(await redis.multi().set(key('t'), 'x').get(key('t')).exec(), ['OK', 'x']);
});

check('watch conflict', { memory: true }, async () => {
  const alone = await connect();
  await redis.set(key('w'), '1');
  await alone.watch(key('w'));
  await redis.set(key('w'), '2');
  await assert.rejects(alone.multi().set(key('w'), '3').exec(), (error) => error instanceof library.WatchError);
  await alone.watch(key('w'));
  assert.deepEqual(await alone.multi().set(key('w'), '4').get(key('w')).exec(), ['OK', '4']);
});

check('publish and subscribe', { memory: true }, async () => {
  const subscriber = await connect();
  const heard = [];
  const listen = (message, channel) => heard.push([channel, message]);
  await subscriber.subscribe([key('c1'), key('c2')], listen);
  await subscriber.pSubscribe(key('p*'), listen);
  const sent = range(200).map((i) => [[key('c1'), key('c2'), key('px')][i % 3], String(i)]);
  for (const [channel, message] of sent) assert.equal(await redis.publish(channel, message), 1);
  await waitUntil(() => heard.length >= sent.length, 'all messages');
  assert.deepEqual(heard, sent);
  // In RESP3 a subscribed connection takes ordinary commands too.
  if (protocol === 3) assert.equal(await subscriber.echo('while subscribed'), 'while subscribed');
  await subscriber.unsubscribe([key('c1'), key('c2')]);
  await subscriber.pUnsubscribe(key('p*'));
  assert.equal(await redis.publish(key('c1'), 'late'), 0);
  // Releases 5 and 6 hand out Buffers after a RESP2 subscription.
  assert.equal(String(await subscriber.set(key('after'), 'plain')), 'OK');
  assert.equal(String(await subscriber.get(key('after'))), 'plain');
  await subscriber.subscribe(key('c2'), listen);
  await redis.publish(key('c2'), 'again');
  await waitUntil(() => heard.length > sent.length, 'a message after subscribing again');
});

check('blocking pop', async () => {
  const blocked = await connect();
  const started = Date.now();
  assert.equal(await blocked.blPop(key('q'), 0.3), null);
  assert.ok(Date.now() - started > 250);
  const waiting = blocked.blPop([key('q'), key('q2')], 15);
  const behind = blocked.get(key('flag'));
  for (const i of range(200)) {
    await redis.set(key('flag'), String(i));
    assert.equal(await redis.get(key('flag')), String(i));
  }
  await redis.set(key('flag'), 'after');
  await redis.rPush(key('q2'), 'job');
  assert.deepEqual({ ...(await waiting) }, { key: key('q2'), element: 'job' });
  assert.equal(await behind, 'after');
  // node-redis 5 refuses XREAD in RESP3.
  if (major === 5 && protocol === 3) return;
  const stream = blocked.xRead([{ key: key('st'), id: '$' }], { BLOCK: 15000 });
  let done = false;
  stream.then(() => { done = true; });
  await waitUntil(async () => {
    await redis.xAdd(key('st'), '*', { f: 'v' });
    return done;
  }, 'XREAD wakes up');
  assert.ok((await stream)[0].messages.length >= 1);
});

check('lua', async () => {
  const unique = `-- ${prefix}${process.pid}${Date.now()}`;
  const SCRIPT = `${unique}\nredis.call('SET', KEYS[1], ARGV[1]) return redis.call('GET', KEYS[1])`;
  const script = library.defineScript({
    NUMBER_OF_KEYS: 1,
    SCRIPT,
    ...(major === 4
      ? { transformArguments: (name, value) => [name, value] }
      : { parseCommand: (parser, name, value) => { parser.pushKey(name); parser.push(value); } }),
    transformReply: (reply) => reply,
  });
  const scripted = await connect({ scripts: { setAndGet: script } });
  assert.equal(await scripted.setAndGet(key('lua'), 'one'), 'one');
  assert.equal(await scripted.setAndGet(key('lua'), 'two'), 'two');
  await assert.rejects(redis.evalSha('0'.repeat(40)), /NOSCRIPT No matching script/);
  assert.equal(await redis.eval('return KEYS[1] .. ARGV[1]', { keys: ['a'], arguments: ['b'] }), 'ab');
});

check('scan', { memory: true }, async () => {
  await redis.mSet(range(1000).flatMap((i) => [key(`scan:${i}`), String(i)]));
  const found = await scanAll({ MATCH: key('scan:*'), COUNT: 50 });
  assert.deepEqual([...new Set(found)].sort(), range(1000).map((i) => key(`scan:${i}`)).sort());
});

check('databases are separate', { memory: true }, async () => {
  const moving = await connect();
  await redis.set(key('where'), 'here');
  await moving.select(otherDb);
  await moving.set(key('where'), 'there');
  assert.deepEqual([await redis.get(key('where')), await moving.get(key('where'))], ['here', 'there']);
  await moving.select(db);
  assert.equal(await moving.get(key('where')), 'here');
});

check('errors', async () => {
  await redis.set(key('text'), 'x');
  await assert.rejects(redis.lPush(key('text'), '1'), /WRONGTYPE Operation against a key/);
  await assert.rejects(redis.sendCommand(['NOSUCH', 'a']), /ERR unknown command 'NOSUCH'/);
  const replies = await Promise.allSettled([redis.echo('a'), redis.incr(key('text')), redis.echo('b')]);
  assert.deepEqual(replies.map((reply) => reply.value ?? reply.reason.message), [
    'a', 'ERR value is not an integer or out of range', 'b',
  ]);
});

check('reconnect after kill', async () => {
  const victim = await connect({ socket: { reconnectStrategy: 20 } });
  const before = await clientId(victim);
  const ready = new Promise((resolve) => victim.once('ready', resolve));
  assert.equal(await redis.sendCommand(['CLIENT', 'KILL', 'ID', String(before)]), 1);
  await ready;
  assert.equal(await victim.set(key('again'), 'yes'), 'OK');
  assert.ok((await clientId(victim)) > before);
  assert.equal(await redis.get(key('again')), 'yes');
});

check('a pool of connections', async () => {
  if (major === 4) {
    const isolated = range(20).map((i) => redis.executeIsolated(async (own) => {
      await own.watch(key('pool'));
      return own.multi().echo(String(i)).exec();
    }));
    assert.deepEqual(await Promise.all(isolated), range(20).map((i) => [String(i)]));
    return;
  }
  const url = `redis://${host}:${port}/${db}`;
  const pool = library.createClientPool({ url, RESP: protocol }, { minimum: 2, maximum: 10 });
  await pool.connect();
  const waiting = pool.blPop(key('pool'), 15);
  assert.deepEqual(await Promise.all(range(200).map((i) => pool.echo(String(i)))), range(200).map(String));
  await pool.rPush(key('pool'), 'x');
  assert.equal((await waiting).element, 'x');
  await pool.close();
});

if (major >= 5 && protocol === 3 && !memory) {
  check('client-side cache', async () => {
    const near = new library.BasicClientSideCache({ ttl: 60000, maxEntries: 100, evictPolicy: 'LRU' });
    const cached = await connect({ clientSideCache: near });
    await redis.set(key('cached'), 'one');
    for (let i = 0; i < 50; i += 1) assert.equal(await cached.get(key('cached')), 'one');
    assert.equal(near.stats().hitCount, 49);
    await redis.set(key('cached'), 'two');
    await waitUntil(async () => (await cached.get(key('cached'))) === 'two', 'the invalidation arrives');
    await cached.set(key('cached'), 'three');
    await waitUntil(async () => (await cached.get(key('cached'))) === 'three', 'an own write invalidates too');
    await redis.del(key('cached'));
    await waitUntil(async () => (await cached.get(key('cached'))) === null, 'a DEL invalidates');
  });
}

check('monitor', async () => {
  if (major === 4) return; // has no MONITOR
  const watching = await connect();
  const lines = [];
  await watching.monitor((line) => lines.push(String(line)));
  await redis.set(key('seen'), 'value');
  await waitUntil(() => lines.some((line) => line.includes(`"SET" "${key('seen')}" "value"`)), 'MONITOR shows the SET');
});

await main(() => redis.flushDb());
