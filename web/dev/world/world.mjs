// A real sidecar in front of a real redis-server in a folder of their own, for the browser tests and the pictures.
//   const world = await startWorld();  world.url, world.tokens.full;  await world.stop();
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Client } from './resp.mjs';

export const kHerdgate = process.env.HERDGATE ?? fileURLToPath(new URL('../../../build/release/herdgate', import.meta.url));
export const kRedis = [process.env.REDIS_SERVER, '/usr/bin/redis-server'].find((path) => path && existsSync(path));

export const kPolicies = `
policies:
  - name: user
    match: ["user:*"]
    ttl: {missing: apply, default: 1h, min: 10s, max: 24h, jitter: 10%}
    version: {schema: 7, generation: true}
    stampede: {coalesce: on, stale_while_revalidate: 10s}
    refresh: {mode: synthetic, beta: 2}
    near: {enabled: true, max_ttl: 5s}
  - name: page
    match: ["page:*"]
    stampede: {coalesce: on, max_wait: 400ms, stale_while_revalidate: 0ms}
    near: {enabled: true, max_ttl: 2s}
  - name: price
    match: ["price:*"]
    ttl: {missing: apply, default: 1m, jitter: 10%}
    stampede: {coalesce: on}
    near: {enabled: true, max_ttl: 5s}
  - name: session
    match: ["session:*"]
    mode: audit
    ttl: {missing: apply, default: 1h}
  - name: strange
    match: ["x:*"]
    stampede: {coalesce: on}
    near: {enabled: true}
`;

const kScopes = { full: 'read,inspect,invalidate,purge_all,operate', reader: 'read' };

/** Ends a child and waits for that. */
async function end(child, signal) {
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill(signal);
  await gone;
}

async function startRedis(folder, port) {
  const path = join(folder, 'redis.sock');
  const where = port ? ['--port', String(port), '--bind', '127.0.0.1'] : ['--port', '0'];
  const child = spawn(kRedis, [...where, '--unixsocket', path, '--save', '', '--appendonly', 'no', '--dir', folder, '--enable-debug-command', 'yes'], { stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const line of createInterface({ input: child.stdout })) if (/ready to accept connections/i.test(line)) break;
  child.stdout.resume();
  return { child, path };
}

/** Starts it; resolves to its ports once it serves. With `ports` it takes those again. */
async function startSidecar(folder, config, ports) {
  const flags = ['--listen', `tcp://127.0.0.1:${ports?.redis ?? 0}`, '--admin', `127.0.0.1:${ports?.admin ?? 0}`];
  const child = spawn(kHerdgate, ['serve', '--config', config, ...flags, '--log-format', 'json'], { stdio: ['ignore', 'ignore', 'pipe'], cwd: folder });
  const found = {};
  const said = [];
  for await (const line of createInterface({ input: child.stderr })) {
    said.push(line);
    const entry = line.startsWith('{') ? JSON.parse(line) : {};
    if (entry.event === 'admin.started') found.admin = entry.port;
    if (entry.event === 'listener.started') found.redis = Number(entry.address.split(':').at(-1));
    if (found.admin && found.redis) break;
  }
  if (!found.admin || !found.redis) throw new Error(`the sidecar did not start: ${said.join('\n')}`);
  child.stderr.resume();
  return { child, ports: found };
}

/**
 * tokens: false: without a file of tokens. redisPort: where Redis listens besides its socket, to be seen in pictures.
 */
export async function startWorld({ tokens = true, policies = kPolicies, redisPort = 0, loops = 2 } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'herdgate-web-'));
  const secrets = Object.fromEntries(Object.keys(kScopes).map((name) => [name, `hg_${randomBytes(32).toString('base64url')}`]));
  const lines = Object.entries(kScopes).map(([name, scopes]) => `${name} ${scopes} ${createHash('sha256').update(secrets[name]).digest('hex')}\n`);
  writeFileSync(join(folder, 'tokens'), lines.join(''), { mode: 0o600 });
  const redis = await startRedis(folder, redisPort);
  const config = join(folder, 'herdgate.yaml');
  const upstream = redisPort ? `redis://127.0.0.1:${redisPort}` : `unix://${redis.path}`;
  writeFileSync(config, `upstream: {url: "${upstream}"}\ntelemetry: {listen: "off"}\n${tokens ? `admin: {listen: 127.0.0.1:1, tokens_file: ${folder}/tokens}\n` : ''}loops: ${loops}\n${policies}`);
  let sidecar = await startSidecar(folder, config);
  const { ports } = sidecar;
  return {
    folder,
    ports,
    tokens: secrets,
    url: `http://127.0.0.1:${ports.admin}/`,
    /** A client of the sidecar, and one of Redis itself. */
    client: () => Client.connect({ port: ports.redis }),
    redis: () => Client.connect({ path: redis.path }),
    kill: () => end(sidecar.child, 'SIGKILL'),
    async restart() {
      sidecar = await startSidecar(folder, config, ports);
    },
    async ask(path, init = {}) {
      const headers = { Authorization: `Bearer ${secrets.full}`, 'X-Herdgate-Request': '1', ...init.headers };
      return (await fetch(`http://127.0.0.1:${ports.admin}/api/v1/${path}`, { ...init, headers })).json();
    },
    async stop() {
      await end(sidecar.child, 'SIGTERM');
      await end(redis.child, 'SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
