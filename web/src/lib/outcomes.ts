// The outcomes of a lookup, in the order in which they are drawn, and the figures made of them. As in the dashboards: the hit ratio is
// (near_hit + hit) / lookups, offload is 1 - misses / lookups, and both are absent without lookups.
import type { Outcomes } from '../api/schema';

export type Outcome = 'near_hit' | 'hit' | 'negative_hit' | 'waited' | 'stale' | 'synthetic_miss' | 'miss' | 'plain_miss' | 'timeout_miss' | 'bypass' | 'error';

export const kOutcomes: readonly { name: Outcome; means: string }[] = [
  { name: 'near_hit', means: 'answered from the memory of this pod' },
  { name: 'hit', means: 'answered by Redis' },
  { name: 'negative_hit', means: 'known not to exist' },
  { name: 'waited', means: 'waited for another caller’s value' },
  { name: 'stale', means: 'answered with an old value' },
  { name: 'synthetic_miss', means: 'one caller refreshes early, all others keep the value' },
  { name: 'miss', means: 'computes the value, others wait for it' },
  { name: 'plain_miss', means: 'a miss that nobody waits for' },
  { name: 'timeout_miss', means: 'waited in vain, computes itself' },
  { name: 'bypass', means: 'policies did not apply' },
  { name: 'error', means: 'no answer' },
];

const kMisses: readonly Outcome[] = ['miss', 'synthetic_miss', 'plain_miss', 'timeout_miss'];

type Numbers = Record<Outcome, number>;

export function lookupsOf(outcomes: Numbers | Outcomes): number {
  return kOutcomes.reduce((sum, { name }) => sum + outcomes[name], 0);
}

export function hitRatio(outcomes: Numbers | Outcomes): number | undefined {
  return share(outcomes.near_hit + outcomes.hit, lookupsOf(outcomes));
}

export function offload(outcomes: Numbers | Outcomes): number | undefined {
  const lookups = lookupsOf(outcomes);
  return share(lookups - kMisses.reduce((sum, name) => sum + outcomes[name], 0), lookups);
}

function share(part: number, whole: number): number | undefined {
  return whole > 0 ? part / whole : undefined;
}
