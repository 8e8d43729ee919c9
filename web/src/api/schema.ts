// Written by dev/types.mjs from sidecar/admin/openapi.json; do not edit.

/** RFC 9457. */
export type Problem = {
  type: string; // about:blank, or urn:herdgate:problem:NAME; tells problems of one status apart.
  title: string;
  status: number;
  detail?: string; // For people.
  instance: string; // The request's id, as in X-Request-Id and the log.
  errors?: {
    pointer: string; // JSON pointer into the body, or the parameter's name.
    detail: string;
  }[]; // What is wrong with the request, each.
  retry_after_seconds?: number;
  needed_scope?: Scope;
};

/** read: everything but values. inspect: values of keys. invalidate: keys, prefixes, patterns, tags, policies. purge_all: all keys. operate: log level, bypass. */
export type Scope = 'read' | 'inspect' | 'invalidate' | 'purge_all' | 'operate';

/** A key as the app writes it, unless said otherwise. Text is UTF-8 without control characters; any other key is base64. */
export type Key = {
  key: string; // The key's bytes, if `encoding` is utf8; else their base64.
  encoding: 'utf8' | 'base64';
  cut: boolean; // Longer than 256 bytes: only the first are here.
};

/** Lookups since the start, each with one outcome; they sum to `lookups`. */
export type Outcomes = {
  near_hit: number;
  hit: number;
  stale: number;
  waited: number;
  miss: number;
  synthetic_miss: number;
  timeout_miss: number;
  plain_miss: number;
  negative_hit: number;
  bypass: number;
  error: number;
};

export type LookupFigures = {
  lookups: number;
  outcomes: Outcomes;
  hit_ratio: number | null; // near_hit and hit of all lookups since the start, as on the dashboards; null: no lookups.
};

export type LookupRates = {
  lookups: number; // A second.
  hit_ratio: number | null; // In that time; null: no lookups.
  outcomes: {
    near_hit: number;
    hit: number;
    stale: number;
    waited: number;
    miss: number;
    synthetic_miss: number;
    timeout_miss: number;
    plain_miss: number;
    negative_hit: number;
    bypass: number;
    error: number;
  }; // Each a second.
};

/** While active, the policies' near cache, coalescing and refresh are off: reads go to Redis. TTL rules and versions stay, as keys would change their names without them. */
export type Bypass = {
  active: boolean;
  policies: string[]; // Empty: all.
  until: string | null;
  by: string | null; // Token's name.
};

export type Breaker = {
  state: 'closed' | 'half_open' | 'open';
  for_seconds: number; // In this state.
  reason: string; // Of the last transition; empty before the first.
  error: string; // Why the upstream is not reached; empty if it is.
};

export type Upstream = {
  name: string;
  url: string; // Without a password.
  kind: 'memory' | 'redis' | 'unix';
  connected: boolean;
  ever_connected: boolean;
  error: string;
  for_seconds: number; // Since it changed last.
  breaker: Breaker;
  connections: number; // Of this process to it.
  dedicated: number; // Of those, held by single sessions.
  remembered_deletes: number; // Waiting for it to be back.
};

export type Near = {
  mode: 'off' | 'probing' | 'tracked' | 'broadcast'; // off: nothing is answered from memory. probing: whether pushes arrive is not proven yet. tracked, broadcast: how the upstream tells what is void.
  bytes: number;
  max_bytes: number;
  entries: number;
};

export type PolicyBrief = {
  name: string;
  mode: 'enforce' | 'audit' | 'off';
  match: string[];
  near: boolean; // Its keys may be answered from memory.
  coalesce: 'auto' | 'on' | 'off';
  refresh: 'off' | 'synthetic';
  generation: boolean; // It can be invalidated at once.
  counters: LookupFigures;
  rates: LookupRates | null; // Null until there are two samples.
  learning: string | null; // With coalesce auto: what was learned of its keys, as herdgate_learning_info's standing.
  flights: number; // Ended, since the start.
};

/** Who asks: what this caller may do. */
export type Caller = {
  name: string | null; // Of the token; null without one.
  scopes: Scope[];
  tokens_configured: boolean; // False: no tokens file, everything is read-only.
};

/** What a first screen polls; about 3 kB with a few policies. */
export type Snapshot = {
  time: string;
  monotonic_ms: number; // For rates between two snapshots; starts anew with the process.
  version: string;
  revision: string;
  uptime_seconds: number;
  ready: boolean;
  draining: boolean;
  caller: Caller;
  upstream: Upstream;
  near: Near;
  sessions: {
    open: number;
    max: number;
    rejected: number; // Since the start.
  };
  totals: LookupFigures;
  rates: LookupRates | null; // Of the last 15 s, or so many as it has been asked for; null until this was asked for twice within a minute, a second apart.
  commands: {
    total: number; // Commands answered.
    per_second: number | null;
  };
  latency: { p50_seconds: number; p99_seconds: number; p999_seconds: number } | null; // Of commands, from arrival to the upstream's reply, within the same time as `rates`; null as those or without commands.
  stampedes: {
    flights: number; // Ended since the start.
    recomputes: number; // That took place.
    avoided: number; // Recomputes that were not needed.
    seconds_avoided: number; // Computing time, a lower bound.
    events: number; // Flights of five or more callers.
    leaders: number; // Now.
    waiters: number; // Now.
  };
  bypass: Bypass;
  policies: PolicyBrief[];
  config: { hash: string; last_reload_ok: boolean; pending_restart: number };
};

export type WhatIf = {
  window_seconds: number; // What it is of: this long, to twice that.
  lookups: number;
  near_keys: number; // Sampled.
  live_keys: number; // Sampled.
  near_sizes: {
    at: number; // Bytes of the near cache, or seconds of a key's life.
    hit_ratio: number;
  }[]; // Share of lookups that a near cache of that many bytes would answer; empty: none, or nothing seen.
  lives: {
    at: number; // Bytes of the near cache, or seconds of a key's life.
    hit_ratio: number;
  }[]; // Share of lookups that would find a value, if keys lived that long; `at` is of a key of the policy's own life.
};

export type Policy = PolicyBrief & {
  rules: {
    ttl: { missing: 'apply' | 'reject' | 'allow'; default_ms: number; min_ms: number; max_ms: number; jitter: number };
    version: { schema: number | null; generation: boolean; require: string };
    near: { enabled: boolean; max_ttl_ms: number; max_value_bytes: number };
    stampede: {
      coalesce: 'auto' | 'on' | 'off';
      max_wait_ms: number;
      lease_ms: number | null; // Null: learned.
      on_timeout: 'miss' | 'stale' | 'error';
      stale_set: 'short' | 'drop' | 'pass';
      grace: 'near' | 'shadow' | 'extend';
      stale_while_revalidate_ms: number;
      stale_if_error_ms: number;
    };
    refresh: { mode: 'off' | 'synthetic'; beta: number };
    offline: { reads: 'pass' | 'miss' | 'error'; fallback: 'none' | 'memory' };
    tags: {
      match: string; // A regular expression (RE2) over the whole key.
      tag: string; // {1} is its first group.
    }[]; // What keys are tagged with by their names.
  }; // 0 ms: none.
  current_generation: number | null; // The one in force; null: it has none, or it is not known yet.
  what_if: WhatIf | null;
};

export type HotKey = Key & {
  policy: string | null;
  count: number; // Lookups of the last minutes, older ones counting less: at most so many.
  error: number; // ... and at least `count - error`.
  hits: number;
  misses: number;
  minutes: number[]; // Lookups in each of the last 15 minutes, the present one, which isn't over, last.
  per_second: number; // Of the last full minute and the present one.
};

export type Stampede = Key & {
  number: number; // From 1, no gaps.
  policy: string;
  kind: 'cold' | 'refresh';
  cause: string; // cold, expiry, delete, ...
  began: string;
  duration_seconds: number;
  size: number; // Callers.
  avoided: number; // Recomputes.
  pods: number; // Known to have taken part.
  unprotected_size: number; // How many would have recomputed at once.
};

export type Session = {
  id: number;
  address: string;
  local_address: string;
  name: string; // CLIENT SETNAME; empty: none.
  user: string;
  protocol: number;
  db: number;
  library: string;
  age_seconds: number;
  idle_seconds: number;
  lane: 'shared' | 'dedicated';
  last_command: string;
  output_bytes: number;
  loop: number;
};

export type Config = {
  hash: string;
  last_reload_ok: boolean;
  last_good_at: string | null;
  reloads: { applied: number; refused: number; unchanged: number };
  pending_restart: string[]; // Options that the file has changed and a restart would put into force.
  options: Record<string, string>; // Each option's dotted name and its value as text; passwords are left out.
  policies: { name: string; match: string[]; mode: string }[]; // Each with its rules: GET /policies/{name}.
};

export type KeyRequest = {
  key: string; // 1 to 65536 bytes of text, or base64.
  encoding?: 'utf8' | 'base64'; // utf8 if missing.
  value?: boolean; // Also the value; needs the scope inspect.
  db?: number; // Missing: the database of the upstream's URL.
};

export type KeyReport = Key & {
  exists: boolean;
  type: string; // Redis' TYPE; none if it does not exist.
  ttl_ms: number | null; // Until the app sees it expire; null: never, or it does not exist.
  physical_ttl_ms: number | null; // Until Redis drops it.
  size_bytes: number | null; // MEMORY USAGE; null where the upstream has no such command.
  length: number | null; // STRLEN, HLEN, LLEN, SCARD, ZCARD or XLEN.
  physical: Key;
  db: number;
  policy: string | null;
  mode: 'enforce' | 'audit' | 'off' | null;
  pattern: string | null; // Of the policy, that the key matches best.
  why: string; // Why that policy, one sentence.
  near: {
    state: 'none' | 'fresh' | 'stale' | 'grace'; // none: not there. stale: it may no longer be so. grace: it has run out.
    age_ms: number | null;
    fresh_for_ms: number | null;
    bytes: number | null;
  };
  flight: boolean; // Somebody computes it or waits for it.
  per_second: number; // Lookups of the last minute, if it is a hot key; else 0.
  value: {
    data: string;
    encoding: 'utf8' | 'base64';
    cut: boolean; // Longer than 4 KiB: only the first are here.
    bytes: number; // Of the whole value.
  } | null; // Strings only; null if not asked for.
};

export type LogLevel = { level: 'debug' | 'info' | 'warn' | 'error' };

export type BypassRequest = {
  active: boolean;
  seconds?: number; // Required to begin it; it then ends by itself.
  policies?: string[]; // Missing or empty: all.
};

export type InvalidationTarget = {
  kind: 'key' | 'keys' | 'prefix' | 'pattern' | 'tag' | 'policy' | 'everything';
  keys?: { key: string; encoding?: 'utf8' | 'base64' }[]; // Of kind key (one) and keys (at most 1,000).
  prefix?: string;
  pattern?: string; // A Redis glob over keys as apps write them.
  policy?: string; // A policy of the configuration. hard: a new generation, if it has them; else its keys are looked for.
  mode?: 'soft' | 'hard'; // soft: marked stale, computed anew in the background. hard: gone. soft if missing.
  scope?: 'near' | 'upstream' | 'both'; // both if missing.
  tag?: string; // What a rule of a policy, or HERDGATE.TAG, gave the keys.
};

export type Preview = {
  token: string; // Binds an execution to this target.
  state: 'running' | 'ready' | 'failed'; // running: ask again by GET /invalidations/preview/{token}. An execution needs ready.
  expires: string; // 5 minutes after it was asked for.
  target: InvalidationTarget;
  scanned: number;
  total: number | null; // Keys to scan; null: not known.
  matched: number; // So far.
  estimated: number | null; // Of all keys; null: not known.
  exact: boolean; // `estimated` is no estimate.
  bytes: number | null; // Estimated, of the matched keys.
  sample: (Key & { bytes: number | null; ttl_ms: number | null; policy: string | null })[];
  hottest: (Key & { per_second: number; policy: string | null })[]; // Matched keys among the hottest of this pod.
  origin_per_second: number | null; // Recomputations in the first second, if it is hard: an estimate from this pod's hot keys.
  confirm: 'none' | 'button' | 'type'; // How an interface should ask: type the name of the target, for everything, or more than 1,000 keys.
  needed_scope: Scope;
  error?: string; // In state failed.
  origin_busy_seconds: number; // What these take the origin, by what each took before.
  new_generation: boolean; // All keys at once, however many.
  hidden: number; // Keys of other versions, seen; they stay.
  by_policy: Record<string, number>; // Of the matched keys; (none): of no policy.
};

export type ExecuteRequest = {
  preview_token: string;
  rate?: number; // Keys a second at most; 5,000 if missing. Less where Redis' latency says so.
  max_keys?: number; // Ends after so many.
  soft_seconds?: number; // Of mode soft: within which time the values end; 10 if missing.
};

export type Invalidation = {
  id: string;
  state: 'queued' | 'running' | 'paused' | 'done' | 'failed' | 'cancelled';
  target: InvalidationTarget;
  by: string; // Token's name.
  created: string;
  started: string | null;
  finished: string | null;
  scanned: number;
  total: number | null;
  matched: number; // In Redis; of scope near, in this pod's near cache.
  done: number; // Keys that were there and are invalidated.
  failed: number; // Sent on a connection that broke, then sent again: whether the first did it is not known.
  rate: number; // Keys a second at most.
  per_second: number; // On the average so far.
  seconds: number; // Of work so far, without pauses.
  error?: string; // In state failed.
  generation: number | null; // Of kind policy: the new one.
  targets: number; // Of kinds key and keys: so many were named; the target shows the first 20 once it has ended.
  progress: number; // 0 to 1.
  deleted: number; // In Redis.
  shortened: number; // In Redis: end earlier now.
  near: number; // Entries of this pod's near cache.
  outside_policy: number; // Matched keys of no policy.
  refreshing: number; // Matched keys of policies that refresh early.
  hidden: number; // Keys of other versions that the scan came across; they stay.
  interruptions: number; // Connections to Redis lost.
  rescans: number; // Times that the scan began anew.
  allowed_per_second: number; // What the rate and Redis' latency allow now.
  capped: boolean; // Ended because of max_keys.
  waiting_for?: string; // Running, but something has to come first.
  reason?: string; // In state cancelled.
  bumped: number; // Of kind tag: policies in which the tag has a new version.
  renewed: number; // Of those, policies that began a new generation instead.
};

export type AuditEntry = {
  number: number; // From 1, no gaps.
  time: string;
  request_id: string;
  by: string; // Token's name; - without one.
  remote: string;
  action: string; // The operation's id, like SetLogLevel.
  parameters: Record<string, unknown>; // What was asked, without values and secrets; keys as they are. Of many keys the first; keys_left_out says how many more there were. Of a long prefix, pattern or tag the beginning, with cut: true.
  result: 'ok' | 'refused' | 'failed';
  status: number;
  detail: string;
  seconds: number;
  before: unknown; // What it changed, before; null: nothing, or not known.
  after: unknown; // ... and after.
};

/** What each operation answers with. */
export interface Answers {
  GetSnapshot: Snapshot;
  ListPolicies: { items: PolicyBrief[] };
  GetPolicy: Policy;
  ListHotKeys: {
    items: HotKey[]; // The surest first.
    keys_counted: boolean; // False: no policy counts them.
  };
  GetFlights: {
    keys: number; // With a flight now.
    leaders: number; // Now.
    waiters: number; // Now.
    callers: number; // Connections involved, now.
    begun: number; // Since the start, led by this pod.
    answers: Record<string, number>; // GETs that waited, by what ended the wait.
    refusals: Record<string, number>; // Misses that could have waited and did not, by reason.
  };
  ListStampedes: { items: Stampede[]; totals: { flights: number; recomputes: number; avoided: number; seconds_avoided: number; events: number } };
  ListUpstreams: { items: Upstream[] };
  ListSessions: {
    open: number;
    max: number;
    per_loop: number[];
    items: Session[]; // At most 100, the oldest connections first.
    cut: boolean; // There are more.
  };
  GetConfig: Config;
  InspectKey: KeyReport;
  GetLogLevel: LogLevel;
  SetLogLevel: LogLevel;
  GetBypass: Bypass;
  SetBypass: Bypass;
  PreviewInvalidation: Preview;
  GetPreview: Preview;
  Invalidate: Invalidation;
  ListInvalidations: {
    items: Invalidation[];
    next_cursor: string | null; // Pass it as `cursor` for the next page; null: this is the last.
  };
  GetInvalidation: Invalidation;
  PauseInvalidation: Invalidation;
  ResumeInvalidation: Invalidation;
  CancelInvalidation: Invalidation;
  ListAudit: {
    items: AuditEntry[];
    next_cursor: string | null; // Pass it as `cursor` for the next page; null: this is the last.
  };
  GetOpenApi: Record<string, unknown>;
}
