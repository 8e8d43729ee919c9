import { expect, it } from 'vitest';
import type { Outcomes, Snapshot } from '../api/schema';
import { pointOf } from './history';
import { hitRatio, kOutcomes, lookupsOf, offload } from './outcomes';

const outcomes = (part: Partial<Outcomes>) => ({ ...Object.fromEntries(kOutcomes.map(({ name }) => [name, 0])), ...part }) as Outcomes;

function snapshot(ms: number, totals: Partial<Outcomes>): Snapshot {
  const counters = { lookups: 0, hit_ratio: null, outcomes: outcomes(totals) };
  return { time: new Date(1e12 + ms).toISOString(), monotonic_ms: ms, totals: counters, latency: null, policies: [{ name: 'user', counters }] } as unknown as Snapshot;
}

it('rates are differences over the time between', () => {
  const point = pointOf(snapshot(1000, { hit: 10 }), snapshot(3000, { hit: 30, miss: 1 }));
  expect(point.rates).toMatchObject({ hit: 10, miss: 0.5 });
  expect(point.policies['user']).toMatchObject({ hit: 10 });
  expect(point.p99).toBeNull();
});

it('the first one, a restart and a long pause are gaps', () => {
  expect(pointOf(undefined, snapshot(1000, {})).rates).toBeUndefined();
  expect(pointOf(snapshot(9000, { hit: 10 }), snapshot(500, { hit: 1 })).rates).toBeUndefined();
  expect(pointOf(snapshot(1000, { hit: 10 }), snapshot(2000, { hit: 1 })).rates).toBeUndefined();
  expect(pointOf(snapshot(1000, {}), snapshot(60_000, { hit: 1 })).rates).toBeUndefined();
});

it('ratios are of lookups and absent without', () => {
  const some = outcomes({ near_hit: 50, hit: 30, stale: 5, waited: 5, miss: 5, timeout_miss: 5 });
  expect(lookupsOf(some)).toBe(100);
  expect(hitRatio(some)).toBeCloseTo(0.8);
  expect(offload(some)).toBeCloseTo(0.9);
  expect(hitRatio(outcomes({}))).toBeUndefined();
});
