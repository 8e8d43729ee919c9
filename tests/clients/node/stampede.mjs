// What the stampede scenarios in Node share: the same crowds, and the same record, as ../python/stampede.py. Here a crowd's processes have tasks
// instead of threads, and four processes run all crowds of a scenario, each process by one sidecar.
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { openSync, writeSync } from 'node:fs';

export const host = process.env.REDIS_HOST ?? '127.0.0.1';
export const db = Number(process.env.REDIS_DB ?? 1);
export const prefix = process.env.KEY_PREFIX ?? 'test:';
export const ttl = 1; // second
const ports = [Number(process.env.REDIS_PORT ?? 6379), Number(process.env.REDIS_OTHER_PORT ?? process.env.REDIS_PORT ?? 6379)];
const seconds = Number(process.env.STAMPEDE_SECONDS ?? 7);
const processes = 4;
const number = process.env.STAMPEDE_PROCESS;
export const port = ports[Number(number ?? 0) % 2];
// One that takes so long has been held up by a GET that waits: max_wait is 2 s. The rest is for a slow machine.
const longestBlock = 1;
const recordFile = openSync(process.env.RECORD ?? '/dev/null', 'a');
const crowds = [];
let computed = 0;

export const range = (count) => Array.from({ length: count }, (_, i) => i);
const sleep = (time) => new Promise((resolve) => setTimeout(resolve, time * 1000));
const between = (least, most) => least + Math.random() * (most - least);
const now = () => ((performance.timeOrigin + performance.now()) / 1000).toFixed(6);
const record = (...fields) => writeSync(recordFile, `${fields.join('\t')}\n`);

// setup() is awaited in each process, and returns the tasks: functions that are called again and again with their number.
export function crowd(name, setup) {
  crowds.push({ name, setup });
}

// Records the value that read(compute) returns. compute() asks the database, which takes 100 to 200 ms.
async function lookup(name, key, read) {
  let computing = 0;
  const started = performance.now();
  const value = await read(async () => {
    computed += 1;
    const fresh = `${key}|${process.pid}.${computed}|${now()}`;
    record('asked', name, key, fresh);
    const from = performance.now();
    await sleep(between(0.1, 0.2));
    computing += performance.now() - from;
    return fresh;
  });
  record('got', name, key, value, ((performance.now() - started - computing) / 1000).toFixed(6), now());
}

// A task that reads through the cache. get and set take the name in Redis.
export function cacheAside(name, { get, set }) {
  const key = `${name}:hot`;
  return () => lookup(name, key, async (compute) => {
    const found = await get(prefix + key);
    if (found !== null) return found;
    const value = await compute();
    await set(prefix + key, value);
    return value;
  });
}

// A task that sends blocks of commands and looks whether each reply is its command's. send() takes a list of [name of the command, ...arguments],
// GET, SET and ECHO, and resolves to the replies.
export function blocks(name, kind, send) {
  const hot = `${name}:hot`;
  return async (task) => {
    const mark = `${kind}:${task}:${process.pid}:${now()}`;
    const own = range(8).map((i) => `${prefix}${name}:${kind}:${process.pid}:${task}:${i}`);
    const commands = own.flatMap((key, i) => [['set', key, `${mark}:${i}`], ['get', key], ['echo', `${mark}:echo:${i}`]]);
    // Not at the end: a GET may wait if nothing stands behind it.
    commands.unshift(['get', prefix + hot], ['get', `${own[0]}:absent`]);
    const started = performance.now();
    const replies = await send(commands);
    const took = (performance.now() - started) / 1000;
    assert.ok(took < longestBlock, `${name}: ${kind} took ${took} s`);
    const [value, absent, ...rest] = replies;
    assert.ok(value === null || value.startsWith(`${hot}|`), `${hot} was ${value}`);
    assert.deepEqual([absent, ...rest], [null, ...own.flatMap((_, i) => ['OK', `${mark}:${i}`, `${mark}:echo:${i}`])]);
  };
}

// A task of a pool: takes the connection that was given back last, as most pools do.
export class Pool {
  constructor(connections) {
    this.idle = connections;
  }

  async use(body) {
    const connection = this.idle.pop();
    try {
      return await body(connection);
    } finally {
      this.idle.push(connection);
    }
  }
}

async function runCrowd({ setup }) {
  const tasks = await setup();
  const until = performance.now() + seconds * 1000;
  await Promise.all(tasks.map(async (task, i) => {
    while (performance.now() < until) {
      await task(i);
      await sleep(between(0.002, 0.02));
    }
  }));
}

async function runProcess() {
  process.on('unhandledRejection', (error) => {
    console.log(error);
    process.exit(1);
  });
  await Promise.all(crowds.map(runCrowd));
  process.exit(0);
}

export async function main() {
  if (number !== undefined) return runProcess();
  const codes = await Promise.all(range(processes).map((i) => new Promise((resolve) => {
    fork(process.argv[1], process.argv.slice(2), { env: { ...process.env, STAMPEDE_PROCESS: String(i) } }).on('exit', resolve);
  })));
  return process.exit(codes.every((code) => code === 0) ? 0 : 1);
}
