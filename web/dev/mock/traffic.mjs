// Made-up traffic: three policies whose outcomes add up from a start some minutes ago, with a small stampede now and then.
import { seeded } from './random.mjs';

export const kNames = ['near_hit', 'hit', 'stale', 'waited', 'miss', 'synthetic_miss', 'timeout_miss', 'plain_miss', 'negative_hit', 'bypass', 'error'];

// Lookups a second, and the usual share of each outcome in the order of kNames.
const kPolicies = [
  { name: 'user', match: ['user:*'], lookups: 18_400, shares: [0.71, 0.26, 0.004, 0.006, 0.004, 0.002, 0.0002, 0.001, 0.0124, 0, 0.0004], near: true, coalesce: 'auto', refresh: 'synthetic', generation: true },
  { name: 'page', match: ['page:*', 'fragment:*'], lookups: 6200, shares: [0.35, 0.52, 0.03, 0.04, 0.02, 0.008, 0.001, 0.03, 0, 0, 0.001], near: true, coalesce: 'on', refresh: 'synthetic', generation: true },
  { name: 'session', match: ['sess:*'], lookups: 3100, shares: [0, 0.93, 0, 0, 0, 0, 0, 0.07, 0, 0, 0], near: false, coalesce: 'off', refresh: 'off', generation: false },
];

export function createTraffic() {
  const random = seeded(7);
  const policies = kPolicies.map((policy) => ({ ...policy, outcomes: Object.fromEntries(kNames.map((name) => [name, 0])), rates: undefined }));
  const stampedes = { flights: 0, recomputes: 0, avoided: 0, seconds_avoided: 0, events: 0, leaders: 0, waiters: 0 };
  let at = 0;
  function step(seconds, second) {
    const wave = 1 + 0.12 * Math.sin(second / 17);
    const burst = second % 47 < 3 ? 1 : 0;
    for (const policy of policies) {
      const lookups = policy.lookups * wave * (0.97 + 0.06 * random());
      const shares = policy.shares.map((share, index) => share * (burst && (index === 3 || index === 2) && policy.near ? 9 : 1));
      const sum = shares.reduce((total, share) => total + share, 0);
      policy.rates = Object.fromEntries(kNames.map((name, index) => [name, (lookups * shares[index]) / sum]));
      for (const name of kNames) policy.outcomes[name] += Math.round(policy.rates[name] * seconds);
    }
    stampedes.flights += 60 * seconds;
    stampedes.recomputes += 64 * seconds;
    stampedes.avoided += (burst ? 2600 : 310) * seconds;
    stampedes.seconds_avoided += (burst ? 130 : 14) * seconds;
    stampedes.events += burst * 2 * seconds;
    stampedes.leaders = burst ? 3 : random() < 0.3 ? 1 : 0;
    stampedes.waiters = stampedes.leaders * (burst ? 41 : 2);
  }
  step(2400, 20);
  return {
    policies,
    stampedes,
    /** Moves on to `second` since the start. */
    advance(second) {
      if (second - at < 0.2) return;
      step(second - at, second);
      at = second;
    },
  };
}

export function figuresOf(outcomes) {
  const lookups = kNames.reduce((sum, name) => sum + outcomes[name], 0);
  const answered = outcomes.near_hit + outcomes.hit + outcomes.stale + outcomes.waited + outcomes.negative_hit;
  return { lookups, hit_ratio: lookups > 0 ? answered / lookups : null, outcomes: { ...outcomes } };
}

export function sumOf(list) {
  return Object.fromEntries(kNames.map((name) => [name, list.reduce((sum, outcomes) => sum + outcomes[name], 0)]));
}
