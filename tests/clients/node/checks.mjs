// The check list of one scenario: the same rules and the same environment as ../python/checks.py.
import assert from 'node:assert/strict';

export const host = process.env.REDIS_HOST ?? '127.0.0.1';
export const port = Number(process.env.REDIS_PORT ?? 6379);
export const db = Number(process.env.REDIS_DB ?? 1);
export const otherDb = Number(process.env.REDIS_OTHER_DB ?? 2);
export const prefix = process.env.KEY_PREFIX ?? 'test:';
export const memory = process.env.MEMORY === '1';
const checkSeconds = 45;
const checks = [];

export const key = (name) => prefix + name;
export const range = (count) => Array.from({ length: count }, (_, i) => i);
// RESP2 has no maps: an array of names and values in turn. Clients leave it so, or make it an object.
export const toObject = (reply) => (Array.isArray(reply)
  ? Object.fromEntries(range(reply.length / 2).map((i) => reply.slice(2 * i, 2 * i + 2)))
  : { ...reply });
export const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

// options.memory: the embedded store promises it too.
export function check(name, options, body) {
  checks.push(typeof options === 'function' ? { name, body: options } : { name, body, ...options });
}

// The same bytes for the same seed, holding every byte value.
export function binary(size, seed = 7) {
  const bytes = Buffer.alloc(size);
  let state = seed;
  for (let i = 0; i < size; i += 1) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[i] = i < 256 ? i : state >>> 24;
  }
  return bytes;
}

export async function waitUntil(condition, what, seconds = 15) {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`not within ${seconds} s: ${what}`);
    await sleep(20);
  }
}

// All of a big value, without printing it when it differs.
export function sameBytes(actual, wanted) {
  assert.equal(actual.length, wanted.length);
  assert.ok(actual.equals(wanted), 'the value came back changed');
}

function limited(promise) {
  let timer;
  const hung = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`still running after ${checkSeconds} s`)), checkSeconds * 1000);
  });
  return Promise.race([promise, hung]).finally(() => clearTimeout(timer));
}

export async function main(before) {
  let failed = 0;
  process.on('unhandledRejection', (error) => {
    failed += 1;
    console.log('  FAILED with an unhandled rejection:', error);
  });
  await before?.();
  for (const { name, body, memory: inMemory } of checks) {
    if (memory && !inMemory) continue;
    const started = Date.now();
    try {
      await limited(body());
      console.log(`  ok ${name} ${((Date.now() - started) / 1000).toFixed(2)}s`);
    } catch (error) {
      failed += 1;
      console.log(`  FAILED ${name} ${((Date.now() - started) / 1000).toFixed(2)}s\n`, error);
    }
  }
  process.exit(failed ? 1 : 0);
}
