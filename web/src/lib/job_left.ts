import type { Invalidation } from '../api/schema';

/** Seconds, from how long the part before took. */
export function leftOf(job: Invalidation): number | undefined {
  if (job.state !== 'running' || job.progress <= 0 || job.seconds < 1) return undefined;
  return Math.round(((1 - Math.min(1, job.progress)) * job.seconds) / job.progress);
}
