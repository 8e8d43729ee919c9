import type { Invalidation } from '../api/schema';

/** Seconds, from how long the part before took. */
export function leftOf(job: Invalidation): number | undefined {
  if (job.state !== 'running' || !job.total || job.scanned === 0 || job.seconds < 1) return undefined;
  return Math.round((Math.max(0, job.total - job.scanned) * job.seconds) / job.scanned);
}
