// The routes of /api/v1 over made-up data: for development and the browser tests, nothing else.
import { createInvalidations } from './invalidation.mjs';
import { hotKeys, kHotKeys } from './keys.mjs';
import { createTraffic, figuresOf, kNames, sumOf } from './traffic.mjs';
import { configOf, policyDetails, sessions, upstreamOf, whatIf } from './still.mjs';

const kScopes = ['read', 'inspect', 'invalidate', 'purge_all', 'operate'];
/** What a browser test or a developer types as a token. */
export const kTokens = { full: { name: 'on-call', scopes: kScopes }, reader: { name: 'dashboard', scopes: ['read'] }, purger: { name: 'deploy', scopes: ['read', 'invalidate'] } };

export class Problem extends Error {
  constructor(status, detail, more = {}) {
    super(detail);
    Object.assign(this, { status, more });
  }
}

export function createApi({ tokens = true, upstreamDown = false } = {}) {
  const started = Date.now();
  const traffic = createTraffic();
  const invalidations = createInvalidations();
  const audit = [];
  const state = { level: 'info', bypass: { active: false, policies: [], until: null, by: null } };
  const need = (caller, scope) => {
    if (!caller.scopes.includes(scope)) throw new Problem(403, `This needs the scope ${scope}.`, { needed_scope: scope });
  };
  const record = (caller, action, parameters, before = null, after = null) =>
    audit.unshift({ number: audit.length + 1, time: new Date().toISOString(), request_id: `r-${4000 + audit.length}`, by: caller.name ?? '-', remote: '127.0.0.1', action, parameters, result: 'ok', status: 200, detail: '', seconds: 0.0021, before, after });

  function snapshot(caller) {
    const second = (Date.now() - started) / 1000;
    traffic.advance(second);
    const rates = ratesOf(sumOf(traffic.policies.map((policy) => policy.rates)));
    return {
      time: new Date().toISOString(), monotonic_ms: Math.round(second * 1000) + 1, version: '0.1.0', revision: '1a2b3c4d5e6f', uptime_seconds: 2400 + second, ready: true, draining: false,
      caller: { name: caller.name, scopes: caller.scopes, tokens_configured: tokens },
      upstream: upstreamOf(second, upstreamDown),
      near: { mode: upstreamDown ? 'off' : 'tracked', bytes: 41_200_000, max_bytes: 67_108_864, entries: 31_204 },
      sessions: { open: 24, max: 10_000, rejected: 0 },
      totals: figuresOf(sumOf(traffic.policies.map((policy) => policy.outcomes))), rates,
      commands: { total: Math.round(31_000 * (2400 + second)), per_second: rates.lookups * 1.12 },
      latency: { p50_seconds: 0.00021 + 0.00003 * Math.sin(second / 9), p99_seconds: 0.0013 + 0.0005 * Math.abs(Math.sin(second / 5)), p999_seconds: 0.0062 },
      stampedes: Object.fromEntries(Object.entries(traffic.stampedes).map(([name, value]) => [name, name === 'seconds_avoided' ? value : Math.round(value)])),
      bypass: state.bypass,
      policies: traffic.policies.map(brief),
      config: { hash: 'c0ffee12', last_reload_ok: true, pending_restart: 0 },
    };
  }
  const policies = () => (traffic.advance((Date.now() - started) / 1000), traffic.policies);

  const routes = {
    'GET snapshot': (_request, caller) => snapshot(caller),
    'GET policies': () => ({ items: policies().map(brief) }),
    'GET policies/*': ({ argument }) => {
      const policy = policies().find(({ name }) => name === argument);
      if (!policy) throw new Problem(404, `No policy is named ${argument}.`);
      return { ...brief(policy), ...policyDetails(policy), what_if: whatIf(policy.near) };
    },
    'GET hot-keys': ({ query }) => ({ items: hotKeys(27_000).slice(0, Number(query.get('limit') ?? 100)), keys_counted: true }),
    'GET flights': () => ({ keys: traffic.stampedes.leaders, leaders: traffic.stampedes.leaders, waiters: traffic.stampedes.waiters, callers: 44, begun: 144_000, answers: { local_set: 61_200, push: 18_110, leader_gone: 12, timeout: 240 }, refusals: { pipelined: 912, uncacheable: 44, no_room: 0 } }),
    'GET stampedes': ({ query }) => ({ items: stampedes(started).slice(0, Number(query.get('limit') ?? 100)), totals: pick(snapshot({ name: null, scopes: [] }).stampedes) }),
    'GET upstreams': () => ({ items: [upstreamOf((Date.now() - started) / 1000, upstreamDown)] }),
    'GET sessions': () => sessions(),
    'GET config': () => configOf(traffic.policies),
    'GET log-level': () => ({ level: state.level }),
    'PUT log-level': ({ body }, caller) => {
      need(caller, 'operate');
      record(caller, 'SetLogLevel', body, state.level, body.level);
      state.level = body.level;
      return { level: state.level };
    },
    'GET bypass': () => state.bypass,
    'POST bypass': ({ body }, caller) => {
      need(caller, 'operate');
      const next = body.active
        ? { active: true, policies: body.policies ?? [], until: new Date(Date.now() + body.seconds * 1000).toISOString(), by: caller.name }
        : { active: false, policies: [], until: null, by: null };
      record(caller, 'SetBypass', body, state.bypass.active, next.active);
      return (state.bypass = next);
    },
    'POST keys/inspect': ({ body }, caller) => {
      if (body.value) need(caller, 'inspect');
      return inspect(body);
    },
    'POST invalidations/preview': ({ body }, caller) => {
      need(caller, body.kind === 'everything' ? 'purge_all' : 'invalidate');
      return invalidations.preview(body);
    },
    'GET invalidations/preview/*': ({ argument }) => invalidations.getPreview(argument) || notFound(),
    'POST invalidations': ({ body, headers }, caller) => {
      need(caller, 'invalidate');
      const job = invalidations.begin(body.preview_token, body.rate, caller.name, headers['idempotency-key']);
      record(caller, 'Invalidate', { ...job.target, job: job.id });
      return job;
    },
    'GET invalidations': () => ({ items: invalidations.list(), next_cursor: null }),
    'GET invalidations/*': ({ argument }) => invalidations.advance(invalidations.get(argument) ?? notFound()),
    'POST invalidations/*/*': ({ argument, verb }, caller) => {
      need(caller, 'invalidate');
      const job = invalidations.get(argument) ?? notFound();
      if (!invalidations.control(job, verb)) throw new Problem(409, 'The job has ended.');
      record(caller, `${verb[0].toUpperCase()}${verb.slice(1)}Invalidation`, { job: argument });
      return invalidations.advance(job);
    },
    'GET invalidations/*/*': ({ argument }) => `{"key":"user:1","result":"done"}\n${JSON.stringify({ sums: invalidations.advance(invalidations.get(argument) ?? notFound()) })}\n`,
    'GET audit': () => ({ items: audit.slice(0, 100), next_cursor: null }),
  };
  return { routes, callerOf: (authorization) => callerOf(authorization, tokens) };
}

function callerOf(authorization, tokens) {
  if (!tokens) return { name: null, scopes: ['read'] };
  const caller = kTokens[/^Bearer (.+)$/.exec(authorization ?? '')?.[1] ?? ''];
  if (!caller) throw new Problem(401, 'No token, or an unknown one.');
  return caller;
}

function notFound() {
  throw new Problem(404, 'No such thing.');
}

function brief({ name, match, near, coalesce, refresh, generation, outcomes, rates }) {
  return { name, mode: name === 'session' ? 'audit' : 'enforce', match, near, coalesce, refresh, generation, counters: figuresOf(outcomes), rates: rates ? ratesOf(rates) : null, learning: coalesce === 'auto' ? 'cacheable' : null, flights: near ? 70_211 : 0 };
}

function ratesOf(rates) {
  const { lookups, hit_ratio } = figuresOf(rates);
  return { lookups, hit_ratio, outcomes: Object.fromEntries(kNames.map((name) => [name, rates[name]])) };
}

function pick({ flights, recomputes, avoided, seconds_avoided, events }) {
  return { flights, recomputes, avoided, seconds_avoided, events };
}

function stampedes(started) {
  return Array.from({ length: 40 }, (_none, index) => {
    const [key, policy] = kHotKeys[(index * 3) % 12];
    const size = 5 + ((index * 37) % 90);
    const refresh = index % 3 === 0;
    return { ...key, number: 40 - index, policy: policy ?? 'user', kind: refresh ? 'refresh' : 'cold', cause: refresh ? 'refresh' : ['expiry', 'delete', 'cold'][index % 3], began: new Date(started - index * 47_000).toISOString(), duration_seconds: 0.02 + size / 400, size, avoided: size - 1, pods: 1 + (index % 4), unprotected_size: size * 0.83 };
  });
}

function inspect({ key, encoding = 'utf8', value }) {
  const shown = { key, encoding, cut: false };
  const policy = key.startsWith('page:') ? 'page' : 'user';
  const physical = encoding === 'utf8' ? { ...shown, key: `v7.1763680000123:${key}` } : shown;
  return {
    ...shown, db: 0, exists: true, type: 'string', ttl_ms: 1_834_211, physical_ttl_ms: 1_844_211, size_bytes: 1432, length: 1290, physical, policy, mode: 'enforce', pattern: `${policy}:*`,
    why: `The pattern ${policy}:* has the longest literal prefix of those that match.`, near: { state: 'fresh', age_ms: 812, fresh_for_ms: 4188, bytes: 1500 }, flight: false, per_second: 412.5,
    value: value ? { data: '{"id": 1, "name": "<b>Ada</b>\u202e"}\nsecond line', encoding: 'utf8', cut: false, bytes: 1290 } : null,
  };
}
