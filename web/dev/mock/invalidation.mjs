// Previews that count for two seconds and jobs that run for some: as the API tells of them, over made-up keys.
import { randomBytes } from 'node:crypto';
import { hotKeys, sampleOf } from './keys.mjs';

const kKeys = 3_000_000;
const id = () => randomBytes(9).toString('base64url');
const iso = (ms) => new Date(ms).toISOString();

export function createInvalidations() {
  const previews = new Map();
  const jobs = [];
  const byIdempotencyKey = new Map();
  return {
    preview(target) {
      const preview = { token: id(), target: { mode: 'soft', scope: 'both', ...target }, begun: Date.now() };
      previews.set(preview.token, preview);
      return show(preview);
    },
    getPreview: (token) => previews.has(token) && show(previews.get(token)),
    begin(token, rate, by, idempotencyKey) {
      const known = byIdempotencyKey.get(idempotencyKey);
      if (known) return advance(known);
      const preview = show(previews.get(token));
      const job = { id: id(), target: preview.target, by, created: Date.now(), worked: 0, at: Date.now(), state: 'running', rate: rate ?? 5000, whole: preview };
      jobs.unshift(job);
      byIdempotencyKey.set(idempotencyKey, job);
      return advance(job);
    },
    list: () => jobs.map(advance),
    get: (wanted) => jobs.find((job) => job.id === wanted),
    advance,
    control(job, verb) {
      advance(job);
      if (job.finished) return false;
      job.state = { pause: 'paused', resume: 'running', cancel: 'cancelled' }[verb];
      if (verb === 'cancel') job.finished = Date.now();
      return true;
    },
  };
}

function matchesOf({ kind, keys }) {
  return { key: 1, keys: keys?.length ?? 0, tag: 812, policy: 214_000, everything: kKeys }[kind] ?? 1_000_000;
}

function show({ token, target, begun }) {
  const share = ['key', 'keys', 'tag', 'policy'].includes(target.kind) ? 1 : Math.min(1, (Date.now() - begun) / 2000);
  const matches = matchesOf(target);
  const exact = matches < 1000;
  const pattern = target.pattern ?? target.prefix ?? target.keys?.[0]?.key ?? `${target.tag ?? target.policy ?? ''}:`;
  return {
    token,
    state: share < 1 ? 'running' : 'ready',
    expires: iso(begun + 300_000),
    target,
    scanned: Math.round(kKeys * share * (exact ? 0 : 1)),
    total: kKeys,
    matched: Math.round(matches * share),
    estimated: share < 1 ? null : matches,
    exact,
    bytes: share < 0.1 ? null : matches * 1430,
    sample: target.kind === 'key' ? [] : sampleOf(pattern).slice(0, Math.min(matches, Math.round(98 * share))),
    hottest: hotKeys(27_000).filter(({ key, encoding }) => encoding === 'base64' || key.startsWith(pattern.split('*')[0])).slice(0, exact ? 1 : 7).map(({ key, encoding, cut, per_second, policy }) => ({ key, encoding, cut, per_second, policy: policy ?? 'user' })),
    origin_per_second: share < 0.3 ? null : exact ? 2.5 : 4210,
    origin_busy_seconds: share < 0.3 ? 0 : exact ? 0.04 : 61.3,
    new_generation: target.kind === 'policy' && target.mode === 'hard',
    hidden: exact ? 0 : Math.round(212 * share),
    by_policy: target.kind === 'everything' ? { user: 1_000_000, page: 1_900_000, '(none)': 100_000 } : { user: Math.round(matches * share) },
    confirm: matches > 1000 || target.kind === 'everything' ? 'type' : 'button',
    needed_scope: target.kind === 'everything' || /^\*+$/.test(target.pattern ?? '') ? 'purge_all' : 'invalidate',
  };
}

function advance(job) {
  const now = Date.now();
  if (job.state === 'running') job.worked += (now - job.at) / 1000;
  job.at = now;
  const perSecond = Math.min(job.rate, 60_000);
  const matches = job.whole.estimated ?? 1;
  const done = Math.min(matches, Math.round(job.worked * perSecond));
  if (job.state === 'running' && done >= matches) [job.state, job.finished] = ['done', now];
  const share = matches > 0 ? done / matches : 1;
  return {
    id: job.id,
    state: job.state,
    target: job.target,
    by: job.by,
    created: iso(job.created),
    started: iso(job.created),
    finished: job.finished ? iso(job.finished) : null,
    scanned: Math.round(kKeys * share),
    total: kKeys,
    matched: done,
    done,
    failed: 0,
    targets: job.target.keys?.length ?? 1,
    progress: job.state === 'done' ? 1 : share,
    deleted: job.target.mode === 'hard' ? done : 0,
    shortened: job.target.mode === 'hard' ? 0 : done,
    near: Math.min(done, 412),
    bumped: 0,
    renewed: 0,
    outside_policy: 0,
    refreshing: 0,
    hidden: 0,
    interruptions: 0,
    rescans: 0,
    allowed_per_second: perSecond,
    capped: false,
    ...(job.state === 'cancelled' ? { reason: 'cancelled by full' } : {}),
    rate: job.rate,
    per_second: job.worked > 0 ? done / job.worked : 0,
    seconds: job.worked,
    generation: job.target.kind === 'policy' ? 1763680000124 : null,
  };
}
