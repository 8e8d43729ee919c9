// The last minutes as this page has seen them: each poll's counters less those of the poll before.
import type { Outcomes, Snapshot } from '../api/schema';
import { kOutcomes, type Outcome } from './outcomes';
import { createStore } from './store';

export const kKept = 600;

export interface Point {
  /** Seconds since 1970. */
  time: number;
  /** Of all policies, a second; undefined: a gap, as after a restart. */
  rates: Record<Outcome, number> | undefined;
  policies: Record<string, Record<Outcome, number>>;
  p50: number | null;
  p99: number | null;
}

export const history = createStore<readonly Point[]>([]);

let last: Snapshot | undefined;

export function record(snapshot: Snapshot): void {
  if (last?.monotonic_ms === snapshot.monotonic_ms) return;
  history.set([...history.get(), pointOf(last, snapshot)].slice(-kKept));
  last = snapshot;
}

export function pointOf(before: Snapshot | undefined, now: Snapshot): Point {
  const seconds = before ? (now.monotonic_ms - before.monotonic_ms) / 1000 : 0;
  // More than 15 s without a poll (a hidden page): an average over that time would look like a measurement.
  const usable = seconds > 0 && seconds < 15;
  const policies: Point['policies'] = {};
  for (const policy of usable ? now.policies : []) {
    const old = before?.policies.find((other) => other.name === policy.name);
    const rates = old && ratesOf(old.counters.outcomes, policy.counters.outcomes, seconds);
    if (rates) policies[policy.name] = rates;
  }
  return {
    time: Date.parse(now.time) / 1000,
    rates: before && usable ? ratesOf(before.totals.outcomes, now.totals.outcomes, seconds) : undefined,
    policies,
    p50: now.latency?.p50_seconds ?? null,
    p99: now.latency?.p99_seconds ?? null,
  };
}

function ratesOf(before: Outcomes, now: Outcomes, seconds: number): Record<Outcome, number> | undefined {
  const rates = {} as Record<Outcome, number>;
  for (const { name } of kOutcomes) {
    rates[name] = (now[name] - before[name]) / seconds;
    if (rates[name] < 0) return undefined;
  }
  return rates;
}
