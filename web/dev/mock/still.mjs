// What does not move: rules, curves, sessions, configuration.

export function upstreamOf(second, down) {
  const breaker = down ? { state: 'open', for_seconds: second + 12, reason: 'timeouts', error: 'connection refused' } : { state: 'closed', for_seconds: 2400 + second, reason: '', error: '' };
  return { name: 'redis', url: 'redis://redis:6379', kind: 'redis', connected: !down, ever_connected: true, error: down ? 'connection refused' : '', for_seconds: down ? second + 12 : 2400 + second, breaker, connections: 6, dedicated: 2, remembered_deletes: down ? 14 : 0 };
}

export function policyDetails({ near, coalesce, refresh, generation }) {
  return {
    current_generation: generation ? 1763680000123 : null,
    rules: {
      ttl: { missing: 'apply', default_ms: 3_600_000, min_ms: 10_000, max_ms: 86_400_000, jitter: 0.1 },
      version: { schema: generation ? 7 : null, generation, require: '' },
      near: { enabled: near, max_ttl_ms: 5000, max_value_bytes: 65_536 },
      stampede: { coalesce, max_wait_ms: 400, lease_ms: null, on_timeout: 'miss', stale_set: 'short', grace: 'near', stale_while_revalidate_ms: 10_000, stale_if_error_ms: 3_600_000 },
      refresh: { mode: refresh, beta: 2 },
      offline: { reads: 'miss', fallback: 'none' },
      tags: generation ? [{ match: 'user:([0-9]+):.*', tag: 'tenant:{1}' }] : [],
    },
  };
}

export function whatIf(near) {
  const curve = (from, steps, half, top) => Array.from({ length: steps }, (_none, step) => ({ at: from * 2 ** step, hit_ratio: (top * 2 ** step) / (2 ** step + half) }));
  return { window_seconds: 900, lookups: 16_200_000, near_keys: 4096, live_keys: 4096, near_sizes: near ? curve(1 << 20, 11, 9, 0.93) : [], lives: curve(15, 13, 12, 0.99) };
}

export function sessions() {
  const items = Array.from({ length: 24 }, (_none, index) => ({
    id: index + 1, address: `127.0.0.1:${50_000 + index}`, local_address: '127.0.0.1:6380', name: index % 5 === 0 ? `worker-${index / 5}` : '', user: 'default', protocol: index % 3 === 0 ? 3 : 2, db: 0, library: index % 2 ? 'redis-py 6.4.0' : 'ioredis 5.8.1', age_seconds: 2300 - index * 31, idle_seconds: index % 7, lane: index % 11 === 0 ? 'dedicated' : 'shared', last_command: index % 4 ? 'get' : 'mget', output_bytes: 0, loop: index % 4,
  }));
  return { open: 24, max: 10_000, per_loop: [6, 6, 6, 6], items, cut: false };
}

export function configOf(policies) {
  return {
    hash: 'c0ffee12', last_reload_ok: true, last_good_at: new Date(Date.now() - 2.4e6).toISOString(), reloads: { applied: 2, refused: 1, unchanged: 4 }, pending_restart: ['loops'],
    options: { 'admin.listen': '127.0.0.1:6381', listen: 'tcp://127.0.0.1:6380', loops: '4', 'near.max_bytes': '67108864', 'upstream.url': 'redis://redis:6379', 'upstream.timeout': '2s' },
    policies: policies.map(({ name, match }) => ({ name, match, mode: 'enforce' })),
  };
}
