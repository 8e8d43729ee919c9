// An app behind the sidecar: asks for keys of several policies, the popular ones more often, and computes and writes what is missing.
// Now and then many of its callers want one missing key at the same moment.
import { Client } from './resp.mjs';

const kPause = 20; // ms between a worker's turns

// weight: share of lookups; keys: how many there are; cost: ms to compute a value; ttl: s.
const kFamilies = [
  { name: 'user', weight: 46, keys: 1500, skew: 1.15, cost: 40, ttl: 45, bytes: 380 },
  { name: 'page', weight: 30, keys: 120, skew: 1.1, cost: 120, ttl: 8, bytes: 9000 },
  { name: 'price', weight: 16, keys: 3000, skew: 1, cost: 15, ttl: 120, bytes: 60 },
  { name: 'session', weight: 8, keys: 900, skew: 0.3, cost: 4, ttl: 900, bytes: 240 },
];

// mulberry32: the same numbers for the same seed.
export function randomOf(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Chooses a family by weight and a key in it by Zipf's law. */
function chooser(random) {
  const whole = kFamilies.reduce((sum, { weight }) => sum + weight, 0);
  const tables = kFamilies.map(({ keys, skew }) => {
    let sum = 0;
    return Float64Array.from({ length: keys }, (_, rank) => (sum += 1 / (rank + 1) ** skew));
  });
  return () => {
    let left = random() * whole;
    const at = kFamilies.findIndex(({ weight }) => (left -= weight) < 0);
    const table = tables[at];
    const wanted = random() * table[table.length - 1];
    let low = 0;
    for (let high = table.length - 1; low < high; ) {
      const middle = (low + high) >> 1;
      if (table[middle] < wanted) low = middle + 1;
      else high = middle;
    }
    return [kFamilies[at], `${kFamilies[at].name}:${low + 1}`];
  };
}

/** Runs until stop(), through restarts of the sidecar. `rate`: lookups a second, about. */
export function startTraffic(port, { rate = 800, workers = 12, herd = 24, herdEvery = 4000, seed = 1 } = {}) {
  const random = randomOf(seed);
  const choose = chooser(random);
  let running = true;
  const clients = new Set();

  async function connected(work, name) {
    while (running) {
      try {
        const client = await Client.connect({ port });
        clients.add(client);
        await client.do('CLIENT', 'SETNAME', name);
        while (running && !client.closed) await work(client);
        clients.delete(client);
      } catch {
        await sleep(100);
      }
    }
  }
  async function lookUp(client, family, key) {
    if ((await client.do('GET', key)) !== null) return;
    await sleep(family.cost * (0.7 + 0.6 * random()));
    await client.do('SET', key, 'x'.repeat(Math.round(family.bytes * (0.5 + random()))), 'EX', Math.ceil(family.ttl * (0.7 + 0.3 * random())));
  }
  const each = Math.max(1, Math.round((rate / workers / 1000) * kPause));
  const jobs = Array.from({ length: workers }, (_, index) =>
    connected(async (client) => {
      for (let turn = 0; turn < each; ++turn) await lookUp(client, ...choose());
      await sleep(kPause);
    }, `web-${index + 1}`),
  );
  // The herd: its connections do nothing else.
  let bell = Promise.resolve();
  let ring = () => undefined;
  const rewind = () => (bell = new Promise((resolve) => (ring = resolve)));
  rewind();
  let herds = 0;
  for (let index = 0; index < herd; ++index) {
    jobs.push(
      connected(async (client) => {
        await bell;
        await sleep(1);
        if (running) await lookUp(client, { cost: 120, bytes: 9000, ttl: 600 }, `page:front-${herds % 3}`);
      }, `herd-${index + 1}`),
    );
  }
  const caller = connected(async (client) => {
    await sleep(herdEvery);
    ++herds;
    await client.do('DEL', `page:front-${herds % 3}`);
    const now = ring;
    rewind();
    now();
  }, 'publisher');
  return {
    async stop() {
      running = false;
      ring();
      for (const client of clients) client.close();
      await Promise.race([Promise.all([...jobs, caller]), sleep(herdEvery + 1000)]);
    },
  };
}
